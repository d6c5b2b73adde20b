// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/source.h"
#include "query/ast.h"
#include "query/engine.h"
#include "query/functions.h"
#include "query/grid.h"
#include "query/groups.h"

namespace bongsu::query {

using Scalars = std::vector<double>;  // one per step

// When a query is to end before its time. Thread: any.
struct Alarm {
  std::stop_token stop{};
  std::chrono::steady_clock::time_point deadline{};
  bool rings() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= deadline; }
};

// Of a window, where a store keeps windows and no samples any more, or where they say the same (coarse.cpp).
enum class Column : std::uint8_t {
  Samples,  // no windows are read
  Last,
  Min,
  Max,
  Sum,
  Count,  // of values: samples count 1
  Mean,   // sums, and beside them counts
  Growth  // of a counter without resets that ends where the last window does
};
Column column_for(std::string_view function);
// Where windows stand for samples: up to `until`, windows of this span.
struct Tier {
  Time until{};
  Millis span{};
};

// What a selector reads: the series of the store, once for all places of the query that name the same.
struct Loaded {
  bool newest_only = false;  // `latest` instead of `series`
  bool shared = false;       // by several places; else the one may take what it finds
  std::vector<Series> series;
  std::vector<std::optional<std::vector<Sample>>> values;  // of series with markers, their samples without
  std::vector<Latest> latest;
  Column column = Column::Samples;
  std::vector<Tier> tiers;                  // rising; where samples stand by windows' ends
  std::vector<std::vector<Sample>> counts;  // Mean: as series
  std::vector<std::vector<Sample>> joined;  // Growth: for ranges that end behind all windows
  Charge charge;

  // How old a sample may be to count as the value at this time.
  Millis lookback_at(Time at, Millis usual) const {
    for (const Tier& tier : tiers) {
      if (at <= tier.until) return std::max(usual, tier.span);
    }
    return usual;
  }
  std::span<const Sample> values_of(std::size_t i) const {
    return i < values.size() && values[i] ? std::span<const Sample>(*values[i]) : std::span<const Sample>(series[i].samples);
  }
};

struct WindowRun;

// One query while it runs. A node is evaluated for all steps at once, series by series. Thread: one; work over many rows is
// shared with threads of its own, which end before the method returns.
class Evaluation {
 public:
  // `start`, `end`, `step`: of the query as it was asked; its last step may be before the end.
  Evaluation(const PointSource& source, const EngineOptions& options, const Control& control, Time start, Time end, Millis step);
  Evaluation(const Evaluation&) = delete;

  // Reads what `expr` needs for `steps`; before anything below.
  Status load(const Expr& expr, const Steps& steps);
  Result<Scalars> scalars(const Expr& expr, const Steps& steps);
  Result<Grid> grid(const Expr& expr, const Steps& steps);
  // A range selector or subquery asked at one time.
  Result<std::vector<Series>> ranges(const Expr& expr, Time at);
  // Drops the names that are due and joins rows that are then the same. Error: Invalid when two have a value at one step.
  Status finish(Grid& grid);
  LabelsPtr shown(const Row& row) const;  // labels without a name that is dropped
  // Calls work(first, last) for parts of [0, count), on several threads where `cost` (samples or cells) is worth it.
  void share(std::size_t count, std::size_t cost, const std::function<void(std::size_t, std::size_t)>& work) const;

  std::vector<Note> take_warnings() { return std::move(warnings_); }
  std::vector<Note> take_infos() { return std::move(infos_); }

 private:
  struct Need {
    const Expr* expr;
    const std::vector<Matcher>* matchers;
    Time from, to;
    bool newest_only;
    bool values;  // wants samples without markers
    // Windows that end up to `coarse_to` are read instead of samples, of five minutes only after `hours_to`.
    Column column = Column::Samples;
    Time coarse_to = Time::min();
    Time hours_to = Time::min();
    Millis range{0};  // the longest that will be asked of it
  };
  // The samples of a range selector or a subquery, by series.
  struct Ranges {
    std::vector<Row> rows;
    std::vector<std::span<const Sample>> samples;
    std::vector<std::vector<Sample>> owned;  // of a subquery
    Charge charge;
    Millis range{0};
    Shift shift;  // resolved
    Selector::Ends ends = Selector::Ends::Plain;
    const Loaded* coarse = nullptr;  // where windows are among the samples
  };

  Millis resolved(const DurationPtr& expr, Millis fixed) const;
  Time shifted(const Shift& shift, Time at) const;
  Steps inner_steps(const Subquery& node, const Steps& steps) const;
  Status check_durations(const Expr& expr) const;
  // `function`: of which a range selector or subquery is the argument.
  Status needs(const Expr& expr, const Steps& steps, std::vector<Need>& out, std::string_view function = {}) const;
  Status read(std::vector<Need> needs);
  // Whether windows are to be read for it; `range`: of a range selector, 0 of an instant one.
  void choose_windows(Need& need, const Steps& steps, std::string_view function, Millis range) const;
  Result<std::size_t> read_windows(const Need& need, const SelectLimits& limits, Loaded& out) const;
  // A function of ranges for one series at all steps.
  void run_window(std::string_view function, const Ranges& found, std::size_t r, const WindowRun& run, double* out) const;
  Status alive();                                                                   // Timeout, Cancelled
  Status set_label(Row& row, const std::string& target, const std::string& value);  // Limit
  Status reserve(std::size_t samples, const char* what) const;
  Result<Grid> make_grid(std::vector<Row> rows, std::size_t steps);
  void warn(std::string text, const Expr& at) { note(warnings_, "PromQL warning: " + text, at); }
  void inform(std::string text, const Expr& at) { note(infos_, "PromQL info: " + text, at); }
  static void note(std::vector<Note>& notes, std::string text, const Expr& at);

  bool hides_name(const Row& row) const { return row.nameless && !options_.delayed_names; }
  RowKey key_of(const Row& row) const { return {row.labels.get(), hides_name(row)}; }
  // All rows lose their names; rows that are the same without are joined. Error: Invalid.
  Status drop_names(Grid& grid);
  Status join_same(Grid& grid);

  // The rows of an instant selector over `loaded`, and their cells of the steps from `first` to before `last`.
  static std::vector<Row> rows_of(Loaded& loaded);
  void fill(const Loaded& loaded, const Selector& selector, const Steps& steps, bool as_time, std::size_t r, std::size_t first,
            std::size_t last, double* cells) const;
  Result<Grid> select(const Expr& expr, const Selector& selector, const Steps& steps, bool as_time);
  Result<Ranges> range_of(const Expr& expr, const Steps& steps);
  Result<Grid> unary(const Unary& node, const Steps& steps);
  Result<Grid> binary(const Expr& expr, const Binary& node, const Steps& steps);
  Result<Grid> with_scalar(const Binary& node, Grid grid, const Scalars& scalars, bool scalar_left);
  Result<Grid> match(const Binary& node, const Grid& left, const Grid& right);
  Result<Grid> combine_sets(const Binary& node, Grid left, Grid right);
  Row result_row(const Binary& node, const Row& many, const Row& one, bool drop_name) const;
  Result<Grid> aggregate(const Expr& expr, const Aggregate& node, const Steps& steps);
  Result<Grid> choose(const Aggregate& node, Grid input, const Scalars& param);
  Result<Grid> count_values(const Aggregate& node, const Grid& input);
  Result<Grid> call(const Expr& expr, const Call& node, const Steps& steps);
  Result<Grid> over_range(const Call& node, const Steps& steps);
  Result<Grid> absent(const Expr& argument, const std::vector<char>& present, const Steps& steps);
  Result<Grid> label_replace(const Call& node, const Steps& steps);
  Result<Grid> label_join(const Call& node, const Steps& steps);
  Result<Grid> info(const Call& node, const Steps& steps);
  Result<Grid> histogram(const Call& node, const Steps& steps);
  void sort(const Call& node, Grid& grid) const;

  const PointSource& source_;
  const EngineOptions& options_;
  const Control& control_;
  const Millis lookback_;
  const Time start_;  // of the whole query: start() and end()
  const Time end_;
  const Millis step_;  // of the whole query; 0 at an instant
  const Alarm alarm_;
  const Time raw_since_, five_since_, hour_since_;  // from when samples are kept, and windows of five minutes and an hour
  std::size_t held_ = 0;                            // samples; two cells are one
  std::size_t made_labels_ = 0;                     // octets
  std::unordered_map<const Expr*, Loaded*> by_node_;
  std::vector<std::unique_ptr<Loaded>> loaded_;
  std::vector<Note> warnings_;
  std::vector<Note> infos_;
};

const Expr& strip(const Expr& expr);           // of its parentheses
const std::string& text_of(const Expr& expr);  // of a string literal, in parentheses or not
double apply(BinaryOp op, double left, double right);
bool compare(BinaryOp op, double left, double right);
double quantile(double phi, std::vector<double>& values);
std::string fixed_number(double value);  // the shortest without an exponent
Error same_labelset(const std::string& remedy);

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
  double raw() const { return sum_; }
  double value() const { return __builtin_isinf(sum_) ? sum_ : sum_ + lost_; }
  void scale(double by) {
    sum_ *= by;
    lost_ *= by;
  }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

// The mean of values given one by one; the sum may pass what a double holds.
class ExactMean {
 public:
  void add(double value) {
    ++count_;
    if (!by_steps_) {
      ExactSum next = sum_;
      next.add(value);
      if (count_ == 1 || !__builtin_isinf(next.raw())) {
        sum_ = next;
        return;
      }
      // The sum leaves what a double holds: from here on the mean itself is kept.
      by_steps_ = true;
      sum_.scale(1 / (count_ - 1));
    }
    add_to_mean(value);
  }
  double value() const { return sum_.value() / (by_steps_ ? 1 : count_); }

 private:
  void add_to_mean(double value);

  ExactSum sum_;
  double count_ = 0;
  bool by_steps_ = false;  // sum_ is the mean already
};

// query/window.cpp: functions of the samples in a range, at all steps of one series.
struct WindowRun {
  Steps steps;         // when the function is asked
  Time first_end{};    // of the first window; it moves with the steps unless `fixed`
  bool fixed = false;  // @: the same window at every step
  Millis range{0};
  Millis lookback{0};
  Selector::Ends ends = Selector::Ends::Plain;
  const Scalars* params[2]{};
  const Alarm* alarm = nullptr;  // a window function may leave the rest undone when it rings
  Time end(std::size_t i) const { return fixed ? first_end : first_end + steps.step * static_cast<std::int64_t>(i); }
};
// Fills `out` (one cell per step, all nothing()) for one series.
using WindowFunction = void (*)(std::span<const Sample> samples, const WindowRun& run, double* out);
WindowFunction find_window_function(std::string_view name);

// query/math.cpp: functions of one value each; nothing when there is none of that name.
using ValueFunction = double (*)(double);
ValueFunction find_value_function(std::string_view name);

// query/call.cpp
bool is_answered(const Function& function);

}  // namespace bongsu::query
