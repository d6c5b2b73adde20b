// SPDX-License-Identifier: Apache-2.0
// Remedies: scripts that run on alarms, their runs, and what somebody wants of them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

using Kind = ParamSpec::Kind;

Reply remedy_list(const Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("remedies").begin_array();
  for (const remedy::RemedyState& one : call.sources.remedies.list()) {
    const remedy::Remedy& remedy = one.remedy;
    json.begin_object().member("name", remedy.name).member("script", remedy.script).key("items").begin_array();
    for (const std::string& item : remedy.on.items) json.value(item);
    json.end_array().member("level", remedy.on.from ? to_string(*remedy.on.from) : std::string_view("harmless"));
    json.member("timeout_seconds", static_cast<double>(remedy.timeout.count()) / 1000);
    json.member("max_per_hour", remedy.max_per_hour).member("parallel", remedy.parallel).member("stop_after", remedy.stop_after);
    json.member("dry_run", remedy.dry_run).member("approval", remedy.approval).member("failures", one.tally.failures);
    json.key("stopped");
    if (one.tally.stopped) json.value(*one.tally.stopped);
    else json.null();
    json.member("within_hour", one.within_hour).key("last");
    if (one.last) remedy::write_run(json, *one.last, false);
    else json.null();
    json.end_object();
  }
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply run_list(const Call& call) {
  const auto state = remedy::parse_run_state(call.params.text("state"));
  const auto before = call.params.cursor_number("cursor");
  const std::size_t limit = call.params.count("limit");
  std::string body;
  std::string next;
  JsonWriter json(body);
  json.begin_object().key("runs").begin_array();
  std::size_t rows = 0;
  std::uint64_t last = 0;
  for (const remedy::Run& run : call.sources.remedies.runs()) {
    if ((before && run.id >= *before) || (state && run.state != *state)) continue;
    if (rows++ == limit) {
      next = encode_cursor('r', std::to_string(last));
      break;
    }
    remedy::write_run(json, run, false);
    last = run.id;
  }
  json.end_array();
  write_next(json, next);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply answer_run(const Call& call, std::uint64_t id) {
  const auto runs = call.sources.remedies.runs();
  const auto run = std::find_if(runs.begin(), runs.end(), [&](const remedy::Run& one) { return one.id == id; });
  if (run == runs.end())
    return problem(404, "not_found", fmt::format("there is no run {}", id), "/api/v1/remedies/runs lists them");
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("run");
  remedy::write_run(json, *run);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply one_run(const Call& call) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "a run's id is a number", "take \"id\" of /api/v1/remedies/runs");
  return answer_run(call, *id);
}

Reply decide(const Call& call, bool yes) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "a run's id is a number", "take \"id\" of /api/v1/remedies/runs");
  if (const Status done = call.sources.remedies.approve(*id, yes); !done)
    return problem(done.error(), "/api/v1/remedies/runs?state=waiting lists those that wait");
  return answer_run(call, *id);
}

Reply resume(const Call& call) {
  if (const Status done = call.sources.remedies.resume(call.name); !done)
    return problem(done.error(), "/api/v1/remedies says which are stopped");
  return {.body = "{\"resumed\":true}\n"};
}

// The alarm that the path names.
std::variant<Alarm, Reply> alarm_of(const Call& call) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "an alarm's id is a number", "take \"id\" of /api/v1/alarms");
  auto alarm = call.sources.alarms.alarm(*id);
  if (!alarm) return problem(404, "not_found", fmt::format("there is no alarm {}", *id), "/api/v1/alarms?state=all lists them");
  return *std::move(alarm);
}

Reply order(const Call& call) {
  auto found = alarm_of(call);
  if (auto* fault = std::get_if<Reply>(&found)) return std::move(*fault);
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(call.body, shallow, false);
  if (!json.is_object() || json.size() != 1 || !json.contains("remedy") || !json["remedy"].is_string())
    return problem(400, "invalid", "the body names no remedy", "send {\"remedy\": \"clear-cache\"}");
  const auto run = call.sources.remedies.order(json["remedy"].get<std::string>(), std::get<Alarm>(found));
  if (!run) return problem(run.error(), "/api/v1/remedies lists the remedies, /api/v1/alarms the open alarms");
  return answer_run(call, *run);
}

Reply show_order(const Call& call) {
  auto found = alarm_of(call);
  if (auto* fault = std::get_if<Reply>(&found)) return std::move(*fault);
  const auto order = call.sources.remedies.show(std::string(call.params.text("remedy")), std::get<Alarm>(found));
  if (!order) return problem(order.error(), "/api/v1/remedies lists the remedies");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("script", order->script).key("environment").begin_object();
  for (const auto& [name, value] : order->environment) json.member(name, value);
  json.end_object().member("input", order->input).end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> remedy_routes(const Sources& sources) {
  if (!sources.remedies.list) return {};
  using Shape = Route::Shape;
  return {
      {"GET", "/api/v1/remedies", "Scripts that run on alarms, and how they fare", {}, remedy_list, Shape::Json, "RemedyList"},
      {"GET",
       "/api/v1/remedies/runs",
       "What was run, and what was not and why, newest first; each run has its output",
       {{.name = "state",
         .kind = Kind::Word,
         .about = "only these",
         .words = {"waiting", "queued", "started", "done", "failed", "unknown", "skipped", "dry"}},
        {.name = "limit", .kind = Kind::Count, .about = "most rows in the answer", .high = 1'000, .usual = 100},
        {.name = "cursor", .kind = Kind::Cursor, .about = "\"next\" of the page before", .mark = 'r'}},
       run_list,
       Shape::Json,
       "RunList"},
      {"GET",
       "/api/v1/remedies/runs/{id}",
       "One run, with what its script printed",
       {},
       one_run,
       Shape::Json,
       "RunAnswer",
       {404}},
      {"POST",
       "/api/v1/remedies/runs/{id}/approve",
       "Lets a run go that waits for approval",
       {},
       [](const Call& call) { return decide(call, true); },
       Shape::Json,
       "RunAnswer",
       {403, 404, 409, 415, 503}},
      {"POST",
       "/api/v1/remedies/runs/{id}/refuse",
       "Ends a run that waits for approval",
       {},
       [](const Call& call) { return decide(call, false); },
       Shape::Json,
       "RunAnswer",
       {403, 404, 409, 415, 503}},
      {"POST",
       "/api/v1/remedies/{name}/resume",
       "Lets a remedy run again that failed too often",
       {},
       resume,
       Shape::Json,
       "Resumed",
       {403, 404, 409, 415, 503}},
      {"POST",
       "/api/v1/alarms/{id}/remedies",
       "Runs a remedy for an open alarm, whatever its limits by the hour: {\"remedy\": name}",
       {},
       order,
       Shape::Json,
       "RunAnswer",
       {403, 404, 409, 415, 503},
       "remedy"},
      {"GET",
       "/api/v1/alarms/{id}/order",
       "What a remedy's script would get for an alarm; nothing is run",
       {{.name = "remedy", .about = "its name", .example = "clear-cache"}},
       show_order,
       Shape::Json,
       "Order",
       {404}},
  };
}

}  // namespace bongsu::http
