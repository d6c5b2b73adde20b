// SPDX-License-Identifier: Apache-2.0
#include "generate.h"

#include <algorithm>

namespace bongsu::query {
namespace {

using Type = Tree::Type;
using Made = std::unique_ptr<Tree>;

template <std::size_t N>
std::string one_of(Random& random, const char* const (&words)[N]) {
  return words[random.below(N)];
}

Made leaf(Type type, std::string text) {
  auto tree = std::make_unique<Tree>();
  tree->type = type;
  tree->text = std::move(text);
  return tree;
}

template <class... Kids>
Made node(Type type, std::string text, Kids... kids) {
  Made tree = leaf(type, std::move(text));
  (tree->kids.push_back(std::move(kids)), ...);
  return tree;
}

constexpr const char* kMetrics[] = {"c_total", "c_total", "g", "g", "h_bucket", "s"};
constexpr const char* kSpans[] = {"20s", "1m", "2m", "5m", "7m", "11m"};

std::string selector(Random& random) {
  static constexpr const char* kMatchers[] = {"",
                                              "",
                                              "{dc=\"a\"}",
                                              "{dc!=\"a\"}",
                                              "{host=~\"h[12]\"}",
                                              "{host!~\"h1|h3\"}",
                                              "{dc=\"a\",host=\"h1\"}",
                                              "{none=\"\"}",
                                              "{dc=~\".*\"}",
                                              "{host=~\"h.\",dc=~\"a|c\"}"};
  return one_of(random, kMetrics) + one_of(random, kMatchers);
}

std::string shift(Random& random) {
  static constexpr const char* kShifts[] = {
      " offset 1m", " offset 9m", " offset -2m", " @ 1700001799.137", " @ 1700002400.637 offset 3m", " @ start()", " @ end()"};
  return random.chance(0.15) ? one_of(random, kShifts) : "";
}

std::string labels(Random& random) {
  static constexpr const char* kLabels[] = {"dc", "host", "dc, host", "", "le, dc", "none"};
  return one_of(random, kLabels);
}

// A subquery within another begins at steps of the outer one, which stand on its own: it looks back by a little more, so that
// no step is on the edge of its window.
bool has_subquery(const Tree& tree) {
  if (tree.type == Type::Range && !tree.kids.empty()) return true;
  return std::any_of(tree.kids.begin(), tree.kids.end(), [](const Made& kid) { return has_subquery(*kid); });
}
void move_subqueries(Tree& tree) {
  if (tree.type == Type::Range && !tree.kids.empty()) tree.text = tree.text.substr(0, tree.text.find(']') + 1) + " offset 137ms";
  for (const Made& kid : tree.kids) move_subqueries(*kid);
}

Made range(Random& random, int depth) {
  static constexpr const char* kSteps[] = {"10s", "30s", "1m", "", "50s"};
  if (depth > 0 && random.chance(0.25)) {
    Made inner = generate(random, Type::Vector, depth - 1);
    if (has_subquery(*inner)) move_subqueries(*inner);
    return node(Type::Range, "($0)[" + one_of(random, kSpans) + ":" + one_of(random, kSteps) + "]" + shift(random),
                std::move(inner));
  }
  return leaf(Type::Range, selector(random) + "[" + one_of(random, kSpans) + "]" + shift(random));
}

Made scalar(Random& random, int depth) {
  static constexpr const char* kNumbers[] = {"0", "1", "2", "-1.5", "0.3", "7", "100", "1e3", "NaN", "Inf", "pi()", "time()"};
  static constexpr const char* kSigns[] = {"+", "-", "*", "/", "^", "== bool", "< bool", ">= bool", "!= bool"};
  if (depth == 0 || random.chance(0.6)) return leaf(Type::Scalar, one_of(random, kNumbers));
  if (random.chance(0.5)) return node(Type::Scalar, "scalar($0)", generate(random, Type::Vector, depth - 1));
  return node(Type::Scalar, "($0 " + one_of(random, kSigns) + " $1)", scalar(random, depth - 1), scalar(random, depth - 1));
}

Made over_range(Random& random, int depth) {
  static constexpr const char* kPlain[] = {"rate",
                                           "increase",
                                           "delta",
                                           "irate",
                                           "idelta",
                                           "deriv",
                                           "changes",
                                           "resets",
                                           "avg_over_time",
                                           "min_over_time",
                                           "max_over_time",
                                           "sum_over_time",
                                           "count_over_time",
                                           "stddev_over_time",
                                           "stdvar_over_time",
                                           "last_over_time",
                                           "present_over_time",
                                           "absent_over_time"};
  if (random.chance(0.1)) return node(Type::Vector, "quantile_over_time($0, $1)", scalar(random, 0), range(random, depth - 1));
  if (random.chance(0.1)) return node(Type::Vector, "predict_linear($0, 600)", range(random, depth - 1));
  const std::string name = one_of(random, kPlain);
  Made samples = range(random, depth - 1);
  // Near zero release 3 extends a counter less far.
  if ((name == "rate" || name == "increase") && samples->kids.empty())
    samples = leaf(Type::Range,
                   std::string(random.chance(0.7) ? "c_total[" : "h_bucket[") + one_of(random, kSpans) + "]" + shift(random));
  return node(Type::Vector, name + "($0)", std::move(samples));
}

Made aggregation(Random& random, int depth) {
  static constexpr const char* kPlain[] = {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"};
  static constexpr const char* kClauses[] = {"by", "without"};
  const std::string clause = random.chance(0.7) ? " " + one_of(random, kClauses) + " (" + labels(random) + ") " : "";
  if (random.chance(0.2)) {
    // Of values no two of which are the same: which of equal ones stays is nobody's promise.
    static constexpr const char* kDistinct[] = {
        "g > -1e300", "c_total", "rate(c_total[5m])", "min_over_time(c_total[2m])", "g{dc=\"a\"} < 1e300", "ln(1e9 + c_total)"};
    static constexpr const char* kChoices[] = {"topk", "bottomk"};
    static constexpr const char* kCounts[] = {"1", "2", "3", "0", "100", "scalar(s{dc=\"a\"})"};
    return leaf(Type::Vector,
                one_of(random, kChoices) + clause + "(" + one_of(random, kCounts) + ", " + one_of(random, kDistinct) + ")");
  }
  if (random.chance(0.1)) {
    // Of values that no rounding has touched: they become text.
    static constexpr const char* kExact[] = {"s", "g", "changes(g[2m])", "floor(g)", "count_over_time(s[5m])", "s * 2"};
    return leaf(Type::Vector, "count_values" + clause + "(\"v\", " + one_of(random, kExact) + ")");
  }
  Made inner = generate(random, Type::Vector, depth - 1);
  if (random.chance(0.15)) return node(Type::Vector, "quantile" + clause + "($0, $1)", scalar(random, 0), std::move(inner));
  const std::string name = one_of(random, kPlain);
  // Release 3 says NaN of the spread of one value that is not finite, release 2 says 0.
  if (name.starts_with("std")) return node(Type::Vector, name + clause + "(clamp($0 > -1e300, -1e15, 1e15))", std::move(inner));
  return node(Type::Vector, name + clause + "($0)", std::move(inner));
}

Made operation(Random& random, int depth) {
  static constexpr const char* kSigns[] = {
      "+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "== bool", "< bool", ">= bool"};
  static constexpr const char* kSets[] = {"and", "or", "unless"};
  static constexpr const char* kMatching[] = {"",
                                              "",
                                              " on (host, dc)",
                                              " on (dc)",
                                              " ignoring (le)",
                                              " on (host, dc) group_left",
                                              " on (dc) group_left (none)",
                                              " on (host, dc) group_right",
                                              " ignoring (le, host) group_left ()"};
  const double dice = random.unit();
  // Release 2 leaves the metric name to atan2; the sum takes it away.
  if (dice < 0.04)
    return node(Type::Vector, "(0 + ($0 atan2 $1))", generate(random, Type::Vector, depth - 1), scalar(random, depth - 1));
  if (dice < 0.25)
    return node(Type::Vector, "($0 " + one_of(random, kSigns) + " $1)", generate(random, Type::Vector, depth - 1),
                scalar(random, depth - 1));
  if (dice < 0.4)
    return node(Type::Vector, "($0 " + one_of(random, kSigns) + " $1)", scalar(random, depth - 1),
                generate(random, Type::Vector, depth - 1));
  Made left = generate(random, Type::Vector, depth - 1);
  Made right = generate(random, Type::Vector, depth - 1);
  if (dice < 0.6) {
    static constexpr const char* kSetMatching[] = {"", " on (dc)", " ignoring (host)", " on ()"};
    return node(Type::Vector, "($0 " + one_of(random, kSets) + one_of(random, kSetMatching) + " $1)", std::move(left),
                std::move(right));
  }
  return node(Type::Vector, "($0 " + one_of(random, kSigns) + one_of(random, kMatching) + " $1)", std::move(left),
              std::move(right));
}

Made function(Random& random, int depth) {
  static constexpr const char* kPlain[] = {"abs($0)",
                                           "ceil($0)",
                                           "floor($0)",
                                           "exp($0 / 1e6)",
                                           "ln($0)",
                                           "log2($0)",
                                           "log10($0)",
                                           "sqrt($0)",
                                           "sgn($0)",
                                           "sin($0)",
                                           "atan($0)",
                                           "rad($0)",
                                           "deg($0)",
                                           "tanh($0)",
                                           "asinh($0)",
                                           "round($0)",
                                           "round($0, 0.5)",
                                           "clamp($0, 1, 50)",
                                           "clamp_min($0, 10)",
                                           "clamp_max($0, 10)",
                                           "timestamp($0)",
                                           "absent($0)",
                                           "sort($0)",
                                           "sort_desc($0)",
                                           "hour(clamp($0 > -1e300, -1e12, 1e12))",
                                           "day_of_week(clamp($0 > -1e300, -1e12, 1e12))",
                                           "days_in_month(clamp($0 > -1e300, -1e12, 1e12))",
                                           "day_of_year(clamp($0 > -1e300, -1e12, 1e12))",
                                           "month(clamp($0 > -1e300, -1e9, 1e9) * 1e5)",
                                           "year(clamp($0 > -1e300, -1e9, 1e9) * 1e5)",
                                           "minute(clamp($0 > -1e300, -1e12, 1e12))",
                                           "-$0",
                                           "+$0",
                                           "label_replace($0, \"x\", \"$$1-z\", \"host\", \"h(.*)\")",
                                           "label_replace($0, \"host\", \"\", \"host\", \"h1\")",
                                           "label_join($0, \"y\", \"/\", \"dc\", \"host\")",
                                           "histogram_quantile(0.9, $0)",
                                           "histogram_quantile(0.25, rate(h_bucket[5m]))"};
  const std::string text = one_of(random, kPlain);
  if (text.find("$0") == std::string::npos) return leaf(Type::Vector, text);
  return node(Type::Vector, text, generate(random, Type::Vector, depth - 1));
}

}  // namespace

std::string Tree::show() const {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
    } else if (text[++i] == '$') {
      out += '$';
    } else {
      out += kids[static_cast<std::size_t>(text[i] - '0')]->show();
    }
  }
  return out;
}

std::unique_ptr<Tree> Tree::copy() const {
  Made out = leaf(type, text);
  for (const Made& kid : kids) out->kids.push_back(kid->copy());
  return out;
}

std::unique_ptr<Tree> generate(Random& random, Type type, int depth) {
  if (type == Type::Scalar) return scalar(random, depth);
  if (type == Type::Range) return range(random, depth);
  if (depth <= 0) return leaf(Type::Vector, selector(random) + shift(random));
  const double dice = random.unit();
  if (dice < 0.1) return leaf(Type::Vector, selector(random) + shift(random));
  if (dice < 0.4) return over_range(random, depth);
  if (dice < 0.6) return aggregation(random, depth);
  if (dice < 0.85) return operation(random, depth);
  if (dice < 0.88) return node(Type::Vector, "vector($0)", scalar(random, depth - 1));
  return function(random, depth);
}

std::vector<std::unique_ptr<Tree>> smaller(const Tree& tree) {
  std::vector<Made> out;
  // A kid of the same type in its place, then something plain.
  for (const Made& kid : tree.kids) {
    if (kid->type == tree.type) out.push_back(kid->copy());
  }
  const char* plain = tree.type == Type::Vector ? "g" : tree.type == Type::Range ? "g[5m]" : "1";
  if (!tree.kids.empty() || tree.show().size() > std::string_view(plain).size() + 6) out.push_back(leaf(tree.type, plain));
  for (std::size_t i = 0; i < tree.kids.size(); ++i) {
    for (Made& kid : smaller(*tree.kids[i])) {
      Made made = tree.copy();
      made->kids[i] = std::move(kid);
      out.push_back(std::move(made));
    }
  }
  return out;
}

}  // namespace bongsu::query
