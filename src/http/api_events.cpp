// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "base/text.h"
#include "http/events.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

void write_event(JsonWriter& json, const Event& event) {
  const auto word_or_null = [&](std::string_view name, bool known, std::string_view word) {
    json.key(name);
    if (known) json.value(word);
    else json.null();
  };
  json.begin_object();
  json.member("id", event.id).member("kind", to_string(event.kind)).member("received", event.received).key("device_time");
  if (event.device_time) json.value(*event.device_time);
  else json.null();
  json.member("severity", to_string(event.severity));
  word_or_null("syslog_severity", event.syslog_severity >= 0, syslog_severity_name(event.syslog_severity));
  word_or_null("facility", event.facility >= 0, syslog_facility_name(event.facility));
  json.member("device", event.device).member("sender", event.sender).member("host", event.host).member("app", event.app);
  json.member("process", event.process).member("message_id", event.message_id).member("text", event.text);
  json.key("fields").begin_array();
  for (const auto& [name, value] : event.fields) json.begin_object().member("name", name).member("value", value).end_object();
  json.end_array().member("clean", event.clean);
  if (!event.clean) json.member("raw", event.raw);
  json.end_object();
}

Reply answer_search(const Call& call, std::string_view name, bool logs_only) {
  auto query = event_query(call.params);
  if (!query) return problem(query.error(), "see /api/v1/openapi.json");
  if (logs_only) query->kinds = {EventKind::Syslog};
  const auto page = call.sources.events.search(*query);
  if (!page) return problem(page.error(), "see the daemon's log and /readyz");
  std::string body;
  body.reserve(page->events.size() * 400);
  JsonWriter json(body);
  json.begin_object().key(name).begin_array();
  for (const Event& event : page->events) write_event(json, event);
  json.end_array().key("next");
  if (const std::string next = event_cursor(*page); !next.empty()) json.value(next);
  else json.null();
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<ParamSpec> event_params(bool with_kind) {
  using Kind = ParamSpec::Kind;
  std::vector<ParamSpec> params{
      {.name = "q",
       .about = "words that must each occur in text, app, host or a field, letter case aside; word* finds longer ones too"},
      {.name = "device", .about = "of this device"},
      {.name = "severity", .kind = Kind::LogSeverity, .about = "this or worse: harmless .. fatal, or syslog's debug .. emerg"},
      {.name = "from", .kind = Kind::Time, .about = "received at this time or later"},
      {.name = "to", .kind = Kind::Time, .about = "received before this time"},
      {.name = "limit", .kind = Kind::Count, .about = "most rows in the answer", .high = 1'000, .usual = 100},
      {.name = "cursor", .kind = Kind::Cursor, .about = "\"next\" of the page before", .mark = 'e'},
  };
  if (with_kind) {
    params.push_back({.name = "kind",
                      .kind = Kind::Word,
                      .about = "of this kind",
                      .words = {"syslog", "trap", "alarm", "state", "audit", "discovery"}});
  }
  return params;
}

Result<EventQuery> event_query(const Params& params) {
  constexpr std::size_t kMaxWords = 16;
  EventQuery query;
  query.from = params.time("from");
  query.to = params.time("to");
  if (const auto kind = parse_event_kind(params.text("kind"))) query.kinds = {*kind};
  query.device = params.text("device");
  query.min_severity = params.level("severity");
  query.max_syslog_severity = params.syslog("severity");
  query.limit = params.count("limit");
  query.before_id = params.cursor_number("cursor").value_or(0);
  for (const std::string_view word : split(params.text("q"), ' ')) {
    if (!trim(word).empty()) query.words.emplace_back(trim(word));
  }
  if (query.words.size() > kMaxWords) return Error{Code::Invalid, "parameter \"q\": more than 16 words"};
  if (query.from && query.to && *query.from >= *query.to) return Error{Code::Invalid, "parameter \"from\" is not before \"to\""};
  return query;
}

std::string event_cursor(const EventPage& page) {
  return page.next == 0 ? std::string() : encode_cursor('e', std::to_string(page.next));
}

std::vector<Route> event_routes() {
  const auto logs = [](const Call& call) { return answer_search(call, "logs", true); };
  const auto events = [](const Call& call) { return answer_search(call, "events", false); };
  return {
      {"GET",
       "/api/v1/logs",
       "Syslog messages, newest first",
       event_params(false),
       logs,
       Route::Shape::Json,
       "LogList",
       {422, 503}},
      {"GET",
       "/api/v1/events",
       "Events of every kind, newest first",
       event_params(true),
       events,
       Route::Shape::Json,
       "EventList",
       {422, 503}},
  };
}

}  // namespace bongsu::http
