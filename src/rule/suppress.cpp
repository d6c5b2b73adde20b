// SPDX-License-Identifier: Apache-2.0
// Who is not told: alarms in maintenance, and those of devices that cannot be reached because another is down.
#include <algorithm>
#include <span>
#include <utility>

#include "base/text.h"
#include "rule/reach.h"
#include "rule/round.h"
#include "rule/state.h"

namespace bongsu::rule {
namespace {

constexpr Millis kUplinkEvery = std::chrono::seconds(10);
constexpr Millis kPatience = std::chrono::seconds(30);    // with devices above that are asked
constexpr Millis kUnexplained = std::chrono::minutes(5);  // that a dead parent without an alarm of its own is taken for a cause
constexpr Millis kSettling = std::chrono::seconds(90);    // beside two polls, for a device to be heard again

std::string down_text(const std::set<std::string>& names) {
  std::string text;
  std::size_t left = 3;
  for (const std::string& name : names) {
    if (left-- == 0) {
      text += " and others";
      break;
    }
    text += (text.empty() ? "" : ", ") + name;
  }
  return text + (names.size() == 1 ? " is down" : " are down");
}

// What one look at all open alarms needs.
struct Look {
  const Ledger& ledger;
  Reach& reach;
  const std::vector<const Window*> windows;           // open ones
  const std::set<std::string, std::less<>>& alarmed;  // devices with an open alarm that is judged still
  const bool can_ask;
  const Time now;
  std::set<std::string>& to_ask;

  std::optional<Hush> decide(const Alarm& alarm, const Hush* before) const {
    std::optional<Hush> sane;  // where the clock was set back meanwhile
    if (before != nullptr && (before->since > now || before->back.value_or(now) > now)) {
      sane = *before;
      sane->since = std::min(sane->since, now);
      if (sane->back) sane->back = std::min(*sane->back, now);
      before = &*sane;
    }
    const DeviceState* device = reach.find(alarm.device);
    static const Tags kNone;
    for (const Window* window : windows) {
      if (refuses(window->match, alarm, device == nullptr ? kNone : device->tags, now)) continue;
      const bool same = before != nullptr && before->kind == Hush::Kind::Window && before->name == window->name;
      return Hush{.kind = Hush::Kind::Window,
                  .by = "maintenance " + window->name + (window->note.empty() ? "" : ": " + window->note),
                  .name = window->name,
                  .since = same ? before->since : now};
    }
    if (device == nullptr) return std::nullopt;
    return device->parents.empty() ? by_others(alarm, *device, before) : by_parents(alarm, *device, before);
  }

  // Nobody has been told yet, and not because somebody was asked or found to be the cause.
  bool news(const Alarm& alarm, const Hush* before) const {
    return ledger.fresh.contains(alarm.id) || (before != nullptr && before->kind == Hush::Kind::Window);
  }

  // An alarm that was found to have its cause elsewhere, or whose others are asked. What stands above its device may be known
  // otherwise by now: then it is looked at anew, and not told before.
  static bool explained(const Hush* before) {
    return before != nullptr && (before->kind == Hush::Kind::Parent || before->kind == Hush::Kind::Uplink);
  }
  static bool asks(const Hush* before, bool witnesses) {  // those above it have no names in the hush
    return before != nullptr && before->kind == Hush::Kind::Asking && before->name.empty() != witnesses;
  }

  // Of a device that nothing stands in front of: that it is down says nothing of it where no other can be reached either.
  std::optional<Hush> by_others(const Alarm& alarm, const DeviceState& device, const Hush* before) const {
    const bool hidden = explained(before), asking = asks(before, true);
    if (!hidden && !asking && !asks(before, false) && !news(alarm, before)) return std::nullopt;
    if (hidden && !device.up) return settled(device, *before);  // as after a start
    const Reach::Others others = reach.others(device.name);
    const bool silent = others.down >= 2 && others.up + others.unknown == 0;
    const Hush lost{.kind = Hush::Kind::Uplink,
                    .by = "no device can be reached, so Bongsu's own connection is at fault",
                    .since = hidden ? before->since : now};
    if (device.up == false && silent) return lost;
    if (hidden) return settled(device, *before);
    if (device.up == true || others.up + others.unknown + others.down < 2) return std::nullopt;
    if (asking) {
      bool known = true, one_is_up = false;
      const auto names = split(before->name, ',');
      for (const std::string_view name : names) {
        const DeviceState* asked = reach.find(name);
        if (asked == nullptr) continue;
        const bool answered = asked->probed && *asked->probed >= before->since;
        known = known && answered;
        one_is_up = one_is_up || (answered && asked->up != false);
      }
      if (one_is_up || (!known && now - before->since >= kPatience)) return std::nullopt;
      if (!known) return *before;
      // The first who were asked may stand behind one thing that failed; others are asked once more.
      if (names.size() > Reach::kWitnesses || others.up == 0) return lost;
    }
    if (!can_ask || others.to_ask.empty()) return std::nullopt;
    Hush ask = asking ? *before : Hush{.kind = Hush::Kind::Asking, .by = "other devices are being asked", .since = now};
    for (const std::string& name : others.to_ask) {
      to_ask.insert(name);
      ask.name += (ask.name.empty() ? "" : ",") + name;
    }
    return ask;
  }

  // The way is open again, or nothing is known yet: the device is heard of soon, if it is well.
  std::optional<Hush> settled(const DeviceState& device, Hush hush) const {
    if (!hush.back) to_ask.insert(device.name);
    hush.back = hush.back.value_or(now);
    if (now - *hush.back < 2 * device.interval + kSettling) return hush;
    return std::nullopt;
  }

  std::optional<Hush> by_parents(const Alarm& alarm, const DeviceState& device, const Hush* before) const {
    const bool hidden = explained(before), asking = asks(before, false);
    const bool fresh = news(alarm, before) || asks(before, true);
    const Reach::Way way = reach.way_to(device.name);
    if (way == Reach::Way::Blocked) {
      const std::set<std::string> causes = reach.causes(device.name);
      const Time since = hidden ? before->since : now;
      // Somebody is told of the cause, or will be soon.
      const bool told = std::any_of(causes.begin(), causes.end(), [&](const auto& name) { return alarmed.contains(name); });
      const bool soon = (hidden || asking || fresh) && now - since < kUnexplained;
      if (!told && !soon) return std::nullopt;
      return Hush{.kind = Hush::Kind::Parent, .by = down_text(causes), .since = since};
    }
    if (hidden) return settled(device, *before);  // Unknown: as after a start
    if (!can_ask || !(fresh || asking)) return std::nullopt;
    const std::set<std::string> above = reach.above(device.name);
    if (asking) {
      const bool known = std::all_of(above.begin(), above.end(), [&](const std::string& name) {
        const auto& probed = reach.find(name)->probed;
        return probed && *probed >= before->since;
      });
      if (known || now - before->since >= kPatience) return std::nullopt;
      return *before;
    }
    to_ask.insert(above.begin(), above.end());
    return Hush{.kind = Hush::Kind::Asking, .by = "the devices above it are being asked", .since = now};
  }
};

}  // namespace

bool Ledger::speaks(const Alarm& alarm) const {
  const auto item = items.find(alarm.item);
  if (item == items.end()) return false;
  const auto watch = item->second.watches.find(alarm.labels);
  return watch != item->second.watches.end() && !watch->second.missing;
}

void Ledger::hush(std::uint64_t id, const std::optional<Hush>& how, Time now, Unsaved& out) {
  const auto known = hushes.find(id);
  const std::optional<Hush> before = known == hushes.end() ? std::nullopt : std::optional(known->second);
  if (before == how) return;
  out.records[{kHushTable, alarm_key(id)}] = how ? std::optional(encode(*how)) : std::nullopt;
  if (how) hushes.insert_or_assign(id, *how);
  else hushes.erase(known);
  Alarm& alarm = alarms.at(id);
  const bool was = std::exchange(alarm.suppressed, how.has_value());
  const std::string by = how ? how->by : std::string();
  if (was == alarm.suppressed && alarm.suppressed_by == by) return;
  alarm.suppressed_by = by;
  unshown_.insert(id);
  // That somebody is being asked is no event.
  if (how && how->kind != Hush::Kind::Asking) out.events.push_back(alarm_event(alarm, "suppressed", "suppressed: " + by, now));
  else if (!how && before->kind != Hush::Kind::Asking)
    out.events.push_back(alarm_event(alarm, "unsuppressed", "no longer suppressed: " + before->by, now));
  // News of its beginning that nobody can have read says it all.
  const AlarmNews raised{.change = AlarmChange::Raised, .at = now, .alarm = alarm};
  if (out.records.contains({kAlarmNewsTable, alarm_news_key(raised)})) {
    tell(raised, out);
  } else if (was != alarm.suppressed) {
    tell({.change = alarm.suppressed ? AlarmChange::Suppressed : AlarmChange::Unsuppressed,
          .before = alarm.level,
          .at = now,
          .alarm = alarm},
         out);
  }
}

void Engine::write_uplink(Round& round) {
  const Time now = round.now;
  if (options_.own_points == nullptr || now - state_->uplink_written < kUplinkEvery) return;
  state_->uplink_written = now;
  if (!round.has_devices) round.load(devices_);
  if (round.devices.empty()) return;
  const bool lost = state_->ledger.lock()->uplink_lost;
  const auto id = options_.own_points->series(Labels{{std::string(kMetricName), "bongsu_uplink_up"}});
  Status kept = id ? Status() : Status(id.error());
  if (id) {
    const Point point{*id, {now, lost ? 0.0 : 1.0}};
    kept = options_.own_points->append(std::span(&point, 1));
  }
  if (!kept) metrics_.counter("bongsu_rule_points_dropped_total", "Points of the rules' own that were not stored.").add();
}

void Engine::suppress(Round& round, bool judged) {
  Unsaved& out = state_->unsaved;
  {
    auto ledger = state_->ledger.lock();
    std::vector<std::string> open = ledger->open_windows(round.now, out);
    const bool changed = std::exchange(ledger->windows_changed, false) || open != state_->open_windows;
    state_->open_windows = std::move(open);
    if (ledger->open.empty()) ledger->uplink_lost = false;
    if (ledger->open.empty() || !(judged || changed || state_->waiting)) return;
  }
  if (!round.has_devices) round.load(devices_);
  std::set<std::string> to_ask;
  {
    auto ledger = state_->ledger.lock();
    Reach reach(round.devices);
    std::vector<const Window*> windows;
    for (const auto* all : {&ledger->windows, &ledger->file_windows}) {
      for (const auto& [name, window] : *all) {
        if (window.open(round.now)) windows.push_back(&window);
      }
    }
    std::set<std::string, std::less<>> alarmed;
    for (const std::uint64_t id : ledger->open) {
      const Alarm& alarm = ledger->alarms.at(id);
      if (ledger->speaks(alarm)) alarmed.insert(alarm.device);
    }
    const Look look{*ledger, reach, std::move(windows), alarmed, options_.prober != nullptr, round.now, to_ask};
    state_->waiting = false;
    for (const std::uint64_t id : ledger->open) {
      const auto known = ledger->hushes.find(id);
      const auto how = look.decide(ledger->alarms.at(id), known == ledger->hushes.end() ? nullptr : &known->second);
      state_->waiting = state_->waiting || (how && how->kind != Hush::Kind::Window);
      ledger->hush(id, how, round.now, out);
    }
    ledger->fresh.clear();
    ledger->uplink_lost = std::any_of(ledger->hushes.begin(), ledger->hushes.end(),
                                      [](const auto& one) { return one.second.kind == Hush::Kind::Uplink && !one.second.back; });
  }
  if (options_.prober == nullptr) return;
  for (const std::string& device : to_ask) options_.prober->probe(device);
}

}  // namespace bongsu::rule
