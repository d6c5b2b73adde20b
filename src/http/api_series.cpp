// SPDX-License-Identifier: Apache-2.0
// What series there are, as Prometheus tells it, and their newest samples for another Prometheus.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "http/exposition.h"
#include "http/prometheus.h"
#include "http/router.h"
#include "model/marker.h"

namespace bongsu::http {
namespace {

const Time kFirst = time_from_ms(0);
const Time kLast = time_from_ms(std::int64_t{1} << 53);

struct Wanted {
  std::vector<std::vector<Matcher>> matchers;  // one for each match[]
  Time from = kFirst;
  Time to = kLast;
  std::size_t limit = SIZE_MAX;
};

Result<Wanted> wanted_of(const Form& form) {
  Wanted out;
  for (const std::string_view text : form.all("match[]")) {
    BONGSU_TRY(auto matchers, parse_series_selector("match[]", text));
    out.matchers.push_back(std::move(matchers));
  }
  BONGSU_TRY(const auto from, time_of(form, "start"));
  BONGSU_TRY(const auto to, time_of(form, "end"));
  BONGSU_TRY(out.limit, count_of(form, "limit"));
  out.from = from.value_or(out.from);
  out.to = to.value_or(out.to);
  if (out.to < out.from) return Error{Code::Invalid, "invalid parameter \"end\": end timestamp must not be before start time"};
  return out;
}

// Of every match[], each series once, sorted.
Result<std::vector<Labels>> find_all(const PointSource& points, const Wanted& wanted) {
  std::vector<Labels> all;
  for (const auto& matchers : wanted.matchers) {
    BONGSU_TRY(auto found, points.find(matchers, wanted.from, wanted.to));
    if (all.empty()) all = std::move(found);
    else all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  std::sort(all.begin(), all.end());
  if (wanted.matchers.size() > 1) all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

template <class List>
Remarks cut(List& list, std::size_t limit) {
  if (list.size() <= limit) return {};
  list.erase(std::next(list.begin(), static_cast<std::ptrdiff_t>(limit)), list.end());
  return {.warnings = {"results truncated due to limit"}, .infos = {}};
}

Reply list(std::vector<std::string> names, std::size_t limit) {
  const Remarks remarks = cut(names, limit);
  std::string data;
  append_strings(data, names);
  return success(std::move(data), remarks);
}

Reply series(const Call& call) {
  const auto wanted = wanted_of(call.form);
  if (!wanted) return fault(Fault::BadData, wanted.error().text);
  if (wanted->matchers.empty()) return fault(Fault::BadData, "no match[] parameter provided");
  auto found = find_all(call.sources.points, *wanted);
  if (!found) return fault(found.error());
  const Remarks remarks = cut(*found, wanted->limit);
  std::size_t octets = 0;
  for (const Labels& labels : *found) octets += sizeof labels + labels.size() * sizeof(Labels::Pair);
  auto all = std::make_shared<const std::vector<Labels>>(*std::move(found));
  const auto next = [all, i = std::size_t{0}](std::string& out) mutable {
    if (i == all->size()) return false;
    if (i > 0) out += ',';
    append_labels(out, (*all)[i++]);
    return true;
  };
  return stream(kJson, std::string(kSuccess) + "[", next, "]" + end_of_answer(remarks), octets);
}

// Whether anything that is kept lies in the times asked for. Names and values are told for all that is kept, or for nothing, as
// Prometheus tells them by its blocks.
bool touches(const Call& call, const Wanted& wanted) {
  Time since = kLast;
  for (const Resolution each : {Resolution::Raw, Resolution::FiveMinutes, Resolution::Hour})
    since = std::min(since, call.sources.points.kept_since(each));
  return wanted.to >= since && wanted.from <= call.sources.clock.now() + std::chrono::hours(1);
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (point < 0x80) return put(point);
  if (point < 0x800) return put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
  if (point < 0x10000) return put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
  put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 0x3f)), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
}

// A name in a path may come as Prometheus writes those that are no words: U__with_2e_dots.
std::string unescape_name(std::string_view name) {
  if (!name.starts_with("U__")) return std::string(name);
  std::string out;
  for (std::size_t i = 3; i < name.size(); ++i) {
    if (name[i] != '_') {
      out += name[i];
      continue;
    }
    if (i + 1 < name.size() && name[i + 1] == '_') {
      out += '_';
      ++i;
      continue;
    }
    const std::size_t end = name.find('_', i + 1);
    std::uint32_t point = 0;
    const char* const stop = end == std::string_view::npos ? nullptr : name.data() + end;
    if (stop == nullptr || end - i > 7 || std::from_chars(name.data() + i + 1, stop, point, 16).ptr != stop || end == i + 1)
      return std::string(name);
    append_utf8(out, point);
    i = end;
  }
  return is_valid_utf8(out) ? out : std::string(name);
}

Reply label_names(const Call& call) {
  const auto wanted = wanted_of(call.form);
  if (!wanted) return fault(Fault::BadData, wanted.error().text);
  if (wanted->matchers.empty()) {
    if (!touches(call, *wanted)) return list({}, wanted->limit);
    auto names = call.sources.points.label_names();
    if (!names) return fault(names.error());
    std::sort(names->begin(), names->end());
    return list(*std::move(names), wanted->limit);
  }
  const auto found = find_all(call.sources.points, *wanted);
  if (!found) return fault(found.error());
  std::set<std::string, std::less<>> names;
  for (const Labels& labels : *found) {
    for (const auto& [name, value] : labels) {
      if (!names.contains(name)) names.insert(name);
    }
  }
  return list({names.begin(), names.end()}, wanted->limit);
}

Reply label_values(const Call& call) {
  const auto wanted = wanted_of(call.form);
  if (!wanted) return fault(Fault::BadData, wanted.error().text);
  if (call.name.empty() || !is_valid_utf8(call.name)) return fault(Fault::BadData, "invalid label name: it is not UTF-8");
  const std::string label = unescape_name(call.name);
  if (wanted->matchers.empty()) {
    if (!touches(call, *wanted)) return list({}, wanted->limit);
    auto values = call.sources.points.label_values(label);
    if (!values) return fault(values.error());
    std::sort(values->begin(), values->end());
    return list(*std::move(values), wanted->limit);
  }
  const auto found = find_all(call.sources.points, *wanted);
  if (!found) return fault(found.error());
  std::set<std::string, std::less<>> values;
  for (const Labels& labels : *found) {
    if (const std::string_view value = labels.get(label); !value.empty() && !values.contains(value)) values.emplace(value);
  }
  return list({values.begin(), values.end()}, wanted->limit);
}

// What the name says, and what a profile knows.
MetricInfo describe(const Sources& sources, const std::string& metric) {
  MetricInfo info;
  if (sources.describe) info = sources.describe(metric);
  if (info.type.empty()) info.type = metric.ends_with("_total") ? "counter" : "gauge";
  return info;
}

Reply metadata(const Call& call) {
  const auto limit = count_of(call.form, "limit");
  if (!limit) return fault(Fault::BadData, limit.error().text);
  if (const auto each = count_of(call.form, "limit_per_metric"); !each) return fault(Fault::BadData, each.error().text);
  const auto metrics = call.sources.points.label_values(kMetricName);
  if (!metrics) return fault(metrics.error());
  const std::string_view one = call.form.get("metric");
  std::string data;
  JsonWriter json(data);
  json.begin_object();
  std::size_t rows = 0;
  for (const std::string& metric : *metrics) {
    if (!one.empty() && metric != one) continue;
    if (rows++ == *limit) break;
    const MetricInfo info = describe(call.sources, metric);
    json.key(metric).begin_array().begin_object();
    json.member("type", info.type).member("help", info.help).member("unit", info.unit);
    json.end_object().end_array();
  }
  json.end_object();
  return success(std::move(data));
}

Reply federate(const Call& call) {
  const Time now = call.sources.clock.now();
  auto newest = std::make_shared<std::vector<bongsu::Latest>>();
  for (const std::string_view text : call.form.all("match[]")) {
    const auto matchers = parse_series_selector("match[]", text);
    if (!matchers) return plain_text(400, matchers.error().text);
    auto found = call.sources.points.latest(*matchers, now - call.sources.lookback + Millis(1), now);
    if (!found) return plain_text(found.error().code == Code::Unavailable ? 503 : 422, found.error().text);
    for (bongsu::Latest& one : *found) {
      if (!is_marker(one.sample.value)) newest->push_back(std::move(one));
    }
  }
  std::sort(newest->begin(), newest->end(), [](const bongsu::Latest& a, const bongsu::Latest& b) {
    const auto order = a.labels->metric() <=> b.labels->metric();
    return order != 0 ? order < 0 : *a.labels < *b.labels;
  });
  newest->erase(std::unique(newest->begin(), newest->end(),
                            [](const bongsu::Latest& a, const bongsu::Latest& b) { return *a.labels == *b.labels; }),
                newest->end());
  const std::size_t octets = newest->size() * sizeof(bongsu::Latest);
  const auto next = [newest, i = std::size_t{0}](std::string& out) mutable {
    if (i == newest->size()) return false;
    const bongsu::Latest& one = (*newest)[i];
    const std::string_view metric = one.labels->metric();
    if (i == 0 || (*newest)[i - 1].labels->metric() != metric) append_type(out, metric, "untyped");
    append_exposed(out, metric, *one.labels, one.sample.value, one.sample.at, true);
    ++i;
    return true;
  };
  return stream(kExposition, {}, next, {}, octets);
}

}  // namespace

std::vector<Route> series_routes() {
  using Kind = ParamSpec::Kind;
  using Shape = Route::Shape;
  const ParamSpec match{.name = "match[]",
                        .kind = Kind::Text,
                        .about = "a series selector; as often as needed",
                        .example = "device_up{device=\"db1\"}"};
  const ParamSpec start{.name = "start", .kind = Kind::Text, .about = "RFC 3339, or seconds since 1970", .example = "1795392000"};
  const ParamSpec end{
      .name = "end", .kind = Kind::Text, .about = "RFC 3339, or seconds since 1970", .example = "2026-11-23T01:00:00Z"};
  const ParamSpec limit{.name = "limit", .kind = Kind::Text, .about = "most rows in the answer; 0: all"};
  const ParamSpec metric{.name = "metric", .kind = Kind::Text, .about = "this one alone"};
  std::vector<Route> routes;
  for (const std::string_view method : {"GET", "POST"}) {
    routes.push_back({method,
                      "/prometheus/api/v1/series",
                      "Series and their labels, as Prometheus answers",
                      {match, start, end, limit},
                      series,
                      Shape::Prometheus,
                      "Prometheus",
                      {422, 503}});
    routes.push_back({method,
                      "/prometheus/api/v1/labels",
                      "Names of labels, as Prometheus answers",
                      {match, start, end, limit},
                      label_names,
                      Shape::Prometheus,
                      "Prometheus",
                      {422, 503}});
  }
  routes.push_back({"GET",
                    "/prometheus/api/v1/label/{name}/values",
                    "Values of a label, as Prometheus answers",
                    {match, start, end, limit},
                    label_values,
                    Shape::Prometheus,
                    "Prometheus",
                    {422, 503}});
  routes.push_back({"GET",
                    "/prometheus/api/v1/metadata",
                    "Type and unit of each metric, as Prometheus answers",
                    {metric, limit},
                    metadata,
                    Shape::Prometheus,
                    "Prometheus",
                    {503}});
  routes.push_back({"GET",
                    "/prometheus/federate",
                    "The newest samples, at most 5 minutes old, for another Prometheus",
                    {match},
                    federate,
                    Shape::Prometheus,
                    {},
                    {422, 503}});
  return routes;
}

}  // namespace bongsu::http
