// SPDX-License-Identifier: Apache-2.0
#include "query/engine.h"

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
    if (node->op == AggregateOp::LimitK || node->op == AggregateOp::LimitRatio) {
      return Error{Code::Unsupported,
                   std::string(to_string(node->op)) + " is known but not answered by this version; take topk or bottomk"};
    }
    if (node->param) BONGSU_TRY_OK(check_supported(*node->param));
    return check_supported(*node->inner);
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) {
    if (!is_answered(*node->function)) {
      return Error{Code::Unsupported, std::string(node->function->name) +
                                          "() is known but not answered by this version; rewrite the expression without it"};
    }
    for (const ExprPtr& arg : node->args) BONGSU_TRY_OK(check_supported(*arg));
  }
  return {};
}

Result<Answer> Engine::instant(const Expr& expr, Time at, const Control&) const {
  BONGSU_TRY_OK(check_supported(expr));
  Answer answer;
  answer.kind = expr.type;
  if (expr.type == ValueType::String) {
    answer.text = text_of(expr);
    return answer;
  }
  Evaluation run(source_, options_, at, at, true);
  BONGSU_TRY_OK(run.prepare(expr, at, at));
  switch (expr.type) {
    case ValueType::Scalar: {
      BONGSU_TRY(answer.scalar, run.scalar(expr, at));
      break;
    }
    case ValueType::Vector: {
      BONGSU_TRY(const Vector found, run.vector(expr, at));
      answer.vector.reserve(found.size());
      for (const Element& element : found) answer.vector.push_back({element.labels, at, element.value});
      break;
    }
    case ValueType::Matrix: {
      BONGSU_TRY(const RangeVector found, run.matrix(expr, at));
      for (const RangeElement& element : found.elements)
        answer.matrix.push_back({element.labels, {element.samples.begin(), element.samples.end()}});
      break;
    }
    case ValueType::String:
      break;
  }
  return answer;
}

Result<Answer> Engine::range(const Expr& expr, Time from, Time to, Millis step, const Control&) const {
  if (expr.type != ValueType::Scalar && expr.type != ValueType::Vector) {
    return Error{Code::Invalid, "a range query takes a scalar or an instant vector, not a " + std::string(to_string(expr.type)) +
                                    "; ask for it at one instant"};
  }
  if (step < Millis(1)) return Error{Code::Invalid, "step must be at least 1ms, not " + format_duration(step)};
  if (to < from) return Error{Code::Invalid, "the end is before the start; swap them"};
  if ((to - from) / step >= static_cast<std::int64_t>(options_.max_steps)) {
    return Error{Code::Limit, "more than " + std::to_string(options_.max_steps) + " steps; take a larger step or less time"};
  }
  BONGSU_TRY_OK(check_supported(expr));
  Evaluation run(source_, options_, from, to, false);
  BONGSU_TRY_OK(run.prepare(expr, from, to));
  Answer answer;
  answer.kind = ValueType::Matrix;
  BONGSU_TRY(answer.matrix, run.series(expr, from, to, step));
  return answer;
}

}  // namespace bongsu::query
