// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/source.h"
#include "query/ast.h"

namespace bongsu::query {

struct VectorSample {
  std::shared_ptr<const Labels> labels;  // never null
  Time at;
  double value = 0;
};

// Something to read an answer with, worded as Prometheus words it: "PromQL warning: quantile value should be ...".
struct Note {
  std::string text;
  std::uint32_t begin = 0;  // octet of the expression's text that it is about
  friend bool operator==(const Note&, const Note&) = default;
};
// As Prometheus' API lists them, each with its place: "PromQL info: ... (1:14)"; beyond `most` only their number is told.
std::vector<std::string> show_notes(const std::vector<Note>& notes, std::string_view source, std::size_t most = 10);

struct Answer {
  using Kind = ValueType;
  using enum ValueType;
  Kind kind = Scalar;
  double scalar = 0;                 // Scalar
  std::string text;                  // String
  std::vector<VectorSample> vector;  // Vector; in the order of sort() or topk() where one is outermost
  std::vector<Series> matrix;        // Matrix, sorted by labels: of a range query, and of a range selector asked at an instant
  std::vector<Note> warnings{};      // each once
  std::vector<Note> infos{};
};

struct EngineOptions {
  Millis lookback{300'000};              // how old a sample may be and still count as the value now
  Millis subquery_step{60'000};          // of a subquery that names none
  SelectLimits limits;                   // of each selector
  std::size_t max_samples = 50'000'000;  // held by one query in all
  std::size_t max_steps = 11'000;        // of a range query, as Prometheus
  Millis max_time{120'000};              // of one query, by the clock on the wall
  unsigned threads = 0;                  // that share the work of one query; 0: as many as the machine runs at once, at most 4
  // Metric names that a function drops are dropped at the end of the query, so that label_replace and by (__name__) still see
  // them; Prometheus 3 has it as the feature promql-delayed-name-removal.
  bool delayed_names = false;
};

// Of one query.
struct Control {
  std::stop_token stop{};                                                          // the asker went away
  std::optional<Millis> lookback{};                                                // instead of the engine's
  std::optional<Millis> max_time{};                                                // less than the engine's
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();  // when it was asked: it may have waited
};

// Answers PromQL from points. Thread: any, if the source allows it; each call is on its own. The source must outlive it.
// Errors: Unsupported (parses but is not answered; the text names it), Limit, Invalid (series that do not match one to one,
// a parameter that is NaN), Timeout (max_time has passed), Cancelled (asked to stop), and the source's.
class Engine {
 public:
  explicit Engine(const PointSource& source, EngineOptions options = {}) : source_(source), options_(options) {}
  Result<Answer> instant(const Expr& expr, Time at, const Control& control = {}) const;
  // At from, from + step, ... up to `to`; always a Matrix. Errors also: Invalid for a step below 1 ms, an end before the
  // start, or an expression that is a range or a string.
  Result<Answer> range(const Expr& expr, Time from, Time to, Millis step, const Control& control = {}) const;

 private:
  const PointSource& source_;
  const EngineOptions options_;
};

// Whether the engine answers everything the expression uses; the Error names what it does not.
Status check_supported(const Expr& expr);

}  // namespace bongsu::query
