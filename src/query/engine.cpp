// SPDX-License-Identifier: Apache-2.0
#include "query/engine.h"

#include <algorithm>

#include "query/eval.h"
#include "query/functions.h"

namespace bongsu::query {

Status check_supported(const Expr& expr) {
  if (const auto* node = std::get_if<Subquery>(&expr.node)) return check_supported(*node->inner);
  if (const auto* node = std::get_if<Unary>(&expr.node)) return check_supported(*node->inner);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return check_supported(*node->inner);
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    BONGSU_TRY_OK(check_supported(*node->left));
    return check_supported(*node->right);
  }
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) {
    if (node->param) BONGSU_TRY_OK(check_supported(*node->param));
    return check_supported(*node->inner);
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) {
    if (!is_answered(*node->function)) {
      return Error{Code::Unsupported,
                   std::string(node->function->name) +
                       "() reads native histograms, which Bongsu does not keep; use the series _sum, _count and "
                       "_bucket of a classic one, or rewrite the expression without it"};
    }
    for (const ExprPtr& arg : node->args) BONGSU_TRY_OK(check_supported(*arg));
  }
  return {};
}

Result<Answer> Engine::instant(const Expr& expr, Time at, const Control& control) const {
  BONGSU_TRY_OK(check_supported(expr));
  Answer answer;
  answer.kind = expr.type;
  if (expr.type == ValueType::String) {
    answer.text = text_of(expr);
    return answer;
  }
  const Steps steps{at, Millis(1), 1};
  Evaluation run(source_, options_, control, at, at, Millis(0));
  BONGSU_TRY_OK(run.load(expr, steps));
  if (expr.type == ValueType::Scalar) {
    BONGSU_TRY(const Scalars found, run.scalars(expr, steps));
    answer.scalar = found[0];
  } else if (expr.type == ValueType::Matrix) {
    BONGSU_TRY(answer.matrix, run.ranges(expr, at));
  } else {
    BONGSU_TRY(Grid found, run.grid(expr, steps));
    BONGSU_TRY_OK(run.finish(found));
    answer.vector.reserve(found.rows.size());
    for (std::size_t r = 0; r < found.rows.size(); ++r) {
      if (!is_nothing(found.cells[r])) answer.vector.push_back({run.shown(found.rows[r]), at, found.cells[r]});
    }
  }
  answer.warnings = run.take_warnings();
  answer.infos = run.take_infos();
  return answer;
}

Result<Answer> Engine::range(const Expr& expr, Time from, Time to, Millis step, const Control& control) const {
  if (expr.type != ValueType::Scalar && expr.type != ValueType::Vector) {
    return Error{Code::Invalid, "invalid expression type \"" + std::string(to_string(expr.type)) +
                                    "\" for range query, must be Scalar or instant Vector; ask for it at one instant"};
  }
  if (step < Millis(1)) return Error{Code::Invalid, "step must be at least 1ms, not " + format_duration(step)};
  if (to < from) return Error{Code::Invalid, "the end is before the start; swap them"};
  if ((to - from) / step >= static_cast<std::int64_t>(options_.max_steps)) {
    return Error{Code::Limit, "more than " + std::to_string(options_.max_steps) + " steps; take a larger step or less time"};
  }
  BONGSU_TRY_OK(check_supported(expr));
  const Steps steps{from, step, static_cast<std::size_t>((to - from) / step) + 1};
  Evaluation run(source_, options_, control, from, to, step);
  BONGSU_TRY_OK(run.load(expr, steps));
  Answer answer;
  answer.kind = ValueType::Matrix;
  Grid found;
  if (expr.type == ValueType::Scalar) {
    BONGSU_TRY(found.cells, run.scalars(expr, steps));
    found.steps = steps.count;
    found.rows.push_back({std::make_shared<const Labels>(), false});
  } else {
    BONGSU_TRY(found, run.grid(expr, steps));
    BONGSU_TRY_OK(run.finish(found));
  }
  answer.matrix.resize(found.rows.size());
  run.share(found.rows.size(), found.cells.size(), [&](std::size_t first, std::size_t last) {
    for (std::size_t r = first; r < last; ++r) {
      const double* cells = found.row(r);
      const auto there =
          static_cast<std::size_t>(std::count_if(cells, cells + steps.count, [](double cell) { return !is_nothing(cell); }));
      if (there == 0) continue;
      Series& series = answer.matrix[r];
      series.labels = run.shown(found.rows[r]);
      series.samples.resize(there);
      Sample* next = series.samples.data();
      for (std::size_t i = 0; i < steps.count; ++i) {
        if (!is_nothing(cells[i])) *next++ = {steps.at(i), cells[i]};
      }
    }
  });
  std::erase_if(answer.matrix, [](const Series& series) { return series.samples.empty(); });
  const auto before = [](const Series& a, const Series& b) { return *a.labels < *b.labels; };
  if (!std::is_sorted(answer.matrix.begin(), answer.matrix.end(), before))
    std::sort(answer.matrix.begin(), answer.matrix.end(), before);
  answer.warnings = run.take_warnings();
  answer.infos = run.take_infos();
  return answer;
}

}  // namespace bongsu::query
