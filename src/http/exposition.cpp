// SPDX-License-Identifier: Apache-2.0
#include "http/exposition.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace bongsu::http {
namespace {

// [a-zA-Z_][a-zA-Z0-9_]*, and : in a metric's.
void append_name(std::string& out, std::string_view name, bool metric) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) out += '_';
  for (const char c : name) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (metric && c == ':');
    // One for a whole letter of another script.
    if (good) out += c;
    else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) out += '_';
  }
}

}  // namespace

void append_help(std::string& out, std::string_view metric, std::string_view text) {
  out += "# HELP ";
  append_name(out, metric, true);
  out += ' ';
  for (const char c : text) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else out += c;
  }
  out += '\n';
}

void append_type(std::string& out, std::string_view metric, std::string_view type) {
  out += "# TYPE ";
  append_name(out, metric, true);
  out += ' ';
  out += type;
  out += '\n';
}

void append_exposed(std::string& out, std::string_view metric, const Labels& labels, double value, std::optional<Time> at,
                    bool instance) {
  append_name(out, metric, true);
  char mark = '{';
  for (const auto& [name, text] : labels) {
    if (name == kMetricName) continue;
    out += mark;
    append_name(out, name, false);
    out += '=';
    append_quoted(out, to_valid_utf8(text));
    mark = ',';
  }
  if (instance && !labels.has("instance")) {
    out += mark;
    out += "instance=\"\"";
    mark = ',';
  }
  if (mark == ',') out += '}';
  out += ' ';
  out += exposed_number(value);
  if (at) fmt::format_to(std::back_inserter(out), " {}", to_ms(*at));
  out += '\n';
}

std::string exposed_number(double value) {
  if (!std::isfinite(value)) return format_number(value);
  std::array<char, 40> room{};
  const auto scientific = std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific);
  const std::string_view text(room.data(), scientific.ptr);
  const std::size_t mark = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + mark + (text[mark + 1] == '+' ? 2 : 1), text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 6) return std::string(text);
  const auto fixed = std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::fixed);
  return {room.data(), fixed.ptr};
}

}  // namespace bongsu::http
