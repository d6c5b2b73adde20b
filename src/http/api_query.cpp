// SPDX-License-Identifier: Apache-2.0
// Prometheus' expression queries.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/json.h"
#include "base/text.h"
#include "http/prometheus.h"
#include "http/router.h"
#include "query/engine.h"
#include "query/parse.h"

namespace bongsu::http {
namespace {

constexpr std::int64_t kMostSteps = 11'000;  // as Prometheus

// What instant and range queries have in common.
struct Asked {
  std::string_view text;
  std::shared_ptr<const query::Expr> expr;
  query::EngineOptions options;
  query::Control control;
  std::size_t limit = SIZE_MAX;
  bool stats = false;
};

Result<Asked> asked(const Call& call) {
  Asked out{.text = call.form.get("query")};
  auto expr = query::parse(out.text);
  if (!expr) return Error{Code::Invalid, "invalid parameter \"query\": " + expr.error().text};
  out.expr = *std::move(expr);
  out.options.max_steps = kMostSteps + 1;
  out.options.lookback = call.sources.lookback;
  out.control.stop = call.gone;
  out.control.since = call.since;
  BONGSU_TRY(out.control.lookback, duration_of(call.form, "lookback_delta"));
  if (out.control.lookback && *out.control.lookback <= Millis(0))
    return Error{Code::Invalid, "invalid parameter \"lookback_delta\": it must be above 0"};
  BONGSU_TRY(out.control.max_time, duration_of(call.form, "timeout"));
  if (out.control.max_time && *out.control.max_time <= Millis(0))
    return Error{Code::Invalid, "invalid parameter \"timeout\": it must be above 0"};
  BONGSU_TRY(out.limit, count_of(call.form, "limit"));
  out.stats = !call.form.get("stats").empty();
  return out;
}

std::size_t octets_of(const query::Answer& answer) {
  std::size_t octets = answer.vector.size() * sizeof(query::VectorSample);
  for (const Series& series : answer.matrix) octets += sizeof series + series.samples.size() * sizeof(Sample);
  return octets;
}

// Cut to what was asked for.
void cut(query::Answer& answer, std::size_t limit, Remarks& remarks) {
  if (answer.vector.size() <= limit && answer.matrix.size() <= limit) return;
  if (answer.vector.size() > limit) answer.vector.resize(limit);
  if (answer.matrix.size() > limit) answer.matrix.resize(limit);
  remarks.warnings.emplace_back("results truncated due to limit");
}

// The texts of an answer's times, which most of its series share.
class Stamps {
 public:
  // `[1795392000.5,"`, into at least kRoom octets.
  static constexpr std::size_t kRoom = kTimestampRoom + 8;
  char* write(char* to, Time at) {
    const Stamp& stamp = of(at);
    std::memcpy(to, stamp.text.data(), kRoom);  // always all of it: quicker than what it holds
    return to + stamp.size;
  }

 private:
  struct Stamp {
    Stamp() = default;
    explicit Stamp(Time when) : at(when) {
      char* to = text.data();
      *to++ = '[';
      to = write_timestamp(to, when);
      *to++ = ',';
      *to++ = '"';
      size = static_cast<std::size_t>(to - text.data());
    }
    Time at{};
    std::size_t size = 0;
    std::array<char, kRoom> text{};
  };
  const Stamp& of(Time at) {
    if (next_ < known_.size() && known_[next_].at == at) return known_[next_++];
    if (known_.empty() || (at > known_.back().at && known_.size() <= kMostSteps)) {
      known_.push_back(Stamp(at));
      next_ = known_.size();
      return known_.back();
    }
    const auto found = std::lower_bound(known_.begin(), known_.end(), at, [](const Stamp& s, Time t) { return s.at < t; });
    if (found == known_.end() || found->at != at) {
      other_ = Stamp(at);
      return other_;
    }
    next_ = static_cast<std::size_t>(found - known_.begin()) + 1;
    return *found;
  }
  std::vector<Stamp> known_;  // rising
  std::size_t next_ = 0;      // of known_, where the next is likely
  Stamp other_;
};

// One series or a part of it at a time, so that a big answer is never made whole.
class Writer {
 public:
  explicit Writer(std::shared_ptr<const query::Answer> answer) : answer_(std::move(answer)) {}
  bool operator()(std::string& out) {
    if (answer_->kind == query::Answer::Vector) return element(out);
    return part(out);
  }

 private:
  bool element(std::string& out) {
    if (series_ == answer_->vector.size()) return false;
    const query::VectorSample& sample = answer_->vector[series_];
    out += series_ == 0 ? "{\"metric\":" : ",{\"metric\":";
    append_labels(out, *sample.labels);
    out += ",\"value\":";
    append_sample(out, sample.at, sample.value);
    out += '}';
    ++series_;
    return true;
  }
  bool part(std::string& out) {
    constexpr std::size_t kPart = 1'000;
    if (series_ == answer_->matrix.size()) return false;
    const Series& series = answer_->matrix[series_];
    if (sample_ == 0) {
      out += series_ == 0 ? "{\"metric\":" : ",{\"metric\":";
      append_labels(out, *series.labels);
      out += ",\"values\":[";
    }
    const std::size_t end = std::min(series.samples.size(), sample_ + kPart);
    std::array<char, 8192> room;
    char* to = room.data();
    for (; sample_ < end; ++sample_) {
      if (to > room.data() + room.size() - 128) {
        out.append(room.data(), to);
        to = room.data();
      }
      const Sample& sample = series.samples[sample_];
      if (sample_ > 0) *to++ = ',';
      to = stamps_.write(to, sample.at);
      to = write_number(to, sample.value);
      *to++ = '"';
      *to++ = ']';
    }
    out.append(room.data(), to);
    if (sample_ < series.samples.size()) return true;
    out += "]}";
    sample_ = 0;
    ++series_;
    return true;
  }
  std::shared_ptr<const query::Answer> answer_;
  std::size_t series_ = 0;
  std::size_t sample_ = 0;
  Stamps stamps_;
};

// Of stats=...: what took how long. Samples are not counted.
std::string stats_of(const Call& call, SteadyTime began) {
  const double seconds = std::chrono::duration<double>(call.sources.clock.steady() - began).count();
  std::string out = ",\"stats\":";
  JsonWriter json(out);
  json.begin_object().key("timings").begin_object();
  json.member("evalTotalTime", seconds).member("resultSortTime", 0).member("queryPreparationTime", 0);
  json.member("innerEvalTime", seconds).member("execQueueTime", 0).member("execTotalTime", seconds);
  json.end_object().end_object();
  return out;
}

Reply write_answer(query::Answer answer, Time at, const Asked& question, std::string stats) {
  Remarks remarks{.warnings = query::show_notes(answer.warnings, question.text),
                  .infos = query::show_notes(answer.infos, question.text)};
  cut(answer, question.limit, remarks);
  const std::string tail = std::move(stats) + "}" + end_of_answer(remarks);
  std::string head(kSuccess);
  if (answer.kind == query::Answer::Scalar) {
    head += "{\"resultType\":\"scalar\",\"result\":";
    append_scalar(head, at, answer.scalar);
    return {.body = head + tail};
  }
  if (answer.kind == query::Answer::String) {
    head += "{\"resultType\":\"string\",\"result\":[";
    append_timestamp(head, at);
    head += ',';
    append_json_string(head, answer.text);
    return {.body = head + "]" + tail};
  }
  head += answer.kind == query::Answer::Vector ? "{\"resultType\":\"vector\",\"result\":["
                                               : "{\"resultType\":\"matrix\",\"result\":[";
  const std::size_t octets = octets_of(answer);
  return stream(kJson, std::move(head), Writer(std::make_shared<const query::Answer>(std::move(answer))), "]" + tail, octets);
}

Reply instant(const Call& call) {
  const SteadyTime began = call.sources.clock.steady();
  const auto at = time_of(call.form, "time");
  if (!at) return fault(Fault::BadData, at.error().text);
  const auto question = asked(call);
  if (!question) return fault(Fault::BadData, question.error().text);
  const Time when = at->value_or(call.sources.clock.now());
  auto answer = query::Engine(call.sources.points, question->options).instant(*question->expr, when, question->control);
  if (!answer) return fault(answer.error());
  return write_answer(*std::move(answer), when, *question, question->stats ? stats_of(call, began) : std::string());
}

struct Range {
  Time from, to;
  Millis step{0};
};
Result<Range> range_of(const Form& form) {
  Range out;
  for (const auto& [name, into] : {std::pair("start", &out.from), std::pair("end", &out.to)}) {
    BONGSU_TRY(const auto at, time_of(form, name));
    if (!at) return Error{Code::Invalid, fmt::format("invalid parameter \"{}\": cannot parse \"\" to a valid timestamp", name)};
    *into = *at;
  }
  if (out.to < out.from) return Error{Code::Invalid, "invalid parameter \"end\": end timestamp must not be before start time"};
  BONGSU_TRY(const auto step, duration_of(form, "step"));
  if (!step) return Error{Code::Invalid, "invalid parameter \"step\": cannot parse \"\" to a valid duration"};
  out.step = *step;
  if (out.step <= Millis(0)) {
    return Error{Code::Invalid, "invalid parameter \"step\": zero and negative steps are not accepted; try a positive number"};
  }
  if ((out.to - out.from) / out.step > kMostSteps) {
    return Error{Code::Invalid,
                 fmt::format("more than {} points per series; take a larger step or less time (?step=...)", kMostSteps)};
  }
  return out;
}

Reply range(const Call& call) {
  const SteadyTime began = call.sources.clock.steady();
  const auto wanted = range_of(call.form);
  if (!wanted) return fault(Fault::BadData, wanted.error().text);
  const auto question = asked(call);
  if (!question) return fault(Fault::BadData, question.error().text);
  if (const auto type = question->expr->type; type != query::ValueType::Scalar && type != query::ValueType::Vector) {
    return fault(Fault::BadData,
                 fmt::format("invalid parameter \"query\": invalid expression type \"{}\" for range query, must be "
                             "scalar or instant vector",
                             query::to_string(type)));
  }
  auto answer = query::Engine(call.sources.points, question->options)
                    .range(*question->expr, wanted->from, wanted->to, wanted->step, question->control);
  if (!answer) return fault(answer.error());
  return write_answer(*std::move(answer), wanted->to, *question, question->stats ? stats_of(call, began) : std::string());
}

// There are no exemplars; the parameters are judged all the same.
Reply exemplars(const Call& call) {
  const auto start = time_of(call.form, "start"), end = time_of(call.form, "end");
  for (const auto* at : {&start, &end}) {
    if (!*at) return fault(Fault::BadData, at->error().text);
  }
  if (*start && *end && **end < **start)
    return fault(Fault::BadData, "invalid parameter \"end\": end timestamp must not be before start timestamp");
  const auto expr = query::parse(call.form.get("query"));
  if (!expr) return fault(Fault::BadData, "invalid parameter \"query\": " + expr.error().text);
  return success("[]");
}

Reply format_query(const Call& call) {
  const auto expr = query::parse(call.form.get("query"));
  if (!expr) return fault(Fault::BadData, "invalid parameter \"query\": " + expr.error().text);
  std::string data;
  append_json_string(data, query::format_pretty(**expr));
  return success(std::move(data));
}

}  // namespace

std::vector<Route> query_routes() {
  using Kind = ParamSpec::Kind;
  const std::vector<ParamSpec> common{
      {.name = "query", .kind = Kind::Text, .about = "PromQL", .example = "avg by (device) (cpu_usage_percent)"},
      {.name = "timeout", .kind = Kind::Text, .about = "give up after this time", .example = "30s"},
      {.name = "lookback_delta",
       .kind = Kind::Text,
       .about = "how old a sample may be and still count (usual: 5m)",
       .example = "15m"},
      {.name = "limit", .kind = Kind::Text, .about = "most series in the answer; 0: all", .example = "100"},
      {.name = "stats", .kind = Kind::Text, .about = "anything: tell what took how long"}};
  const ParamSpec start{.name = "start", .kind = Kind::Text, .about = "RFC 3339, or seconds since 1970", .example = "1795392000"};
  const ParamSpec end{
      .name = "end", .kind = Kind::Text, .about = "RFC 3339, or seconds since 1970", .example = "2026-11-23T01:00:00Z"};
  std::vector<ParamSpec> at_one_time = common;
  at_one_time.push_back({.name = "time", .kind = Kind::Text, .about = "RFC 3339, or seconds since 1970 (usual: now)"});
  std::vector<ParamSpec> over_time = common;
  over_time.push_back(start);
  over_time.push_back(end);
  over_time.push_back({.name = "step", .kind = Kind::Text, .about = "between points: a duration, or seconds", .example = "1m"});
  std::vector<Route> routes;
  const auto both = [&](std::string_view path, std::string_view about, std::vector<ParamSpec> params, auto handler) {
    for (const std::string_view method : {"GET", "POST"})
      routes.push_back({method, path, about, params, handler, Route::Shape::Prometheus, "Prometheus", {422, 499, 503}});
  };
  both("/prometheus/api/v1/query", "PromQL at one time, as Prometheus answers", std::move(at_one_time), instant);
  both("/prometheus/api/v1/query_range", "PromQL over time, as Prometheus answers", std::move(over_time), range);
  both("/prometheus/api/v1/query_exemplars", "Always empty: there are no exemplars", {common[0], start, end}, exemplars);
  both("/prometheus/api/v1/format_query", "The expression, laid out", {common[0]}, format_query);
  return routes;
}

}  // namespace bongsu::http
