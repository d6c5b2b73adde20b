// SPDX-License-Identifier: Apache-2.0
#include "http/params.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "model/week_hours.h"

namespace bongsu::http {
namespace {

constexpr std::size_t kMaxParams = 32;

const ParamSpec* spec_of(std::span<const ParamSpec> known, std::string_view name) {
  const auto at = std::find_if(known.begin(), known.end(), [&](const ParamSpec& one) { return one.name == name; });
  return at == known.end() ? nullptr : &*at;
}

Error unknown(std::string_view name, std::span<const ParamSpec> known) {
  std::vector<std::string_view> names;
  std::string list;
  for (const ParamSpec& one : known) {
    names.push_back(one.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", one.name);
  }
  std::string text = fmt::format("unknown parameter \"{}\"", name.substr(0, 60));
  if (const auto meant = nearest(name.substr(0, 60), names)) text += fmt::format(": did you mean \"{}\"?", *meant);
  else if (list.empty()) text += ": none is taken here";
  else text += ": taken are " + list;
  return Error{Code::Invalid, text};
}

// What is wrong with the value; empty when nothing is.
std::string fault(const ParamSpec& spec, std::string_view value) {
  switch (spec.kind) {
    case ParamSpec::Kind::Text:
      return {};
    case ParamSpec::Kind::Count: {
      const auto number = parse_unsigned(value);
      if (number && *number >= spec.low && *number <= spec.high) return {};
      return fmt::format("is not a whole number from {} to {}", spec.low, spec.high);
    }
    case ParamSpec::Kind::Time:
      if (parse_local(value, "")) return {};
      return "is no time: neither of RFC 3339 (2026-11-23T01:02:03Z), nor a date with or without hour and minute in UTC "
             "(2026-11-23 01:02), nor seconds since 1970; write + as %2B in a URL";
    case ParamSpec::Kind::Level:
      if (parse_severity(value)) return {};
      return "is none of unknown, normal, harmless, caution, danger, urgent, fatal";
    case ParamSpec::Kind::LogSeverity:
      if (parse_severity(value) || parse_syslog_severity(value)) return {};
      return "is neither a level (harmless, caution, danger, urgent, fatal) nor a syslog severity (emerg, alert, crit, err, "
             "warning, notice, info, debug)";
    case ParamSpec::Kind::Word: {
      if (std::find(spec.words.begin(), spec.words.end(), value) != spec.words.end()) return {};
      std::string list;
      for (const std::string_view word : spec.words) list += fmt::format("{}{}", list.empty() ? "" : ", ", word);
      return "is none of " + list;
    }
    case ParamSpec::Kind::Cursor:
      if (decode_cursor(spec.mark, value)) return {};
      return "is not a cursor of this list; take \"next\" of the page before as it is";
  }
  return {};
}

}  // namespace

std::optional<std::string> decode_component(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto octet = hex_octet(text.substr(i + 1));
      if (!octet) return std::nullopt;
      out += static_cast<char>(*octet);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos || !is_valid_utf8(out)) return std::nullopt;
  return out;
}

std::string encode_component(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string encode_cursor(char mark, std::string_view key) {
  return mark + to_hex({reinterpret_cast<const std::uint8_t*>(key.data()), key.size()});
}

std::optional<std::string> decode_cursor(char mark, std::string_view cursor) {
  if (cursor.size() < 3 || cursor.size() > 1025 || cursor.size() % 2 == 0 || cursor[0] != mark) return std::nullopt;
  std::string key;
  for (std::size_t i = 1; i < cursor.size(); i += 2) {
    const auto octet = hex_octet(cursor.substr(i));
    if (!octet) return std::nullopt;
    key += static_cast<char>(*octet);
  }
  return key;
}

Result<Params> Params::parse(std::string_view query, std::span<const ParamSpec> known) {
  Params params;
  params.known_ = known;
  if (query.empty()) return params;
  const auto parts = split(query, '&');
  if (parts.size() > kMaxParams) return Error{Code::Invalid, fmt::format("more than {} parameters", kMaxParams)};
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    const std::size_t mark = part.find('=');
    const auto name = decode_component(part.substr(0, mark));
    if (!name) return Error{Code::Invalid, "a parameter's name is not percent-encoded UTF-8"};
    const ParamSpec* spec = spec_of(known, *name);
    if (!spec) return unknown(*name, known);
    auto value = decode_component(mark == std::string_view::npos ? std::string_view() : part.substr(mark + 1));
    if (!value) return Error{Code::Invalid, fmt::format("parameter \"{}\" is not percent-encoded UTF-8", *name)};
    if (params.values_.contains(*name)) return Error{Code::Invalid, fmt::format("parameter \"{}\" is given twice", *name)};
    if (value->empty()) continue;
    if (const std::string wrong = fault(*spec, *value); !wrong.empty()) {
      return Error{Code::Invalid, fmt::format("parameter \"{}\": \"{}\" {}", *name, to_valid_utf8(value->substr(0, 60)), wrong)};
    }
    params.values_.emplace(*name, *std::move(value));
  }
  return params;
}

std::string_view Params::text(std::string_view name) const {
  const auto at = values_.find(name);
  return at == values_.end() ? std::string_view() : std::string_view(at->second);
}

std::size_t Params::count(std::string_view name) const {
  if (const auto number = parse_unsigned(text(name))) return static_cast<std::size_t>(*number);
  const ParamSpec* spec = spec_of(known_, name);
  return spec ? spec->usual : 0;
}

std::optional<Time> Params::time(std::string_view name) const {
  if (text(name).empty()) return std::nullopt;
  const auto at = parse_local(text(name), "");
  return at ? std::optional(*at) : std::nullopt;
}

std::optional<Severity> Params::level(std::string_view name) const { return parse_severity(text(name)); }
std::optional<int> Params::syslog(std::string_view name) const { return parse_syslog_severity(text(name)); }

std::optional<std::string> Params::cursor(std::string_view name) const {
  const ParamSpec* spec = spec_of(known_, name);
  return spec ? decode_cursor(spec->mark, text(name)) : std::nullopt;
}

std::optional<std::uint64_t> Params::cursor_number(std::string_view name) const {
  const auto key = cursor(name);
  return key ? parse_unsigned(*key) : std::nullopt;
}

}  // namespace bongsu::http
