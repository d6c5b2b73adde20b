// SPDX-License-Identifier: Apache-2.0
#include "query/ast.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bongsu::query {
namespace {

constexpr std::array<std::string_view, 16> kBinaryNames{
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless"};
constexpr std::array<std::string_view, 14> kAggregateNames{"sum",      "avg",          "min",    "max",        "count",
                                                           "group",    "stddev",       "stdvar", "topk",       "bottomk",
                                                           "quantile", "count_values", "limitk", "limit_ratio"};

void collect(const Expr& expr, std::vector<const Selector*>& out) {
  if (const auto* selector = std::get_if<Selector>(&expr.node)) out.push_back(selector);
  if (const auto* range = std::get_if<RangeSelector>(&expr.node)) out.push_back(&range->selector);
  if (const auto* subquery = std::get_if<Subquery>(&expr.node)) collect(*subquery->inner, out);
  if (const auto* unary = std::get_if<Unary>(&expr.node)) collect(*unary->inner, out);
  if (const auto* paren = std::get_if<Paren>(&expr.node)) collect(*paren->inner, out);
  if (const auto* aggregate = std::get_if<Aggregate>(&expr.node)) collect(*aggregate->inner, out);
  if (const auto* binary = std::get_if<Binary>(&expr.node)) {
    collect(*binary->left, out);
    collect(*binary->right, out);
  }
  if (const auto* call = std::get_if<Call>(&expr.node)) {
    for (const auto& arg : call->args) collect(*arg, out);
  }
}

Result<double> seconds_of(const DurationExpr& expr, Millis step, Millis range) {
  using Op = DurationExpr::Op;
  if (expr.op == Op::Number) return expr.seconds;
  if (expr.op == Op::Step) return static_cast<double>(step.count()) / 1000;
  if (expr.op == Op::Range) return static_cast<double>(range.count()) / 1000;
  BONGSU_TRY(const double right, seconds_of(*expr.right, step, range));
  if (expr.op == Op::Minus) return -right;
  BONGSU_TRY(const double left, seconds_of(*expr.left, step, range));
  switch (expr.op) {
    case Op::Add:
      return left + right;
    case Op::Sub:
      return left - right;
    case Op::Mul:
      return left * right;
    case Op::Div:
      if (right == 0) return Error{Code::Invalid, "division by zero in a duration"};
      return left / right;
    case Op::Mod:
      if (right == 0) return Error{Code::Invalid, "modulo by zero in a duration"};
      return std::fmod(left, right);
    case Op::Pow:
      return std::pow(left, right);
    case Op::Min:
      return std::min(left, right);
    default:
      return std::max(left, right);
  }
}

}  // namespace

std::vector<const Selector*> selectors_of(const Expr& expr) {
  std::vector<const Selector*> out;
  collect(expr, out);
  return out;
}

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::Scalar:
      return "scalar";
    case ValueType::String:
      return "string";
    case ValueType::Vector:
      return "instant vector";
    case ValueType::Matrix:
      return "range vector";
  }
  return "?";
}
std::string_view to_string(BinaryOp op) { return kBinaryNames[static_cast<std::size_t>(op)]; }
std::string_view to_string(AggregateOp op) { return kAggregateNames[static_cast<std::size_t>(op)]; }

Result<Millis> duration_of(const DurationExpr& expr, Millis step, Millis range) {
  const Result<double> seconds = seconds_of(expr, step, range);
  if (!seconds) return seconds.error();
  const double ms = *seconds * 1000;
  if (!(std::abs(ms) <= 9e15)) return Error{Code::Invalid, "duration is out of range; the longest is about 285,000 years"};
  return Millis(static_cast<std::int64_t>(ms));
}

}  // namespace bongsu::query
