// SPDX-License-Identifier: Apache-2.0
#include "query/functions.h"

#include <algorithm>

namespace bongsu::query {
namespace {

using enum ValueType;

std::vector<Function> make_functions() {
  std::vector<Function> all;
  const auto add = [&](ValueType returns, std::vector<ValueType> args, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) all.push_back({name, returns, args, args.size()});
  };
  const auto optional = [&](ValueType returns, std::vector<ValueType> args, std::size_t required,
                            std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) all.push_back({name, returns, args, required});
  };
  add(Vector, {Matrix},
      {"absent_over_time",
       "avg_over_time",
       "changes",
       "count_over_time",
       "delta",
       "deriv",
       "first_over_time",
       "idelta",
       "increase",
       "irate",
       "last_over_time",
       "mad_over_time",
       "max_over_time",
       "min_over_time",
       "present_over_time",
       "rate",
       "resets",
       "stddev_over_time",
       "stdvar_over_time",
       "sum_over_time",
       "ts_of_first_over_time",
       "ts_of_last_over_time",
       "ts_of_max_over_time",
       "ts_of_min_over_time"});
  add(Vector, {Vector},
      {"abs",
       "absent",
       "acos",
       "acosh",
       "asin",
       "asinh",
       "atan",
       "atanh",
       "ceil",
       "cos",
       "cosh",
       "deg",
       "exp",
       "floor",
       "ln",
       "log10",
       "log2",
       "rad",
       "sgn",
       "sin",
       "sinh",
       "sort",
       "sort_desc",
       "sqrt",
       "tan",
       "tanh",
       "timestamp",
       "histogram_avg",
       "histogram_count",
       "histogram_stddev",
       "histogram_stdvar",
       "histogram_sum"});
  add(Scalar, {}, {"pi", "time"});
  add(Scalar, {Vector}, {"scalar"});
  add(Vector, {Scalar}, {"vector"});
  add(Vector, {Vector, Scalar, Scalar}, {"clamp"});
  add(Vector, {Vector, Scalar}, {"clamp_max", "clamp_min"});
  add(Vector, {Matrix, Scalar}, {"predict_linear"});
  add(Vector, {Scalar, Matrix}, {"quantile_over_time"});
  add(Vector, {Matrix, Scalar, Scalar}, {"double_exponential_smoothing"});
  add(Vector, {Scalar, Vector}, {"histogram_quantile"});
  add(Vector, {Scalar, Scalar, Vector}, {"histogram_fraction"});
  add(Vector, {Vector, String, String, String, String}, {"label_replace"});
  optional(Vector, {Vector, Scalar}, 1, {"round"});
  optional(Vector, {Vector}, 0,
           {"day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"});
  optional(Vector, {Vector, Vector}, 1, {"info"});
  optional(Vector, {Vector, String, String, String}, 3, {"label_join"});
  all.back().endless = true;
  optional(Vector, {Vector, String}, 2, {"sort_by_label", "sort_by_label_desc"});
  for (std::size_t i = all.size() - 2; i < all.size(); ++i) all[i].endless = true;
  std::sort(all.begin(), all.end(), [](const Function& a, const Function& b) { return a.name < b.name; });
  return all;
}

const std::vector<Function>& all_functions() {
  static const std::vector<Function> all = make_functions();
  return all;
}

}  // namespace

std::span<const Function> functions() { return all_functions(); }

const Function* find_function(std::string_view name) {
  const auto& all = all_functions();
  const auto at =
      std::lower_bound(all.begin(), all.end(), name, [](const Function& f, std::string_view key) { return f.name < key; });
  return at != all.end() && at->name == name ? &*at : nullptr;
}

}  // namespace bongsu::query
