// SPDX-License-Identifier: Apache-2.0
#include "query/ast.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "query/functions.h"

namespace bongsu::query {
namespace {

constexpr std::array<std::string_view, 16> kBinaryNames{
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless"};
constexpr std::array<std::string_view, 14> kAggregateNames{"sum",      "avg",          "min",    "max",        "count",
                                                           "group",    "stddev",       "stdvar", "topk",       "bottomk",
                                                           "quantile", "count_values", "limitk", "limit_ratio"};

bool plain_name(std::string_view name, bool metric) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (metric && c == ':');
  });
  if (!plain) return false;
  const std::string lower = to_lower(name);
  for (const std::string_view word : {"inf", "nan", "on", "ignoring", "bool", "group_left", "group_right", "atan2"}) {
    if (lower == word) return false;
  }
  return true;
}

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}

  void expr(const Expr& expr) {
    std::visit([this](const auto& node) { print(node); }, expr.node);
  }

 private:
  void quoted(std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out_ += '"';
    for (const char c : text) {
      const auto octet = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (octet < 0x20 || octet >= 0x7f) {
        out_ += "\\x";
        out_ += kHex[octet >> 4];
        out_ += kHex[octet & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }
  void number(double value) {
    const std::string text = format_number(value);
    out_ += text[0] == '+' ? text.substr(1) : text;
  }
  void label(std::string_view name) {
    if (plain_name(name, false)) out_ += name;
    else quoted(name);
  }
  void labels(const std::vector<std::string>& names) {
    out_ += '(';
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) out_ += ", ";
      label(names[i]);
    }
    out_ += ')';
  }
  void shift(const Shift& shift) {
    if (shift.at) {
      out_ += " @ ";
      if (shift.at->kind == At::Kind::Start) out_ += "start()";
      else if (shift.at->kind == At::Kind::End) out_ += "end()";
      else number(static_cast<double>(to_ms(shift.at->time)) / 1000);
    }
    if (shift.offset != Millis(0)) out_ += " offset " + format_duration(shift.offset);
  }
  void matchers(const std::vector<Matcher>& all) {
    const auto names = std::count_if(all.begin(), all.end(), [](const Matcher& m) { return m.name == kMetricName; });
    std::size_t first = 0;
    bool brace = false;
    if (names == 1 && all[0].name == kMetricName && all[0].op == Matcher::Op::Equal && !all[0].value.empty()) {
      first = 1;
      if (plain_name(all[0].value, true)) {
        out_ += all[0].value;
      } else {
        out_ += '{';
        brace = true;
        quoted(all[0].value);
      }
    }
    for (std::size_t i = first; i < all.size(); ++i) {
      out_ += brace ? ", " : "{";
      brace = true;
      label(all[i].name);
      static constexpr std::array<std::string_view, 4> kOps{"=", "!=", "=~", "!~"};
      out_ += kOps[static_cast<std::size_t>(all[i].op)];
      quoted(all[i].value);
    }
    if (brace) out_ += '}';
  }

  void print(const Number& node) { number(node.value); }
  void print(const Text& node) { quoted(node.value); }
  void print(const Selector& node) {
    matchers(node.matchers);
    shift(node.shift);
  }
  void print(const RangeSelector& node) {
    matchers(node.selector.matchers);
    out_ += '[' + format_duration(node.range) + ']';
    shift(node.selector.shift);
  }
  void print(const Subquery& node) {
    expr(*node.inner);
    out_ += '[' + format_duration(node.range) + ':';
    if (node.step) out_ += format_duration(*node.step);
    out_ += ']';
    shift(node.shift);
  }
  void print(const Unary& node) {
    out_ += node.minus ? '-' : '+';
    expr(*node.inner);
  }
  void print(const Paren& node) {
    out_ += '(';
    expr(*node.inner);
    out_ += ')';
  }
  void print(const Binary& node) {
    expr(*node.left);
    out_ += ' ';
    out_ += to_string(node.op);
    if (node.as_bool) out_ += " bool";
    if (node.matched) {
      out_ += node.matching.on ? " on " : " ignoring ";
      labels(node.matching.labels);
      if (node.matching.group != Matching::Group::None) {
        out_ += node.matching.group == Matching::Group::Left ? " group_left " : " group_right ";
        labels(node.matching.include);
      }
    }
    out_ += ' ';
    expr(*node.right);
  }
  void print(const Aggregate& node) {
    out_ += to_string(node.op);
    if (node.grouped) {
      out_ += node.without ? " without " : " by ";
      labels(node.labels);
      out_ += ' ';
    }
    out_ += '(';
    if (node.param) {
      expr(*node.param);
      out_ += ", ";
    }
    expr(*node.inner);
    out_ += ')';
  }
  void print(const Call& node) {
    out_ += node.function->name;
    out_ += '(';
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out_ += ", ";
      expr(*node.args[i]);
    }
    out_ += ')';
  }

  std::string& out_;
};

}  // namespace

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

std::string to_string(const Expr& expr) {
  std::string out;
  Printer(out).expr(expr);
  return out;
}

}  // namespace bongsu::query
