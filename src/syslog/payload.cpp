// SPDX-License-Identifier: Apache-2.0
#include "syslog/payload.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.h"

namespace bongsu::syslog {
namespace {

constexpr std::size_t kMarkWithin = 160;  // octets of the text in which CEF: or LEEF: may begin

bool key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

void add_field(Fields& fields, std::size_t start, std::string_view prefix, std::string_view key, std::string value) {
  if (fields.size() - start >= kMaxPayloadFields) return;
  std::string name;
  name.reserve(prefix.size() + key.size());
  fields.emplace_back(name.append(prefix).append(key), std::move(value));
}

// Text behind `mark` at a word's beginning.
std::optional<std::string_view> behind_mark(std::string_view text, std::string_view mark) {
  const std::size_t at = text.substr(0, kMarkWithin).find(mark);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != ' ')) return std::nullopt;
  return text.substr(at + mark.size());
}

// Up to the next `|`; a backslash takes the octet behind it as it is.
std::optional<std::string> take_piped(std::string_view& in) {
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '|') {
      in.remove_prefix(i + 1);
      return out;
    }
    if (in[i] == '\\' && i + 1 < in.size() && (in[i + 1] == '|' || in[i + 1] == '\\')) ++i;
    out += in[i];
  }
  return std::nullopt;
}

bool add_piped(std::string_view& in, std::string_view prefix, std::span<const std::string_view> names, Fields& fields) {
  const std::size_t start = fields.size();
  for (const std::string_view name : names) {
    auto value = take_piped(in);
    if (!value) {
      fields.resize(start);
      return false;
    }
    add_field(fields, start, prefix, name, *std::move(value));
  }
  return true;
}

std::string cef_value(std::string_view in) {
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '\\' && i + 1 < in.size()) {
      ++i;
      out += in[i] == 'n' ? '\n' : in[i] == 'r' ? '\r' : in[i];
    } else {
      out += in[i];
    }
  }
  return out;
}

// key=value with spaces in the values: a value ends where the next key begins, and `\=` is no such place.
void add_cef_extension(std::string_view in, std::size_t start, Fields& fields) {
  std::optional<std::string_view> key;
  std::size_t value_at = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '\\') {
      ++i;
      continue;
    }
    if (in[i] != '=') continue;
    std::size_t key_at = i;
    while (key_at > value_at && key_char(in[key_at - 1])) --key_at;
    if (key_at == i || (key_at > 0 && in[key_at - 1] != ' ')) continue;
    if (key) add_field(fields, start, "cef.", *key, cef_value(trim(in.substr(value_at, key_at - value_at))));
    key = in.substr(key_at, i - key_at);
    value_at = i + 1;
  }
  if (key) add_field(fields, start, "cef.", *key, cef_value(trim(in.substr(value_at))));
}

bool add_cef(std::string_view text, Fields& fields) {
  static constexpr std::array<std::string_view, 7> kNames{"version",   "device_vendor", "device_product", "device_version",
                                                          "signature", "name",          "severity"};
  auto in = behind_mark(text, "CEF:");
  const std::size_t start = fields.size();
  if (!in || in->empty() || (*in)[0] < '0' || (*in)[0] > '9' || !add_piped(*in, "cef.", kNames, fields)) return false;
  add_cef_extension(*in, start, fields);
  return true;
}

// "^", "x5E" or "0x5E".
std::optional<char> leef_delimiter(std::string_view word) {
  if (word.size() == 1) return word[0];
  const std::size_t x = word.find_first_of("xX");
  if (x == std::string_view::npos || x > 1 || word.size() - x > 3) return std::nullopt;
  std::string hex(word.substr(x + 1));
  if (hex.size() == 1) hex.insert(0, 1, '0');
  const auto octets = from_hex(hex);
  return octets && octets->size() == 1 ? std::optional(static_cast<char>((*octets)[0])) : std::nullopt;
}

bool add_leef(std::string_view text, Fields& fields) {
  static constexpr std::array<std::string_view, 5> kNames{"version", "vendor", "product", "product_version", "event_id"};
  auto in = behind_mark(text, "LEEF:");
  const std::size_t start = fields.size();
  if (!in || !add_piped(*in, "leef.", kNames, fields)) return false;
  char delimiter = '\t';
  if (fields[start].second == "2.0") {
    const std::size_t pipe = in->find('|');
    if (pipe != std::string_view::npos && pipe <= 4) {
      delimiter = leef_delimiter(in->substr(0, pipe)).value_or('\t');
      in->remove_prefix(pipe + 1);
    }
  } else if (in->find('\t') == std::string_view::npos && in->find('|') != std::string_view::npos) {
    delimiter = '|';  // PAN-OS
  }
  for (const std::string_view pair : split(*in, delimiter)) {
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    if (fields.size() - start >= kMaxPayloadFields) break;
    add_field(fields, start, "leef.", trim(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
  }
  return true;
}

// One `key=value` or `key="va\"lue"`.
bool take_pair(std::string_view& in, std::string_view& key, std::string& value) {
  std::size_t n = 0;
  while (n < in.size() && key_char(in[n])) ++n;
  if (n == 0 || n >= in.size() || in[n] != '=') return false;
  key = in.substr(0, n);
  std::string_view rest = in.substr(n + 1);
  value.clear();
  if (rest.starts_with('"')) {
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
      value += rest[i];
    }
    rest.remove_prefix(std::min(i + 1, rest.size()));
  } else {
    const std::size_t end = std::min(rest.find_first_of(" ,;\t"), rest.size());
    value = rest.substr(0, end);
    rest.remove_prefix(end);
  }
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == ',' || rest[0] == ';' || rest[0] == '\t')) rest.remove_prefix(1);
  in = rest;
  return true;
}

bool add_pairs(std::string_view text, Fields& fields) {
  constexpr std::size_t kLeast = 3;
  const std::size_t start = fields.size();
  std::string_view key;
  std::string value;
  while (take_pair(text, key, value)) add_field(fields, start, "", key, value);
  if (fields.size() - start >= kLeast) return true;
  fields.resize(start);
  return false;
}

bool add_paloalto(std::string_view text, Fields& fields) {
  static constexpr std::array<std::string_view, 4> kNames{"receive_time", "serial", "type", "subtype"};
  // Digits, then a date with slashes in the second column.
  const std::size_t comma = text.find(',');
  if (comma == 0 || comma > 4 || text.size() < comma + 21 || text[comma + 5] != '/' || text[comma + 8] != '/') return false;
  std::string_view rest = text.substr(comma + 1);
  const std::size_t start = fields.size();
  for (const std::string_view name : kNames) {
    const std::size_t end = rest.find(',');
    if (end == std::string_view::npos) {
      fields.resize(start);
      return false;
    }
    add_field(fields, start, "paloalto.", name, std::string(rest.substr(0, end)));
    rest.remove_prefix(end + 1);
  }
  return true;
}

bool add_snare(std::string_view text, Fields& fields) {
  struct Column {
    std::size_t at;
    std::string_view name;
  };
  static constexpr std::array<Column, 5> kColumns{
      {{1, "criticality"}, {2, "log"}, {5, "event_id"}, {6, "source"}, {10, "computer"}}};
  if (!text.starts_with("MSWinEventLog\t")) return false;
  const auto columns = split(text.substr(0, 2048), '\t');
  if (columns.size() < 6) return false;
  const std::size_t start = fields.size();
  for (const Column& column : kColumns) {
    if (column.at < columns.size()) add_field(fields, start, "windows_snare.", column.name, std::string(columns[column.at]));
  }
  return true;
}

}  // namespace

void add_payload_fields(std::string_view text, Fields& fields) {
  if (text.empty()) return;
  if (add_cef(text, fields) || add_leef(text, fields)) return;
  if (text[0] >= '0' && text[0] <= '9' && add_paloalto(text, fields)) return;
  if (text[0] == 'M' && add_snare(text, fields)) return;
  add_pairs(text, fields);
}

}  // namespace bongsu::syslog
