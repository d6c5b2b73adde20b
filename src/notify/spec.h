// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "model/match.h"
#include "model/severity.h"
#include "model/week_hours.h"
#include "notify/rota.h"

namespace bongsu::notify {

enum class Language : std::uint8_t { English, Korean };

// Somebody who is told. An address is found by the channel's name first, then by its type ("email", "sms", ...).
struct Person {
  std::string name;
  std::map<std::string, std::string, std::less<>> addresses;
  WeekHours hours;                 // outside of them a notice waits until they begin, if it is still true then
  std::optional<Severity> always;  // from this level on the hours do not count
  Language language = Language::English;
};

enum class ChannelType : std::uint8_t {
  Email,
  Slack,
  Mattermost,
  Teams,
  Discord,
  Telegram,
  Ntfy,
  Pushover,
  Gotify,
  PagerDuty,
  Opsgenie,
  Alertmanager,
  Webhook,
  Twilio,       // SMS
  Solapi,       // SMS of Solapi (CoolSMS)
  Aligo,        // SMS
  KakaoSolapi,  // KakaoTalk Alimtalk by Solapi
  Sms,          // any HTTP gateway, by template
  Fcm,          // push of Firebase Cloud Messaging, HTTP v1
  KakaoTalk,    // message API: to oneself, or to friends
  Syslog,       // RFC 5424 by UDP
  Trap,         // SNMP v2c
  Inform,       // the same, answered
  Program       // a file of the runner's folder of scripts
};
std::string_view to_string(ChannelType type);  // "email"
std::optional<ChannelType> parse_channel_type(std::string_view word);
// Under which a person's address for it stands: "email", "phone" for SMS and Alimtalk, the type's own name elsewhere.
// Empty where it reaches a room alone.
std::string_view address_key(ChannelType type);
std::vector<std::string_view> channel_type_words();

// Of Net-SNMP's branch for private trials (NET-SNMP-MIB::netSnmpPlaypen): who has numbers of his own names them.
inline constexpr std::string_view kTrapRoot = "1.3.6.1.4.1.8072.9999.9999.1";

struct Channel {
  std::string name;
  ChannelType type = ChannelType::Webhook;
  Secret url;  // email: smtp://, smtps://; Syslog, Trap, Inform: host:port; Program: name of the file; empty: the service's own.
               // A secret, since a webhook's URL is its key
  std::string user;  // email: login; Twilio: account SID; Solapi: key; Aligo: user id; KakaoTalk: REST API key
  Secret password;   // email; Twilio: auth token; Solapi: secret; Aligo: key
  Secret token;  // bearer, bot, application or routing key; Trap, Inform: community; FCM: JSON of the service account; KakaoTalk:
                 // refresh token
  std::string from;  // email: sender; SMS: sending number; Alimtalk: channel id (pfId)
  std::string oid;   // Trap, Inform: below which their objects stand; empty: kTrapRoot
  std::string room;  // where it goes without a person: Telegram's chat, ntfy's topic, Slack's channel
  std::string form;  // Alimtalk: id of the approved template; Sms, Webhook: text of the body with ${...}
  std::map<std::string, std::string> headers;
  Secret sign;               // Webhook: key of HMAC-SHA-256 over the body, in X-Bongsu-Signature
  bool tls_required = true;  // email: refuse to send when STARTTLS is not offered
  std::string ca_file;       // certificates to trust beside the system's
  Millis timeout{15'000};
  Millis gather{2'000};  // what arises within it goes in one message
  int per_hour = 60;     // messages to one address; what is beyond waits and goes in one, where the service takes many in one
  int attempts = 8;      // before it is given up, or goes to `fallback`
  std::string fallback;  // a channel's name; empty for none
};

// Told `after` the alarm began, if it is still open and nobody acknowledged it.
struct Step {
  Millis after{0};
  std::vector<std::string> to;
  std::vector<std::string> via;
};

struct Route {
  std::string name;  // "route 2" where the file gives none
  Match match;
  Millis wait{0};                // an alarm that ends within it is not told
  std::vector<std::string> to;   // people, groups and rotas; empty: the channels' own rooms
  std::vector<std::string> via;  // channels
  std::vector<Step> escalate;    // by `after`
  bool recovered = true;         // tell the end to those who were told the beginning
  std::optional<Millis> repeat;  // while it is open and not acknowledged
  bool last = false;             // the routes below are not asked
};

struct Spec {
  std::map<std::string, Person, std::less<>> people;
  std::map<std::string, std::vector<std::string>, std::less<>> groups;  // of people
  std::map<std::string, Rota, std::less<>> rotas;
  std::map<std::string, Channel, std::less<>> channels;
  std::vector<Route> routes;  // in the order they are asked
  std::string page;           // where the status page is, for links; empty for none
  std::string host;           // this machine's name, as senders and Message-IDs give it
};

}  // namespace bongsu::notify
