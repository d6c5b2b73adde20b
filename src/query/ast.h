// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/source.h"

namespace bongsu::query {

// The syntax tree of PromQL. Immutable once parsed; readers on any thread share it.
struct Expr;
using ExprPtr = std::unique_ptr<const Expr>;

enum class ValueType : std::uint8_t { Scalar, String, Vector, Matrix };
std::string_view to_string(ValueType type);  // "instant vector"

struct Number {
  double value = 0;
  bool as_duration = false;  // written as 5m
};
struct Text {
  std::string value;
};

// `@ 1700000000`, `@ start()`, `@ end()`.
struct At {
  enum class Kind : std::uint8_t { Time, Start, End };
  Kind kind = Kind::Time;
  Time time;
};

// Arithmetic where a duration is due: [5m + 2 * step()], offset -(1h / 4). In seconds.
struct DurationExpr {
  enum class Op : std::uint8_t { Number, Add, Sub, Mul, Div, Mod, Pow, Minus, Step, Range, Min, Max };
  Op op = Op::Number;
  double seconds = 0;        // Number
  bool as_duration = false;  // Number, written as 5m
  bool in_parens = false;
  std::shared_ptr<const DurationExpr> left{};
  std::shared_ptr<const DurationExpr> right{};  // Minus has this alone
};
using DurationPtr = std::shared_ptr<const DurationExpr>;
// `step` is that of the query (0 at an instant), `range` its whole time. Error: Invalid (division by zero, out of range).
Result<Millis> duration_of(const DurationExpr& expr, Millis step, Millis range);

struct Shift {
  Millis offset{0};  // positive looks into the past
  std::optional<At> at;
  DurationPtr offset_expr{};  // the offset where it depends on the query's step or range; as it was written otherwise
};

// Its metric name is a matcher on __name__, first when it was written before the braces.
struct Selector {
  // Anchored takes in the last sample before the range, Smoothed interpolates at its ends and at an instant.
  enum class Ends : std::uint8_t { Plain, Anchored, Smoothed };
  std::vector<Matcher> matchers;
  bool named = false;  // the first of them is of a metric name written alone: m{...} or {"m", ...}
  Shift shift;
  Ends ends = Ends::Plain;
};
struct RangeSelector {
  Selector selector;
  Millis range{0};
  DurationPtr range_expr{};
};
struct Subquery {
  ExprPtr inner;
  Millis range{0};
  std::optional<Millis> step;
  Shift shift;
  DurationPtr range_expr{};
  DurationPtr step_expr{};
};
struct Unary {
  bool minus = false;
  ExprPtr inner;
};
struct Paren {
  ExprPtr inner;
};

enum class BinaryOp : std::uint8_t { Add, Sub, Mul, Div, Mod, Pow, Atan2, Eq, Ne, Lt, Gt, Le, Ge, And, Or, Unless };
std::string_view to_string(BinaryOp op);
constexpr bool is_comparison(BinaryOp op) { return op >= BinaryOp::Eq && op <= BinaryOp::Ge; }
constexpr bool is_set(BinaryOp op) { return op >= BinaryOp::And; }

struct Matching {
  enum class Group : std::uint8_t { None, Left, Right };  // which side is the many
  bool on = false;                                        // else `labels` are ignored
  std::vector<std::string> labels;
  Group group = Group::None;
  std::vector<std::string> include;  // taken from the one side
};
struct Binary {
  BinaryOp op = BinaryOp::Add;
  bool as_bool = false;
  bool matched = false;  // on or ignoring was written
  Matching matching;
  ExprPtr left;
  ExprPtr right;
};

enum class AggregateOp : std::uint8_t {
  Sum,
  Avg,
  Min,
  Max,
  Count,
  Group,
  Stddev,
  Stdvar,
  TopK,
  BottomK,
  Quantile,
  CountValues,
  LimitK,
  LimitRatio
};
std::string_view to_string(AggregateOp op);
struct Aggregate {
  AggregateOp op = AggregateOp::Sum;
  bool without = false;
  bool grouped = false;  // by or without was written
  std::vector<std::string> labels;
  ExprPtr param;  // of topk, bottomk, quantile, count_values, limitk, limit_ratio
  ExprPtr inner;
};

struct Function;  // query/functions.h
struct Call {
  const Function* function = nullptr;
  std::vector<ExprPtr> args;
};

struct Expr {
  using Node = std::variant<Number, Text, Selector, RangeSelector, Subquery, Unary, Paren, Binary, Aggregate, Call>;
  Node node;
  ValueType type = ValueType::Scalar;
  std::uint32_t begin = 0;  // octets of the text it was read from
  std::uint32_t end = 0;
  std::uint16_t depth = 1;  // of the tree below and with this node
};

// The selectors in an expression, from left to right; they live as long as it.
std::vector<const Selector*> selectors_of(const Expr& expr);
// As PromQL on one line; parse() reads it back to the same tree.
std::string to_string(const Expr& expr);
// The same over several indented lines where it is longer than one of 100 characters, as Prometheus' format_query lays it out.
std::string format_pretty(const Expr& expr);

}  // namespace bongsu::query
