// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace bongsu {

// Appends JSON (RFC 8259) to a string that the caller owns. Commas are its own affair; the caller keeps begin and end
// in pairs and gives a key before each member of an object. Text that is not UTF-8 gets U+FFFD. NaN and Inf become null.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(double number);
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(int number) { return value(static_cast<std::int64_t>(number)); }
  JsonWriter& value(unsigned number) { return value(static_cast<std::uint64_t>(number)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(Time at) { return value(std::string_view(format_time(at))); }
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // one whole JSON value, written as it is
  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

 private:
  JsonWriter& open(char mark);
  JsonWriter& close(char mark);
  void comma();
  std::string& out_;
  bool first_ = true;
};

// "text" with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace bongsu
