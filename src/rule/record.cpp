// SPDX-License-Identifier: Apache-2.0
#include "rule/record.h"

#include "model/record.h"

namespace bongsu::rule {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAlarmVersion = 2;
constexpr std::uint8_t kWatchVersion = 2;

void put(RecordWriter& out, const std::vector<std::string>& words) {
  out.number(words.size());
  for (const std::string& word : words) out.text(word);
}
void put(RecordWriter& out, const std::map<std::string, std::vector<std::string>>& patterns) {
  out.number(patterns.size());
  for (const auto& [name, words] : patterns) {
    out.text(name);
    put(out, words);
  }
}
std::vector<std::string> words_of(RecordReader& in) {
  std::vector<std::string> words;
  for (std::uint64_t left = in.number(); left > 0 && !in.failed(); --left) words.push_back(in.text());
  return words;
}
std::map<std::string, std::vector<std::string>> patterns_of(RecordReader& in) {
  std::map<std::string, std::vector<std::string>> patterns;
  for (std::uint64_t left = in.number(); left > 0 && !in.failed(); --left) {
    std::string name = in.text();
    patterns.insert_or_assign(std::move(name), words_of(in));
  }
  return patterns;
}

}  // namespace

std::string alarm_key(std::uint64_t id) { return record_key(id); }

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
  RecordWriter out(kAlarmVersion);
  out.alarm(alarm);
  out.text(alarm.meaning);
  out.text(alarm.asked);
  return out.take();
}

Result<Alarm> decode_alarm(std::string_view bytes) {
  RecordReader in(bytes, kAlarmVersion);
  Alarm alarm = in.alarm();
  if (in.version() >= 2) {
    alarm.meaning = in.text();
    alarm.asked = in.text();
  }
  BONGSU_TRY_OK(in.end("alarm"));
  return alarm;
}

std::string encode(const KeptWatch& watch) {
  RecordWriter out(kWatchVersion);
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
    out.flag(clock.reached);
  }
  const Unrest& unrest = watch.unrest;
  out.severity(unrest.stood);
  out.octet((unrest.flapping ? 1U : 0U) | (unrest.rising ? 2U : 0U));
  out.number(unrest.turns.size());
  for (const Time at : unrest.turns) out.time(at);
  return out.take();
}

Result<KeptWatch> decode_watch(std::string_view bytes) {
  RecordReader in(bytes, kWatchVersion);
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
    watch.clocks[i].reached = in.flag();
    if (in.version() < 2 && watch.clocks[i].reached) watch.unrest.stood = static_cast<Severity>(i + 1);
  }
  if (in.version() >= 2) {
    watch.unrest.stood = in.severity();
    const unsigned way = in.octet();
    watch.unrest.flapping = (way & 1) != 0;
    watch.unrest.rising = (way & 2) != 0;
    for (std::uint64_t left = in.number(); left > 0 && !in.failed(); --left) watch.unrest.turns.push_back(in.time());
  }
  BONGSU_TRY_OK(in.end("watch"));
  return watch;
}

std::string encode(const KeptAcknowledgement& kept) {
  RecordWriter out(kVersion);
  out.text(kept.said.by);
  out.text(kept.said.note);
  out.optional_time(kept.said.until);
  out.flag(kept.said.until_worse);
  out.severity(kept.level);
  return out.take();
}

Result<KeptAcknowledgement> decode_acknowledgement(std::string_view bytes) {
  RecordReader in(bytes, kVersion);
  KeptAcknowledgement kept;
  kept.said.by = in.text();
  kept.said.note = in.text();
  kept.said.until = in.optional_time();
  kept.said.until_worse = in.flag();
  kept.level = in.severity();
  BONGSU_TRY_OK(in.end("acknowledgement"));
  return kept;
}

std::string encode(const Hush& hush) {
  RecordWriter out(kVersion);
  out.octet(static_cast<unsigned>(hush.kind));
  out.text(hush.by);
  out.text(hush.name);
  out.time(hush.since);
  out.optional_time(hush.back);
  return out.take();
}

Result<Hush> decode_hush(std::string_view bytes) {
  RecordReader in(bytes, kVersion);
  Hush hush;
  const unsigned kind = in.octet();
  if (kind < 1 || kind > static_cast<unsigned>(Hush::Kind::Uplink)) in.fail();
  else hush.kind = static_cast<Hush::Kind>(kind);
  hush.by = in.text();
  hush.name = in.text();
  hush.since = in.time();
  hush.back = in.optional_time();
  BONGSU_TRY_OK(in.end("suppression of an alarm"));
  return hush;
}

std::string encode(const Window& window) {
  RecordWriter out(kVersion);
  out.text(window.name);
  put(out, window.match.items);
  put(out, window.match.devices);
  put(out, window.match.tags);
  put(out, window.match.labels);
  out.text(window.match.hours.text());
  out.text(window.match.hours.zone());
  out.optional_time(window.from);
  out.optional_time(window.until);
  out.text(window.note);
  out.text(window.by);
  return out.take();
}

Result<Window> decode_window(std::string_view bytes) {
  RecordReader in(bytes, kVersion);
  Window window;
  window.name = in.text();
  window.match.items = words_of(in);
  window.match.devices = words_of(in);
  window.match.tags = patterns_of(in);
  window.match.labels = patterns_of(in);
  const std::string hours = in.text();
  const std::string zone = in.text();
  window.from = in.optional_time();
  window.until = in.optional_time();
  window.note = in.text();
  window.by = in.text();
  BONGSU_TRY_OK(in.end("maintenance window"));
  BONGSU_TRY(window.match.hours, WeekHours::parse(hours, zone).context("maintenance " + window.name));
  return window;
}

}  // namespace bongsu::rule
