// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/text.h"
#include "net/address.h"
#include "poll/expr.h"

namespace bongsu::poll {
namespace {

constexpr std::size_t kMaxMatched = 4096;  // octets of device text that a pattern sees

using Op = Node::Op;

Cell cell_of(const Value& value) {
  switch (value.type) {
    case ValueType::OctetString:
    case ValueType::Opaque:
      return value.octets;
    case ValueType::IpAddress:
      return value.to_text();
    case ValueType::ObjectId:
      return value.oid;
    default:
      break;
  }
  if (const auto number = value.to_double()) return *number;
  return {};
}

// The octets of an IP address, as they are or behind the number of their family (1 IPv4, 2 IPv6: IANA Address Family Numbers).
Cell address_of(std::string_view text) {
  std::span<const std::uint8_t> octets(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if ((octets.size() == 5 && octets[0] == 1) || (octets.size() == 17 && octets[0] == 2)) octets = octets.subspan(1);
  if (octets.size() == 4) return net::Address::v4(octets.first<4>()).to_string();
  if (octets.size() == 16) return net::Address::v6(octets.first<16>()).to_string();
  return {};
}

class Evaluator {
 public:
  Evaluator(const RowView& row, Trace& trace) : row_(row), trace_(trace) {}

  Cell run(const Node& node) {
    switch (node.op) {
      case Op::None:
      case Op::Symbol:
        return {};
      case Op::Number:
        return node.number;
      case Op::Text:
        return node.text;
      case Op::Name:
        return node.oid;
      case Op::Leaf:
        return leaf(node);
      case Op::Lookup:
        return lookup(node);
      case Op::Index:
        return index(node);
      case Op::Coalesce: {
        Cell first = run(node.kids[0]);
        return std::holds_alternative<std::monostate>(first) ? run(node.kids[1]) : first;
      }
      case Op::Or:
        return is_true(run(node.kids[0])) || is_true(run(node.kids[1])) ? 1.0 : 0.0;
      case Op::And:
        return is_true(run(node.kids[0])) && is_true(run(node.kids[1])) ? 1.0 : 0.0;
      case Op::Not:
        return is_true(run(node.kids[0])) ? 0.0 : 1.0;
      case Op::If:
        return choose(node);
      case Op::Exists:
        return std::holds_alternative<std::monostate>(run(node.kids[0])) ? 0.0 : 1.0;
      case Op::Equal:
      case Op::NotEqual:
      case Op::Less:
      case Op::LessEqual:
      case Op::Greater:
      case Op::GreaterEqual:
        return compare(node);
      case Op::Matches:
        return matches(node);
      case Op::Capture:
        return capture(node);
      case Op::Lower:
      case Op::Trim:
      case Op::Mac:
      case Op::Address:
      case Op::Show:
        return reworded(node);
      case Op::Delta:
        return delta(node);
      case Op::Numeral:
        return numeral(node);
      case Op::Epoch:
        return epoch(node);
      case Op::Min:
      case Op::Max:
      case Op::Total:
        return gather(node);
      default:
        return arithmetic(node);
    }
  }

 private:
  Cell leaf(const Node& node) {
    const Reading reading = row_.read(node.leaf);
    if (!reading.fetched) trace_.missed = true;
    if (!reading.value) return lacking(node.leaf), Cell{};
    trace_.used.push_back(node.leaf);
    if (reading.counter) return *reading.counter;
    return cell_of(*reading.value);
  }

  // What the value was made of stands before what decided.
  Cell choose(const Node& node) {
    const auto before = static_cast<std::ptrdiff_t>(trace_.used.size());
    const bool holds = is_true(run(node.kids[0]));
    const auto decided = static_cast<std::ptrdiff_t>(trace_.used.size());
    Cell cell = run(node.kids[holds ? 1 : 2]);
    std::rotate(trace_.used.begin() + before, trace_.used.begin() + decided, trace_.used.end());
    return cell;
  }

  Cell lookup(const Node& node) {
    std::vector<std::uint32_t> index;
    for (const Node& kid : node.kids) {
      const Cell cell = run(kid);
      if (const auto* oid = std::get_if<Oid>(&cell)) {
        index.insert(index.end(), oid->arcs().begin(), oid->arcs().end());
      } else if (const auto number = to_number(cell); number && *number >= 0 && *number <= 4294967295.0) {
        index.push_back(static_cast<std::uint32_t>(*number));
      } else {
        return {};
      }
    }
    const Value* found = row_.find(node.leaf, index);
    if (found) trace_.looked_up.push_back(node.leaf);
    else lacking(node.leaf);
    return found ? cell_of(*found) : Cell{};
  }
  void lacking(std::uint32_t leaf) {
    if (!trace_.lacks) trace_.lacks = row_.lacks(leaf);
  }

  Cell index(const Node& node) {
    const auto arcs = row_.index();
    if (arcs.empty()) return {};
    if (node.number < 0) return arcs.size() == 1 ? Cell(static_cast<double>(arcs[0])) : Cell(Oid(arcs));
    const auto part = row_.index_part(static_cast<int>(node.number) - 1);
    if (part) return *part;
    const auto at = static_cast<std::size_t>(node.number) - 1;
    return at < arcs.size() ? Cell(static_cast<double>(arcs[at])) : Cell{};
  }

  Cell delta(const Node& node) {
    const Reading reading = row_.read(node.kids[0].leaf);
    if (!reading.fetched) trace_.missed = true;
    if (reading.value) trace_.used.push_back(node.kids[0].leaf);
    return reading.growth ? Cell(*reading.growth) : Cell{};
  }

  Cell compare(const Node& node) {
    const Cell a = run(node.kids[0]);
    const Cell b = run(node.kids[1]);
    if (a.index() == 0 || b.index() == 0) return {};
    int order = 0;
    const auto x = to_number(a), y = to_number(b);
    if (x && y && !(std::holds_alternative<std::string>(a) && std::holds_alternative<std::string>(b))) {
      order = *x < *y ? -1 : *x > *y ? 1 : 0;
    } else {
      const std::string s = to_text(a), t = to_text(b);
      order = s < t ? -1 : s > t ? 1 : 0;
    }
    switch (node.op) {
      case Op::Equal:
        return order == 0 ? 1.0 : 0.0;
      case Op::NotEqual:
        return order != 0 ? 1.0 : 0.0;
      case Op::Less:
        return order < 0 ? 1.0 : 0.0;
      case Op::LessEqual:
        return order <= 0 ? 1.0 : 0.0;
      case Op::Greater:
        return order > 0 ? 1.0 : 0.0;
      default:
        return order >= 0 ? 1.0 : 0.0;
    }
  }

  Cell matches(const Node& node) {
    const Cell cell = run(node.kids[0]);
    if (cell.index() == 0) return {};
    std::string text = to_text(cell);
    if (text.size() > kMaxMatched) text.resize(kMaxMatched);
    return re2::RE2::PartialMatch(text, *node.regex) ? 1.0 : 0.0;
  }

  Cell capture(const Node& node) {
    const Cell cell = run(node.kids[0]);
    if (cell.index() == 0) return {};
    std::string text = to_text(cell);
    if (text.size() > kMaxMatched) text.resize(kMaxMatched);
    std::array<re2::StringPiece, 10> groups;
    const auto want = static_cast<std::size_t>(node.number);
    if (!node.regex->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(want) + 1)) return {};
    if (groups[want].data() == nullptr) return {};
    return std::string(groups[want].data(), groups[want].size());
  }

  Cell reworded(const Node& node) {
    const Node& kid = node.kids[0];
    if (node.op == Op::Show && kid.op == Op::Leaf) {
      const Reading reading = row_.read(kid.leaf);
      if (!reading.fetched) trace_.missed = true;
      if (!reading.value) return {};
      trace_.used.push_back(kid.leaf);
      return row_.show(kid.leaf, *reading.value);
    }
    const Cell cell = run(kid);
    if (cell.index() == 0) return {};
    std::string text = to_text(cell);
    if (node.op == Op::Lower) return to_lower(text);
    if (node.op == Op::Trim) {
      while (!text.empty() && text.back() == '\0') text.pop_back();
      text = std::string(trim(text));
      return text.empty() ? Cell{} : Cell(std::move(text));
    }
    if (node.op == Op::Show) return text;
    if (node.op == Op::Address) return address_of(text);
    if (text.size() != 6) return {};  // Mac
    std::string mac;
    for (const char c : text) {
      if (!mac.empty()) mac += ':';
      const auto octet = static_cast<std::uint8_t>(c);
      mac += "0123456789abcdef"[octet >> 4];
      mac += "0123456789abcdef"[octet & 15];
    }
    return mac;
  }

  // The first number in a text: 23.5 of "Temp: 23.5 C".
  Cell numeral(const Node& node) {
    const Cell cell = run(node.kids[0]);
    const auto* text = std::get_if<std::string>(&cell);
    if (!text) return cell;
    const std::string_view all = std::string_view(*text).substr(0, kMaxMatched);
    const auto digit = [&](std::size_t i) { return i < all.size() && all[i] >= '0' && all[i] <= '9'; };
    std::size_t from = 0;
    while (from < all.size() && !digit(from)) ++from;
    std::size_t to = from;
    while (digit(to)) ++to;
    if (to < all.size() && all[to] == '.' && digit(to + 1)) {
      ++to;
      while (digit(to)) ++to;
    }
    if (from > 0 && all[from - 1] == '.') --from;
    if (from > 0 && all[from - 1] == '-') --from;
    const auto number = parse_number(all.substr(from, to - from));
    return number && std::isfinite(*number) ? Cell(*number) : Cell{};
  }

  // Seconds since 1970 of a DateAndTime (RFC 2579). One without its offset from UTC, of eight octets, is the wall clock of nobody
  // knows where: nothing. So is a date that cannot be.
  Cell epoch(const Node& node) {
    const Cell cell = run(node.kids[0]);
    const auto* text = std::get_if<std::string>(&cell);
    if (!text || text->size() != 11) return {};
    const auto octet = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>((*text)[i])); };
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(octet(0) << 8 | octet(1))),
                                           std::chrono::month(octet(2)), std::chrono::day(octet(3)));
    const char sign = (*text)[8];
    if (!date.ok() || octet(4) > 23 || octet(5) > 59 || octet(6) > 60 || octet(7) > 9 || octet(9) > 14 || octet(10) > 59 ||
        (sign != '+' && sign != '-'))
      return {};
    const double ahead = (sign == '+' ? 1 : -1) * static_cast<double>(octet(9) * 3600 + octet(10) * 60);
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return static_cast<double>(days) * 86'400 + octet(4) * 3600 + octet(5) * 60 + octet(6) + octet(7) / 10.0 - ahead;
  }

  // What is missing does not count; nothing when all are.
  Cell gather(const Node& node) {
    std::optional<double> all;
    for (const Node& kid : node.kids) {
      const auto number = to_number(run(kid));
      if (!number) continue;
      if (!all) {
        all = number;
      } else if (node.op == Op::Min) {
        all = std::fmin(*all, *number);
      } else if (node.op == Op::Max) {
        all = std::fmax(*all, *number);
      } else {
        all = *all + *number;
      }
    }
    return all ? Cell(*all) : Cell{};
  }

  Cell arithmetic(const Node& node) {
    const auto a = to_number(run(node.kids[0]));
    if (!a) return {};
    if (node.op == Op::Negate) return -*a;
    if (node.op == Op::Round) return std::round(*a);
    if (node.op == Op::Abs) return std::fabs(*a);
    if (node.op == Op::Log10) return *a > 0 ? Cell(std::log10(*a)) : Cell{};
    const auto b = to_number(run(node.kids[1]));
    if (!b) return {};
    double result = 0;
    switch (node.op) {
      case Op::Add:
        result = *a + *b;
        break;
      case Op::Subtract:
        result = *a - *b;
        break;
      case Op::Multiply:
        result = *a * *b;
        break;
      case Op::Divide:
        result = *a / *b;
        break;
      case Op::Modulo:
        result = std::fmod(*a, *b);
        break;
      case Op::Power:
        result = std::pow(*a, *b);
        break;
      case Op::Bit:
        if (*a < 0 || *a > 9e15 || *b < 0 || *b > 52) return {};
        result = static_cast<double>(static_cast<std::uint64_t>(*a) >> static_cast<unsigned>(*b) & 1);
        break;
      default:
        return {};
    }
    return std::isfinite(result) ? Cell(result) : Cell{};
  }

  const RowView& row_;
  Trace& trace_;
};

}  // namespace

Cell evaluate(const Node& node, const RowView& row, Trace& trace) { return Evaluator(row, trace).run(node); }

std::optional<double> to_number(const Cell& cell) {
  // Almost always a number; an optional that is copied on the way costs a store-forwarding stall here.
  if (const auto* value = std::get_if<double>(&cell)) {
    if (std::isfinite(*value)) return *value;
    return std::nullopt;
  }
  if (const auto* text = std::get_if<std::string>(&cell)) {
    if (const auto number = parse_number(trim(*text)); number && std::isfinite(*number)) return *number;
  }
  return std::nullopt;
}

bool is_true(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return !text->empty();
  if (const auto* value = std::get_if<double>(&cell)) return *value != 0;
  return std::holds_alternative<Oid>(cell);
}

std::string to_text(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* value = std::get_if<double>(&cell)) return format_number(*value);
  if (const auto* oid = std::get_if<Oid>(&cell)) return oid->to_string();
  return {};
}

}  // namespace bongsu::poll
