// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/varbind.h"
#include "notify/message.h"
#include "notify/spec.h"

namespace bongsu::notify {

// A token that the service gives for a while, and wants with each request: asked for by a form that is posted to `url`, answered
// with access_token and expires_in (RFC 6749 section 5.1).
struct Grant {
  std::string url;
  std::string form;
  std::string key;        // the same for what one token serves; no secret
  std::string refresh{};  // as the configuration gives it, goes with the form as refresh_token; a service may give another for it
};

// What leaves for one message. It holds secrets: it is never logged or kept.
struct Request {
  enum class Kind : std::uint8_t { Http, Mail, Syslog, Trap, Inform, Program };
  Kind kind = Kind::Http;
  std::string url;  // http, https; smtp, smtps; Syslog, Trap, Inform: host:port; Program: name of the file
  std::string method = "POST";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // Mail: the whole message, RFC 5322
  std::string user;
  std::string password;
  std::string from;  // Mail: the envelope's
  std::string to;
  bool tls_required = true;  // Mail
  std::string ca_file;
  Millis timeout{15'000};
  std::optional<Grant> grant;
  std::vector<std::string> lines;           // Syslog: a message each
  std::vector<std::vector<Varbind>> traps;  // Trap, Inform: a notification each; `password` is the community
};

// What came back. A status of 0: nothing did, `said` tells why.
struct Reply {
  int status = 0;    // HTTP or SMTP
  std::string said;  // body, or the reason; at most 4 KiB
  std::optional<Millis> retry_after;
};

// Sends requests, all at once; knows nothing of what is in them. Thread: any.
class Courier {
 public:
  virtual ~Courier() = default;
  // `done` is called once, from a thread of the courier's; not after the courier has ended.
  virtual void send(Request request, std::function<void(Reply)> done) = 0;
};

enum class Outcome : std::uint8_t { Sent, Later, Never };
struct Verdict {
  Outcome outcome = Outcome::Sent;
  std::string why;  // for a person; empty when sent
  std::optional<Millis> retry_after;
};

// The message as `channel` takes it; `now` goes into signatures and dates. Error: Invalid, what a setting lacks.
Result<Request> request_of(const Channel& channel, const Message& message, const Words& words, const Spec& spec, Time now);
// 408, 425, 429, 5xx and what never arrived are tried again; other refusals are not.
Verdict judge(const Channel& channel, const Reply& reply);
// Whether several notices go in one message.
bool takes_many(ChannelType type);
// Whether it speaks to a room without anybody's address.
bool has_room(const Channel& channel);
// What `channel` lacks to be used, in words; empty when it is whole.
std::string lacks(const Channel& channel);

}  // namespace bongsu::notify
