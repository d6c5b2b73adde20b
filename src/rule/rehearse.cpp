// SPDX-License-Identifier: Apache-2.0
// Drills: what a fault would come to, without one.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/show.h"
#include "rule/coverage.h"
#include "rule/describe.h"
#include "rule/limits.h"
#include "rule/reach.h"
#include "rule/state.h"

namespace bongsu::rule {
namespace {

constexpr std::int64_t kMostSteps = 3'000'000;  // a hold of 30 days, judged each second

// So far from a limit that its level is reached, or `back` is true, that it has ended.
double beyond(const ItemSpec& spec, double limit, bool back) {
  const double step = std::max(1.0, std::abs(limit) * 0.1) + (back ? spec.clear : 0);
  const double value = spec.below == back ? limit + step : limit - step;
  // A share of the whole ends at the whole.
  return spec.unit == "percent" && limit < 100 ? std::min(value, 100.0) : value;
}

// Judges one value at each interval from `now` on until `done`, or for as long as the item may take. Gives how long it took.
template <class Done>
std::optional<Millis> judge_until(const ItemSpec& spec, std::span<const Level> levels, Clocks& clocks, double value, Time now,
                                  Done done) {
  Millis longest{0};
  for (const Level& level : levels) longest = std::max(longest, level.hold + level.count.of * spec.interval);
  const std::int64_t steps = std::min(kMostSteps, longest / spec.interval + 2);
  for (std::int64_t i = 0; i < steps; ++i) {
    if (done(judge(spec, levels, clocks, value, now + i * spec.interval))) return i * spec.interval;
  }
  return std::nullopt;
}

}  // namespace

Result<Engine::Rehearsal> Engine::rehearse(const std::string& name, const std::string& device, std::optional<Severity> level,
                                           Time now) const {
  const std::vector<DeviceState> devices = devices_.devices();
  const auto known = std::find_if(devices.begin(), devices.end(), [&](const DeviceState& one) { return one.name == device; });
  Rehearsal out;
  std::shared_ptr<const ItemSpec> item;
  bool failing = false;
  {
    const auto ledger = state_->ledger.lock();
    const auto at = ledger->items.find(name);
    if (at == ledger->items.end())
      return Error{
          Code::NotFound,
          "no item " + name + " is judged; `bongsu overlay list items` lists them, `bongsu coverage` names those switched off"};
    item = at->second.spec;
    failing = at->second.failing;
    if (at->second.judged == Time{} && !failing)
      return Error{Code::NotFound, name + " was not judged yet; it is, each " + format_duration(item->interval)};
    const std::pair<const Labels, Watch>* chosen = nullptr;  // the first with a value, else the first
    for (const auto& watch : at->second.watches) {
      if (watch.second.device != device) continue;
      const bool better = chosen == nullptr || (watch.second.value && !chosen->second.value) ||
                          (watch.second.value.has_value() == chosen->second.value.has_value() && watch.first < chosen->first);
      if (better) chosen = &watch;
    }
    if (chosen == nullptr && device.empty()) return Error{Code::NotFound, name + " is judged of devices: name one"};
    if (chosen == nullptr)
      return Error{Code::NotFound,
                   name + " is not judged on " + device + ": its expression gives nothing there, and it is not for it"};
    out.alarm.labels = chosen->first;
    out.value = chosen->second.value;
    out.cause = out.value ? "" : chosen->second.cause.empty() ? "no data" : chosen->second.cause;
    for (const auto* all : {&ledger->windows, &ledger->file_windows}) {
      for (const auto& [window_name, window] : *all) {
        static const Tags kNone;
        Alarm asked;
        asked.item = name;
        asked.device = device;
        asked.labels = chosen->first;
        if (window.open(now) && !refuses(window.match, asked, known == devices.end() ? kNone : known->tags, now))
          out.hidden = "maintenance " + window.name + (window.note.empty() ? "" : ": " + window.note);
      }
    }
  }
  if (out.hidden.empty() && known != devices.end()) {
    Reach reach(devices);
    if (reach.way_to(device) == Reach::Way::Blocked) {
      for (const std::string& cause : reach.causes(device)) out.hidden += (out.hidden.empty() ? "" : ", ") + cause;
      out.hidden += ": down, and on all ways to it";
    }
  }

  const ItemSpec& spec =
      item->overrides.empty() ? *item : spec_for(*item, out.alarm.labels, known == devices.end() ? nullptr : &*known);
  Alarm& alarm = out.alarm;
  alarm.item = name;
  alarm.title = spec.title.en.empty() ? name : spec.title.en;
  alarm.device = device;
  alarm.unit = unit_of(spec, alarm.labels);
  alarm.why = spec.why;
  alarm.since = alarm.changed = now;
  if (!spec.enabled) out.problem = "an override switches it off there";
  else if (failing) out.problem = "its expression cannot be evaluated; see the daemon's log";
  else if (!item->hours.contains(now)) out.problem = "it is not judged now: outside of its hours, " + item->hours.text();
  if (!out.problem.empty()) return out;

  auto limits = Limits::at(*item, query::Engine(points_, options_.query), now);
  if (!limits) {
    out.problem = "its limits cannot be evaluated: " + limits.error().text;
    return out;
  }
  const std::span<const Level> levels = limits->levels(spec, alarm.labels);
  if (levels.empty()) {
    out.problem = "nothing gives a limit for it now";
    return out;
  }
  auto chosen = std::prev(levels.end());
  if (level) {
    chosen = std::find_if(levels.begin(), levels.end(), [&](const Level& one) { return one.severity == *level; });
    if (chosen == levels.end()) return Error{Code::Invalid, name + " has no level " + std::string(to_string(*level)) + " there"};
  }
  alarm.level = alarm.peak = chosen->severity;
  alarm.limit = chosen->limit;
  const auto worse = std::next(chosen);
  if (known != devices.end()) alarm.asked = asked_of(*known);
  alarm.value = worse == levels.end() ? beyond(spec, chosen->limit, false) : (chosen->limit + worse->limit) / 2;
  alarm.meaning = meaning_of(spec, alarm.value);
  Clocks clocks;
  const auto raised =
      judge_until(spec, levels, clocks, alarm.value, now, [&](const Verdict& verdict) { return verdict.level == &*chosen; });
  if (!raised) {
    out.problem = show_quantity(alarm.value, alarm.unit) + " does not reach " + std::string(to_string(chosen->severity));
    return out;
  }
  out.after = *raised;
  const double well = beyond(spec, levels.front().limit, true);
  if (!judge_until(spec, levels, clocks, well, now + *raised + spec.interval,
                   [](const Verdict& one) { return one.level == nullptr; }))
    out.problem = show_quantity(well, alarm.unit) + " does not end it";
  return out;
}

Status Engine::tell_drill(const AlarmNews& news) {
  BONGSU_CHECK(news.alarm.drill());
  StateBatch batch;
  batch.put(kAlarmNewsTable, alarm_news_key(news), encode(news));
  return store_.commit(batch).context("drill of " + news.alarm.item);
}

}  // namespace bongsu::rule
