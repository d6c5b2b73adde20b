// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "mib/mapped.h"

namespace bongsu::mib {

namespace {

std::string digits_of(std::uint64_t number, char form) {
  switch (form) {
    case 'x':
      return fmt::format("{:x}", number);
    case 'o':
      return fmt::format("{:o}", number);
    case 'b':
      return fmt::format("{:b}", number);
    default:
      return std::to_string(number);
  }
}

bool take_number(std::string_view& hint, std::size_t& number) {
  const auto [end, ec] = std::from_chars(hint.data(), hint.data() + hint.size(), number);
  if (ec != std::errc{} || number > 65'535) return false;
  hint.remove_prefix(static_cast<std::size_t>(end - hint.data()));
  return true;
}

bool is_mark(char c) { return c != '*' && (c < '0' || c > '9'); }

}  // namespace

std::string hex_pairs(std::string_view octets) {
  std::string out;
  for (const char c : octets) out += fmt::format("{}{:02x}", out.empty() ? "" : ":", static_cast<std::uint8_t>(c));
  return out;
}

bool is_plain_text(std::string_view octets) {
  return is_valid_utf8(octets) && std::none_of(octets.begin(), octets.end(), [](char c) {
           const auto octet = static_cast<std::uint8_t>(c);
           return (octet < 0x20 && c != '\n' && c != '\r' && c != '\t') || octet == 0x7f;
         });
}

std::optional<std::string> apply_hint(std::string_view hint, std::int64_t number) {
  if (hint.empty()) return std::nullopt;
  const char form = hint[0];
  const std::string sign = number < 0 ? "-" : "";
  const auto size = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  if (hint.size() == 1 && (form == 'd' || form == 'x' || form == 'o' || form == 'b')) return sign + digits_of(size, form);
  if (form != 'd' || hint.size() < 3 || hint[1] != '-') return std::nullopt;
  hint.remove_prefix(2);
  std::size_t places = 0;
  if (!take_number(hint, places) || !hint.empty() || places > 18) return std::nullopt;
  std::string text = std::to_string(size);
  if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
  if (places != 0) text.insert(text.size() - places, ".");
  return sign + text;
}

std::optional<std::string> apply_hint(std::string_view hint, std::string_view octets) {
  if (hint.empty()) return std::nullopt;
  std::string out;
  std::string_view rest = hint;
  std::string_view last;  // the last part of a hint repeats until the octets end
  while (!octets.empty()) {
    if (rest.empty()) rest = last;
    last = rest;
    std::size_t repeat = 1;
    const bool repeats = rest[0] == '*';
    if (repeats) {
      rest.remove_prefix(1);
      repeat = static_cast<std::uint8_t>(octets[0]);
      octets.remove_prefix(1);
    }
    std::size_t length = 0;
    if (!take_number(rest, length) || rest.empty()) return std::nullopt;
    const char form = rest[0];
    if (form != 'd' && form != 'x' && form != 'o' && form != 'a' && form != 't') return std::nullopt;
    rest.remove_prefix(1);
    char separator = 0, terminator = 0;
    if (!rest.empty() && is_mark(rest[0])) {
      separator = rest[0];
      rest.remove_prefix(1);
      if (repeats && !rest.empty() && is_mark(rest[0])) {
        terminator = rest[0];
        rest.remove_prefix(1);
      }
    }
    if (length == 0 && rest.empty()) return std::nullopt;  // would never end
    for (std::size_t i = 0; i < repeat && !octets.empty(); ++i) {
      const std::string_view part = octets.substr(0, length);
      octets.remove_prefix(part.size());
      if (form == 'a' || form == 't') {
        if (!is_plain_text(part)) return std::nullopt;
        out += part;
      } else {
        if (part.size() > 8) return std::nullopt;
        std::uint64_t number = 0;
        for (const char c : part) number = number << 8 | static_cast<std::uint8_t>(c);
        std::string text = digits_of(number, form);
        if (form == 'x' && text.size() < part.size() * 2) text.insert(0, part.size() * 2 - text.size(), '0');
        if (length != 0) out += text;
      }
      // Between parts, never behind the last (RFC 2579 section 3.1).
      if (separator != 0 && !octets.empty() && !(terminator != 0 && i + 1 == repeat)) out += separator;
    }
    if (terminator != 0 && !octets.empty()) out += terminator;
  }
  return out;
}

std::optional<std::string> inet_text(std::string_view octets, std::optional<std::int64_t> type) {
  char text[INET6_ADDRSTRLEN] = {};
  const auto zone = [&octets](std::size_t from) {
    std::uint32_t index = 0;
    for (const char c : octets.substr(from)) index = index << 8 | static_cast<std::uint8_t>(c);
    return "%" + std::to_string(index);
  };
  const bool v4 = octets.size() == 4 || octets.size() == 8, v6 = octets.size() == 16 || octets.size() == 20;
  if (v4 && (!type || *type == 1 || *type == 3) && ::inet_ntop(AF_INET, octets.data(), text, sizeof text) != nullptr) {
    return octets.size() == 4 ? text : text + zone(4);
  }
  if (v6 && (!type || *type == 2 || *type == 4) && ::inet_ntop(AF_INET6, octets.data(), text, sizeof text) != nullptr) {
    return octets.size() == 16 ? text : text + zone(16);
  }
  if (type && *type == 16 && is_plain_text(octets)) return std::string(octets);
  return std::nullopt;
}

std::optional<std::string> inet_octets(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  std::string out(16, '\0');
  if (::inet_pton(AF_INET, address.c_str(), out.data()) == 1) out.resize(4);
  else if (::inet_pton(AF_INET6, address.c_str(), out.data()) != 1) return std::nullopt;
  if (address.size() == text.size()) return out;
  const auto zone = parse_unsigned(text.substr(address.size() + 1));
  if (!zone || *zone > 0xffffffff) return std::nullopt;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(*zone >> shift & 0xff);
  return out;
}

}  // namespace bongsu::mib
