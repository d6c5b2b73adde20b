// SPDX-License-Identifier: Apache-2.0
// Watch items and alarms as Prometheus tells alerting rules and alerts: a group for each item, in it a rule for each level.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "http/prometheus.h"
#include "http/router.h"
#include "rule/spec.h"

namespace bongsu::http {
namespace {

// What Grafana and others judge by which calls and parameters they may use: the release whose API and language are answered.
constexpr std::string_view kRelease = "3.0.0";

std::vector<Alarm> open_alarms(const Sources& sources) {
  AlarmQuery query;
  query.limit = SIZE_MAX;
  return sources.alarms.alarms(query);
}

void write_annotations(JsonWriter& json, std::string_view title, std::string_view why) {
  json.key("annotations").begin_object();
  if (!why.empty()) json.member("description", why);
  json.member("summary", title);
  json.end_object();
}

void write_alert(JsonWriter& json, const Alarm& alarm) {
  json.begin_object();
  Labels labels = alarm.labels.without(kMetricName);
  labels.set("alertname", alarm.item);
  labels.set("severity", to_string(alarm.level));
  std::string text;
  append_labels(text, labels);
  json.key("labels").raw(text);
  write_annotations(json, alarm.title, alarm.why);
  json.member("state", "firing").member("activeAt", alarm.since).member("value", scientific(alarm.value));
  json.end_object();
}

Reply alerts(const Call& call) {
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("alerts").begin_array();
  for (const Alarm& alarm : open_alarms(call.sources)) write_alert(json, alarm);
  json.end_array().end_object();
  return success(std::move(data));
}

using AlarmsByItem = std::multimap<std::string, Alarm, std::less<>>;

void write_rule(JsonWriter& json, const RuleState& state, const rule::Level& level, const AlarmsByItem& alarms,
                bool with_alerts) {
  const rule::ItemSpec& item = *state.item;
  std::vector<const Alarm*> firing;
  const auto [first, last] = alarms.equal_range(item.name);
  for (auto at = first; at != last; ++at) {
    if (at->second.level == level.severity) firing.push_back(&at->second);
  }
  json.begin_object();
  json.member("state", firing.empty() ? "inactive" : "firing").member("name", item.name);
  json.member("query", fmt::format("({}) {} {}", item.expr_text, item.below ? '<' : '>',
                                   level.query ? "(" + level.query_text + ")" : format_number(level.limit)));
  json.member("duration", static_cast<double>(level.hold.count()) / 1000).member("keepFiringFor", 0);
  json.key("labels").begin_object().member("severity", to_string(level.severity)).end_object();
  write_annotations(json, item.title.en.empty() ? item.name : item.title.en, item.why);
  json.key("alerts").begin_array();
  for (const Alarm* alarm : firing) {
    if (with_alerts) write_alert(json, *alarm);
  }
  json.end_array();
  json.member("health", state.failing ? "err" : state.judged ? "ok" : "unknown");
  if (state.failing) json.member("lastError", "the expression cannot be evaluated; the daemon's log says why");
  json.member("evaluationTime", 0).member("lastEvaluation", state.judged.value_or(Time{})).member("type", "alerting");
  json.end_object();
}

bool chosen(const Form& form, std::string_view parameter, std::string_view name) {
  const auto names = form.all(parameter);
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

Reply rules(const Call& call) {
  const std::string type = to_lower(call.form.get("type"));
  if (!type.empty() && type != "alert" && type != "record")
    return fault(Fault::BadData, "invalid parameter \"type\": not supported value \"" + type + "\"; take alert or record");
  const bool with_alerts = to_lower(call.form.get("exclude_alerts")) != "true";
  AlarmsByItem alarms;
  for (Alarm& alarm : open_alarms(call.sources)) {
    std::string item = alarm.item;
    alarms.emplace(std::move(item), std::move(alarm));
  }
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("groups").begin_array();
  for (const RuleState& state : type == "record" ? std::vector<RuleState>() : call.sources.rules()) {
    const rule::ItemSpec& item = *state.item;
    constexpr std::string_view kFile = "items";
    if (!item.enabled || !chosen(call.form, "rule_name[]", item.name) || !chosen(call.form, "rule_group[]", item.name) ||
        !chosen(call.form, "file[]", kFile))
      continue;
    json.begin_object().member("name", item.name).member("file", kFile).key("rules").begin_array();
    for (const rule::Level& level : item.levels) write_rule(json, state, level, alarms, with_alerts);
    json.end_array().member("interval", static_cast<double>(item.interval.count()) / 1000).member("limit", 0);
    json.member("evaluationTime", 0).member("lastEvaluation", state.judged.value_or(Time{})).end_object();
  }
  json.end_array().end_object();
  return success(std::move(data));
}

Reply buildinfo(const Call& call) {
  std::string data;
  JsonWriter json(data);
  json.begin_object().member("version", kRelease).member("revision", "bongsu " + call.sources.version).member("branch", "");
  json.member("buildUser", "").member("buildDate", "").member("goVersion", "").end_object();
  return success(std::move(data));
}

}  // namespace

std::vector<Route> rule_routes(const Sources& sources) {
  using Kind = ParamSpec::Kind;
  using Shape = Route::Shape;
  std::vector<Route> routes{
      {"GET", "/prometheus/api/v1/alerts", "Open alarms, as Prometheus answers", {}, alerts, Shape::Prometheus, "Prometheus"},
      {"GET",
       "/prometheus/api/v1/status/buildinfo",
       "The release of Prometheus whose API is answered, and Bongsu's own",
       {},
       buildinfo,
       Shape::Prometheus,
       "Prometheus"}};
  if (sources.rules) {
    routes.push_back({"GET",
                      "/prometheus/api/v1/rules",
                      "Watch items, as Prometheus answers: a group each, a rule for each level",
                      {{.name = "type", .kind = Kind::Text, .about = "alert or record; there are none of the latter"},
                       {.name = "rule_name[]", .kind = Kind::Text, .about = "these alone"},
                       {.name = "rule_group[]", .kind = Kind::Text, .about = "these alone"},
                       {.name = "file[]", .kind = Kind::Text, .about = "these alone"},
                       {.name = "exclude_alerts", .kind = Kind::Text, .about = "true: without alarms"}},
                      rules,
                      Shape::Prometheus,
                      "Prometheus"});
  }
  return routes;
}

}  // namespace bongsu::http
