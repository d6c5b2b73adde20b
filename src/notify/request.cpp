// SPDX-License-Identifier: Apache-2.0
#include "notify/request.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "model/show.h"
#include "notify/mail.h"
#include "notify/sign.h"

namespace bongsu::notify {
namespace {

struct Kind {
  ChannelType type;
  std::string_view word;
  std::string_view address;  // under which a person's address stands; empty: it reaches a room alone
  std::string_view url;      // of the service; empty: the user's own
};
constexpr std::array kKinds{
    Kind{ChannelType::Email, "email", "email", ""},
    Kind{ChannelType::Slack, "slack", "slack", "https://slack.com/api/chat.postMessage"},
    Kind{ChannelType::Mattermost, "mattermost", "", ""},
    Kind{ChannelType::Teams, "teams", "", ""},
    Kind{ChannelType::Discord, "discord", "", ""},
    Kind{ChannelType::Telegram, "telegram", "telegram", "https://api.telegram.org"},
    Kind{ChannelType::Ntfy, "ntfy", "ntfy", "https://ntfy.sh"},
    Kind{ChannelType::Pushover, "pushover", "pushover", "https://api.pushover.net/1/messages.json"},
    Kind{ChannelType::Gotify, "gotify", "", ""},
    Kind{ChannelType::PagerDuty, "pagerduty", "", "https://events.pagerduty.com/v2/enqueue"},
    Kind{ChannelType::Opsgenie, "opsgenie", "", "https://api.opsgenie.com/v2/alerts"},
    Kind{ChannelType::Alertmanager, "alertmanager", "", ""},
    Kind{ChannelType::Webhook, "webhook", "", ""},
    Kind{ChannelType::Twilio, "twilio", "phone", "https://api.twilio.com"},
    Kind{ChannelType::Solapi, "solapi", "phone", "https://api.solapi.com"},
    Kind{ChannelType::Aligo, "aligo", "phone", "https://apis.aligo.in/send/"},
    Kind{ChannelType::KakaoSolapi, "kakao_solapi", "phone", "https://api.solapi.com"},
    Kind{ChannelType::Sms, "sms", "phone", ""},
    Kind{ChannelType::Fcm, "fcm", "fcm", "https://fcm.googleapis.com"},
    Kind{ChannelType::KakaoTalk, "kakaotalk", "kakaotalk", "https://kapi.kakao.com"},
    Kind{ChannelType::Syslog, "syslog", "", ""},
    Kind{ChannelType::Trap, "trap", "", ""},
    Kind{ChannelType::Inform, "inform", "", ""},
    Kind{ChannelType::Program, "program", "", ""},
};

const Kind& kind_of(ChannelType type) {
  for (const Kind& kind : kKinds) {
    if (kind.type == type) return kind;
  }
  return kKinds.front();
}

std::string in_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}
std::string slack_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}
// Nothing of a device's text becomes a mention, a link or a format.
std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]()<>#+-!|~@").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// What of a service account's JSON is needed.
struct ServiceAccount {
  std::string project, email, key, token_uri;
};
Result<ServiceAccount> service_account(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  ServiceAccount out;
  for (const auto& [name, into] : {std::pair{"project_id", &out.project}, std::pair{"client_email", &out.email},
                                   std::pair{"private_key", &out.key}, std::pair{"token_uri", &out.token_uri}}) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_string())
      return Error{Code::Invalid, std::string("it has no ") + name};
    *into = json[name].get<std::string>();
  }
  return out;
}

// What one request is made of.
struct Making {
  const Channel& channel;
  const Message& message;
  const Words& words;
  const Spec& spec;
  Time now;

  const Notice& notice() const { return message.notices.front(); }
  const Alarm& alarm() const { return notice().news.alarm; }
  bool over() const { return words.level == Severity::Normal && notice().reason != Reason::Test; }
  std::string url() const {
    std::string out(channel.url.empty() ? kind_of(channel.type).url : channel.url.reveal());
    while (out.size() > 1 && out.back() == '/' && channel.type != ChannelType::Aligo) out.pop_back();
    return out;
  }
  std::string to() const { return message.address.empty() ? channel.room : message.address; }
  std::string dedup() const { return fmt::format("bongsu-{}-{}", spec.host, alarm().id); }
};

Request json_request(const Making& made, std::string url, std::string body) {
  Request out;
  out.url = std::move(url);
  out.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Idempotency-Key", made.message.key}};
  out.body = std::move(body);
  return out;
}

using Fields = std::vector<std::pair<std::string, std::string>>;
Request form_request(const Making& made, std::string url, const Fields& fields) {
  Request out;
  out.url = std::move(url);
  out.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Idempotency-Key", made.message.key}};
  for (const auto& [name, value] : fields) {
    if (!out.body.empty()) out.body += '&';
    out.body += name + "=" + url_encode(value);
  }
  return out;
}

void bearer(Request& request, const Secret& token, std::string_view scheme = "Bearer") {
  if (!token.empty()) request.headers.emplace_back("Authorization", std::string(scheme) + " " + std::string(token.reveal()));
}

Request slack(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  // The webhook's own channel needs no name.
  if (!made.to().empty()) json.member("channel", made.to());
  json.member("text", cut(slack_text(made.words.plain), 30'000)).member("unfurl_links", false).end_object();
  Request out = json_request(made, made.url(), std::move(body));
  bearer(out, made.channel.token);
  return out;
}

Request mattermost(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (!made.channel.room.empty()) json.member("channel", made.channel.room);
  json.member("text", cut(markdown_text(made.words.plain), 15'000)).end_object();
  return json_request(made, made.url(), std::move(body));
}

Request teams(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("type", "message").key("attachments").begin_array().begin_object();
  json.member("contentType", "application/vnd.microsoft.card.adaptive").key("content").begin_object();
  json.member("$schema", "http://adaptivecards.io/schemas/adaptive-card.json").member("type", "AdaptiveCard");
  json.member("version", "1.4").key("body").begin_array();
  json.begin_object().member("type", "TextBlock").member("weight", "Bolder").member("wrap", true);
  json.member("text", markdown_text(made.words.subject)).end_object();
  json.begin_object().member("type", "TextBlock").member("wrap", true);
  std::string text = markdown_text(cut(made.words.plain, 12'000));
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\n");  // else one paragraph
  json.member("text", text).end_object();
  json.end_array().end_object().end_object().end_array().end_object();
  return json_request(made, made.url(), std::move(body));
}

Request discord(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("content", cut(markdown_text(made.words.plain), 1'900)).key("allowed_mentions").begin_object();
  json.key("parse").begin_array().end_array().end_object().end_object();
  return json_request(made, made.url(), std::move(body));
}

Request telegram(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("chat_id", made.to()).member("text", cut(made.words.plain, 4'000));
  json.member("disable_web_page_preview", true).end_object();
  return json_request(made, made.url() + "/bot" + std::string(made.channel.token.reveal()) + "/sendMessage", std::move(body));
}

Request ntfy(const Making& made) {
  constexpr std::array kPriority{3, 2, 3, 4, 4, 5};  // by severity from normal on
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("topic", made.to()).member("title", made.words.subject);
  json.member("message", cut(made.words.plain, 3'900));
  json.member("priority", kPriority[static_cast<std::size_t>(std::max(0, to_number(made.words.level)))]);
  json.key("tags").begin_array().value(made.over() ? "white_check_mark" : "fire").end_array();
  if (!made.spec.page.empty()) json.member("click", made.spec.page);
  json.end_object();
  Request out = json_request(made, made.url(), std::move(body));
  bearer(out, made.channel.token);
  return out;
}

Request pushover(const Making& made) {
  const int priority = made.words.level >= Severity::Urgent ? 1 : made.words.level <= Severity::Harmless ? -1 : 0;
  return form_request(made, made.url(),
                      {{"token", std::string(made.channel.token.reveal())},
                       {"user", made.to()},
                       {"title", cut(made.words.subject, 250)},
                       {"message", cut(made.words.plain, 1'000)},
                       {"priority", std::to_string(priority)}});
}

Request gotify(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("title", made.words.subject).member("message", cut(made.words.plain, 30'000));
  json.member("priority", std::max(1, 2 * to_number(made.words.level))).end_object();
  Request out = json_request(made, made.url() + "/message", std::move(body));
  out.headers.emplace_back("X-Gotify-Key", std::string(made.channel.token.reveal()));
  return out;
}

Request pagerduty(const Making& made) {
  const Severity level = made.alarm().level;
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("routing_key", made.channel.token.reveal());
  json.member("event_action", made.over() ? "resolve" : "trigger")
      .member("dedup_key", made.dedup())
      .key("payload")
      .begin_object();
  json.member("summary", cut(made.words.subject, 1'000));
  json.member("source", made.alarm().device.empty() ? made.spec.host : one_line(made.alarm().device));
  json.member("severity", level >= Severity::Urgent    ? "critical"
                          : level == Severity::Danger  ? "error"
                          : level == Severity::Caution ? "warning"
                                                       : "info");
  json.member("timestamp", made.notice().news.at).member("component", one_line(made.alarm().item));
  json.key("custom_details");
  write_alarm(json, made.alarm());
  json.end_object().end_object();
  return json_request(made, made.url(), std::move(body));
}

Request opsgenie(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("source", "Bongsu");
  std::string url = made.url();
  if (made.over()) {
    json.member("note", cut(made.words.subject, 1'000));
    url += "/" + url_encode(made.dedup()) + "/close?identifierType=alias";
  } else {
    json.member("message", cut(made.words.subject, 130)).member("alias", made.dedup());
    json.member("description", cut(made.words.plain, 14'000));
    json.member("priority", "P" + std::to_string(6 - std::clamp(to_number(made.alarm().level), 1, 5)));
    json.member("entity", one_line(made.alarm().device));
  }
  json.end_object();
  Request out = json_request(made, std::move(url), std::move(body));
  bearer(out, made.channel.token, "GenieKey");
  return out;
}

Request alertmanager(const Making& made) {
  std::string body;
  JsonWriter json(body);
  json.begin_array();
  for (const Notice& notice : made.message.notices) {
    const Alarm& alarm = notice.news.alarm;
    json.begin_object().key("labels").begin_object().member("alertname", alarm.item);
    for (const auto& [name, value] : alarm.labels) {
      if (name != "alertname" && name != "severity") json.member(name, value);
    }
    json.member("alarm", std::to_string(alarm.id));
    if (alarm.drill()) json.member("drill", "true");
    json.end_object();
    json.key("annotations")
        .begin_object()
        .member("summary", (alarm.drill() ? "[drill] " : "") + alarm.title)
        .member("level", to_string(alarm.level));
    json.member("value", format_number(alarm.value) + (alarm.unit.empty() ? "" : " " + alarm.unit)).member("why", alarm.why);
    json.end_object().member("startsAt", alarm.since);
    // Without an end Alertmanager would call it over after its resolve_timeout; this one is told when it is.
    json.member("endsAt", alarm.ended.value_or(notice.news.at + std::chrono::days(3'650)));
    if (!made.spec.page.empty()) json.member("generatorURL", made.spec.page);
    json.end_object();
  }
  json.end_array();
  Request out = json_request(made, made.url() + "/api/v2/alerts", std::move(body));
  bearer(out, made.channel.token);
  return out;
}

Result<Request> webhook(const Making& made) {
  std::string body = json_of(made.message, made.spec.page);
  if (!made.channel.form.empty()) {
    BONGSU_TRY(body, fill(made.channel.form, made.message, made.words, made.spec.page, in_json));
  }
  Request out = json_request(made, made.url(), std::move(body));
  bearer(out, made.channel.token);
  if (!made.channel.sign.empty())
    out.headers.emplace_back("X-Bongsu-Signature", "sha256=" + hmac_sha256_hex(made.channel.sign.reveal(), out.body));
  return out;
}

// Any gateway: the form is the body where there is one, else all of it is in the URL.
Result<Request> sms(const Making& made) {
  BONGSU_TRY(std::string url, fill(made.url(), made.message, made.words, made.spec.page, url_encode));
  bool as_json = false;
  for (const auto& [name, value] : made.channel.headers)
    as_json = as_json || (to_lower(name) == "content-type" && to_lower(value).find("json") != std::string::npos);
  BONGSU_TRY(std::string body, fill(made.channel.form, made.message, made.words, made.spec.page, as_json ? in_json : url_encode));
  Request out;
  out.method = body.empty() ? "GET" : "POST";
  out.url = std::move(url);
  out.body = std::move(body);
  out.headers = {{"Idempotency-Key", made.message.key}};
  bearer(out, made.channel.token);
  return out;
}

Request twilio(const Making& made) {
  Request out = form_request(made, made.url() + "/2010-04-01/Accounts/" + url_encode(made.channel.user) + "/Messages.json",
                             {{"To", made.to()}, {"From", made.channel.from}, {"Body", made.words.brief}});
  out.user = made.channel.user;
  out.password = made.channel.password.reveal();
  return out;
}

// Solapi signs its time and a salt; the message's key is as good a salt as any.
Request solapi(const Making& made, bool alimtalk) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("message").begin_object().member("to", made.to());
  if (alimtalk) {
    json.key("kakaoOptions").begin_object().member("pfId", made.channel.from).member("templateId", made.channel.form);
    json.key("variables").begin_object();
    json.member("#{subject}", made.words.subject).member("#{text}", cut(made.words.plain, 900));
    json.member("#{device}", one_line(made.alarm().device)).member("#{level}", to_korean(made.words.level));
    json.member("#{url}", made.spec.page).end_object();
    if (made.channel.room.empty()) json.member("disableSms", true);
    json.end_object();
    if (!made.channel.room.empty()) json.member("from", made.channel.room).member("text", made.words.brief);
  } else {
    json.member("from", made.channel.from).member("text", made.words.brief);
  }
  json.end_object().end_object();
  Request out = json_request(made, made.url() + "/messages/v4/send", std::move(body));
  const std::string date = format_time(made.now);
  const std::string salt = sha256_hex(made.message.key).substr(0, 32);
  out.headers.emplace_back("Authorization",
                           fmt::format("HMAC-SHA256 apiKey={}, date={}, salt={}, signature={}", made.channel.user, date, salt,
                                       hmac_sha256_hex(made.channel.password.reveal(), date + salt)));
  return out;
}

Request aligo(const Making& made) {
  return form_request(made, made.url(),
                      {{"key", std::string(made.channel.password.reveal())},
                       {"user_id", made.channel.user},
                       {"sender", made.channel.from},
                       {"receiver", made.to()},
                       {"msg", made.words.brief}});
}

// HTTP v1: a signed claim of the service account is changed for a token of an hour.
Result<Request> fcm(const Making& made) {
  BONGSU_TRY(const ServiceAccount account, service_account(made.channel.token.reveal()));
  const auto now = to_ms(made.now) / 1000;
  std::string claim;
  JsonWriter claims(claim);
  claims.begin_object().member("iss", account.email).member("scope", "https://www.googleapis.com/auth/firebase.messaging");
  claims.member("aud", account.token_uri).member("iat", now).member("exp", now + 3'600).end_object();
  BONGSU_TRY(const std::string signature, rs256_token(account.key, claim));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("message").begin_object();
  if (made.message.address.empty()) json.member("topic", made.channel.room);
  else json.member("token", made.message.address);
  json.key("notification").begin_object().member("title", cut(made.words.subject, 200));
  json.member("body", cut(made.words.plain, 2'000)).end_object();
  json.key("data").begin_object().member("level", to_string(made.words.level)).member("key", made.message.key);
  json.member("url", made.spec.page).end_object();
  json.key("android").begin_object().member("priority", made.words.level >= Severity::Urgent ? "high" : "normal").end_object();
  json.end_object().end_object();
  Request out =
      json_request(made, made.url() + "/v1/projects/" + url_encode(account.project) + "/messages:send", std::move(body));
  out.grant = Grant{.url = account.token_uri,
                    .form = "grant_type=" + url_encode("urn:ietf:params:oauth:grant-type:jwt-bearer") + "&assertion=" + signature,
                    .key = "fcm " + account.email};
  return out;
}

// To oneself where nobody is named, else to a friend by his UUID.
Request kakaotalk(const Making& made) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("object_type", "text").member("text", cut(made.words.subject + "\n" + made.words.plain, 600));
  json.key("link").begin_object();
  if (!made.spec.page.empty()) json.member("web_url", made.spec.page).member("mobile_web_url", made.spec.page);
  json.end_object().end_object();
  Fields fields{{"template_object", text}};
  std::string path = "/v2/api/talk/memo/default/send";
  if (!made.message.address.empty()) {
    path = "/v1/api/talk/friends/message/default/send";
    std::string uuids;
    JsonWriter(uuids).begin_array().value(made.message.address).end_array();
    fields.emplace_back("receiver_uuids", uuids);
  }
  Request out = form_request(made, made.url() + path, fields);
  Grant grant{.url = (made.channel.url.empty() ? "https://kauth.kakao.com" : made.url()) + "/oauth/token",
              .form = "grant_type=refresh_token&client_id=" + url_encode(made.channel.user),
              .key = "kakaotalk " + sha256_hex(std::string(made.channel.token.reveal())),
              .refresh = std::string(made.channel.token.reveal())};
  if (!made.channel.password.empty()) grant.form += "&client_secret=" + url_encode(made.channel.password.reveal());
  out.grant = std::move(grant);
  return out;
}

// RFC 5424, a message for each notice: facility local0, the alarm as structured data.
Request syslog(const Making& made) {
  // RFC 5424 section 6.2.1, from emergency (0) on, by our severities from normal on.
  constexpr std::array kSeverity{5, 5, 4, 3, 2, 1};
  Request out;
  out.kind = Request::Kind::Syslog;
  out.url = made.channel.url.reveal();
  const auto quoted = [](std::string_view text) {
    std::string value;
    for (const char c : one_line(text)) {
      if (c == '"' || c == '\\' || c == ']') value += '\\';
      value += c;
    }
    return value;
  };
  for (const Notice& notice : made.message.notices) {
    const Alarm& alarm = notice.news.alarm;
    const bool over = notice.reason == Reason::Recovered;
    const int severity = kSeverity[static_cast<std::size_t>(over ? 0 : std::max(0, to_number(alarm.level)))];
    const Words own =
        words_of({.key = made.message.key, .person = {}, .address = {}, .notices = {notice}}, Language::English, {}, {});
    out.lines.push_back(fmt::format(
        "<{}>1 {} {} bongsu - {} [alarm@8072 id=\"{}\" item=\"{}\" device=\"{}\" level=\"{}\" key=\"{}\"] {}", 16 * 8 + severity,
        format_time(notice.news.at), made.spec.host.empty() ? "-" : made.spec.host, to_string(notice.reason), alarm.id,
        quoted(alarm.item), quoted(alarm.device), to_string(alarm.level), quoted(made.message.key), cut(own.subject, 1'000)));
  }
  return out;
}

// A notification for each notice: ROOT.0.1 at its beginning, ROOT.0.2 at its end, with what it says at ROOT.1.N.0.
Result<Request> trap(const Making& made, bool confirmed) {
  Request out;
  out.kind = confirmed ? Request::Kind::Inform : Request::Kind::Trap;
  out.url = made.channel.url.reveal();
  out.password = made.channel.token.empty() ? "public" : made.channel.token.reveal();
  BONGSU_TRY(const Oid root, Oid::parse(made.channel.oid.empty() ? kTrapRoot : std::string_view(made.channel.oid)));
  const auto below = [&](std::initializer_list<std::uint32_t> arcs) {
    std::vector<std::uint32_t> all(root.arcs().begin(), root.arcs().end());
    all.insert(all.end(), arcs);
    return Oid(std::move(all));
  };
  static const Oid uptime = *Oid::parse("1.3.6.1.2.1.1.3.0");
  static const Oid trap_oid = *Oid::parse("1.3.6.1.6.3.1.1.4.1.0");
  static const auto begun = std::chrono::steady_clock::now();
  const auto ticks = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun).count() / 10;
  for (const Notice& notice : made.message.notices) {
    const Alarm& alarm = notice.news.alarm;
    const bool over = notice.reason == Reason::Recovered;
    std::vector<Varbind> one;
    one.push_back({uptime, Value::of_number(ValueType::TimeTicks, static_cast<std::uint64_t>(ticks) & 0xffffffff)});
    one.push_back({trap_oid, Value::of_oid(below({0, over ? 2U : 1U}))});
    std::uint32_t arc = 0;
    for (const std::string& text :
         {std::to_string(alarm.id), one_line(alarm.item), one_line(alarm.device),
          std::string(to_string(over ? Severity::Normal : alarm.level)),
          (alarm.drill() ? "[drill] " : "") + cut(one_line(alarm.title), 240), format_number(alarm.value),
          std::string(to_string(notice.reason)), format_time(alarm.since), cut(made.words.brief, 250)})
      one.push_back({below({1, ++arc, 0}), Value::of_octets(text)});
    out.traps.push_back(std::move(one));
  }
  return out;
}

Request program(const Making& made) {
  Request out;
  out.kind = Request::Kind::Program;
  out.url = made.channel.url.reveal();
  out.body = json_of(made.message, made.spec.page);
  out.headers = {{"BONGSU_KEY", made.message.key},
                 {"BONGSU_CHANNEL", made.channel.name},
                 {"BONGSU_LEVEL", std::string(to_string(made.words.level))},
                 {"BONGSU_REASON", std::string(to_string(made.notice().reason))},
                 {"BONGSU_NOTICES", std::to_string(made.message.notices.size())}};
  return out;
}

Request email(const Making& made) {
  Request out;
  out.kind = Request::Kind::Mail;
  out.url = made.url();
  out.user = made.channel.user;
  out.password = made.channel.password.reveal();
  out.from = made.channel.from;
  out.to = made.to();
  out.tls_required = made.channel.tls_required;
  out.body = mail_of(made.channel, made.message, made.words, made.spec, made.now);
  return out;
}

Result<Request> make(const Making& made) {
  switch (made.channel.type) {
    case ChannelType::Email:
      return email(made);
    case ChannelType::Slack:
      return slack(made);
    case ChannelType::Mattermost:
      return mattermost(made);
    case ChannelType::Teams:
      return teams(made);
    case ChannelType::Discord:
      return discord(made);
    case ChannelType::Telegram:
      return telegram(made);
    case ChannelType::Ntfy:
      return ntfy(made);
    case ChannelType::Pushover:
      return pushover(made);
    case ChannelType::Gotify:
      return gotify(made);
    case ChannelType::PagerDuty:
      return pagerduty(made);
    case ChannelType::Opsgenie:
      return opsgenie(made);
    case ChannelType::Alertmanager:
      return alertmanager(made);
    case ChannelType::Webhook:
      return webhook(made);
    case ChannelType::Twilio:
      return twilio(made);
    case ChannelType::Solapi:
      return solapi(made, false);
    case ChannelType::KakaoSolapi:
      return solapi(made, true);
    case ChannelType::Aligo:
      return aligo(made);
    case ChannelType::Sms:
      return sms(made);
    case ChannelType::Fcm:
      return fcm(made);
    case ChannelType::KakaoTalk:
      return kakaotalk(made);
    case ChannelType::Syslog:
      return syslog(made);
    case ChannelType::Trap:
      return trap(made, false);
    case ChannelType::Inform:
      return trap(made, true);
    case ChannelType::Program:
      return program(made);
  }
  return Error{Code::Invalid, "no such type of channel"};
}

// Services that answer 200 and mean no: why, or nothing when it went well.
std::optional<std::string> refusal_in(ChannelType type, const std::string& body) {
  const bool slack = type == ChannelType::Slack && !body.empty() && body[0] == '{';
  if (!slack && type != ChannelType::Aligo && type != ChannelType::Telegram) return std::nullopt;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return "an answer that is no JSON: " + cut(one_line(body), 200);
  if (type == ChannelType::Aligo) {
    const auto code = json.value("result_code", nlohmann::json());
    const bool good = code == 1 || code == "1";
    if (good) return std::nullopt;
    return code.dump() + " " +
           (json.contains("message") && json["message"].is_string() ? json["message"].get<std::string>() : "");
  }
  if (json.contains("ok") && json["ok"] == true) return std::nullopt;
  return cut(one_line(body), 200);
}

}  // namespace

std::string_view to_string(ChannelType type) { return kind_of(type).word; }

std::optional<ChannelType> parse_channel_type(std::string_view word) {
  for (const Kind& kind : kKinds) {
    if (kind.word == word) return kind.type;
  }
  return std::nullopt;
}

std::vector<std::string_view> channel_type_words() {
  std::vector<std::string_view> out;
  for (const Kind& kind : kKinds) out.push_back(kind.word);
  return out;
}

std::string_view address_key(ChannelType type) { return kind_of(type).address; }

bool takes_many(ChannelType type) { return type != ChannelType::PagerDuty && type != ChannelType::Opsgenie; }

bool has_room(const Channel& channel) {
  // An incoming webhook of Slack has a room of its own.
  const bool webhook = channel.type == ChannelType::Slack && !channel.url.empty();
  return address_key(channel.type).empty() || !channel.room.empty() || webhook || channel.type == ChannelType::KakaoTalk;
}

std::string lacks(const Channel& channel) {
  const auto need = [&](bool there, std::string_view what) { return there ? std::string() : std::string(what); };
  const bool url = !channel.url.empty();
  switch (channel.type) {
    case ChannelType::Email:
      if (!url) return "smtp (\"smtp.example.com:587\")";
      return need(is_mail_address(channel.from), "from, the sender's address (\"bongsu@example.com\")");
    case ChannelType::Slack:
      return need(url || !channel.token.empty(), "url (an incoming webhook) or token (of a bot)");
    case ChannelType::Telegram:
    case ChannelType::Pushover:
    case ChannelType::PagerDuty:
    case ChannelType::Opsgenie:
      return need(!channel.token.empty(), "token");
    case ChannelType::Ntfy:
      return "";
    case ChannelType::Gotify:
      return url ? need(!channel.token.empty(), "token") : "url";
    case ChannelType::Twilio:
    case ChannelType::Solapi:
    case ChannelType::Aligo:
      if (channel.user.empty()) return "user (the account's id or key)";
      if (channel.password.empty()) return "password (the account's secret)";
      return need(!channel.from.empty(), "from (the sending number)");
    case ChannelType::KakaoSolapi:
      if (channel.user.empty()) return "user (the API key)";
      if (channel.password.empty()) return "password (the API secret)";
      if (channel.from.empty()) return "from (pfId of the Kakao channel)";
      return need(!channel.form.empty(), "form (id of the approved template)");
    case ChannelType::Fcm: {
      const auto account = service_account(channel.token.reveal());
      return need(account.ok(), "token: {file: ...}, the JSON of a service account" +
                                    (account || channel.token.empty() ? "" : " (" + account.error().text + ")"));
    }
    case ChannelType::KakaoTalk:
      return channel.user.empty() ? "user (the REST API key)" : need(!channel.token.empty(), "token (the refresh token)");
    case ChannelType::Syslog:
    case ChannelType::Trap:
    case ChannelType::Inform:
      return need(url, "to (\"loghost.example.com:514\")");
    case ChannelType::Program:
      return need(url, "run (a file of the folder of scripts)");
    case ChannelType::Mattermost:
    case ChannelType::Teams:
    case ChannelType::Discord:
    case ChannelType::Alertmanager:
    case ChannelType::Webhook:
    case ChannelType::Sms:
      return need(url, "url");
  }
  return "";
}

Result<Request> request_of(const Channel& channel, const Message& message, const Words& words, const Spec& spec, Time now) {
  if (const std::string missing = lacks(channel); !missing.empty())
    return Error{Code::Invalid, "channel " + channel.name + " has no " + missing};
  const Making made{channel, message, words, spec, now};
  if (made.to().empty() && !has_room(channel))
    return Error{Code::Invalid,
                 "channel " + channel.name + ": nobody to send to; give the person an address, or the channel a room"};
  if (channel.type == ChannelType::Email && !is_mail_address(made.to()))
    return Error{Code::Invalid, "channel " + channel.name + ": \"" + one_line(made.to()) + "\" is no mail address"};
  BONGSU_TRY(Request out, make(made));
  for (const auto& [name, value] : channel.headers) out.headers.emplace_back(name, value);
  out.ca_file = channel.ca_file;
  out.timeout = channel.timeout;
  return out;
}

Verdict judge(const Channel& channel, const Reply& reply) {
  const std::string said = cut(one_line(reply.said), 300);
  if (reply.status == 0) return {Outcome::Later, said.empty() ? "no answer" : said, reply.retry_after};
  const std::string what = std::to_string(reply.status) + (said.empty() ? "" : " " + said);
  if (channel.type == ChannelType::Email) {
    if (reply.status >= 200 && reply.status < 400) return {};
    // RFC 5321 section 4.2.1: 4yz may pass, 5yz will not.
    return {reply.status >= 500 ? Outcome::Never : Outcome::Later, what, reply.retry_after};
  }
  if (reply.status >= 200 && reply.status < 300) {
    if (const auto refusal = refusal_in(channel.type, reply.said)) return {Outcome::Never, *refusal, std::nullopt};
    return {};
  }
  const bool passing = reply.status == 408 || reply.status == 425 || reply.status == 429 || reply.status >= 500;
  return {passing ? Outcome::Later : Outcome::Never, what, reply.retry_after};
}

}  // namespace bongsu::notify
