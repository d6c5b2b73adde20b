// SPDX-License-Identifier: Apache-2.0
#include "query/parse.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "query/functions.h"
#include "query/lexer.h"

namespace bongsu::query {
namespace {

struct AggregateWord {
  std::string_view word;
  AggregateOp op;
  ValueType param;  // Vector: it has none
};
constexpr std::array<AggregateWord, 14> kAggregates{{{"sum", AggregateOp::Sum, ValueType::Vector},
                                                     {"avg", AggregateOp::Avg, ValueType::Vector},
                                                     {"min", AggregateOp::Min, ValueType::Vector},
                                                     {"max", AggregateOp::Max, ValueType::Vector},
                                                     {"count", AggregateOp::Count, ValueType::Vector},
                                                     {"group", AggregateOp::Group, ValueType::Vector},
                                                     {"stddev", AggregateOp::Stddev, ValueType::Vector},
                                                     {"stdvar", AggregateOp::Stdvar, ValueType::Vector},
                                                     {"topk", AggregateOp::TopK, ValueType::Scalar},
                                                     {"bottomk", AggregateOp::BottomK, ValueType::Scalar},
                                                     {"quantile", AggregateOp::Quantile, ValueType::Scalar},
                                                     {"count_values", AggregateOp::CountValues, ValueType::String},
                                                     {"limitk", AggregateOp::LimitK, ValueType::Scalar},
                                                     {"limit_ratio", AggregateOp::LimitRatio, ValueType::Scalar}}};

struct Operator {
  BinaryOp op;
  int precedence;
};
constexpr int kPowPrecedence = 6;
constexpr std::size_t kMaxRegexSize = 300'000;  // instructions of RE2, in one expression: some 100 ms to compile

std::optional<Operator> binary_operator(const Token& token) {
  switch (token.kind) {
    case Tok::Add:
      return Operator{BinaryOp::Add, 4};
    case Tok::Sub:
      return Operator{BinaryOp::Sub, 4};
    case Tok::Mul:
      return Operator{BinaryOp::Mul, 5};
    case Tok::Div:
      return Operator{BinaryOp::Div, 5};
    case Tok::Mod:
      return Operator{BinaryOp::Mod, 5};
    case Tok::Pow:
      return Operator{BinaryOp::Pow, kPowPrecedence};
    case Tok::Eq:
      return Operator{BinaryOp::Eq, 3};
    case Tok::Ne:
      return Operator{BinaryOp::Ne, 3};
    case Tok::Lt:
      return Operator{BinaryOp::Lt, 3};
    case Tok::Gt:
      return Operator{BinaryOp::Gt, 3};
    case Tok::Le:
      return Operator{BinaryOp::Le, 3};
    case Tok::Ge:
      return Operator{BinaryOp::Ge, 3};
    case Tok::Name:
      break;
    default:
      return std::nullopt;
  }
  const std::string word = to_lower(token.text);
  if (word == "or") return Operator{BinaryOp::Or, 1};
  if (word == "and") return Operator{BinaryOp::And, 2};
  if (word == "unless") return Operator{BinaryOp::Unless, 2};
  if (word == "atan2") return Operator{BinaryOp::Atan2, 5};
  return std::nullopt;
}

// "a scalar", "an instant vector".
std::string kind_of(ValueType type) { return (type == ValueType::Vector ? "an " : "a ") + std::string(to_string(type)); }

bool is_word(const Token& token, std::string_view word) { return token.kind == Tok::Name && to_lower(token.text) == word; }

class Parser {
 public:
  Parser(std::string_view source, std::vector<Token> tokens) : source_(source), tokens_(std::move(tokens)) {}

  Result<ExprPtr> run() {
    if (now().kind == Tok::End) return fail(now(), "no expression; write a metric name, as in device_up == 0");
    BONGSU_TRY(ExprPtr expr, expression(1));
    if (now().kind != Tok::End) return unexpected("an operator or the end");
    return expr;
  }

 private:
  using Made = Result<ExprPtr>;

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool take(Tok kind) {
    if (now().kind != kind) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!is_word(now(), word)) return false;
    ++at_;
    return true;
  }

  Error fail(std::size_t offset, const std::string& text) const { return parse_error(source_, offset, text); }
  Error fail(const Token& token, const std::string& text) const { return fail(token.begin, text); }
  std::string shown(const Token& token) const {
    if (token.kind == Tok::End) return "end of the expression";
    std::string_view text = source_.substr(token.begin, token.end - token.begin);
    return "\"" + escape_terminal(text.substr(0, 40)) + (text.size() > 40 ? "...\"" : "\"");
  }
  Error unexpected(const std::string& wanted) const {
    return fail(now(), "unexpected " + shown(now()) + "; " + wanted + " must stand here");
  }
  Status expect(Tok kind, const std::string& wanted) {
    if (!take(kind)) return unexpected(wanted);
    return {};
  }

  Made make(Expr::Node node, ValueType type, std::size_t begin, int below) {
    if (below >= kMaxDepth) return too_deep(begin);
    auto expr = std::make_unique<Expr>();
    expr->node = std::move(node);
    expr->type = type;
    expr->begin = static_cast<std::uint32_t>(begin);
    expr->end = at_ > 0 ? tokens_[at_ - 1].end : 0;
    expr->depth = static_cast<std::uint16_t>(below + 1);
    return ExprPtr(std::move(expr));
  }
  Error too_deep(std::size_t begin) const {
    Error error = fail(begin, "nested deeper than " + std::to_string(kMaxDepth) + "; split the expression");
    error.code = Code::Limit;
    return error;
  }

  Made expression(int precedence) {
    if (depth_ >= kMaxDepth) return too_deep(now().begin);
    ++depth_;
    Made made = binary(precedence);
    --depth_;
    return made;
  }

  Made binary(int precedence) {
    BONGSU_TRY(ExprPtr left, unary());
    for (;;) {
      const auto found = binary_operator(now());
      if (!found || found->precedence < precedence) return left;
      const Token sign = now();
      ++at_;
      Binary node;
      node.op = found->op;
      BONGSU_TRY_OK(matching(node));
      // All but the power bind to the left.
      BONGSU_TRY(ExprPtr right, expression(found->op == BinaryOp::Pow ? found->precedence : found->precedence + 1));
      BONGSU_TRY(left, combine(std::move(node), std::move(left), std::move(right), sign));
    }
  }

  Status matching(Binary& node) {
    const std::string op(to_string(node.op));
    if (is_word(now(), "bool")) {
      if (!is_comparison(node.op))
        return fail(now(), "bool stands only behind a comparison (== != < > <= >=), not behind " + op + "; leave it out");
      ++at_;
      node.as_bool = true;
    }
    if (is_word(now(), "on") || is_word(now(), "ignoring")) {
      node.matched = true;
      node.matching.on = is_word(now(), "on");
      ++at_;
      BONGSU_TRY(node.matching.labels, labels());
      if (is_word(now(), "group_left") || is_word(now(), "group_right")) {
        const Token word = now();
        if (is_set(node.op)) return fail(word, "no grouping is allowed for \"" + op + "\"; leave " + word.text + " out");
        ++at_;
        node.matching.group = is_word(word, "group_left") ? Matching::Group::Left : Matching::Group::Right;
        if (now().kind == Tok::LeftParen) {
          BONGSU_TRY(node.matching.include, labels());
        }
        for (const std::string& label : node.matching.include) {
          if (node.matching.on &&
              std::find(node.matching.labels.begin(), node.matching.labels.end(), label) != node.matching.labels.end()) {
            return fail(word, "label \"" + label + "\" stands in on() and in " + word.text + "(); keep one");
          }
        }
      }
    } else if (is_word(now(), "group_left") || is_word(now(), "group_right")) {
      return fail(now(), now().text + " needs on(...) or ignoring(...) before it");
    }
    return {};
  }

  Made combine(Binary node, ExprPtr left, ExprPtr right, const Token& sign) {
    const std::string op(to_string(node.op));
    for (const Expr* side : {left.get(), right.get()}) {
      if (side->type != ValueType::Scalar && side->type != ValueType::Vector) {
        return fail(side->begin,
                    "an operand of " + op + " must be a scalar or an instant vector, not " + kind_of(side->type) +
                        (side->type == ValueType::Matrix ? "; take a function such as rate() or leave the [range] out" : ""));
      }
    }
    const bool vectors = left->type == ValueType::Vector && right->type == ValueType::Vector;
    if (node.matched && !vectors)
      return fail(sign, "on and ignoring match two instant vectors; one side is a scalar, so leave them out");
    if (is_set(node.op) && !vectors)
      return fail(sign, "set operator \"" + op + "\" joins two instant vectors; make a scalar one with vector()");
    const bool scalars = left->type == ValueType::Scalar && right->type == ValueType::Scalar;
    if (is_comparison(node.op) && scalars && !node.as_bool)
      return fail(sign, "comparisons between scalars must use bool: write " + op + " bool");
    const std::size_t begin = left->begin;
    const int below = std::max(left->depth, right->depth);
    node.left = std::move(left);
    node.right = std::move(right);
    return make(std::move(node), scalars ? ValueType::Scalar : ValueType::Vector, begin, below);
  }

  Made unary() {
    if (now().kind != Tok::Add && now().kind != Tok::Sub) return postfix();
    const Token sign = now();
    ++at_;
    BONGSU_TRY(ExprPtr inner, expression(kPowPrecedence));
    if (inner->type != ValueType::Scalar && inner->type != ValueType::Vector) {
      return fail(inner->begin, "a sign stands before a scalar or an instant vector, not " + kind_of(inner->type));
    }
    const bool minus = sign.kind == Tok::Sub;
    if (const auto* number = std::get_if<Number>(&inner->node)) {
      return make(Number{minus ? -number->value : number->value, number->as_duration}, ValueType::Scalar, sign.begin, 0);
    }
    const ValueType type = inner->type;
    const int below = inner->depth;
    return make(Unary{minus, std::move(inner)}, type, sign.begin, below);
  }

  Made postfix() {
    const std::size_t begin = now().begin;
    BONGSU_TRY(ExprPtr expr, primary());
    bool shifted = false;
    for (;;) {
      if (now().kind == Tok::LeftBracket) {
        BONGSU_TRY(expr, bracket(std::move(expr), begin));
        shifted = false;
      } else if (is_word(now(), "offset")) {
        if (shifted) return fail(now(), "offset stands twice; keep one");
        BONGSU_TRY(expr, offset(std::move(expr)));
        shifted = true;
      } else if (now().kind == Tok::At) {
        BONGSU_TRY(expr, at_modifier(std::move(expr)));
      } else if (is_word(now(), "anchored") || is_word(now(), "smoothed")) {
        BONGSU_TRY(expr, ends(std::move(expr)));
      } else {
        return expr;
      }
    }
  }

  struct Span {
    Millis fixed{0};
    DurationPtr expr{};  // unless it is one plain number
  };

  // A duration, a number of seconds, or arithmetic over them. An offset ends at the first operator: foo offset 5m * 2 doubles
  // foo, foo offset (5m * 2) looks further back.
  Result<Span> span(const char* what, bool offset) {
    const Token& first = now();
    DurationPtr expr;
    BONGSU_TRY(expr, offset ? duration_unary(false) : duration_sum(4));
    if (expr->op == DurationExpr::Op::Number) {
      const double ms = expr->seconds * 1000;
      if (!(std::abs(ms) <= 9e15))
        return fail(first, std::string("duration out of range for the ") + what + "; write one such as 5m");
      if (!offset && ms <= 0) return fail(first, std::string("duration must be greater than 0 for the ") + what + ", as 5m is");
      return Span{Millis(std::llround(ms)), {}};
    }
    Span made{Millis(0), expr};
    if (depends_on_query(*expr)) return made;
    const Result<Millis> fixed = duration_of(*expr, Millis(0), Millis(0));
    if (!fixed) return fail(first, fixed.error().text);
    if (!offset && *fixed <= Millis(0)) return fail(first, std::string("duration must be greater than 0 for the ") + what);
    made.fixed = *fixed;
    return made;
  }

  static bool depends_on_query(const DurationExpr& expr) {
    if (expr.op == DurationExpr::Op::Step || expr.op == DurationExpr::Op::Range) return true;
    return (expr.left && depends_on_query(*expr.left)) || (expr.right && depends_on_query(*expr.right));
  }

  using Duration = Result<DurationPtr>;
  static DurationPtr make_duration(DurationExpr::Op op, DurationPtr left, DurationPtr right) {
    return std::make_shared<const DurationExpr>(DurationExpr{op, 0, false, false, std::move(left), std::move(right)});
  }

  Duration duration_sum(int precedence) {
    if (depth_ >= kMaxDepth) return too_deep(now().begin);
    ++depth_;
    Duration made = duration_binary(precedence);
    --depth_;
    return made;
  }

  Duration duration_binary(int precedence) {
    BONGSU_TRY(DurationPtr left, duration_unary(true));
    for (std::size_t links = 0;; ++links) {
      const auto found = binary_operator(now());
      if (!found || found->precedence < precedence || found->op > BinaryOp::Pow) return left;
      if (links > static_cast<std::size_t>(kMaxDepth)) return too_deep(now().begin);
      ++at_;
      BONGSU_TRY(DurationPtr right, duration_sum(found->op == BinaryOp::Pow ? found->precedence : found->precedence + 1));
      const auto op = static_cast<DurationExpr::Op>(static_cast<int>(found->op) + 1);
      left = make_duration(op, std::move(left), std::move(right));
    }
  }

  Duration duration_unary(bool arithmetic) {
    const bool minus = now().kind == Tok::Sub;
    if (!minus && now().kind != Tok::Add) return duration_primary();
    ++at_;
    DurationPtr inner;
    // The sign binds as * does: -2 ^ 2 is -4; an offset takes the number alone.
    BONGSU_TRY(inner, arithmetic ? duration_sum(kPowPrecedence) : duration_primary());
    if (!minus) return inner;
    if (inner->op != DurationExpr::Op::Number || inner->in_parens) return make_duration(DurationExpr::Op::Minus, {}, inner);
    DurationExpr number = *inner;
    number.seconds = -number.seconds;
    return std::make_shared<const DurationExpr>(number);
  }

  Duration duration_primary() {
    const Token token = now();
    const std::string lower = token.kind == Tok::Name ? to_lower(token.text) : std::string();
    if (token.kind == Tok::Duration || token.kind == Tok::Number) {
      ++at_;
      const bool written = token.kind == Tok::Duration;
      return std::make_shared<const DurationExpr>(
          DurationExpr{DurationExpr::Op::Number, written ? token.number / 1000 : token.number, written, false, {}, {}});
    }
    if (take(Tok::LeftParen)) {
      BONGSU_TRY(const DurationPtr inner, duration_sum(4));
      BONGSU_TRY_OK(expect(Tok::RightParen, "an operator or \")\""));
      if (inner->op == DurationExpr::Op::Number) return inner;
      DurationExpr wrapped = *inner;
      wrapped.in_parens = true;
      return std::make_shared<const DurationExpr>(std::move(wrapped));
    }
    const bool called = ahead().kind == Tok::LeftParen;
    if (called && (lower == "step" || lower == "range")) {
      at_ += 2;
      BONGSU_TRY_OK(expect(Tok::RightParen, "\")\""));
      return make_duration(lower == "step" ? DurationExpr::Op::Step : DurationExpr::Op::Range, {}, {});
    }
    const bool least = lower == "min" || lower == "min_of";
    if (called && (least || lower == "max" || lower == "max_of")) {
      at_ += 2;
      BONGSU_TRY(DurationPtr left, duration_sum(4));
      BONGSU_TRY_OK(expect(Tok::Comma, "an operator or \",\" and a second duration"));
      BONGSU_TRY(DurationPtr right, duration_sum(4));
      BONGSU_TRY_OK(expect(Tok::RightParen, "an operator or \")\""));
      return make_duration(least ? DurationExpr::Op::Min : DurationExpr::Op::Max, std::move(left), std::move(right));
    }
    return unexpected("a duration such as 5m");
  }

  Made bracket(ExprPtr expr, std::size_t begin) {
    const Token open = now();
    ++at_;
    BONGSU_TRY(const Span range, span("range", false));
    if (!take(Tok::Colon)) {
      BONGSU_TRY_OK(expect(Tok::RightBracket, "\"]\" or \":\""));
      const auto* selector = std::get_if<Selector>(&expr->node);
      if (selector == nullptr)
        return fail(open, "ranges only allowed for vector selectors; of any other expression take a subquery, as in [5m:1m]");
      if (selector->shift.offset != Millis(0) || selector->shift.offset_expr)
        return fail(open, "no offset modifiers allowed before range; write it behind the range");
      if (selector->shift.at) return fail(open, "no @ modifiers allowed before range; write it behind the range");
      return make(RangeSelector{*selector, range.fixed, range.expr}, ValueType::Matrix, begin, 1);
    }
    Span step;
    const bool stepped = now().kind != Tok::RightBracket;
    if (stepped) {
      BONGSU_TRY(step, span("step of the subquery", false));
    }
    BONGSU_TRY_OK(expect(Tok::RightBracket, "\"]\""));
    if (expr->type != ValueType::Vector) {
      return fail(begin, "subquery is only allowed on instant vector, got " + std::string(to_string(expr->type)) + " instead" +
                             (expr->type == ValueType::Scalar ? "; make it one with vector()" : "; leave the first range out"));
    }
    const int below = expr->depth;
    Subquery made{std::move(expr), range.fixed, {}, {}, range.expr, step.expr};
    if (stepped) made.step = step.fixed;
    return make(std::move(made), ValueType::Matrix, begin, below);
  }

  // The tree under construction is ours alone until run() returns.
  static Shift* shift_of(const ExprPtr& expr) {
    auto& node = const_cast<Expr&>(*expr).node;  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    if (auto* selector = std::get_if<Selector>(&node)) return &selector->shift;
    if (auto* range = std::get_if<RangeSelector>(&node)) return &range->selector.shift;
    if (auto* subquery = std::get_if<Subquery>(&node)) return &subquery->shift;
    return nullptr;
  }

  Made offset(ExprPtr expr) {
    const Token word = now();
    Shift* shift = shift_of(expr);
    if (shift == nullptr) return fail(word, "offset stands only behind a selector or a subquery; move it next to the metric");
    ++at_;
    BONGSU_TRY(const Span by, span("offset", true));
    shift->offset = by.fixed;
    shift->offset_expr = by.expr;
    return finish_shift(std::move(expr));
  }

  Made ends(ExprPtr expr) {
    const Token word = now();
    const bool anchored = is_word(word, "anchored");
    auto& node = const_cast<Expr&>(*expr).node;  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    Selector* selector = std::get_if<Selector>(&node);
    if (auto* range = std::get_if<RangeSelector>(&node)) selector = &range->selector;
    if (selector == nullptr)
      return fail(word, to_lower(word.text) + " stands only behind a selector or its range; move it next to the metric");
    if (selector->ends != Selector::Ends::Plain)
      return fail(word, "anchored and smoothed modifiers cannot be used together; keep one");
    ++at_;
    selector->ends = anchored ? Selector::Ends::Anchored : Selector::Ends::Smoothed;
    return finish_shift(std::move(expr));
  }

  Made at_modifier(ExprPtr expr) {
    const Token mark = now();
    Shift* shift = shift_of(expr);
    if (shift == nullptr) return fail(mark, "@ stands only behind a selector or a subquery; move it next to the metric");
    if (shift->at) return fail(mark, "@ stands twice; keep one");
    ++at_;
    At at;
    if (is_word(now(), "start") || is_word(now(), "end")) {
      at.kind = is_word(now(), "start") ? At::Kind::Start : At::Kind::End;
      ++at_;
      BONGSU_TRY_OK(expect(Tok::LeftParen, "\"(\""));
      BONGSU_TRY_OK(expect(Tok::RightParen, "\")\""));
    } else {
      const bool minus = now().kind == Tok::Sub;
      if (minus || now().kind == Tok::Add) ++at_;
      if (now().kind != Tok::Number && now().kind != Tok::Duration)
        return unexpected("a time in seconds since 1970, start() or end()");
      const double seconds = now().kind == Tok::Number ? now().number : now().number / 1000;
      if (!(std::abs(seconds) <= 9e12)) return fail(now(), "time out of range; write seconds since 1970");
      ++at_;
      at.time = time_from_ms(std::llround((minus ? -seconds : seconds) * 1000));
    }
    shift->at = at;
    return finish_shift(std::move(expr));
  }

  Made finish_shift(ExprPtr expr) {
    const_cast<Expr&>(*expr).end = tokens_[at_ - 1].end;  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    return expr;
  }

  Made primary() {
    const Token& token = now();
    switch (token.kind) {
      case Tok::Number:
        return ++at_, make(Number{token.number, false}, ValueType::Scalar, token.begin, 0);
      case Tok::Duration:
        return ++at_, make(Number{token.number / 1000, true}, ValueType::Scalar, token.begin, 0);
      case Tok::String:
        return ++at_, make(Text{token.text}, ValueType::String, token.begin, 0);
      case Tok::LeftBrace:
        return selector({});
      case Tok::LeftParen: {
        ++at_;
        BONGSU_TRY(ExprPtr inner, expression(1));
        BONGSU_TRY_OK(expect(Tok::RightParen, "an operator or \")\""));
        const ValueType type = inner->type;
        const int below = inner->depth;
        return make(Paren{std::move(inner)}, type, token.begin, below);
      }
      case Tok::Name:
        return name();
      default:
        return unexpected("a metric, a function, a number or \"(\"");
    }
  }

  Made name() {
    const Token token = now();
    const std::string lower = to_lower(token.text);
    const Tok next = ahead().kind;
    for (const AggregateWord& word : kAggregates) {
      if (lower == word.word && (next == Tok::LeftParen || is_word(ahead(), "by") || is_word(ahead(), "without")))
        return aggregate(word);
    }
    if (next == Tok::LeftParen) return call();
    for (const std::string_view word : {"on", "ignoring", "bool", "group_left", "group_right", "atan2"}) {
      if (lower == word)
        return fail(token, "unexpected \"" + token.text +
                               "\"; it belongs behind an operator (a metric of this name is written {\"" + lower + "\"})");
    }
    ++at_;
    return selector(token.text);
  }

  // A list of label names in parentheses; quoted where they are not plain.
  Result<std::vector<std::string>> labels() {
    std::vector<std::string> names;
    BONGSU_TRY_OK(expect(Tok::LeftParen, "\"(\" and label names"));
    while (!take(Tok::RightParen)) {
      const Token& token = now();
      if (token.kind != Tok::Name && token.kind != Tok::String) return unexpected("a label name or \")\"");
      if (token.kind == Tok::Name && token.text.find(':') != std::string::npos)
        return fail(token, "\"" + token.text + "\" is no label name; colons are for metric names (or quote it)");
      if (token.text.empty()) return fail(token, "a label name cannot be empty");
      names.push_back(token.text);
      ++at_;
      if (!take(Tok::Comma) && now().kind != Tok::RightParen) return unexpected("\",\" or \")\"");
    }
    return names;
  }

  Made selector(std::string metric) {
    const std::size_t begin = metric.empty() ? now().begin : tokens_[at_ - 1].begin;
    Selector made;
    bool named = !metric.empty();
    if (named) made.matchers.push_back({Matcher::Op::Equal, std::string(kMetricName), std::move(metric)});
    if (take(Tok::LeftBrace)) {
      while (!take(Tok::RightBrace)) {
        BONGSU_TRY_OK(matcher(made, named));
        if (!take(Tok::Comma) && now().kind != Tok::RightBrace) return unexpected("\",\" or \"}\"");
      }
    }
    if (!any_matchers_ && std::all_of(made.matchers.begin(), made.matchers.end(), matches_empty)) {
      return fail(
          begin, "a selector needs a metric name or a matcher that leaves out the empty value; add one, as in {device=\"web1\"}");
    }
    made.named = named;
    return make(std::move(made), ValueType::Vector, begin, 0);
  }

  Status matcher(Selector& made, bool& named) {
    const Token token = now();
    if (token.kind != Tok::Name && token.kind != Tok::String) return unexpected("a label name or \"}\"");
    ++at_;
    Matcher matcher;
    switch (now().kind) {
      case Tok::Assign:
        matcher.op = Matcher::Op::Equal;
        break;
      case Tok::Ne:
        matcher.op = Matcher::Op::NotEqual;
        break;
      case Tok::EqRegex:
        matcher.op = Matcher::Op::Regex;
        break;
      case Tok::NeRegex:
        matcher.op = Matcher::Op::NotRegex;
        break;
      case Tok::Eq:
        return fail(now(), "unexpected \"==\"; a matcher writes =");
      default:
        if (token.kind == Tok::String) {
          if (named) return fail(token, "the metric name stands twice; keep one");
          if (token.text.empty()) return fail(token, "a metric name cannot be empty");
          if (std::any_of(made.matchers.begin(), made.matchers.end(), [](const Matcher& m) { return m.name == kMetricName; })) {
            return fail(token, "the metric name stands twice; keep one");
          }
          named = true;
          made.matchers.insert(made.matchers.begin(), {Matcher::Op::Equal, std::string(kMetricName), token.text});
          return {};
        }
        return unexpected("one of = != =~ !~");
    }
    ++at_;
    if (now().kind != Tok::String) return unexpected("a value in quotes, as in " + token.text.substr(0, 40) + "=\"value\",");
    matcher.name = token.text;
    matcher.value = now().text;
    if (matcher.name.empty()) return fail(token, "a label name cannot be empty");
    if (named && matcher.name == kMetricName) return fail(token, "the metric name stands twice; keep one");
    if (matcher.op == Matcher::Op::Regex || matcher.op == Matcher::Op::NotRegex) {
      const re2::RE2 regex(matcher.value, re2::RE2::Quiet);
      if (!regex.ok())
        return fail(now(), "bad regular expression: " + escape_terminal(regex.error()) + "; write it in RE2's syntax");
      regex_size_ += static_cast<std::size_t>(std::max(0, regex.ProgramSize()));
      if (regex_size_ > kMaxRegexSize) {
        Error error = fail(now(), "the regular expressions are too large in all; shorten them");
        error.code = Code::Limit;
        return error;
      }
    }
    ++at_;
    made.matchers.push_back(std::move(matcher));
    return {};
  }

  static bool matches_empty(const Matcher& matcher) {
    switch (matcher.op) {
      case Matcher::Op::Equal:
        return matcher.value.empty();
      case Matcher::Op::NotEqual:
        return !matcher.value.empty();
      case Matcher::Op::Regex:
        return re2::RE2::FullMatch("", re2::RE2(matcher.value, re2::RE2::Quiet));
      case Matcher::Op::NotRegex:
        return !re2::RE2::FullMatch("", re2::RE2(matcher.value, re2::RE2::Quiet));
    }
    return true;
  }

  Made aggregate(const AggregateWord& word) {
    const Token token = now();
    ++at_;
    Aggregate node;
    node.op = word.op;
    const auto grouping = [&]() -> Status {
      if (node.grouped || (!is_word(now(), "by") && !is_word(now(), "without"))) return {};
      node.grouped = true;
      node.without = is_word(now(), "without");
      ++at_;
      BONGSU_TRY(node.labels, labels());
      return {};
    };
    BONGSU_TRY_OK(grouping());
    BONGSU_TRY(std::vector<ExprPtr> args, arguments());
    BONGSU_TRY_OK(grouping());
    const std::size_t wanted = word.param == ValueType::Vector ? 1 : 2;
    const std::string name(word.word);
    if (args.size() != wanted) {
      return fail(
          token, name + " takes " +
                     (wanted == 1 ? "1 argument, as in " + name + "(metric)" : "2 arguments: a parameter and an instant vector") +
                     ", not " + std::to_string(args.size()));
    }
    if (wanted == 2) {
      BONGSU_TRY_OK(check(*args[0], word.param, name, 1));
      node.param = std::move(args[0]);
    }
    BONGSU_TRY_OK(check(*args.back(), ValueType::Vector, name, wanted));
    node.inner = std::move(args.back());
    const int below = std::max<int>(node.inner->depth, node.param ? node.param->depth : 0);
    return make(std::move(node), ValueType::Vector, token.begin, below);
  }

  Status check(const Expr& arg, ValueType wanted, const std::string& name, std::size_t place) const {
    if (arg.type == wanted) return {};
    std::string remedy;
    if (wanted == ValueType::Matrix && arg.type == ValueType::Vector) {
      remedy = std::holds_alternative<Selector>(arg.node) ? "; add a range, as in [5m]" : "; add a subquery, as in [5m:]";
    } else if (wanted == ValueType::Vector && arg.type == ValueType::Matrix) {
      remedy = "; take a function such as rate() or leave the [range] out";
    } else if (wanted == ValueType::Vector && arg.type == ValueType::Scalar) {
      remedy = "; make it one with vector()";
    } else if (wanted == ValueType::Scalar && arg.type == ValueType::Vector) {
      remedy = "; make it one with scalar()";
    } else if (wanted == ValueType::String) {
      remedy = "; put it in quotes";
    }
    return fail(arg.begin, "argument " + std::to_string(place) + " of " + name + " must be " + kind_of(wanted) + ", not " +
                               kind_of(arg.type) + remedy);
  }

  // The second argument of info() is matchers alone, which may all match the empty value.
  Result<std::vector<ExprPtr>> arguments(bool of_info = false) {
    std::vector<ExprPtr> args;
    BONGSU_TRY_OK(expect(Tok::LeftParen, "\"(\""));
    if (take(Tok::RightParen)) return args;
    for (;;) {
      if (of_info && args.size() == 1 && now().kind != Tok::LeftBrace)
        return fail(now(), "expected label selectors only, got an expression instead; write them as {label=\"value\"}");
      any_matchers_ = of_info && args.size() == 1;
      Made made = any_matchers_ ? selector({}) : expression(1);
      any_matchers_ = false;
      BONGSU_TRY(ExprPtr arg, std::move(made));
      args.push_back(std::move(arg));
      if (take(Tok::RightParen)) return args;
      BONGSU_TRY_OK(expect(Tok::Comma, "an operator, \",\" or \")\""));
    }
  }

  Made call() {
    const Token token = now();
    const Function* function = find_function(token.text);
    if (function == nullptr) return fail(token, "unknown function \"" + token.text + "\"" + near(token.text));
    ++at_;
    BONGSU_TRY(std::vector<ExprPtr> args, arguments(function->name == "info"));
    const std::string name(function->name);
    if (args.size() < function->required || (args.size() > function->args.size() && !function->endless)) {
      std::string wanted = std::to_string(function->required);
      if (function->endless) wanted = "at least " + wanted;
      else if (function->args.size() > function->required) wanted += " to " + std::to_string(function->args.size());
      return fail(token, name + " takes " + wanted + (wanted == "1" ? " argument" : " arguments") + ", not " +
                             std::to_string(args.size()));
    }
    int below = 0;
    for (std::size_t i = 0; i < args.size(); ++i) {
      BONGSU_TRY_OK(check(*args[i], function->args[std::min(i, function->args.size() - 1)], name, i + 1));
      below = std::max<int>(below, args[i]->depth);
    }
    return make(Call{function, std::move(args)}, function->returns, token.begin, below);
  }

  static std::string near(std::string_view word) {
    std::vector<std::string_view> names;
    for (const Function& function : functions()) names.push_back(function.name);
    for (const AggregateWord& aggregate : kAggregates) names.push_back(aggregate.word);
    const auto found = nearest(to_lower(word), names);
    return found ? "; did you mean \"" + std::string(*found) + "\"?"
                 : "; operators such as and, or stand between two expressions";
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool any_matchers_ = false;
  std::size_t regex_size_ = 0;
};

}  // namespace

Result<std::shared_ptr<const Expr>> parse(std::string_view text) {
  if (text.size() > kMaxText) {
    return Error{Code::Limit, "1:1: parse error: the expression has " + std::to_string(text.size()) + " octets, more than " +
                                  std::to_string(kMaxText) + "; split it"};
  }
  if (!is_valid_utf8(text)) {
    std::size_t good = 0;
    while (good < text.size()) {
      std::size_t length = 1;
      while (length < 4 && !is_valid_utf8(text.substr(good, length))) ++length;
      if (!is_valid_utf8(text.substr(good, length))) break;
      good += length;
    }
    return parse_error(text, good, "not UTF-8 near here; save it as UTF-8");
  }
  BONGSU_TRY(std::vector<Token> tokens, lex(text));
  BONGSU_TRY(ExprPtr tree, Parser(text, std::move(tokens)).run());
  return std::shared_ptr<const Expr>(std::move(tree));
}

}  // namespace bongsu::query
