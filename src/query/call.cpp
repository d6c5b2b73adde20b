// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

constexpr std::string_view kOthers[] = {"absent",
                                        "absent_over_time",
                                        "clamp",
                                        "clamp_max",
                                        "clamp_min",
                                        "histogram_fraction",
                                        "histogram_quantile",
                                        "info",
                                        "label_join",
                                        "label_replace",
                                        "pi",
                                        "round",
                                        "scalar",
                                        "sort",
                                        "sort_by_label",
                                        "sort_by_label_desc",
                                        "sort_desc",
                                        "time",
                                        "timestamp",
                                        "vector"};

// What absent() can say of a selector: the labels that exactly one = matcher names.
LabelsPtr absent_labels(const Expr& expr) {
  const Expr& inner = strip(expr);
  const Selector* selector = std::get_if<Selector>(&inner.node);
  if (const auto* range = std::get_if<RangeSelector>(&inner.node)) selector = &range->selector;
  std::vector<Labels::Pair> pairs;
  if (selector != nullptr) {
    for (const Matcher& matcher : selector->matchers) {
      const auto same = std::count_if(selector->matchers.begin(), selector->matchers.end(),
                                      [&](const Matcher& m) { return m.name == matcher.name; });
      if (matcher.name != kMetricName && matcher.op == Matcher::Op::Equal && same == 1)
        pairs.emplace_back(matcher.name, matcher.value);
    }
  }
  return std::make_shared<const Labels>(std::move(pairs));
}

bool looks_like_a_counter(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") || name.ends_with("_bucket");
}

// As Go's math.Max and math.Min, which Prometheus clamps with: an infinity wins over NaN, and 0 over -0.
double greater_of(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == kInf || b == kInf) return kInf;
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return std::max(a, b);
}
double lesser_of(double a, double b) { return -greater_of(-a, -b); }
double clamped(double value, double least, double most) { return greater_of(least, lesser_of(most, value)); }

}  // namespace

bool is_answered(const Function& function) {
  return find_window_function(function.name) != nullptr || find_value_function(function.name) != nullptr ||
         std::find(std::begin(kOthers), std::end(kOthers), function.name) != std::end(kOthers);
}

Result<Grid> Evaluation::over_range(const Call& node, const Steps& steps) {
  const std::string_view name = node.function->name;
  WindowRun run{.steps = steps, .lookback = lookback_, .alarm = &alarm_};
  std::vector<Scalars> params;
  params.reserve(node.args.size());
  const Expr* argument = nullptr;
  const Expr* parameter = nullptr;
  for (const ExprPtr& arg : node.args) {
    if (arg->type == ValueType::Matrix) {
      argument = arg.get();
      continue;
    }
    parameter = arg.get();
    BONGSU_TRY(Scalars values, scalars(*arg, steps));
    params.push_back(std::move(values));
    run.params[params.size() - 1] = &params.back();
  }
  if (name == "double_exponential_smoothing") {
    for (std::size_t p = 0; p < 2; ++p) {
      for (const double weight : params[p]) {
        if (weight > 0 && weight < 1) continue;
        const bool first = p == 0;
        return Error{Code::Invalid, std::string("invalid ") + (first ? "smoothing" : "trend") + " factor. Expected: 0 < " +
                                        (first ? "sf" : "tf") + " < 1, got: " + format_number(weight)};
      }
    }
  }
  BONGSU_TRY(Ranges found, range_of(*argument, steps));
  if (found.ends != Selector::Ends::Plain) {
    const bool anchored = found.ends == Selector::Ends::Anchored;
    const bool counts = name == "changes" || name == "resets";
    if (name != "rate" && name != "increase" && name != "delta" && !(anchored && counts)) {
      return Error{Code::Invalid,
                   (anchored ? "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with "
                             : "smoothed modifier can only be used with: delta, increase, rate - not with ") +
                       std::string(name)};
    }
  }
  run.range = found.range;
  run.first_end = shifted(found.shift, steps.from);
  run.fixed = found.shift.at.has_value();
  run.ends = found.ends;
  // With @ every step sees the same window: what does not look at the step is the same too.
  const bool once = run.fixed && params.empty() && steps.count > 1;
  if (once) run.steps.count = 1;
  BONGSU_TRY(Grid out, make_grid(std::move(found.rows), steps.count));
  std::size_t samples = 0;
  for (const auto& series : found.samples) samples += series.size();
  share(out.rows.size(), samples + out.cells.size(), [&](std::size_t from, std::size_t to) {
    for (std::size_t r = from; r < to && !alarm_.rings(); ++r) {
      run_window(name, found, r, run, out.row(r));
      if (once) std::fill_n(out.row(r) + 1, steps.count - 1, out.row(r)[0]);
    }
  });
  BONGSU_TRY_OK(alive());
  const auto answers = [&](std::size_t r) {
    return std::any_of(out.row(r), out.row(r) + out.steps, [](double cell) { return !is_nothing(cell); });
  };
  if (name == "rate" || name == "increase") {
    std::string_view last;
    for (std::size_t r = 0; r < out.rows.size(); ++r) {
      const std::string_view metric = hides_name(out.rows[r]) ? std::string_view() : out.rows[r].labels->metric();
      if (metric.empty() || metric == last) continue;
      if (looks_like_a_counter(metric)) last = metric;
      if (metric == last || !answers(r)) continue;
      last = metric;
      std::string text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ";
      append_quoted(text, metric);
      inform(std::move(text), *argument);
    }
  }
  if (name == "quantile_over_time") {
    for (std::size_t i = 0; i < steps.count; ++i) {
      const double phi = params[0][i];
      if (phi >= 0 && phi <= 1) continue;
      for (std::size_t r = 0; r < out.rows.size(); ++r) {
        if (is_nothing(out.row(r)[i])) continue;
        warn("quantile value should be between 0 and 1, got " + format_number(phi), *parameter);
        break;
      }
    }
  }
  if (name != "last_over_time" && name != "first_over_time") BONGSU_TRY_OK(drop_names(out));
  return out;
}

Result<Grid> Evaluation::absent(const Expr& argument, const std::vector<char>& present, const Steps& steps) {
  BONGSU_TRY(Grid out, make_grid({{absent_labels(argument), false}}, steps.count));
  for (std::size_t i = 0; i < steps.count; ++i) {
    if (present[i] == 0) out.cells[i] = 1;
  }
  return out;
}

Result<Grid> Evaluation::call(const Expr& expr, const Call& node, const Steps& steps) {
  const std::string_view name = node.function->name;
  if (find_window_function(name) != nullptr) return over_range(node, steps);
  if (name == "absent_over_time") {
    BONGSU_TRY(const Ranges found, range_of(*node.args[0], steps));
    if (found.ends != Selector::Ends::Plain) {
      return Error{Code::Invalid, std::string(found.ends == Selector::Ends::Anchored ? "anchored" : "smoothed") +
                                      " modifier can only be used with: delta, increase, rate - not with absent_over_time"};
    }
    WindowRun run{.steps = steps, .first_end = shifted(found.shift, steps.from), .range = found.range};
    run.fixed = found.shift.at.has_value();
    std::vector<char> present(steps.count);
    std::vector<double> cells(steps.count);
    for (std::size_t r = 0; r < found.samples.size(); ++r) {
      std::fill(cells.begin(), cells.end(), nothing());
      run_window("present_over_time", found, r, run, cells.data());
      for (std::size_t i = 0; i < steps.count; ++i) present[i] = static_cast<char>(present[i] != 0 || !is_nothing(cells[i]));
    }
    return absent(*node.args[0], present, steps);
  }
  if (name == "label_replace") return label_replace(node, steps);
  if (name == "label_join") return label_join(node, steps);
  if (name == "info") return info(node, steps);
  if (name == "histogram_quantile" || name == "histogram_fraction") return histogram(node, steps);
  if (name == "vector" || node.args.empty()) {  // day_of_week() and its like: of now
    BONGSU_TRY(Grid out, make_grid({{std::make_shared<const Labels>(), false}}, steps.count));
    if (name == "vector") {
      BONGSU_TRY(const Scalars values, scalars(*node.args[0], steps));
      out.cells = values;
      return out;
    }
    const ValueFunction part = find_value_function(name);
    for (std::size_t i = 0; i < steps.count; ++i) out.cells[i] = part(static_cast<double>(to_ms(steps.at(i))) / 1000);
    return out;
  }
  if (name == "timestamp") {
    // The time of the sample itself, where there is one.
    const Expr& inner = strip(*node.args[0]);
    Grid out;
    if (const auto* selector = std::get_if<Selector>(&inner.node)) {
      BONGSU_TRY(out, select(inner, *selector, steps, true));
    } else {
      BONGSU_TRY(out, grid(inner, steps));
      for (std::size_t r = 0; r < out.rows.size(); ++r) {
        for (std::size_t i = 0; i < steps.count; ++i) {
          if (!is_nothing(out.row(r)[i])) out.row(r)[i] = static_cast<double>(to_ms(steps.at(i))) / 1000;
        }
      }
    }
    BONGSU_TRY_OK(drop_names(out));
    return out;
  }
  BONGSU_TRY(Grid input, grid(*node.args[0], steps));
  Scalars params[2];
  for (std::size_t i = 1; i < node.args.size() && i < 3; ++i) {
    if (node.args[i]->type != ValueType::Scalar) break;
    BONGSU_TRY(params[i - 1], scalars(*node.args[i], steps));
  }
  if (name == "absent") {
    std::vector<char> present(steps.count);
    for (std::size_t r = 0; r < input.rows.size(); ++r) {
      for (std::size_t i = 0; i < steps.count; ++i)
        present[i] = static_cast<char>(present[i] != 0 || !is_nothing(input.row(r)[i]));
    }
    return absent(*node.args[0], present, steps);
  }
  if (name.starts_with("sort")) {
    sort(node, input);
    return input;
  }
  const auto each = [&](auto function) -> Result<Grid> {
    for (std::size_t r = 0; r < input.rows.size(); ++r) {
      double* cells = input.row(r);
      for (std::size_t i = 0; i < steps.count; ++i) {
        if (!is_nothing(cells[i])) cells[i] = function(cells[i], i);
      }
    }
    BONGSU_TRY_OK(drop_names(input));
    return std::move(input);
  };
  if (const ValueFunction function = find_value_function(name)) return each([&](double v, std::size_t) { return function(v); });
  if (name == "clamp_min") return each([&](double v, std::size_t i) { return clamped(v, params[0][i], HUGE_VAL); });
  if (name == "clamp_max") return each([&](double v, std::size_t i) { return clamped(v, -HUGE_VAL, params[0][i]); });
  if (name == "clamp") {
    return each([&](double v, std::size_t i) {
      return params[1][i] < params[0][i] ? nothing() : clamped(v, params[0][i], params[1][i]);
    });
  }
  if (name == "round") {
    // The inverse first: 0.1 cannot be said exactly, 10 can.
    const bool whole = node.args.size() < 2;
    return each([&](double v, std::size_t i) {
      const double inverse = 1 / (whole ? 1.0 : params[0][i]);
      return std::floor(v * inverse + 0.5) / inverse;
    });
  }
  static_cast<void>(expr);
  return Error{Code::Unsupported, std::string(name) +
                                      "() is known but not answered; it is about native histograms, which Bongsu "
                                      "does not keep"};
}

}  // namespace bongsu::query
