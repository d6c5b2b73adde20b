// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "base/text.h"
#include "query/eval.h"
#include "query/functions.h"

namespace bongsu::query {
namespace {

constexpr std::size_t kLine = 100;  // longer than this is laid out over several

bool plain_name(std::string_view name, bool metric) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (metric && c == ':');
  });
  if (!plain) return false;
  const std::string lower = to_lower(name);
  static constexpr std::string_view kWords[] = {"inf", "nan", "on", "ignoring", "bool", "group_left", "group_right", "atan2"};
  const std::span<const std::string_view> words(kWords, metric ? std::size(kWords) : 2);
  return std::find(words.begin(), words.end(), lower) == words.end();
}

void append_text(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  const bool valid = is_valid_utf8(text);
  out += '"';
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (octet < 0x20 || octet == 0x7f || (octet >= 0x80 && !valid)) {
      out += "\\x";
      out += kHex[octet >> 4];
      out += kHex[octet & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// As Prometheus says it: years and weeks only where nothing is left over.
std::string span_text(Millis span) {
  std::int64_t left = span.count();
  if (left == 0) return "0s";
  std::string out;
  if (left < 0) {
    out += '-';
    left = -left;
  }
  struct Unit {
    const char* name;
    std::int64_t ms;
    bool whole;
  };
  static constexpr std::array<Unit, 7> kUnits{{{"y", 31'536'000'000, true},
                                               {"w", 604'800'000, true},
                                               {"d", 86'400'000, false},
                                               {"h", 3'600'000, false},
                                               {"m", 60'000, false},
                                               {"s", 1'000, false},
                                               {"ms", 1, false}}};
  for (const Unit& unit : kUnits) {
    if (unit.whole && left % unit.ms != 0) continue;
    if (left >= unit.ms) {
      out += std::to_string(left / unit.ms) + unit.name;
      left %= unit.ms;
    }
  }
  return out;
}

std::string seconds_text(double seconds) {
  const double ms = seconds * 1000;
  return std::abs(ms) <= 9e15 && std::trunc(ms) == ms ? span_text(Millis(static_cast<std::int64_t>(ms))) : fixed_number(seconds);
}

void append_duration(std::string& out, const DurationExpr& expr) {
  using Op = DurationExpr::Op;
  if (expr.in_parens) out += '(';
  switch (expr.op) {
    case Op::Number:
      out += expr.as_duration ? seconds_text(expr.seconds) : fixed_number(expr.seconds);
      break;
    case Op::Step:
      out += "step()";
      break;
    case Op::Range:
      out += "range()";
      break;
    case Op::Minus:
      out += '-';
      append_duration(out, *expr.right);
      break;
    case Op::Min:
    case Op::Max:
      out += expr.op == Op::Min ? "min(" : "max(";
      append_duration(out, *expr.left);
      out += ", ";
      append_duration(out, *expr.right);
      out += ')';
      break;
    default: {
      static constexpr std::string_view kSigns = " +-*/%^";
      append_duration(out, *expr.left);
      out += ' ';
      out += kSigns[static_cast<std::size_t>(expr.op)];
      out += ' ';
      append_duration(out, *expr.right);
    }
  }
  if (expr.in_parens) out += ')';
}

std::string span_or(const DurationPtr& expr, Millis span) {
  if (!expr) return span_text(span);
  std::string out;
  append_duration(out, *expr);
  return out;
}

void append_label(std::string& out, std::string_view name) {
  if (plain_name(name, false)) out += name;
  else append_text(out, name);
}

void append_labels(std::string& out, const std::vector<std::string>& names) {
  out += '(';
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ", ";
    append_label(out, names[i]);
  }
  out += ')';
}

void append_shift(std::string& out, const Shift& shift) {
  if (shift.at) {
    out += " @ ";
    if (shift.at->kind == At::Kind::Start) {
      out += "start()";
    } else if (shift.at->kind == At::Kind::End) {
      out += "end()";
    } else {
      std::array<char, 40> buffer;
      const auto [end, ec] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                           static_cast<double>(to_ms(shift.at->time)) / 1000, std::chars_format::fixed, 3);
      out.append(buffer.data(), end);
      static_cast<void>(ec);
    }
  }
  if (shift.offset_expr || shift.offset != Millis(0)) out += " offset " + span_or(shift.offset_expr, shift.offset);
}

void append_ends(std::string& out, Selector::Ends ends) {
  if (ends == Selector::Ends::Anchored) out += " anchored";
  if (ends == Selector::Ends::Smoothed) out += " smoothed";
}

void append_matchers(std::string& out, const Selector& selector) {
  const std::vector<Matcher>& all = selector.matchers;
  const Matcher* name = selector.named ? &all.front() : nullptr;
  std::vector<std::string> texts;
  for (const Matcher& matcher : all) {
    if (&matcher == name) {
      if (plain_name(name->value, true)) out += name->value;
      else append_text(texts.emplace_back(), name->value);
      continue;
    }
    static constexpr std::array<std::string_view, 4> kOps{"=", "!=", "=~", "!~"};
    std::string& text = texts.emplace_back();
    append_label(text, matcher.name);
    text += kOps[static_cast<std::size_t>(matcher.op)];
    append_text(text, matcher.value);
  }
  if (all.empty()) out += "{}";
  if (texts.empty()) return;
  std::sort(texts.begin(), texts.end());
  for (std::size_t i = 0; i < texts.size(); ++i) out += (i == 0 ? "{" : ",") + texts[i];
  out += '}';
}

// What stands between the operands, "== bool on (a) group_left (b)".
std::string operator_text(const Binary& node) {
  std::string out(to_string(node.op));
  if (node.as_bool) out += " bool";
  const Matching& matching = node.matching;
  const bool grouped = matching.group != Matching::Group::None;
  if (node.matched && (matching.on || !matching.labels.empty() || grouped)) {
    out += matching.on ? " on " : " ignoring ";
    append_labels(out, matching.labels);
    if (grouped) {
      out += matching.group == Matching::Group::Left ? " group_left " : " group_right ";
      append_labels(out, matching.include);
    }
  }
  return out;
}

std::string head_text(const Aggregate& node) {
  std::string out(to_string(node.op));
  if (node.grouped && (node.without || !node.labels.empty())) {
    out += node.without ? " without " : " by ";
    append_labels(out, node.labels);
    out += ' ';
  }
  return out;
}

std::string suffix_text(const Subquery& node) {
  std::string out = '[' + span_or(node.range_expr, node.range) + ':';
  if (node.step_expr || node.step) out += span_or(node.step_expr, node.step.value_or(Millis(0)));
  out += ']';
  append_shift(out, node.shift);
  return out;
}

void append(std::string& out, const Expr& expr);

struct Printer {
  std::string& out;

  void operator()(const Number& node) const { out += node.as_duration ? seconds_text(node.value) : fixed_number(node.value); }
  void operator()(const Text& node) const { append_text(out, node.value); }
  void operator()(const Selector& node) const {
    append_matchers(out, node);
    append_ends(out, node.ends);
    append_shift(out, node.shift);
  }
  void operator()(const RangeSelector& node) const {
    append_matchers(out, node.selector);
    out += '[' + span_or(node.range_expr, node.range) + ']';
    append_ends(out, node.selector.ends);
    append_shift(out, node.selector.shift);
  }
  void operator()(const Subquery& node) const {
    append(out, *node.inner);
    out += suffix_text(node);
  }
  void operator()(const Unary& node) const {
    out += node.minus ? '-' : '+';
    append(out, *node.inner);
  }
  void operator()(const Paren& node) const {
    out += '(';
    append(out, *node.inner);
    out += ')';
  }
  void operator()(const Binary& node) const {
    append(out, *node.left);
    out += ' ' + operator_text(node) + ' ';
    append(out, *node.right);
  }
  void operator()(const Aggregate& node) const {
    out += head_text(node) + '(';
    if (node.param) {
      append(out, *node.param);
      out += ", ";
    }
    append(out, *node.inner);
    out += ')';
  }
  void operator()(const Call& node) const {
    out += node.function->name;
    out += '(';
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      if (i > 0) out += ", ";
      append(out, *node.args[i]);
    }
    out += ')';
  }
};

void append(std::string& out, const Expr& expr) { std::visit(Printer{out}, expr.node); }

std::string indent(int level) { return std::string(static_cast<std::size_t>(level) * 2, ' '); }

// `level` of indentation where the parent began a new line.
std::string pretty(const Expr& expr, int level) {
  const std::string flat = to_string(expr);
  if (flat.size() <= kLine) return indent(level) + flat;
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    return pretty(*node->left, level + 1) + '\n' + indent(level) + operator_text(*node) + '\n' + pretty(*node->right, level + 1);
  }
  if (const auto* node = std::get_if<Paren>(&expr.node))
    return indent(level) + "(\n" + pretty(*node->inner, level + 1) + '\n' + indent(level) + ')';
  if (const auto* node = std::get_if<Unary>(&expr.node)) {
    const std::string inner = pretty(*node->inner, level);
    return indent(level) + (node->minus ? '-' : '+') + inner.substr(inner.find_first_not_of(' '));
  }
  if (const auto* node = std::get_if<Subquery>(&expr.node)) return pretty(*node->inner, level) + suffix_text(*node);
  std::string out = indent(level);
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) {
    out += head_text(*node) + "(\n";
    if (node->param) out += pretty(*node->param, level + 1) + ",\n";
    return out + pretty(*node->inner, level + 1) + '\n' + indent(level) + ')';
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) {
    out += std::string(node->function->name) + "(\n";
    for (std::size_t i = 0; i < node->args.size(); ++i)
      out += pretty(*node->args[i], level + 1) + (i + 1 < node->args.size() ? ",\n" : "\n");
    return out + indent(level) + ')';
  }
  return out + flat;
}

}  // namespace

std::string to_string(const Expr& expr) {
  std::string out;
  append(out, expr);
  return out;
}

std::string fixed_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, kPositionalRoom> room;
  return {room.data(), write_positional(room.data(), value)};
}

std::string format_pretty(const Expr& expr) { return pretty(expr, 0); }

}  // namespace bongsu::query
