// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include <bit>
#include <vector>

namespace bongsu {

void RecordWriter::number(std::uint64_t value) {
  for (; value > 0x7f; value >>= 7) octet(static_cast<unsigned>(value & 0x7f) | 0x80U);
  octet(static_cast<unsigned>(value));
}

void RecordWriter::optional_time(const std::optional<Time>& at) {
  flag(at.has_value());
  if (at) time(*at);
}

void RecordWriter::real(double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) octet(static_cast<unsigned>(bits & 0xff));
}

void RecordWriter::text(std::string_view value) {
  number(value.size());
  out_ += value;
}

void RecordWriter::labels(const Labels& labels) {
  number(labels.size());
  for (const auto& [name, value] : labels) {
    text(name);
    text(value);
  }
}

void RecordWriter::alarm(const Alarm& alarm) {
  number(alarm.id);
  text(alarm.item);
  text(alarm.title);
  labels(alarm.labels);
  octet(static_cast<unsigned>(alarm.state));
  severity(alarm.level);
  severity(alarm.peak);
  real(alarm.value);
  real(alarm.limit);
  text(alarm.unit);
  text(alarm.why);
  time(alarm.since);
  time(alarm.changed);
  optional_time(alarm.ended);
}

RecordReader::RecordReader(std::string_view in, std::uint8_t version) : in_(in) {
  version_ = octet();
  newer_ = !failed_ && version_ > version;
  failed_ = failed_ || newer_ || version_ == 0;
}

unsigned RecordReader::octet() {
  if (failed_ || in_.empty()) return failed_ = true, 0;
  const auto value = static_cast<unsigned char>(in_[0]);
  in_.remove_prefix(1);
  return value;
}

std::uint64_t RecordReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const unsigned part = octet();
    value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
    if (part < 0x80) return value;
  }
  return failed_ = true, 0;
}

std::optional<Time> RecordReader::optional_time() { return flag() ? std::optional(time()) : std::nullopt; }

double RecordReader::real() {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(octet()) << (8 * i);
  return std::bit_cast<double>(bits);
}

std::string RecordReader::text() {
  const std::uint64_t size = number();
  if (failed_ || size > in_.size()) return failed_ = true, std::string();
  std::string value(in_.substr(0, size));
  in_.remove_prefix(size);
  return value;
}

Labels RecordReader::labels() {
  const std::uint64_t count = number();
  std::vector<Labels::Pair> pairs;
  for (std::uint64_t i = 0; i < count && !failed_; ++i) {
    std::string name = text();
    pairs.emplace_back(std::move(name), text());
  }
  return Labels(std::move(pairs));
}

AlarmState RecordReader::state() {
  const unsigned value = octet();
  if (value > static_cast<unsigned>(AlarmState::Recovered)) failed_ = true;
  return failed_ ? AlarmState::Normal : static_cast<AlarmState>(value);
}

Severity RecordReader::severity() {
  const unsigned value = octet();
  if (value > 6) failed_ = true;
  return failed_ ? Severity::Normal : static_cast<Severity>(static_cast<int>(value) - 1);
}

Alarm RecordReader::alarm() {
  Alarm alarm;
  alarm.id = number();
  alarm.item = text();
  alarm.title = text();
  alarm.labels = labels();
  alarm.device = alarm.labels.get("device");
  alarm.state = state();
  alarm.level = severity();
  alarm.peak = severity();
  alarm.value = real();
  alarm.limit = real();
  alarm.unit = text();
  alarm.why = text();
  alarm.since = time();
  alarm.changed = time();
  alarm.ended = optional_time();
  return alarm;
}

Status RecordReader::end(std::string_view what) const {
  if (newer_)
    return Error{Code::Unsupported, "a kept " + std::string(what) +
                                        " was written by a later version; run that version, or restore a backup made before it"};
  if (failed_ || !in_.empty()) return Error{Code::Corrupt, "a kept " + std::string(what) + " cannot be read; restore a backup"};
  return {};
}

std::string record_key(std::uint64_t number) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key(16, '0');
  for (std::size_t i = 16; i-- > 0; number >>= 4) key[i] = kDigits[number & 15];
  return key;
}

}  // namespace bongsu
