// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

// "name:type" members of each answer. Types: s string, n number, i integer, b boolean, t time, l level, o object of strings;
// ? before: may be null; [X] array of X; a capital: another schema.
struct Schema {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> members;
  std::vector<std::string_view> needed{};  // of what is sent; of answers every member is there
  bool sent = false;
};

const std::vector<Schema>& schemas() {
  static const std::vector<Schema> all{
      {"Error", {{"error", "ErrorBody"}}},
      {"ErrorBody", {{"code", "s"}, {"message", "s"}, {"hint", "s"}}},
      {"Health", {{"status", "s"}}},
      {"Prometheus", {{"status", "s"}}},
      {"PrometheusError", {{"status", "s"}, {"errorType", "s"}, {"error", "s"}}},
      {"OpenApi", {{"openapi", "s"}, {"info", "O"}, {"paths", "O"}, {"components", "O"}}},
      {"Entry", {{"name", "s"}, {"value", "O"}, {"here", "?O"}}},
      {"EntryList", {{"entries", "[Entry]"}}},
      {"EntryAnswer", {{"entry", "Entry"}}},
      {"EntryChange", {{"name", "s"}, {"dry_run", "b"}, {"notes", "[s]"}}},
      {"EntryValue", {}, {}, true},
      {"Counts",
       {{"normal", "i"},
        {"harmless", "i"},
        {"caution", "i"},
        {"danger", "i"},
        {"urgent", "i"},
        {"fatal", "i"},
        {"unknown", "i"}}},
      {"AlarmCounts", {{"total", "i"}, {"harmless", "i"}, {"caution", "i"}, {"danger", "i"}, {"urgent", "i"}, {"fatal", "i"}}},
      {"DeviceCounts", {{"total", "i"}, {"up", "i"}, {"down", "i"}, {"unknown", "i"}}},
      {"Status",
       {{"at", "t"},
        {"version", "s"},
        {"uptime_seconds", "i"},
        {"counts", "Counts"},
        {"alarms", "AlarmCounts"},
        {"devices", "DeviceCounts"},
        {"worst", "[Alarm]"},
        {"notices", "[s]"}}},
      {"Device",
       {{"name", "s"},
        {"address", "s"},
        {"state", "s"},
        {"up", "?b"},
        {"snmp_up", "?b"},
        {"icmp_up", "?b"},
        {"tags", "o"},
        {"info", "o"},
        {"profiles", "[s]"},
        {"last_poll", "?t"},
        {"uptime_seconds", "?n"},
        {"interval_seconds", "n"},
        {"error", "s"},
        {"slow_tables", "[SlowTable]"},
        {"parents", "[s]"},
        {"parents_from", "?s"}}},
      {"Topology",
       {{"root", "?s"},
        {"reason", "s"},
        {"nodes", "[Node]"},
        {"links", "[Link]"},
        {"neighbors", "NeighborCounts"},
        {"ambiguous", "[AmbiguousNeighbor]"}}},
      {"Node", {{"name", "s"}, {"state", "s"}, {"distance", "?i"}, {"parents", "[s]"}, {"parents_from", "?s"}}},
      {"Link", {{"a", "s"}, {"b", "s"}, {"evidence", "[Evidence]"}}},
      {"Evidence",
       {{"device", "s"},
        {"protocol", "s"},
        {"port", "s"},
        {"remote_port", "s"},
        {"first_seen", "t"},
        {"last_seen", "t"},
        {"missing", "b"}}},
      {"NeighborCounts", {{"unknown", "i"}, {"ambiguous", "i"}}},
      {"AmbiguousNeighbor", {{"device", "s"}, {"port", "s"}, {"neighbor", "s"}, {"candidates", "[s]"}}},
      {"SlowTable", {{"name", "s"}, {"seconds", "n"}, {"read", "?t"}}},
      {"Dialect",
       {{"summary", "s"},
        {"bulk", "b"},
        {"v1_only", "b"},
        {"varbinds", "?i"},
        {"too_many_varbinds", "?i"},
        {"repetitions", "?i"},
        {"message_octets", "?i"},
        {"in_flight", "?i"},
        {"round_trip_ms", "?n"},
        {"timeout_ms", "?n"},
        {"loss_percent", "n"},
        {"reply_from", "?s"},
        {"observations", "[Observation]"},
        {"breaks", "[Break]"},
        {"slow_tables", "[SlowWalk]"}}},
      {"Observation",
       {{"trait", "s"},
        {"severity", "l"},
        {"text", "s"},
        {"consequence", "s"},
        {"evidence", "s"},
        {"remedy", "s"},
        {"count", "i"},
        {"first", "t"},
        {"last", "t"}}},
      {"Break", {{"after", "s"}, {"resume", "s"}, {"seen", "t"}}},
      {"SlowWalk", {{"root", "s"}, {"seconds", "n"}, {"endless", "b"}, {"seen", "t"}}},
      {"DeviceList", {{"devices", "[Device]"}, {"next", "?s"}}},
      {"DeviceAnswer", {{"device", "Device"}, {"counts", "Counts"}}},
      {"Item",
       {{"item", "s"},
        {"title", "s"},
        {"device", "s"},
        {"labels", "o"},
        {"state", "s"},
        {"level", "l"},
        {"value", "?n"},
        {"unit", "s"},
        {"meaning", "s"},
        {"why", "s"},
        {"cause", "s"},
        {"changed", "t"},
        {"alarm", "?i"}}},
      {"ItemList", {{"items", "[Item]"}, {"next", "?s"}}},
      {"Metric", {{"name", "s"}, {"labels", "o"}, {"value", "?n"}, {"at", "t"}}},
      {"MetricList", {{"metrics", "[Metric]"}, {"next", "?s"}}},
      {"Alarm",
       {{"id", "i"},         {"item", "s"},          {"title", "s"},    {"device", "s"},  {"labels", "o"}, {"state", "s"},
        {"level", "l"},      {"peak", "l"},          {"value", "?n"},   {"limit", "?n"},  {"unit", "s"},   {"meaning", "s"},
        {"asked", "s"},      {"why", "s"},           {"since", "t"},    {"changed", "t"}, {"ended", "?t"}, {"acknowledged", "b"},
        {"suppressed", "b"}, {"suppressed_by", "s"}, {"flapping", "b"}, {"drill", "b"}}},
      {"AlarmList", {{"alarms", "[Alarm]"}, {"next", "?s"}}},
      {"AlarmAnswer", {{"alarm", "Alarm"}}},
      {"Window",
       {{"name", "s"},
        {"open", "b"},
        {"in_file", "b"},
        {"note", "s"},
        {"by", "s"},
        {"from", "?t"},
        {"until", "?t"},
        {"hours", "s"},
        {"zone", "s"},
        {"ends", "?t"},
        {"alarms", "i"},
        {"match", "O"}}},
      {"WindowList", {{"windows", "[Window]"}}},
      {"WindowName", {{"name", "s"}, {"notes", "[s]"}}},
      {"WindowEnd", {{"ended", "b"}}},
      {"WindowWish",
       {{"match", "O"}, {"name", "s"}, {"note", "s"}, {"from", "s"}, {"until", "s"}, {"for", "s"}, {"hours", "s"}, {"zone", "s"}},
       {"match"},
       true},
      {"AlarmDetail", {{"alarm", "Alarm"}, {"remedies", "[Run]"}}},
      {"Run",
       {{"id", "i"},
        {"remedy", "s"},
        {"script", "s"},
        {"alarm", "i"},
        {"device", "s"},
        {"item", "s"},
        {"level", "l"},
        {"state", "s"},
        {"good", "b"},
        {"by", "s"},
        {"text", "s"},
        {"created", "t"},
        {"started", "?t"},
        {"ended", "?t"},
        {"exit", "?i"},
        {"timed_out", "b"},
        {"output", "s"},
        {"left_out", "i"}}},
      {"Remedy",
       {{"name", "s"},
        {"script", "s"},
        {"items", "[s]"},
        {"level", "l"},
        {"timeout_seconds", "n"},
        {"max_per_hour", "i"},
        {"parallel", "i"},
        {"stop_after", "i"},
        {"dry_run", "b"},
        {"approval", "b"},
        {"failures", "i"},
        {"stopped", "?t"},
        {"within_hour", "i"},
        {"last", "?O"}}},
      {"DrillLink", {{"link", "s"}, {"what", "s"}, {"state", "s"}, {"text", "s"}}},
      {"Drill",
       {{"id", "i"}, {"device", "s"}, {"item", "s"}, {"started", "t"}, {"ended", "?t"}, {"good", "b"}, {"links", "[DrillLink]"}}},
      {"DrillList", {{"drills", "[Drill]"}}},
      {"DrillAnswer", {{"drill", "Drill"}}},
      {"DrillWish", {{"device", "s"}, {"item", "s"}, {"level", "s"}}, {}, true},
      {"CoverageSet", {{"dry_run", "b"}, {"set", "[s]"}, {"left", "[MissingItem]"}}},
      {"Coverage",
       {{"score", "i"},
        {"expected", "i"},
        {"watched", "i"},
        {"devices", "[DeviceCoverage]"},
        {"idle", "[MissingItem]"},
        {"senders", "[UnknownSender]"},
        {"channels", "[UntriedChannel]"},
        {"people", "[s]"},
        {"unused", "[UnusedOfDevice]"},
        {"next", "?s"}}},
      {"UnusedOfDevice",
       {{"device", "s"}, {"sysObjectID", "s"}, {"at", "t"}, {"profile", "s"}, {"series", "i"}, {"subtrees", "[UnusedSubtree]"}}},
      {"UnusedSubtree", {{"oid", "s"}, {"name", "s"}, {"values", "i"}, {"proposed", "b"}}},
      {"DeviceCoverage",
       {{"device", "s"}, {"os", "s"}, {"kind", "s"}, {"expected", "i"}, {"watched", "i"}, {"missing", "[MissingItem]"}}},
      {"MissingItem", {{"item", "s"}, {"title", "s"}, {"why", "s"}}},
      {"UnknownSender", {{"sender", "s"}, {"lines", "i"}, {"last", "t"}}},
      {"UntriedChannel", {{"name", "s"}, {"type", "s"}, {"problem", "s"}}},
      {"RemedyList", {{"remedies", "[Remedy]"}}},
      {"RunList", {{"runs", "[Run]"}, {"next", "?s"}}},
      {"RunAnswer", {{"run", "Run"}}},
      {"Resumed", {{"resumed", "b"}}},
      {"Order", {{"script", "s"}, {"environment", "o"}, {"input", "s"}}},
      {"Backup",
       {{"state", "s"},
        {"dir", "s"},
        {"step", "s"},
        {"share", "n"},
        {"error", "s"},
        {"started", "?t"},
        {"ended", "?t"},
        {"series", "i"},
        {"samples", "i"},
        {"logs", "i"},
        {"events", "i"},
        {"octets", "i"}}},
      {"MibModule", {{"name", "s"}, {"file", "s"}, {"last_updated", "s"}, {"declared", "i"}, {"objects", "i"}}},
      {"MibProblem", {{"file", "s"}, {"line", "i"}, {"column", "i"}, {"severity", "s"}, {"text", "s"}}},
      {"ModuleList", {{"modules", "[MibModule]"}, {"errors", "i"}, {"warnings", "i"}, {"next", "?s"}}},
      {"Module", {{"module", "MibModule"}, {"problems", "[MibProblem]"}, {"objects", "[O]"}, {"next", "?s"}}},
      {"ModulesAdded", {{"loaded", "b"}, {"modules", "[MibModule]"}, {"problems", "[MibProblem]"}, {"devices", "[s]"}}},
      {"ModulesRemoved", {{"removed", "[s]"}}},
      {"Proposal", {{"device", "s"}, {"profile", "s"}, {"yaml", "s"}, {"groups", "i"}, {"series", "i"}, {"notes", "[s]"}}},
      {"ProfileAccepted", {{"profile", "s"}}},
      {"Channel", {{"name", "s"}, {"type", "s"}, {"waiting", "i"}, {"last_sent", "?t"}, {"last_failed", "?t"}, {"problem", "s"}}},
      {"ChannelList", {{"channels", "[Channel]"}}},
      {"ChannelTest", {{"sent", "b"}}},
      {"Explanation", {{"alarm", "i"}, {"lines", "[s]"}}},
      {"Field", {{"name", "s"}, {"value", "s"}}},
      {"Event",
       {{"id", "i"},
        {"kind", "s"},
        {"received", "t"},
        {"device_time", "?t"},
        {"severity", "l"},
        {"syslog_severity", "?s"},
        {"facility", "?s"},
        {"device", "s"},
        {"sender", "s"},
        {"host", "s"},
        {"app", "s"},
        {"process", "s"},
        {"message_id", "s"},
        {"text", "s"},
        {"fields", "[Field]"},
        {"clean", "b"}}},
      {"LogList", {{"logs", "[Event]"}, {"next", "?s"}}},
      {"EventList", {{"events", "[Event]"}, {"next", "?s"}}},
  };
  return all;
}

void write_reference(JsonWriter& json, std::string_view name) {
  json.begin_object().member("$ref", fmt::format("#/components/schemas/{}", name)).end_object();
}

void write_type(JsonWriter& json, std::string_view type) {
  if (type.starts_with('[')) {
    json.begin_object().member("type", "array").key("items");
    write_type(json, type.substr(1, type.size() - 2));
    json.end_object();
    return;
  }
  const bool nullable = type.starts_with('?');
  if (nullable) type.remove_prefix(1);
  if (type.size() > 1) return write_reference(json, type);
  json.begin_object();
  switch (type[0]) {
    case 'n':
      json.member("type", "number");
      break;
    case 'i':
      json.member("type", "integer");
      break;
    case 'b':
      json.member("type", "boolean");
      break;
    case 't':
      json.member("type", "string").member("format", "date-time");
      break;
    case 'o':
      json.member("type", "object").key("additionalProperties").begin_object().member("type", "string").end_object();
      break;
    case 'O':
      json.member("type", "object");
      break;
    case 'l':
      json.member("type", "string").key("enum").begin_array();
      for (int level = -1; level <= 5; ++level) json.value(to_string(static_cast<Severity>(level)));
      json.end_array();
      break;
    default:
      json.member("type", "string");
  }
  if (nullable) json.member("nullable", true);
  json.end_object();
}

void write_schema(JsonWriter& json, const Schema& schema) {
  json.key(schema.name).begin_object().member("type", "object").key("required").begin_array();
  for (const auto& [name, type] : schema.members) {
    if (!schema.sent || std::find(schema.needed.begin(), schema.needed.end(), name) != schema.needed.end()) json.value(name);
  }
  json.end_array().key("properties").begin_object();
  for (const auto& [name, type] : schema.members) write_type(json.key(name), type);
  if (schema.name == "Metric") write_type(json.key("gap"), "s");  // why there is no value
  if (schema.name == "Prometheus") {
    json.key("data").begin_object().end_object();  // of any shape, by the path
    write_type(json.key("warnings"), "[s]");
    write_type(json.key("infos"), "[s]");
  }
  if (schema.name == "Event") write_type(json.key("raw"), "s");  // when it was not clean
  json.end_object().end_object();
}

void write_param(JsonWriter& json, const ParamSpec& param) {
  json.begin_object()
      .member("name", param.name)
      .member("in", "query")
      .member("description", param.about)
      .key("schema")
      .begin_object();
  switch (param.kind) {
    case ParamSpec::Kind::Count:
      json.member("type", "integer")
          .member("minimum", static_cast<std::uint64_t>(param.low))
          .member("maximum", static_cast<std::uint64_t>(param.high));
      json.member("default", static_cast<std::uint64_t>(param.usual));
      break;
    case ParamSpec::Kind::Word:
      json.member("type", "string").key("enum").begin_array();
      for (const std::string_view word : param.words) json.value(word);
      json.end_array();
      break;
    case ParamSpec::Kind::Time:
      json.member("type", "string").member("format", "date-time");
      break;
    default:
      json.member("type", "string");
  }
  json.end_object();
  if (!param.example.empty()) json.member("example", param.example);
  json.end_object();
}

void write_answer(JsonWriter& json, std::string_view status, std::string_view about, std::string_view type,
                  std::string_view schema) {
  json.key(status).begin_object().member("description", about).key("content").begin_object().key(type).begin_object();
  json.key("schema");
  if (schema.empty()) json.begin_object().member("type", "string").end_object();
  else write_reference(json, schema);
  json.end_object().end_object().end_object();
}

// The parameters of a form; those of the URL count too.
void write_form(JsonWriter& json, const Route& route) {
  const std::string_view type = route.octets ? "application/x-protobuf" : "application/x-www-form-urlencoded";
  json.key("requestBody").begin_object().member("required", route.octets).key("content").begin_object().key(type).begin_object();
  json.key("schema").begin_object();
  if (route.octets) {
    json.member("type", "string").member("format", "binary");
  } else {
    json.member("type", "object").key("properties").begin_object();
    for (const ParamSpec& param : route.params)
      json.key(param.name).begin_object().member("type", "string").member("description", param.about).end_object();
    json.end_object();
  }
  json.end_object().end_object().end_object().end_object();
}

void write_route(JsonWriter& json, const Route& route) {
  json.key(to_lower(route.method)).begin_object().member("summary", route.about).key("parameters").begin_array();
  if (const std::size_t open = route.path.find('{'); open != std::string_view::npos) {
    json.begin_object()
        .member("name", route.path.substr(open + 1, route.path.find('}') - open - 1))
        .member("in", "path")
        .member("required", true);
    json.key("schema").begin_object().member("type", "string").end_object().end_object();
  }
  const bool form = route.shape == Route::Shape::Prometheus && route.method == "POST";
  for (const ParamSpec& param : route.params) {
    if (!form) write_param(json, param);
  }
  json.end_array();
  if (form) {
    write_form(json, route);
  } else if (route.method == "POST" && route.octets) {
    json.key("requestBody").begin_object().member("required", true).key("content").begin_object();
    json.key("application/octet-stream").begin_object().key("schema").begin_object();
    json.member("type", "string").member("format", "binary").end_object().end_object().end_object().end_object();
  } else if (route.method == "POST" || route.method == "PUT") {
    json.key("requestBody")
        .begin_object()
        .member("required", !route.needs.empty() || !route.takes.empty())
        .key("content")
        .begin_object()
        .key(kJson)
        .begin_object();
    json.key("schema");
    if (!route.takes.empty()) {
      write_reference(json, route.takes);
      json.end_object().end_object().end_object();
    } else {
      json.begin_object().member("type", "object").member("additionalProperties", false).key("properties").begin_object();
      json.key(route.needs.empty() ? "note" : route.needs).begin_object().member("type", "string").end_object();
      if (route.until) {
        write_type(json.key("until"), "?t");
        write_type(json.key("until_worse"), "b");
      }
      json.end_object();
      if (!route.needs.empty()) json.key("required").begin_array().value(route.needs).end_array();
      json.end_object();
      json.end_object().end_object().end_object();
    }
  }
  json.key("responses").begin_object();
  const std::string_view type = route.shape == Route::Shape::Json         ? kJson
                                : route.shape == Route::Shape::Text       ? "text/plain"
                                : route.shape == Route::Shape::Page       ? "text/html"
                                : route.shape == Route::Shape::Prometheus ? (route.answer.empty() ? "text/plain" : kJson)
                                                                          : "text/css";
  const std::string_view failure = route.shape == Route::Shape::Prometheus ? "PrometheusError" : "Error";
  write_answer(json, "200", route.about, type, route.answer);
  write_answer(json, "400", "An unknown parameter or a bad value; the message names it", kJson, failure);
  for (const int status : route.failures)
    write_answer(json, std::to_string(status), "See the error's message and hint", kJson, failure);
  json.end_object().end_object();
}

}  // namespace

std::string openapi(const std::vector<Route>& routes, std::string_view version) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("openapi", "3.0.3").key("info").begin_object();
  json.member("title", "Bongsu")
      .member("version", version)
      .key("license")
      .begin_object()
      .member("name", "Apache-2.0")
      .end_object()
      .end_object();
  json.key("paths").begin_object();
  std::set<std::string_view> written;
  for (const Route& route : routes) {
    if (!written.insert(route.path).second) continue;
    json.key(route.path).begin_object();
    for (const Route& same : routes) {
      if (same.path == route.path) write_route(json, same);
    }
    json.end_object();
  }
  json.end_object().key("components").begin_object().key("schemas").begin_object();
  for (const Schema& schema : schemas()) write_schema(json, schema);
  json.end_object().end_object().end_object();
  body += '\n';
  return body;
}

}  // namespace bongsu::http
