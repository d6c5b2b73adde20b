// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/severity.h"

namespace bongsu::http {

// One parameter that a route takes: what the check, the error text and the OpenAPI file are made from.
struct ParamSpec {
  enum class Kind { Text, Count, Time, Level, LogSeverity, Word, Cursor };
  std::string_view name;
  Kind kind = Kind::Text;
  std::string_view about;
  std::vector<std::string_view> words{};  // of Word
  std::size_t low = 1;                    // of Count
  std::size_t high = 1000;
  std::size_t usual = 0;  // of Count: when it is absent
  char mark = 0;          // of Cursor: the list that it pages through
  std::string_view example{};
};

// A query string that was checked against its route's parameters: what it holds can be used as it is.
class Params {
 public:
  // Errors: Invalid, naming the parameter: unknown, given twice, bad percent-encoding, not UTF-8, not of its kind.
  // An empty value is as good as none, so that a form can be sent with its fields left open.
  static Result<Params> parse(std::string_view query, std::span<const ParamSpec> known);

  std::string_view text(std::string_view name) const;  // "" when absent
  std::size_t count(std::string_view name) const;      // `usual` when absent
  std::optional<Time> time(std::string_view name) const;
  std::optional<Severity> level(std::string_view name) const;  // Bongsu's words, English or Korean
  std::optional<int> syslog(std::string_view name) const;      // of LogSeverity: syslog's words
  std::optional<std::string> cursor(std::string_view name) const;
  std::optional<std::uint64_t> cursor_number(std::string_view name) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::span<const ParamSpec> known_;
};

// Percent-decoding with "+" as a space; nothing for a broken escape, a NUL or octets that are not UTF-8.
std::optional<std::string> decode_component(std::string_view text);
// RFC 3986 section 2.3: all but the unreserved characters as %HH.
std::string encode_component(std::string_view text);

// The place where a list goes on: opaque to clients, and refused for another list than its own.
std::string encode_cursor(char mark, std::string_view key);
std::optional<std::string> decode_cursor(char mark, std::string_view cursor);

}  // namespace bongsu::http
