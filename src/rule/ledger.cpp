// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "model/show.h"
#include "rule/describe.h"
#include "rule/state.h"

namespace bongsu::rule {

Event alarm_event(const Alarm& alarm, std::string_view what, const std::string& text, Time now) {
  Event event;
  event.kind = EventKind::Alarm;
  event.severity = alarm.state == AlarmState::Active ? alarm.level : Severity::Normal;
  event.received = now;
  event.device = alarm.device;
  event.app = alarm.item;
  event.text = alarm.title + " " + text + " " + alarm.labels.to_string();
  event.fields = {{"alarm", std::to_string(alarm.id)},   {"item", alarm.item},
                  {"state", std::string(what)},          {"level", std::string(to_string(alarm.level))},
                  {"value", format_number(alarm.value)}, {"limit", format_number(alarm.limit)}};
  for (const auto& [name, value] : alarm.labels) event.fields.emplace_back("label." + name, value);
  return event;
}

Severity Ledger::level(const Watch& watch) const {
  if (watch.silent) return Severity::Unknown;
  return watch.alarm != 0 ? alarms.at(watch.alarm).level : Severity::Normal;
}

void Ledger::count(Watch& watch, std::optional<Severity> level) {
  if (watch.counted == level) return;
  const auto at = levels.try_emplace(watch.device).first;
  if (watch.counted) --at->second[*watch.counted];
  if (level) ++at->second[*level];
  watch.counted = level;
  if (at->second == LevelCounts{}) levels.erase(at);
}

void Ledger::leave(Item item) {
  for (auto& [labels, watch] : item.watches) count(watch, std::nullopt);
  gone.push_back(std::move(item));
}

void Ledger::keep(const Item& item, const Labels& labels, const Watch& watch, Unsaved& out) {
  const KeptWatch kept{.item = item.spec->name,
                       .expr = watch.expr,
                       .labels = labels,
                       .state = watch.state,
                       .had_value = watch.had_value,
                       .silent = watch.silent,
                       .missing_since = watch.missing ? watch.last_value : std::nullopt,
                       .changed = watch.changed,
                       .judged = item.judged,
                       .alarm = watch.alarm,
                       .cause = watch.cause,
                       .clocks = watch.clocks,
                       .unrest = watch.unrest};
  out.records[{kWatchTable, watch_key(item.spec->name, labels)}] = encode(kept);
}

Watch& Ledger::add(Item& item, const Labels& labels, Time now) {
  Watch& watch = item.watches[labels];
  watch.device = labels.get("device");
  watch.expr = item.expr;
  watch.changed = now;
  ++item.per_device[watch.device];
  ++watch_count;
  count(watch, Severity::Normal);
  return watch;
}

void Ledger::drop(Item& item, const Labels& labels, const std::string& reason, Time now, Unsaved& out) {
  const auto at = item.watches.find(labels);
  if (at == item.watches.end()) return;
  if (at->second.alarm != 0) recover(at->second.alarm, std::nullopt, reason, now, out);
  out.records[{kWatchTable, watch_key(item.spec->name, labels)}] = std::nullopt;
  if (const auto count = item.per_device.find(at->second.device); count != item.per_device.end() && --count->second == 0)
    item.per_device.erase(count);
  this->count(at->second, std::nullopt);
  item.watches.erase(at);
  --watch_count;
}

void Ledger::drop_all(Item& item, const std::string& reason, Time now, Unsaved& out) {
  std::vector<Labels> all;
  for (const auto& [labels, watch] : item.watches) all.push_back(labels);
  std::sort(all.begin(), all.end());
  for (const Labels& labels : all) drop(item, labels, reason, now, out);
}

void Ledger::with_value(Item& item, const ItemSpec& spec, std::span<const Level> judged_by, const DeviceState* device,
                        const Labels& labels, Watch& watch, double value, Time now, Unsaved& out) {
  const bool news = !watch.had_value || watch.missing;
  const AlarmState state = watch.state;
  if (watch.silent) watch.changed = now;
  watch.round = item.round;
  watch.had_value = true;
  watch.silent = false;
  watch.missing = false;
  watch.cause.clear();
  watch.last_value = now;
  watch.value = value;
  const Verdict verdict = judge(spec, judged_by, watch.clocks, value, now);
  const Severity next = verdict.level != nullptr ? verdict.level->severity : Severity::Normal;
  const bool turned = turn(spec, watch.unrest, next, now);
  settle(spec, device, labels, watch, verdict, now, out);
  count(watch, level(watch));
  if (news || turned || verdict.changed || state != watch.state) keep(item, labels, watch, out);
}

bool Ledger::without_value(Item& item, const Labels& labels, Watch& watch, Time now, Unsaved& out) {
  watch.value.reset();
  // After a restart: the evaluation before this one had a value, or the record would say so.
  if (!watch.last_value) watch.last_value = now - item.spec->interval;
  const bool news = !std::exchange(watch.missing, true);
  if (watch.silent) return false;
  // A single evaluation without a value says nothing yet: a poll may be late.
  if (watch.had_value && now - *watch.last_value <= item.spec->no_data_after.value_or(item.spec->interval)) {
    if (news) keep(item, labels, watch, out);
    return false;
  }
  watch.silent = true;
  count(watch, Severity::Unknown);
  watch.changed = now;
  forget_pending(watch.clocks);
  if (watch.state != AlarmState::Active) watch.state = AlarmState::Normal;
  keep(item, labels, watch, out);
  return true;
}

void Ledger::set_cause(const Item& item, const Labels& labels, Watch& watch, std::string cause, Unsaved& out) {
  if (!watch.silent || watch.cause == cause) return;
  watch.cause = std::move(cause);
  keep(item, labels, watch, out);
}

void Ledger::flap(Watch& watch, bool on, Time now, Unsaved& out) {
  Alarm& alarm = alarms.at(watch.alarm);
  if (alarm.flapping == on) return;
  alarm.flapping = on;
  unshown_.insert(alarm.id);
  out.events.push_back(alarm_event(
      alarm, on ? "flapping" : "settled",
      on ? "is flapping: it rose and fell " + std::to_string(watch.unrest.turns.size()) + " times of late" : "came to rest",
      now));
  const AlarmNews raised{.change = AlarmChange::Raised, .at = now, .alarm = alarm};
  if (out.records.contains({kAlarmNewsTable, alarm_news_key(raised)})) tell(raised, out);
  else tell({.change = on ? AlarmChange::Flapping : AlarmChange::Settled, .before = alarm.level, .at = now, .alarm = alarm}, out);
}

void Ledger::settle(const ItemSpec& spec, const DeviceState* device, const Labels& labels, Watch& watch, const Verdict& verdict,
                    Time now, Unsaved& out) {
  AlarmState next = verdict.pending ? AlarmState::Pending : AlarmState::Normal;
  if (verdict.level != nullptr) {
    next = AlarmState::Active;
    if (watch.alarm == 0) {
      raise(spec, device, labels, watch, *verdict.level, now, out);
    } else if (Alarm& alarm = alarms.at(watch.alarm);
               watch.unrest.flapping ? alarm.level < verdict.level->severity : alarm.level != verdict.level->severity) {
      change(spec, alarm, *verdict.level, *watch.value, now, out);
      watch.changed = now;
    }
  } else if (watch.alarm != 0 && watch.unrest.flapping) {
    next = AlarmState::Active;  // until it comes to rest
  } else if (watch.alarm != 0) {
    next = AlarmState::Recovered;  // shown until the next evaluation
    alarms.at(watch.alarm).meaning = meaning_of(spec, *watch.value);
    recover(watch.alarm, watch.value, alarms.at(watch.alarm).flapping ? "came to rest" : "", now, out);
    watch.alarm = 0;
  }
  if (watch.alarm != 0) flap(watch, watch.unrest.flapping, now, out);
  if (next != watch.state) watch.changed = now;
  watch.state = next;
}

void Ledger::raise(const ItemSpec& spec, const DeviceState* device, const Labels& labels, Watch& watch, const Level& level,
                   Time now, Unsaved& out) {
  Alarm alarm{.id = next_id_++,
              .item = spec.name,
              .title = spec.title.en.empty() ? spec.name : spec.title.en,
              .labels = labels,
              .device = watch.device,
              .state = AlarmState::Active,
              .level = level.severity,
              .peak = level.severity,
              .value = *watch.value,
              .limit = level.limit,
              .unit = unit_of(spec, labels),
              .meaning = meaning_of(spec, *watch.value),
              .asked = device == nullptr ? std::string() : asked_of(*device),
              .why = spec.why,
              .since = now,
              .changed = now};
  watch.alarm = alarm.id;
  open.insert(alarm.id);
  fresh.insert(alarm.id);
  ++active[static_cast<std::size_t>(to_number(level.severity) + 1)];
  std::string text = std::string(to_string(level.severity)) + ": " + show_value(alarm);
  if (alarm.meaning.empty()) text += (spec.below ? ", below " : ", above ") + show_quantity(level.limit, alarm.unit);
  // An address alone says nothing that the device's name does not.
  if (device != nullptr && alarm.asked != device->address) text += "; asked " + alarm.asked;
  out.events.push_back(alarm_event(alarm, "active", text, now));
  out.records[{kAlarmTable, alarm_key(alarm.id)}] = encode(alarm);
  unshown_.insert(alarm.id);
  tell({.change = AlarmChange::Raised, .at = now, .alarm = alarm}, out);
  alarms.emplace(alarm.id, std::move(alarm));
}

void Ledger::change(const ItemSpec& spec, Alarm& alarm, const Level& level, double value, Time now, Unsaved& out) {
  const Severity before = alarm.level;
  unshown_.insert(alarm.id);
  --active[static_cast<std::size_t>(to_number(before) + 1)];
  ++active[static_cast<std::size_t>(to_number(level.severity) + 1)];
  alarm.level = level.severity;
  alarm.peak = std::max(alarm.peak, level.severity);
  alarm.value = value;
  alarm.meaning = meaning_of(spec, value);
  alarm.limit = level.limit;
  alarm.changed = now;
  std::string text =
      std::string(to_string(level.severity)) + ", was " + std::string(to_string(before)) + ": " + show_value(alarm);
  if (alarm.meaning.empty()) text += ", limit " + show_quantity(level.limit, alarm.unit);
  out.events.push_back(alarm_event(alarm, "active", text, now));
  out.records[{kAlarmTable, alarm_key(alarm.id)}] = encode(alarm);
  if (const auto known = acknowledgements.find(alarm.id);
      known != acknowledgements.end() && known->second.said.until_worse && level.severity > known->second.level) {
    unacknowledge(alarm, now, out);
  }
  tell({.change = AlarmChange::Level, .before = before, .at = now, .alarm = alarm}, out);
}

void Ledger::tell(const AlarmNews& news, Unsaved& out) {
  std::string key = alarm_news_key(news);
  std::string record = encode(news);
  out.records[{kAlarmNewsTable, key}] = record;
  out.records[{kRemedyNewsTable, std::move(key)}] = std::move(record);
}

void Ledger::recover(std::uint64_t id, std::optional<double> value, const std::string& reason, Time now, Unsaved& out) {
  Alarm& alarm = alarms.at(id);
  unshown_.insert(id);
  --active[static_cast<std::size_t>(to_number(alarm.level) + 1)];
  alarm.state = AlarmState::Recovered;
  if (value) alarm.value = *value;
  alarm.changed = now;
  alarm.ended = now;
  std::string text = "recovered from " + std::string(to_string(alarm.level)) + " after " + format_duration(now - alarm.since);
  if (value) text += ": " + show_value(alarm);
  if (!reason.empty()) text += ": " + reason;
  std::string by;
  // What is not watched any more was not repaired.
  if (const auto credit = credits.find(id); value && credit != credits.end() && now < credit->second.until) {
    by = credit->second.by;
    text += ", repaired by " + by;
  }
  out.events.push_back(alarm_event(alarm, "recovered", text, now));
  out.records[{kAlarmTable, alarm_key(id)}] = encode(alarm);
  tell({.change = AlarmChange::Recovered, .before = alarm.level, .at = now, .by = std::move(by), .note = reason, .alarm = alarm},
       out);
  close(id, out);
}

void Ledger::close(std::uint64_t id, Unsaved& out) {
  credits.erase(id);
  if (acknowledgements.erase(id) > 0) out.records[{kAcknowledgementTable, alarm_key(id)}] = std::nullopt;
  if (hushes.erase(id) > 0) out.records[{kHushTable, alarm_key(id)}] = std::nullopt;
  open.erase(id);
  fresh.erase(id);
  closed_.insert(id);
  while (closed_.size() > max_closed_) {
    out.records[{kAlarmTable, alarm_key(*closed_.begin())}] = std::nullopt;
    unshown_.insert(*closed_.begin());
    alarms.erase(*closed_.begin());
    closed_.erase(closed_.begin());
  }
}

void Ledger::restore(Alarm alarm) {
  next_id_ = std::max(next_id_, alarm.id + 1);
  if (alarm.state == AlarmState::Active) {
    ++active[static_cast<std::size_t>(to_number(alarm.level) + 1)];
    open.insert(alarm.id);
  } else {
    closed_.insert(alarm.id);
  }
  unshown_.insert(alarm.id);
  alarms.insert_or_assign(alarm.id, std::move(alarm));
}

void Ledger::show() {
  for (const std::uint64_t id : unshown_) {
    const auto at = alarms.find(id);
    if (at != alarms.end()) shown.insert_or_assign(id, at->second);
    else shown.erase(id);
    if (at != alarms.end() && at->second.state == AlarmState::Active) shown_open.insert(id);
    else shown_open.erase(id);
  }
  unshown_.clear();
}

void Ledger::unacknowledge(Alarm& alarm, Time now, Unsaved& out) {
  acknowledgements.erase(alarm.id);
  alarm.acknowledged = false;
  unshown_.insert(alarm.id);
  out.records[{kAcknowledgementTable, alarm_key(alarm.id)}] = std::nullopt;
  tell({.change = AlarmChange::Unacknowledged, .before = alarm.level, .at = now, .alarm = alarm}, out);
}

void Ledger::expire_acknowledgements(Time now, Unsaved& out) {
  std::vector<std::uint64_t> over;
  for (const auto& [id, kept] : acknowledgements) {
    if (kept.said.until && *kept.said.until <= now) over.push_back(id);
  }
  std::sort(over.begin(), over.end());
  for (const std::uint64_t id : over) unacknowledge(alarms.at(id), now, out);
}

void Ledger::end_strays(Time now, Unsaved& out) {
  for (Item& item : gone) drop_all(item, "the item is no longer watched", now, out);
  gone.clear();
}

}  // namespace bongsu::rule
