// SPDX-License-Identifier: Apache-2.0
#include "app/set_value.h"

#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "net/address.h"

namespace bongsu::app {
namespace {

constexpr std::string_view kTypes = "i u c s x d n o t a b F D =";
constexpr std::int64_t kMostBits = 4'096;

Error not_a(std::string_view what, std::string_view text, std::string_view write) {
  return {Code::Invalid, "not " + std::string(what) + ": \"" + std::string(text) + "\"; write " + std::string(write)};
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string labels(const std::vector<mib::EnumItem>& items) {
  std::string out;
  for (const mib::EnumItem& item : items)
    out += (out.empty() ? "" : ", ") + std::string(item.label) + "(" + std::to_string(item.value) + ")";
  return out;
}

std::optional<std::int64_t> labelled(const std::vector<mib::EnumItem>& items, std::string_view text) {
  for (const mib::EnumItem& item : items)
    if (item.label == text || std::string(item.label) + "(" + std::to_string(item.value) + ")" == text) return item.value;
  return std::nullopt;
}

Result<Value> integer(const std::vector<mib::EnumItem>& items, std::string_view text) {
  if (const auto number = whole<std::int32_t>(text)) return Value::of_integer(*number);
  if (const auto value = labelled(items, text)) return Value::of_integer(static_cast<std::int32_t>(*value));
  return not_a("an INTEGER", text,
               items.empty() ? "a number from -2147483648 to 2147483647" : "a number, or one of " + labels(items));
}

Result<Value> number(ValueType type, std::string_view text) {
  const auto value = whole<std::uint64_t>(text);
  const bool wide = type == ValueType::Counter64;
  if (!value || (!wide && *value > UINT32_MAX))
    return not_a("a " + std::string(to_string(type)), text,
                 wide ? "a number from 0 to 18446744073709551615" : "a number from 0 to 4294967295");
  return Value::of_number(type, *value);
}

Result<Value> real(ValueType type, std::string_view text) {
  const auto value = parse_number(text);
  if (!value) return not_a("a number", text, "it as 1.5 or -2e3");
  return Value{.type = type, .real = type == ValueType::OpaqueFloat ? static_cast<float>(*value) : *value};
}

Result<Value> hex(ValueType type, std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  const auto octets = from_hex(text);
  if (!octets) return not_a("octets in hex", text, "\"00 1f 88\", 00:1f:88 or 001f88");
  return Value{.type = type, .octets = std::string(octets->begin(), octets->end())};
}

Result<Value> decimal(std::string_view text) {
  std::string out;
  std::string word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ' && c != '.') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    const auto octet = whole<std::uint8_t>(word);
    if (!octet) return not_a("octets in decimal", text, "\"72 105\"");
    out += static_cast<char>(*octet);
    word.clear();
  }
  return Value::of_octets(out);
}

// The first bit is the highest of the first octet (RFC 2578 section 7.1.4).
Result<Value> bits(const std::vector<mib::EnumItem>& items, std::string_view text) {
  std::string out, word;
  for (const char c : std::string(text) + " ") {
    if (c != ' ' && c != ',') {
      word += c;
      continue;
    }
    if (word.empty()) continue;
    auto place = whole<std::int64_t>(word);
    if (!place) place = labelled(items, word);
    if (!place || *place < 0 || *place >= kMostBits)
      return not_a("bits", text, items.empty() ? "their places, such as \"0 3\"" : "their places, or " + labels(items));
    const auto octet = static_cast<std::size_t>(*place / 8);
    if (out.size() <= octet) out.resize(octet + 1, '\0');
    out[octet] = static_cast<char>(static_cast<std::uint8_t>(out[octet]) | 0x80 >> *place % 8);
    word.clear();
  }
  return Value::of_octets(out);
}

Result<Value> address(std::string_view text) {
  const auto parsed = net::Address::parse(text);
  if (!parsed || !parsed->is_v4()) return not_a("an IpAddress", text, "192.0.2.1");
  return Value{.type = ValueType::IpAddress, .octets = std::string(parsed->octets().begin(), parsed->octets().end())};
}

Result<Value> by_syntax(const mib::Tree& tree, const mib::Object& object, const Oid& oid, std::string_view text) {
  switch (object.type) {
    case mib::Syntax::Integer:
      return integer(object.enums(), text);
    case mib::Syntax::OctetString:
      // What is shown in hex is read in hex: MAC addresses and their like.
      if (text.starts_with("0x") || object.hint.starts_with("1x")) return hex(ValueType::OctetString, text);
      return Value::of_octets(std::string(text));
    case mib::Syntax::ObjectId:
      return parse_set_value(tree, oid, "o", text);
    case mib::Syntax::IpAddress:
      return address(text);
    case mib::Syntax::Counter32:
      return number(ValueType::Counter32, text);
    case mib::Syntax::Gauge32:
    case mib::Syntax::Unsigned32:
      return number(ValueType::Gauge32, text);
    case mib::Syntax::TimeTicks:
      return number(ValueType::TimeTicks, text);
    case mib::Syntax::Counter64:
      return number(ValueType::Counter64, text);
    case mib::Syntax::Opaque:
      return hex(ValueType::Opaque, text);
    case mib::Syntax::Bits:
      return bits(object.enums(), text);
    case mib::Syntax::None:
      break;
  }
  return Error{Code::NotFound,
               tree.name_of(oid) + " is no object with a type in a MIB that is loaded; say its type in place of ="};
}

}  // namespace

Result<Value> parse_set_value(const mib::Tree& tree, const Oid& oid, std::string_view type, std::string_view text) {
  const auto object = tree.find(oid.arcs());
  const std::vector<mib::EnumItem> items = object ? object->enums() : std::vector<mib::EnumItem>();
  switch (type.size() == 1 ? type[0] : '\0') {
    case '=':
      if (!object) break;
      return by_syntax(tree, *object, oid, text);
    case 'i':
      return integer(items, text);
    case 'u':
      return number(ValueType::Gauge32, text);
    case 'c':
      return number(ValueType::Counter32, text);
    case 't':
      return number(ValueType::TimeTicks, text);
    case 's':
      return Value::of_octets(std::string(text));
    case 'x':
      return hex(ValueType::OctetString, text);
    case 'd':
      return decimal(text);
    case 'n':
      return Value{};
    case 'o': {
      BONGSU_TRY(Oid value, tree.resolve(text));
      return Value::of_oid(std::move(value));
    }
    case 'a':
      return address(text);
    case 'b':
      return bits(items, text);
    case 'F':
      return real(ValueType::OpaqueFloat, text);
    case 'D':
      return real(ValueType::OpaqueDouble, text);
    default:
      return Error{Code::Invalid, "\"" + std::string(type) + "\" is no type of a value; there are " + std::string(kTypes)};
  }
  return Error{Code::NotFound, oid.to_string() + " is in no MIB that is loaded; say its type in place of ="};
}

}  // namespace bongsu::app
