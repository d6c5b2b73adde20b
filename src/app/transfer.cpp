// SPDX-License-Identifier: Apache-2.0
#include "app/transfer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "model/marker.h"

namespace bongsu::app {
namespace {

using Json = nlohmann::json;

constexpr Millis kWindow = std::chrono::hours(8);
constexpr std::size_t kAtOnce = 2'000'000;  // samples that an export holds
constexpr std::size_t kWriteAt = 256 << 10;
constexpr std::size_t kHeldPoints = 1 << 20;  // sorted by time before they go on, so that neighbours are packed together
constexpr std::size_t kBatchPoints = 8192;
constexpr std::size_t kBatchEvents = 1000;
constexpr std::size_t kKnownSeries = 200'000;
constexpr std::size_t kComplaints = 5;
constexpr std::string_view kGap = "gap:";

// In pieces that are worth a system call.
class Out {
 public:
  explicit Out(const Write& write) : write_(write) {}
  std::string& text() { return text_; }
  Status line_done() { return text_.size() < kWriteAt ? Status() : flush(); }
  Status flush() {
    BONGSU_TRY_OK(write_(text_));
    text_.clear();
    return {};
  }

 private:
  const Write& write_;
  std::string text_;
};

void append_text(JsonWriter& json, std::string_view text) {
  if (is_valid_utf8(text)) {
    json.value(text);
    return;
  }
  const std::span octets(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  json.begin_object().member("hex", to_hex(octets)).end_object();
}

void append_value(JsonWriter& json, double value) {
  if (std::isfinite(value)) {
    if (value == 0 && std::signbit(value)) json.raw("-0.0");
    else json.value(value);
  } else if (const auto cause = gap_cause(value)) {
    json.value(std::string(kGap) + std::string(to_string(*cause)));
  } else if (is_marker(value)) {
    json.value("stale");
  } else {
    json.value(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
}

std::optional<double> read_value(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json.is_null()) return std::nan("");
  if (!json.is_string()) return std::nullopt;
  const auto& word = json.get_ref<const std::string&>();
  if (word == "NaN") return std::nan("");
  if (word == "Infinity" || word == "+Inf") return HUGE_VAL;
  if (word == "-Infinity" || word == "-Inf") return -HUGE_VAL;
  if (word == "stale") return stale_marker();
  if (!word.starts_with(kGap)) return std::nullopt;
  for (int cause = 1; cause <= static_cast<int>(kLastGapCause); ++cause) {
    if (to_string(static_cast<GapCause>(cause)) == std::string_view(word).substr(kGap.size()))
      return gap_marker(static_cast<GapCause>(cause));
  }
  return std::nullopt;
}

std::optional<std::string> read_text(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object() || !json.contains("hex") || !json["hex"].is_string()) return std::nullopt;
  const auto octets = from_hex(json["hex"].get_ref<const std::string&>());
  if (!octets) return std::nullopt;
  return std::string(octets->begin(), octets->end());
}

void append_json_line(std::string& out, const Series& series) {
  JsonWriter json(out);
  json.begin_object().key("metric").begin_object();
  for (const auto& [name, value] : *series.labels) {
    json.key(name);
    append_text(json, value);
  }
  json.end_object().key("values").begin_array();
  for (const Sample& sample : series.samples) append_value(json, sample.value);
  json.end_array().key("timestamps").begin_array();
  for (const Sample& sample : series.samples) json.value(to_ms(sample.at));
  json.end_array().end_object();
  out += '\n';
}

void append_open_metrics(std::string& out, const Series& series, Moved& moved) {
  std::string name(series.labels->metric());
  std::string labels;
  for (const auto& [key, value] : *series.labels) {
    if (key == kMetricName) continue;
    labels += (labels.empty() ? "{" : ",") + key + "=";
    append_quoted(labels, to_valid_utf8(value));
  }
  if (!labels.empty()) labels += "}";
  for (const Sample& sample : series.samples) {
    if (is_marker(sample.value)) {
      ++moved.markers_left_out;
      continue;
    }
    std::array<char, 40> at{};
    const std::int64_t ms = to_ms(sample.at);
    std::snprintf(at.data(), at.size(), " %lld.%03lld\n", static_cast<long long>(ms / 1000), static_cast<long long>(ms % 1000));
    out += name + labels + " " + format_number(sample.value) + at.data();
    ++moved.points;
  }
}

// `take` gets the series of [from, to]; where they hold too many samples, of one half of the time after the other.
Status in_pieces(const PointSource& points, std::span<const Matcher> matchers, Time from, Time to,
                 const std::function<Status(std::vector<Series>)>& take) {
  const bool whole = to - from < Millis(2);
  auto found = points.select(matchers, from, to, {.max_series = SIZE_MAX, .max_samples = whole ? SIZE_MAX : kAtOnce});
  if (found) return take(*std::move(found));
  if (found.error().code != Code::Limit) return std::move(found).error();
  const Time middle = from + (to - from) / 2;
  BONGSU_TRY_OK(in_pieces(points, matchers, from, middle, take));
  return in_pieces(points, matchers, middle + Millis(1), to, take);
}

Result<Moved> export_json(const PointSource& points, const ExportSpec& spec, const Write& write, const ShareDone& share) {
  Moved moved;
  Out out(write);
  const auto take = [&](std::vector<Series> found) -> Status {
    for (const Series& series : found) {
      append_json_line(out.text(), series);
      ++moved.series;
      moved.points += series.samples.size();
      BONGSU_TRY_OK(out.line_done());
    }
    return {};
  };
  const double all = std::max(1.0, static_cast<double>((spec.to - spec.from).count()));
  for (Time from = spec.from; from <= spec.to; from += kWindow) {
    share(static_cast<double>((from - spec.from).count()) / all);
    BONGSU_TRY_OK(in_pieces(points, spec.matchers, from, std::min(spec.to, from + kWindow - Millis(1)), take));
  }
  BONGSU_TRY_OK(out.flush());
  return moved;
}

// Each metric stands together, and in it each series.
Result<Moved> export_open_metrics(const PointSource& points, const ExportSpec& spec, const Write& write, const ShareDone& share) {
  Moved moved;
  Out out(write);
  BONGSU_TRY(const auto metrics, points.label_values(kMetricName));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    share(static_cast<double>(i) / static_cast<double>(metrics.size()));
    std::vector<Matcher> matchers = spec.matchers;
    matchers.push_back({Matcher::Op::Equal, std::string(kMetricName), metrics[i]});
    bool typed = false;
    const auto take = [&](const Series& series) -> Status {
      if (!typed) out.text() += "# TYPE " + metrics[i] + " unknown\n";
      typed = true;
      append_open_metrics(out.text(), series, moved);
      return out.line_done();
    };
    auto whole = points.select(matchers, spec.from, spec.to, {.max_series = SIZE_MAX, .max_samples = kAtOnce});
    if (whole) {
      moved.series += whole->size();
      for (const Series& series : *whole) BONGSU_TRY_OK(take(series));
      continue;
    }
    if (whole.error().code != Code::Limit) return std::move(whole).error();
    BONGSU_TRY(const auto each, points.find(matchers, spec.from, spec.to));
    for (const Labels& labels : each) {
      std::vector<Matcher> exact;
      for (const auto& [name, value] : labels) exact.push_back({Matcher::Op::Equal, name, value});
      ++moved.series;
      const Status done = in_pieces(points, exact, spec.from, spec.to, [&](std::vector<Series> found) -> Status {
        for (const Series& series : found) {
          if (*series.labels == labels) BONGSU_TRY_OK(take(series));  // others have these labels and more
        }
        return {};
      });
      if (!done) return done.error();
    }
  }
  out.text() += "# EOF\n";
  BONGSU_TRY_OK(out.flush());
  return moved;
}

const std::array<std::pair<const char*, std::string Event::*>, 8> kTexts{{{"device", &Event::device},
                                                                          {"sender", &Event::sender},
                                                                          {"host", &Event::host},
                                                                          {"app", &Event::app},
                                                                          {"process", &Event::process},
                                                                          {"message_id", &Event::message_id},
                                                                          {"text", &Event::text},
                                                                          {"raw", &Event::raw}}};

Result<Event> read_event(const Json& json) {
  const auto wrong = [](std::string_view member) {
    return Error{Code::Invalid, "\"" + std::string(member) + "\" is missing or not what /api/v1/events gives"};
  };
  const auto word = [&](const char* member) {
    const auto at = json.find(member);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  Event event;
  const auto kind = parse_event_kind(word("kind"));
  if (!kind) return wrong("kind");
  event.kind = *kind;
  const auto received = parse_time(word("received"));
  if (!received) return wrong("received");
  event.received = *received;
  const auto severity = parse_severity(word("severity"));
  if (!severity) return wrong("severity");
  event.severity = *severity;
  if (const std::string at = word("device_time"); !at.empty()) {
    const auto device_time = parse_time(at);
    if (!device_time) return wrong("device_time");
    event.device_time = *device_time;
  }
  if (const std::string name = word("syslog_severity"); !name.empty()) {
    const auto number = parse_syslog_severity(name);
    if (!number) return wrong("syslog_severity");
    event.syslog_severity = static_cast<std::int8_t>(*number);
  }
  if (const std::string name = word("facility"); !name.empty()) {
    while (++event.facility < 24 && syslog_facility_name(event.facility) != name) {}
    if (event.facility == 24) return wrong("facility");
  }
  if (const auto clean = json.find("clean"); clean != json.end()) {
    if (!clean->is_boolean()) return wrong("clean");
    event.clean = clean->get<bool>();
  }
  for (const auto& [name, member] : kTexts) {
    const auto at = json.find(name);
    if (at == json.end()) continue;
    auto text = read_text(*at);
    if (!text) return wrong(name);
    event.*member = *std::move(text);
  }
  if (const auto fields = json.find("fields"); fields != json.end()) {
    if (!fields->is_array()) return wrong("fields");
    for (const Json& field : *fields) {
      if (!field.is_object() || !field.contains("name") || !field.contains("value")) return wrong("fields");
      auto name = read_text(field["name"]), value = read_text(field["value"]);
      if (!name || !value) return wrong("fields");
      event.fields.emplace_back(*std::move(name), *std::move(value));
    }
  }
  return event;
}

// A time stamp in seconds, as OpenMetrics has it, or in whole milliseconds, as Prometheus' older text has it.
std::optional<Time> read_stamp(std::string_view word) {
  constexpr double kLastSecond = 1e11;
  const auto number = parse_number(word);
  if (!number || !(std::abs(*number) < 1e14)) return std::nullopt;
  return time_from_ms(std::llround(std::abs(*number) < kLastSecond ? *number * 1000 : *number));
}

}  // namespace

std::string to_json_line(const Event& event) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("id", event.id).member("kind", to_string(event.kind)).member("received", event.received);
  if (event.device_time) json.member("device_time", *event.device_time);
  json.member("severity", to_string(event.severity));
  if (event.syslog_severity >= 0) json.member("syslog_severity", syslog_severity_name(event.syslog_severity));
  if (event.facility >= 0) json.member("facility", syslog_facility_name(event.facility));
  for (const auto& [name, member] : kTexts) {
    if ((event.*member).empty()) continue;
    json.key(name);
    append_text(json, event.*member);
  }
  if (!event.fields.empty()) {
    json.key("fields").begin_array();
    for (const auto& [name, value] : event.fields) {
      json.begin_object().key("name");
      append_text(json, name);
      json.key("value");
      append_text(json, value);
      json.end_object();
    }
    json.end_array();
  }
  json.member("clean", event.clean).end_object();
  return out;
}

Result<Moved> export_points(const PointSource& points, const ExportSpec& spec, const Write& write, const ShareDone& share) {
  return spec.form == PointForm::JsonLines ? export_json(points, spec, write, share)
                                           : export_open_metrics(points, spec, write, share);
}

Result<Moved> export_events(const store::Store& store, Time from, Time to, const Write& write) {
  Moved moved;
  Out out(write);
  const Status walked = store.each_event([&](const Event& event) -> Result<bool> {
    if (event.received < from || event.received > to) return true;
    out.text() += to_json_line(event) + '\n';
    ++moved.events;
    BONGSU_TRY_OK(out.line_done());
    return true;
  });
  if (!walked) return walked.error();
  BONGSU_TRY_OK(out.flush());
  return moved;
}

Status Importer::line(std::string_view text) {
  ++lines_;
  text = trim(text);
  if (text.empty() || text.starts_with('#')) return {};
  const Status read = text.starts_with('{') ? json(text) : open_metrics(text);
  if (read || read.error().code == Code::Unavailable) return read;
  ++moved_.bad_lines;
  if (moved_.complaints.size() < kComplaints)
    moved_.complaints.push_back("line " + std::to_string(lines_) + ": " + read.error().text);
  return {};
}

Status Importer::json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Error{Code::Invalid, "not a JSON object: " + std::string(text.substr(0, 60))};
  if (!json.contains("metric")) {
    BONGSU_TRY(Event event, read_event(json));
    events_.push_back(std::move(event));
    return events_.size() < kBatchEvents ? Status() : hand_over_events();
  }
  const Json values = json.value("values", Json()), stamps = json.value("timestamps", Json());
  if (!json["metric"].is_object() || !values.is_array() || !stamps.is_array() || values.size() != stamps.size())
    return Error{Code::Invalid, "\"metric\" with as many \"values\" as \"timestamps\" is needed"};
  std::vector<Labels::Pair> pairs;
  for (const auto& [name, value] : json["metric"].items()) {
    auto label = read_text(value);
    if (!label) return Error{Code::Invalid, "label \"" + name + "\" is no text"};
    pairs.emplace_back(name, *std::move(label));
  }
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = read_value(values[i]);
    if (!value) return Error{Code::Invalid, "not a value: " + values[i].dump().substr(0, 60)};
    if (!stamps[i].is_number_integer()) return Error{Code::Invalid, "not a time in ms: " + stamps[i].dump().substr(0, 60)};
    samples.push_back({time_from_ms(stamps[i].get<std::int64_t>()), *value});
  }
  BONGSU_TRY(const SeriesId id, series(Labels(std::move(pairs))));
  for (const Sample& sample : samples) BONGSU_TRY_OK(add(id, sample.at, sample.value));
  return {};
}

// name{label="value",...} value time
Status Importer::open_metrics(std::string_view text) {
  const auto refuse = [&](std::string_view what) {
    return Error{Code::Invalid, std::string(what) + ": " + std::string(text.substr(0, 60))};
  };
  std::size_t at = std::min(text.find_first_of("{ \t"), text.size());
  std::vector<Labels::Pair> pairs;
  pairs.emplace_back(kMetricName, text.substr(0, at));
  if (at < text.size() && text[at] == '{') {
    ++at;
    const auto skip = [&](std::string_view marks) {
      while (at < text.size() && marks.find(text[at]) != std::string_view::npos) ++at;
    };
    for (skip(" ,"); at < text.size() && text[at] != '}'; skip(" ,")) {
      const std::size_t equals = text.find('=', at);
      const std::size_t quote = equals == std::string_view::npos ? equals : text.find_first_not_of(' ', equals + 1);
      if (quote == std::string_view::npos || text[quote] != '"') return refuse("labels that do not read");
      std::string value;
      const std::string name(trim(text.substr(at, equals - at)));
      for (at = quote + 1; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) {
          ++at;
          value += text[at] == 'n' ? '\n' : text[at];
        } else {
          value += text[at];
        }
      }
      if (at >= text.size()) return refuse("a label value without its end");
      ++at;
      pairs.emplace_back(name, std::move(value));
    }
    if (at >= text.size()) return refuse("labels without their end");
    ++at;
  }
  std::string_view rest = text.substr(at);
  rest = trim(rest.substr(0, rest.find(" # ")));  // an exemplar follows
  const std::size_t gap = rest.find_first_of(" \t");
  const auto value = parse_number(rest.substr(0, gap));
  if (!value) return refuse("not a value");
  if (gap == std::string_view::npos) return refuse("no time stamp");
  const auto stamp = read_stamp(trim(rest.substr(gap)));
  if (!stamp) return refuse("not a time stamp");
  BONGSU_TRY(const SeriesId id, series(Labels(std::move(pairs))));
  return add(id, *stamp, *value);
}

Result<SeriesId> Importer::series(const Labels& labels) {
  if (const auto found = known_.find(labels); found != known_.end()) return found->second;
  if (known_.size() >= kKnownSeries) known_.clear();
  BONGSU_TRY(const SeriesId id, store_.series(labels));
  known_.emplace(labels, id);
  ++moved_.series;
  return id;
}

Status Importer::add(SeriesId series, Time at, double value) {
  points_.push_back({series, {at, value}});
  return points_.size() < kHeldPoints ? Status() : hand_over_points();
}

Status Importer::hand_over_points() {
  std::stable_sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) {
    return a.sample.at != b.sample.at ? a.sample.at < b.sample.at : a.series < b.series;
  });
  for (std::size_t from = 0; from < points_.size(); from += kBatchPoints) {
    const auto some = std::span(points_).subspan(from, std::min(kBatchPoints, points_.size() - from));
    auto refused = store_.backfill(some);
    if (!refused && refused.error().code == Code::Limit) {
      BONGSU_TRY_OK(store_.flush());
      refused = store_.backfill(some);
    }
    if (!refused) return Error{Code::Unavailable, refused.error().text};
    moved_.refused += *refused;
    moved_.points += some.size() - *refused;
  }
  points_.clear();
  return {};
}

Status Importer::hand_over_events() {
  auto taken = store_.append(events_);
  if (!taken && taken.error().code == Code::Limit) {
    BONGSU_TRY_OK(store_.flush());
    taken = store_.append(events_);
  }
  if (!taken && taken.error().code == Code::Invalid && events_.size() > 1) {
    // One of them is too large: it alone stays out.
    std::vector<Event> all = std::exchange(events_, {});
    for (Event& event : all) {
      events_.assign(1, std::move(event));
      BONGSU_TRY_OK(hand_over_events());
    }
    return {};
  }
  if (!taken && taken.error().code != Code::Invalid) return Error{Code::Unavailable, taken.error().text};
  (taken ? moved_.events : moved_.refused) += events_.size();
  events_.clear();
  return {};
}

Status Importer::finish() {
  BONGSU_TRY_OK(hand_over_points());
  if (!events_.empty()) BONGSU_TRY_OK(hand_over_events());
  return store_.flush();
}

}  // namespace bongsu::app
