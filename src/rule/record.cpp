// SPDX-License-Identifier: Apache-2.0
#include "rule/record.h"

#include <bit>

namespace bongsu::rule {
namespace {

constexpr std::uint8_t kVersion = 1;

class Writer {
 public:
  Writer() { octet(kVersion); }
  void octet(unsigned value) { out_ += static_cast<char>(static_cast<unsigned char>(value)); }
  void number(std::uint64_t value) {
    for (; value > 0x7f; value >>= 7) octet(static_cast<unsigned>(value & 0x7f) | 0x80U);
    octet(static_cast<unsigned>(value));
  }
  void time(Time at) { number(static_cast<std::uint64_t>(to_ms(at))); }
  void optional_time(const std::optional<Time>& at) {
    octet(at ? 1 : 0);
    if (at) time(*at);
  }
  void real(double value) {
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8) octet(static_cast<unsigned>(bits & 0xff));
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void labels(const Labels& labels) {
    number(labels.size());
    for (const auto& [name, value] : labels) {
      text(name);
      text(value);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what Writer wrote; after the first fault everything is zero and failed() stays true.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {
    const unsigned version = octet();
    newer_ = !failed_ && version > kVersion;
    failed_ = failed_ || version != kVersion;
  }
  unsigned octet() {
    if (failed_ || in_.empty()) return failed_ = true, 0;
    const auto value = static_cast<unsigned char>(in_[0]);
    in_.remove_prefix(1);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned part = octet();
      value |= static_cast<std::uint64_t>(part & 0x7f) << shift;
      if (part < 0x80) return value;
    }
    return failed_ = true, 0;
  }
  Time time() { return time_from_ms(static_cast<std::int64_t>(number())); }
  std::optional<Time> optional_time() { return octet() != 0 ? std::optional(time()) : std::nullopt; }
  double real() {
    std::uint64_t bits = 0;
    for (unsigned i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(octet()) << (8 * i);
    return std::bit_cast<double>(bits);
  }
  std::string text() {
    const std::uint64_t size = number();
    if (failed_ || size > in_.size()) return failed_ = true, std::string();
    std::string value(in_.substr(0, size));
    in_.remove_prefix(size);
    return value;
  }
  Labels labels() {
    const std::uint64_t count = number();
    std::vector<Labels::Pair> pairs;
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      std::string name = text();
      pairs.emplace_back(std::move(name), text());
    }
    return Labels(std::move(pairs));
  }
  AlarmState state() {
    const unsigned value = octet();
    if (value > static_cast<unsigned>(AlarmState::Recovered)) failed_ = true;
    return failed_ ? AlarmState::Normal : static_cast<AlarmState>(value);
  }
  Severity severity() {
    const unsigned value = octet();
    if (value > 6) failed_ = true;
    return failed_ ? Severity::Normal : static_cast<Severity>(static_cast<int>(value) - 1);
  }
  Status end(std::string_view what) const {
    if (newer_)
      return Error{Code::Unsupported,
                   "a kept " + std::string(what) +
                       " was written by a later version; run that version, or restore a backup made before it"};
    if (failed_ || !in_.empty()) return Error{Code::Corrupt, "a kept " + std::string(what) + " cannot be read; restore a backup"};
    return {};
  }

 private:
  std::string_view in_;
  bool failed_ = false;
  bool newer_ = false;
};

unsigned severity_octet(Severity severity) { return static_cast<unsigned>(to_number(severity) + 1); }

}  // namespace

std::string alarm_key(std::uint64_t id) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string key(16, '0');
  for (std::size_t i = 16; i-- > 0; id >>= 4) key[i] = kDigits[id & 15];
  return key;
}

std::string watch_key(std::string_view item, const Labels& labels) {
  std::string key(item);
  key += '\0';
  for (const auto& [name, value] : labels) {
    key += name;
    key += '\0';
    key += value;
    key += '\0';
  }
  return key;
}

std::string encode(const Alarm& alarm) {
  Writer out;
  out.number(alarm.id);
  out.text(alarm.item);
  out.text(alarm.title);
  out.labels(alarm.labels);
  out.octet(static_cast<unsigned>(alarm.state));
  out.octet(severity_octet(alarm.level));
  out.octet(severity_octet(alarm.peak));
  out.real(alarm.value);
  out.real(alarm.limit);
  out.text(alarm.unit);
  out.text(alarm.why);
  out.time(alarm.since);
  out.time(alarm.changed);
  out.optional_time(alarm.ended);
  return out.take();
}

Result<Alarm> decode_alarm(std::string_view bytes) {
  Reader in(bytes);
  Alarm alarm;
  alarm.id = in.number();
  alarm.item = in.text();
  alarm.title = in.text();
  alarm.labels = in.labels();
  alarm.device = alarm.labels.get("device");
  alarm.state = in.state();
  alarm.level = in.severity();
  alarm.peak = in.severity();
  alarm.value = in.real();
  alarm.limit = in.real();
  alarm.unit = in.text();
  alarm.why = in.text();
  alarm.since = in.time();
  alarm.changed = in.time();
  alarm.ended = in.optional_time();
  BONGSU_TRY_OK(in.end("alarm"));
  return alarm;
}

std::string encode(const KeptWatch& watch) {
  Writer out;
  out.text(watch.item);
  out.number(watch.expr);
  out.labels(watch.labels);
  out.octet(static_cast<unsigned>(watch.state));
  out.octet((watch.had_value ? 1U : 0U) | (watch.silent ? 2U : 0U));
  out.optional_time(watch.missing_since);
  out.time(watch.changed);
  out.time(watch.judged);
  out.number(watch.alarm);
  out.text(watch.cause);
  unsigned used = 0;
  for (std::size_t i = 0; i < watch.clocks.size(); ++i) used |= watch.clocks[i] == LevelClock{} ? 0U : 1U << i;
  out.octet(used);
  for (const LevelClock& clock : watch.clocks) {
    if (clock == LevelClock{}) continue;
    out.optional_time(clock.since);
    out.number(clock.history);
    out.octet(clock.reached ? 1 : 0);
  }
  return out.take();
}

Result<KeptWatch> decode_watch(std::string_view bytes) {
  Reader in(bytes);
  KeptWatch watch;
  watch.item = in.text();
  watch.expr = in.number();
  watch.labels = in.labels();
  watch.state = in.state();
  const unsigned flags = in.octet();
  watch.had_value = (flags & 1) != 0;
  watch.silent = (flags & 2) != 0;
  watch.missing_since = in.optional_time();
  watch.changed = in.time();
  watch.judged = in.time();
  watch.alarm = in.number();
  watch.cause = in.text();
  const unsigned used = in.octet();
  for (std::size_t i = 0; i < watch.clocks.size(); ++i) {
    if ((used >> i & 1) == 0) continue;
    watch.clocks[i].since = in.optional_time();
    watch.clocks[i].history = in.number();
    watch.clocks[i].reached = in.octet() != 0;
  }
  BONGSU_TRY_OK(in.end("watch"));
  return watch;
}

std::string encode(const KeptAcknowledgement& kept) {
  Writer out;
  out.text(kept.said.by);
  out.text(kept.said.note);
  out.optional_time(kept.said.until);
  out.octet(kept.said.until_worse ? 1 : 0);
  out.octet(severity_octet(kept.level));
  return out.take();
}

Result<KeptAcknowledgement> decode_acknowledgement(std::string_view bytes) {
  Reader in(bytes);
  KeptAcknowledgement kept;
  kept.said.by = in.text();
  kept.said.note = in.text();
  kept.said.until = in.optional_time();
  kept.said.until_worse = in.octet() != 0;
  kept.level = in.severity();
  BONGSU_TRY_OK(in.end("acknowledgement"));
  return kept;
}

}  // namespace bongsu::rule
