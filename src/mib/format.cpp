// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "base/text.h"
#include "mib/mapped.h"

namespace bongsu::mib {

namespace {

std::string ticks_text(std::uint64_t ticks) {
  const std::uint64_t seconds = ticks / 100, days = seconds / 86'400;
  const std::string day = days == 0 ? "" : fmt::format("{} day{}, ", days, days == 1 ? "" : "s");
  return fmt::format("({}) {}{}:{:02}:{:02}.{:02}", ticks, day, seconds / 3'600 % 24, seconds / 60 % 60, seconds % 60,
                     ticks % 100);
}

std::string integer_text(const Object& object, std::int64_t number) {
  for (const EnumItem& item : object.enums()) {
    if (item.value == number) return fmt::format("{}({})", item.label, number);
  }
  return apply_hint(object.hint, number).value_or(std::to_string(number));
}

std::string bits_text(const Object& object, const std::string& octets) {
  std::string out;
  for (const EnumItem& item : object.enums()) {
    const auto octet = static_cast<std::size_t>(item.value) / 8;
    if (item.value < 0 || octet >= octets.size()) continue;
    if ((static_cast<std::uint8_t>(octets[octet]) << (item.value % 8) & 0x80) == 0) continue;
    out += fmt::format("{}{}({})", out.empty() ? "" : " ", item.label, item.value);
  }
  return out.empty() ? to_hex({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()}) : out;
}

std::string octets_text(const Object& object, std::string_view octets) {
  if (object.convention == "InetAddress") {
    if (auto text = inet_text(octets, std::nullopt)) return *text;
  }
  const bool text_hint = object.hint.empty() || object.hint.find_first_of("at") != std::string_view::npos;
  // Agents written in C end some strings with NULs.
  if (text_hint && object.type == Syntax::OctetString && object.convention != "DateAndTime") {
    const auto end = octets.find_last_not_of('\0');
    const std::string_view bare = octets.substr(0, end == std::string_view::npos ? 0 : end + 1);
    if (bare.size() < octets.size() && !bare.empty() && is_plain_text(bare)) octets = bare;
  }
  if (auto text = apply_hint(object.hint, octets)) return *text;
  if (is_plain_text(octets)) return std::string(octets);
  return hex_pairs(octets);
}

}  // namespace

std::string Tree::format(const std::optional<Object>& object, const Value& value, bool with_units) const {
  if (!value.exists()) return value.to_text();
  if (value.type == ValueType::TimeTicks) return ticks_text(value.number);
  if (value.type == ValueType::ObjectId) return name_of(value.oid);
  if (!object) return value.to_text();
  std::string out;
  switch (value.type) {
    case ValueType::Integer:
      out = integer_text(*object, value.integer);
      break;
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::Counter64:
      out = value.number <= INT64_MAX ? integer_text(*object, static_cast<std::int64_t>(value.number))
                                      : std::to_string(value.number);
      break;
    case ValueType::OctetString:
      out = object->type == Syntax::Bits ? bits_text(*object, value.octets) : octets_text(*object, value.octets);
      break;
    default:
      out = value.to_text();
      break;
  }
  if (with_units && !object->units.empty() && !out.empty()) out += " " + std::string(object->units);
  return out;
}

std::string Tree::format(const Oid& oid, const Value& value) const { return format(find(oid.arcs()), value); }

}  // namespace bongsu::mib
