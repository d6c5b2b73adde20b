// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/alarm.h"
#include "model/labels.h"
#include "model/severity.h"

namespace bongsu {

// The octets of a kept record (StateStore). A record begins with an octet, its version. `number` is an unsigned LEB128,
// `text` a number of octets and the octets, `time` a number of milliseconds since 1970, an optional one an octet 0 or 1 and
// then the time, `real` an IEEE 754 double with its least octet first, `labels` a count and pairs of texts.
class RecordWriter {
 public:
  explicit RecordWriter(std::uint8_t version) { octet(version); }
  void octet(unsigned value) { out_ += static_cast<char>(static_cast<unsigned char>(value)); }
  void flag(bool value) { octet(value ? 1 : 0); }
  void number(std::uint64_t value);
  void time(Time at) { number(static_cast<std::uint64_t>(to_ms(at))); }
  void optional_time(const std::optional<Time>& at);
  void real(double value);
  void text(std::string_view value);
  void labels(const Labels& labels);
  void severity(Severity severity) { octet(static_cast<unsigned>(to_number(severity) + 1)); }
  // id number, item text, title text, labels, state octet, level octet, peak octet, value real, limit real, unit text,
  // why text, since time, changed time, ended time?; a severity's octet is one more than its number.
  void alarm(const Alarm& alarm);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what RecordWriter wrote; after the first fault everything is zero or empty, and end() tells.
class RecordReader {
 public:
  // `version` is the newest that is understood.
  RecordReader(std::string_view in, std::uint8_t version);
  unsigned version() const { return version_; }
  unsigned octet();
  bool flag() { return octet() != 0; }
  std::uint64_t number();
  Time time() { return time_from_ms(static_cast<std::int64_t>(number())); }
  std::optional<Time> optional_time();
  double real();
  std::string text();
  Labels labels();
  AlarmState state();
  Severity severity();
  Alarm alarm();
  void fail() { failed_ = true; }  // what was read makes no sense
  bool failed() const { return failed_; }
  // Errors: Unsupported (a later version wrote it), Corrupt (it ends early, or late, or makes no sense). `what`: "alarm".
  Status end(std::string_view what) const;

 private:
  std::string_view in_;
  unsigned version_ = 0;
  bool failed_ = false;
  bool newer_ = false;
};

std::string record_key(std::uint64_t number);  // 16 hexadecimal digits: sorts by number

}  // namespace bongsu
