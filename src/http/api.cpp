// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "http/router.h"
#include "http/view.h"
#include "model/marker.h"
#include "snmp/explain.h"

namespace bongsu::http {
namespace {

using Kind = ParamSpec::Kind;

ParamSpec limit_of(std::size_t usual, std::size_t high) {
  return {.name = "limit", .kind = Kind::Count, .about = "most rows in the answer", .high = high, .usual = usual};
}
ParamSpec cursor_of(char mark) {
  return {.name = "cursor", .kind = Kind::Cursor, .about = "\"next\" of the page before", .mark = mark};
}

Reply finish(std::string body) {
  body += '\n';
  return {.body = std::move(body)};
}

Reply no_device(std::string_view name) {
  return problem(404, "not_found", fmt::format("no device is named \"{}\"", to_valid_utf8(name.substr(0, 200))),
                 "/api/v1/devices lists them");
}

void write_flag(JsonWriter& json, std::string_view name, std::optional<bool> flag) {
  json.key(name);
  if (flag) json.value(*flag);
  else json.null();
}

void write_device(JsonWriter& json, const DeviceState& device) {
  json.begin_object();
  json.member("name", device.name).member("address", device.address).member("state", up_word(device.up));
  write_flag(json, "up", device.up);
  write_flag(json, "snmp_up", device.snmp_up);
  write_flag(json, "icmp_up", device.icmp_up);
  json.key("tags").begin_object();
  for (const auto& [name, value] : device.tags) json.member(name, value);
  json.end_object().key("info").begin_object();
  for (const auto& [name, value] : device.info) json.member(name, value);
  json.end_object().key("profiles").begin_array();
  for (const std::string& profile : device.profiles) json.value(profile);
  json.end_array().key("last_poll");
  if (device.last_poll) json.value(*device.last_poll);
  else json.null();
  json.key("uptime_seconds");
  if (device.uptime_seconds) json.value(*device.uptime_seconds);
  else json.null();
  json.member("interval_seconds", static_cast<double>(device.interval.count()) / 1000).member("error", device.error);
  json.key("slow_tables").begin_array();
  for (const SlowTable& table : device.slow) {
    json.begin_object().member("name", table.name).member("seconds", static_cast<double>(table.took.count()) / 1000).key("read");
    if (table.read) json.value(*table.read);
    else json.null();
    json.end_object();
  }
  json.end_array();
  write_parents(json, device);
  json.end_object();
}

Reply healthz(const Call&) { return {.body = "{\"status\":\"ok\"}\n"}; }

Reply readyz(const Call& call) {
  if (call.sources.ready) {
    if (const Status ready = call.sources.ready(); !ready) {
      return problem(503, "not_ready", ready.error().text, "ask again in a second; the daemon's log says what it waits for");
    }
  }
  return {.body = "{\"status\":\"ready\"}\n"};
}

Reply metrics(const Call& call) {
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = call.sources.metrics.render()};
}

Reply status(const Call& call) {
  const Sources& from = call.sources;
  const auto devices = from.devices.devices();
  const DeviceCounts up = count_devices(devices);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("at", from.clock.now()).member("version", from.version);
  json.member("uptime_seconds", std::chrono::floor<std::chrono::seconds>(from.clock.steady() - from.started).count());
  const auto levels = from.alarms.levels();
  json.key("counts");
  write_counts(json, count_all(levels));
  json.key("alarms");
  write_alarm_counts(json, count_open(levels));
  json.key("devices").begin_object();
  json.member("total", static_cast<std::uint64_t>(devices.size())).member("up", static_cast<std::uint64_t>(up.up));
  json.member("down", static_cast<std::uint64_t>(up.down)).member("unknown", static_cast<std::uint64_t>(up.unknown));
  json.end_object().key("worst").begin_array();
  for (const Alarm& alarm : worst_alarms(from.alarms, 10)) write_alarm(json, alarm);
  json.end_array().key("notices").begin_array();
  if (from.notices) {
    for (const std::string& notice : from.notices()) json.value(notice);
  }
  json.end_array().end_object();
  return finish(std::move(body));
}

Reply devices(const Call& call) {
  const auto after = call.params.cursor("cursor");
  const std::string_view state = call.params.text("state");
  const std::size_t limit = call.params.count("limit");
  std::string body;
  std::string next;
  JsonWriter json(body);
  json.begin_object().key("devices").begin_array();
  std::size_t rows = 0;
  std::string last;
  for (const DeviceState& device : call.sources.devices.devices()) {
    if (after && device.name <= *after) continue;
    if (!state.empty() && up_word(device.up) != state) continue;
    if (rows == limit) {
      next = encode_cursor('d', last);
      break;
    }
    write_device(json, device);
    last = device.name;
    ++rows;
  }
  json.end_array();
  write_next(json, next);
  json.end_object();
  return finish(std::move(body));
}

Reply device(const Call& call) {
  const auto found = call.sources.devices.device(call.name);
  if (!found) return no_device(call.name);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("device");
  write_device(json, *found);
  json.key("counts");
  write_counts(json, count_items(call.sources.alarms.items(call.name)));
  json.end_object();
  return finish(std::move(body));
}

Reply device_dialect(const Call& call) {
  if (!call.sources.devices.device(call.name)) return no_device(call.name);
  std::string body;
  JsonWriter json(body);
  write(json, call.sources.dialect(call.name).value_or(snmp::Dialect{}));
  return finish(std::move(body));
}

// A page of a list that has no key of its own: the cursor is the row.
template <class Row, class Write>
Reply page_of(const Call& call, std::string_view name, const std::vector<Row>& rows, const Write& write) {
  const std::size_t from =
      static_cast<std::size_t>(std::min<std::uint64_t>(call.params.cursor_number("cursor").value_or(0), rows.size()));
  const std::size_t to = std::min(rows.size(), from + call.params.count("limit"));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key(name).begin_array();
  for (std::size_t i = from; i < to; ++i) write(json, rows[i]);
  json.end_array();
  write_next(json, to < rows.size() ? encode_cursor(name[0], std::to_string(to)) : std::string());
  json.end_object();
  return finish(std::move(body));
}

Reply items(const Call& call) {
  if (!call.sources.devices.device(call.name)) return no_device(call.name);
  return page_of(call, "items", call.sources.alarms.items(call.name), write_item);
}

void write_latest(JsonWriter& json, const Latest& row) {
  json.begin_object().member("name", row.labels.metric()).key("labels");
  write_labels(json, row.labels);
  json.member("value", row.last.value).member("at", row.last.at);
  if (const auto cause = gap_cause(row.last.value)) json.member("gap", to_string(*cause));
  json.end_object();
}

Reply device_metrics(const Call& call) {
  if (!call.sources.devices.device(call.name)) return no_device(call.name);
  const auto rows = latest_of(call.sources, call.name);
  if (!rows) return problem(rows.error(), "see the daemon's log and /readyz");
  return page_of(call, "metrics", *rows, write_latest);
}

Reply alarms(const Call& call) {
  AlarmQuery query;
  query.active_only = call.params.text("state") != "all";
  query.min_level = call.params.level("level");
  query.device = call.params.text("device");
  query.before_id = call.params.cursor_number("cursor").value_or(0);
  const std::size_t limit = call.params.count("limit");
  query.limit = limit + 1;  // one more says whether there is a next page
  const auto found = call.sources.alarms.alarms(query);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("alarms").begin_array();
  for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) write_alarm(json, found[i]);
  json.end_array();
  write_next(json, found.size() > limit ? encode_cursor('a', std::to_string(found[limit - 1].id)) : std::string());
  json.end_object();
  return finish(std::move(body));
}

// {"note": "...", "until": "2026-11-23T18:00:00Z", "until_worse": true}, each if wanted, or nothing; without `until` the note
// alone.
Result<Taking> taking_of(std::string_view body, bool until, Time now) {
  constexpr std::size_t kMaxNote = 2000;
  if (body.empty()) return Taking();
  // The depth bound keeps nlohmann's recursion-free parser from building a deep tree that is then destroyed recursively.
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(body, shallow, false);
  if (json.is_discarded() || !json.is_object()) return Error{Code::Invalid, "the body is not a JSON object"};
  Taking out;
  for (const auto& [key, value] : json.items()) {
    if (key == "note") {
      if (!value.is_string()) return Error{Code::Invalid, "\"note\" is not a string"};
      out.note = value.get<std::string>();
    } else if (until && key == "until") {
      if (value.is_null()) continue;
      const auto at = value.is_string() ? parse_time(value.get_ref<const std::string&>()) : Error{Code::Invalid, ""};
      if (!at) return Error{Code::Invalid, "\"until\" is not an RFC 3339 time such as 2026-11-23T18:00:00Z"};
      if (*at <= now) return Error{Code::Invalid, "\"until\" has passed: it is " + format_time(now) + " now"};
      out.until = *at;
    } else if (until && key == "until_worse") {
      if (!value.is_boolean()) return Error{Code::Invalid, "\"until_worse\" is neither true nor false"};
      out.until_worse = value.get<bool>();
    } else {
      return Error{Code::Invalid, "unknown member \"" + to_valid_utf8(key.substr(0, 60)) + "\" in the body"};
    }
  }
  if (out.note.size() > kMaxNote) return Error{Code::Invalid, fmt::format("\"note\" is longer than {} octets", kMaxNote)};
  return out;
}

Reply change_alarm(const Call& call, bool until, const std::function<Status(std::uint64_t, const Taking&)>& change) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "an alarm's id is a number", "take \"id\" of /api/v1/alarms");
  const auto taking = taking_of(call.body, until, call.sources.clock.now());
  if (!taking) {
    return problem(400, "invalid", taking.error().text,
                   until ? "send {\"note\": \"what you know\", \"until\": \"2026-11-23T18:00:00Z\", \"until_worse\": true}, any "
                           "of them or no body"
                         : "send {\"note\": \"what you know\"} or no body");
  }
  if (const Status done = change(*id, *taking); !done) return problem(done.error(), "/api/v1/alarms lists the open ones");
  const auto alarm = call.sources.alarms.alarm(*id);
  if (!alarm) return problem(404, "not_found", fmt::format("there is no alarm {}", *id), "/api/v1/alarms lists the open ones");
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("alarm");
  write_alarm(json, *alarm);
  json.end_object();
  return finish(std::move(body));
}

Reply alarm(const Call& call) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "an alarm's id is a number", "take \"id\" of /api/v1/alarms");
  const auto found = call.sources.alarms.alarm(*id);
  if (!found) return problem(404, "not_found", fmt::format("there is no alarm {}", *id), "/api/v1/alarms?state=all lists them");
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("alarm");
  write_alarm(json, *found);
  json.key("remedies").begin_array();
  if (call.sources.remedies.runs_of) {
    for (const remedy::Run& run : call.sources.remedies.runs_of(*id)) remedy::write_run(json, run);
  }
  json.end_array().end_object();
  return finish(std::move(body));
}

}  // namespace

std::vector<Route> api_routes(const Sources& sources) {
  using Shape = Route::Shape;
  std::vector<Route> routes{
      {"GET", "/healthz", "The process answers", {}, healthz, Shape::Json, "Health"},
      {"GET", "/readyz", "Everything it needs is there: 503 says what is not", {}, readyz, Shape::Json, "Health", {503}},
      {"GET", "/metrics", "Bongsu's own metrics, Prometheus text format 0.0.4", {}, metrics, Shape::Text},
      {"GET", "/api/v1/status", "Everything at a glance", {}, status, Shape::Json, "Status"},
      {"GET",
       "/api/v1/devices",
       "Devices by name",
       {{.name = "state", .kind = Kind::Word, .about = "only these", .words = {"up", "down", "unknown"}},
        limit_of(1'000, 10'000),
        cursor_of('d')},
       devices,
       Shape::Json,
       "DeviceList"},
      {"GET",
       "/api/v1/devices/{name}/items",
       "Watched items of a device",
       {limit_of(1'000, 10'000), cursor_of('i')},
       items,
       Shape::Json,
       "ItemList",
       {404}},
      {"GET",
       "/api/v1/devices/{name}/metrics",
       "The latest value of every series of a device, at most 15 minutes old",
       {limit_of(10'000, 100'000), cursor_of('m')},
       device_metrics,
       Shape::Json,
       "MetricList",
       {404, 422, 503}},
      {"GET",
       "/api/v1/devices/{name}",
       "A device, and its items counted by level",
       {},
       device,
       Shape::Json,
       "DeviceAnswer",
       {404}},
      {"GET",
       "/api/v1/alarms",
       "Alarms, newest first",
       {{.name = "state", .kind = Kind::Word, .about = "open ones (usual), or ended ones too", .words = {"active", "all"}},
        {.name = "level", .kind = Kind::Level, .about = "this level or a worse one"},
        {.name = "device", .about = "of this device"},
        limit_of(100, 1'000),
        cursor_of('a')},
       alarms,
       Shape::Json,
       "AlarmList"},
      {"GET", "/api/v1/alarms/{id}", "One alarm, and the scripts that ran for it", {}, alarm, Shape::Json, "AlarmDetail", {404}},
  };
  if (sources.dialect) {
    // Before the device's own route: a name may hold a slash.
    routes.insert(routes.begin(), {"GET",
                                   "/api/v1/devices/{name}/dialect",
                                   "What was learned of a device's SNMP, and what it was seen to do wrong",
                                   {},
                                   device_dialect,
                                   Shape::Json,
                                   "Dialect",
                                   {404}});
  }
  if (sources.acknowledge) {
    routes.push_back({"POST",
                      "/api/v1/alarms/{id}/ack",
                      "Somebody has taken it, for good or until a time or a worse level",
                      {},
                      [](const Call& call) { return change_alarm(call, true, call.sources.acknowledge); },
                      Shape::Json,
                      "AlarmAnswer",
                      {403, 404, 409, 415, 503},
                      {},
                      false,
                      true});
  }
  if (sources.unacknowledge) {
    routes.push_back({"POST",
                      "/api/v1/alarms/{id}/unack",
                      "Nobody has it any more",
                      {},
                      [](const Call& call) {
                        return change_alarm(call, false, [&](std::uint64_t id, const Taking& taking) {
                          return call.sources.unacknowledge(id, taking.note);
                        });
                      },
                      Shape::Json,
                      "AlarmAnswer",
                      {403, 404, 409, 415, 503}});
  }
  return routes;
}

}  // namespace bongsu::http
