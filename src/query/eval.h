// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/marker.h"
#include "model/source.h"
#include "query/ast.h"
#include "query/engine.h"

namespace bongsu::query {

using LabelsPtr = std::shared_ptr<const Labels>;

struct Element {
  LabelsPtr labels;
  double value = 0;
};
using Vector = std::vector<Element>;

// The samples of one series within a range; they belong to the evaluation.
struct RangeElement {
  LabelsPtr labels;
  std::span<const Sample> samples;
};
struct RangeVector {
  std::vector<RangeElement> elements;
  Time from;  // exclusive
  Time to;    // inclusive
};

// Numbers label sets by the part of them that groups or matches: `on` or `by` takes the named labels, else all but them
// and the metric name.
class KeyTable {
 public:
  KeyTable(bool on, std::vector<std::string> labels, bool remember);
  std::uint32_t id(const LabelsPtr& labels);
  std::size_t size() const { return first_.size(); }
  // The labels that take part.
  Labels part(const Labels& labels) const;

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t id = 0;
    bool taken = false;
  };
  std::uint64_t hash_of(const Labels& labels) const;
  bool same(const Labels& a, const Labels& b) const;
  std::uint32_t look_up(const LabelsPtr& labels);
  void grow();
  bool named(std::string_view name) const;
  const bool on_;
  const bool remember_;  // over the steps of a range query
  std::vector<std::string> labels_;
  std::vector<LabelsPtr> first_;  // by id, the label set that had it first
  std::vector<Slot> slots_;       // at hash modulo their number or soon after; at most half of them taken
  std::unordered_map<LabelsPtr, std::uint32_t> known_;
};

// One query while it runs. Thread: one.
class Evaluation {
 public:
  Evaluation(const PointSource& source, const EngineOptions& options, Time start, Time end, bool single)
      : source_(source), options_(options), start_(start), end_(end), single_(single) {}

  // Loads what `expr` needs to be evaluated at any time in [from, to]; before anything below.
  Status prepare(const Expr& expr, Time from, Time to);
  Result<double> scalar(const Expr& expr, Time at);
  Result<Vector> vector(const Expr& expr, Time at);
  Result<RangeVector> matrix(const Expr& expr, Time at);
  // `expr` (scalar or vector) at from, from + step, ..., as series sorted by labels.
  Result<std::vector<Series>> series(const Expr& expr, Time from, Time to, Millis step);

 private:
  struct Node {  // what is kept per node of the tree
    std::vector<Series> series;
    std::vector<Latest> latest;  // instead, of a selector that is asked at one time only
    std::unique_ptr<KeyTable> keys;
    std::vector<LabelsPtr> groups;  // by id of `keys`
  };
  Time shifted(const Shift& shift, Time at) const;
  Status hold(std::size_t samples);
  Status load(const Expr& expr, const Selector& selector, Time from, Time to, bool markers);
  Status load_latest(const Expr& expr, const Selector& selector, Time at);
  Vector select(const Expr& expr, const Selector& selector, Time at, bool as_time);
  RangeVector slice(const Expr& expr, Time to, Millis range);
  LabelsPtr nameless(const LabelsPtr& labels);
  KeyTable& keys(const Expr& expr, bool on, const std::vector<std::string>& labels);

  Result<Vector> unary(const Unary& node, Time at);
  Result<Vector> binary(const Expr& expr, const Binary& node, Time at);
  Result<Vector> match(const Expr& expr, const Binary& node, const Vector& left, const Vector& right);
  Result<Vector> combine_sets(const Expr& expr, const Binary& node, Vector left, Vector right);
  Result<Vector> with_scalar(const Binary& node, Vector vector, double number, bool number_left);
  LabelsPtr result_labels(const Binary& node, const LabelsPtr& many, const LabelsPtr& one, bool drop_name);
  Result<Vector> aggregate(const Expr& expr, const Aggregate& node, Time at);
  Result<Vector> count_values(const Aggregate& node, const Vector& input, Time at);
  Result<Vector> call(const Call& node, Time at);
  Result<Vector> over_range(const Call& node, Time at);
  Result<Vector> label_replace(const Call& node, Time at);
  Result<Vector> label_join(const Call& node, Time at);
  // Drops the metric names of `vector`; Invalid when two elements become the same.
  Result<Vector> drop_names(Vector vector);

  const PointSource& source_;
  const EngineOptions& options_;
  const Time start_;  // of the whole query: start() and end()
  const Time end_;
  const bool single_;  // one step only: nothing is worth remembering
  std::size_t held_ = 0;
  std::unordered_map<const Expr*, Node> nodes_;
  std::unordered_map<LabelsPtr, LabelsPtr> nameless_;
};

const Expr& strip(const Expr& expr);  // of its parentheses
bool has_duplicates(const Vector& vector);
const std::string& text_of(const Expr& expr);  // of a string literal, in parentheses or not
double apply(BinaryOp op, double left, double right);
bool compare(BinaryOp op, double left, double right);
double quantile(double phi, std::vector<double>& values);

// A float sum that keeps what rounding loses (Neumaier).
class ExactSum {
 public:
  void add(double value) {
    const double total = sum_ + value;
    if (__builtin_isinf(total)) lost_ = 0;
    else if (__builtin_fabs(sum_) >= __builtin_fabs(value)) lost_ += (sum_ - total) + value;
    else lost_ += (value - total) + sum_;
    sum_ = total;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};
double exact_mean(std::span<const double> values);

// query/over_time.cpp: functions of the samples in a range; nothing where there is no result.
struct RangeCall {
  Time from;  // exclusive
  Time to;
  Time at;
  double params[2]{};
};
using RangeFunction = std::optional<double> (*)(std::span<const Sample>, const RangeCall&);
RangeFunction find_range_function(std::string_view name);

// query/call.cpp
bool is_answered(const Function& function);

}  // namespace bongsu::query
