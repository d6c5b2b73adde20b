// SPDX-License-Identifier: Apache-2.0
#include "app/drills.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "model/alarm_news.h"
#include "model/show.h"

namespace bongsu::app {
namespace {

using StepState = notify::DrillStep::State;

constexpr std::size_t kMostKnownDrills = 20;
constexpr Millis kAnswering = std::chrono::seconds(90);  // for services to answer: a channel's own time is shorter, usually
constexpr Millis kRouting = std::chrono::seconds(5);     // until routes have been asked

void add_link(http::Drill& drill, std::string link, std::string what, std::string state, std::string text) {
  drill.links.push_back({std::move(link), std::move(what), std::move(state), std::move(text)});
}

std::string whom(const notify::Recipient& to) { return to.person.empty() ? to.channel : to.person + " by " + to.channel; }

bool ending(const notify::DrillStep& step) { return step.reason == notify::Reason::Recovered; }

// The link from a channel to its service.
void add_step(http::Drill& drill, const notify::DrillStep& step) {
  const std::string link = ending(step) ? "recovery" : "receipt";
  switch (step.state) {
    case StepState::Sent:
      return add_link(drill, link, whom(step.to), "ok", "taken at " + format_time(step.at));
    case StepState::Failed:
      return add_link(drill, link, whom(step.to), "broken", step.problem);
    case StepState::Held:
      return add_link(drill, link, whom(step.to), "waits",
                      "for the hours of " + step.to.person + ", from " + format_time(step.at));
    case StepState::Waiting:
      return add_link(drill, link, whom(step.to), "waits", "no answer yet");
  }
}

bool any_broken(const http::Drill& drill) {
  return std::any_of(drill.links.begin(), drill.links.end(), [](const http::DrillLink& one) { return one.state == "broken"; });
}

// Notices that somebody's hours hold back are no answer that one could wait for.
bool waits(const notify::DrillStep& step) { return step.state == StepState::Waiting; }

}  // namespace

// Scripts that a true fault would run.
void Drills::repairs(Current& one, const Tags& tags, Time now) const {
  for (const remedy::RemedyState& state : remedies_.remedies(now)) {
    if (refuses(state.remedy.on, one.alarm, tags, now)) continue;
    std::string text = "a true fault would run it; a drill runs nothing";
    if (state.tally.stopped) text = "it is stopped after failures, and a true fault would not run it either";
    add_link(one.drill, "remedy", state.remedy.name, state.tally.stopped ? "broken" : "left out", std::move(text));
  }
}

Result<http::Drill> Drills::begin(const http::DrillWish& wish, Time now) {
  std::optional<rule::Engine::Rehearsal> rehearsal;
  if (!wish.item.empty()) {
    if (!wish.device.empty() && !devices_.device(wish.device))
      return Error{Code::NotFound, "there is no device " + wish.device + "; `bongsu status` and the page list them"};
    BONGSU_TRY(rehearsal, rules_.rehearse(wish.item, wish.device, wish.level, now));
  }
  Current one;
  {
    const auto drills = drills_.lock();
    if (!drills->empty() && drills->back().phase != Phase::Over)
      return Error{Code::Refused, fmt::format("drill {} is under way; it ends within minutes", drills->back().drill.id)};
    const std::uint64_t last = drills->empty() ? 0 : drills->back().drill.id;
    one.drill = {.id = std::max(last + 1, kFirstDrill + static_cast<std::uint64_t>(to_ms(now))),
                 .device = wish.device,
                 .item = wish.item,
                 .started = now,
                 .links = {}};
    one.since = now;
    drills->push_back(one);  // nobody else begins one meanwhile
    while (drills->size() > kMostKnownDrills) drills->pop_front();
  }
  const auto device = wish.device.empty() ? std::nullopt : devices_.device(wish.device);
  bool go = true;
  if (rehearsal) {
    one.alarm = rehearsal->alarm;
    if (device) {
      const std::string why = device->error.empty() ? "it does not answer" : device->error;
      add_link(one.drill, "device", wish.device, device->up == true ? "ok" : "broken",
               device->up == true    ? "it answers"
               : device->up == false ? why
                                     : "it was not asked yet");
    }
    add_link(one.drill, "data", wish.item, rehearsal->value ? "ok" : "broken",
             rehearsal->value ? show_quantity(*rehearsal->value, rehearsal->alarm.unit) + " now" : rehearsal->cause);
    go = rehearsal->problem.empty();
    const Alarm& alarm = rehearsal->alarm;
    add_link(one.drill, "rule", wish.item, go ? "ok" : "broken",
             !go ? rehearsal->problem
                 : fmt::format("{} would be {} {}, limit {}", show_quantity(alarm.value, alarm.unit), to_string(alarm.level),
                               rehearsal->after == Millis(0) ? "at once" : "after " + format_duration(rehearsal->after),
                               show_quantity(alarm.limit, alarm.unit)));
    if (go) {
      go = rehearsal->hidden.empty();
      add_link(one.drill, "suppression", wish.device, go ? "ok" : "broken",
               go ? "nothing hides it" : "nobody would be told: " + rehearsal->hidden);
      repairs(one, device ? device->tags : Tags(), now);
    }
  } else {
    one.alarm.item = "drill";
    one.alarm.title = "All routes and channels";
    one.alarm.level = one.alarm.peak = Severity::Harmless;
    one.alarm.value = one.alarm.limit = std::numeric_limits<double>::quiet_NaN();
    one.alarm.since = one.alarm.changed = now;
  }
  one.alarm.id = one.drill.id;
  Status told;
  if (go && rehearsal)
    told = rules_.tell_drill({.change = AlarmChange::Raised, .at = now, .by = {}, .note = {}, .alarm = one.alarm});
  else if (go) notifier_.drill_everybody(one.alarm);
  if (go) one.phase = Phase::Telling;
  else finish(one, now);
  if (!told) {
    drills_.lock()->pop_back();
    return std::move(told).error();
  }
  drills_.lock()->back() = one;
  return std::move(one.drill);
}

void Drills::step(Time now) {
  Current one;
  {
    const auto drills = drills_.lock();
    if (drills->empty()) return;
    one = drills->back();
  }
  if (one.phase != Phase::Telling && one.phase != Phase::Ending) return;
  follow(one, notifier_.drill_steps(one.drill.id), now);
  drills_.lock()->back() = std::move(one);
}

void Drills::follow(Current& one, const std::vector<notify::DrillStep>& steps, Time now) {
  // An earlier clock: it was set back meanwhile.
  const Millis spent = std::max(Millis(0), now - one.since);
  if (one.phase == Phase::Telling) {
    if (steps.empty() && spent < kRouting) return;
    if (std::any_of(steps.begin(), steps.end(), waits) && spent < kAnswering) return;
    Alarm over = one.alarm;
    over.state = AlarmState::Recovered;
    over.changed = now;
    over.ended = now;
    const Status told = rules_.tell_drill(
        {.change = AlarmChange::Recovered, .before = over.level, .at = now, .by = {}, .note = {}, .alarm = over});
    if (!told) return;  // tried again in a second
    if (steps.empty()) {
      std::string why;
      for (const std::string& line : notifier_.explain(one.alarm, now))
        why += (why.empty() ? "" : "; ") + std::string(trim(line));
      add_link(one.drill, "route", one.alarm.item, "broken", "nobody is told: " + (why.empty() ? "there are no channels" : why));
      return finish(one, now);
    }
    std::set<std::string> routes;
    for (const notify::DrillStep& step : steps) routes.insert(step.route);
    for (const std::string& route : routes)
      add_link(one.drill, "route", route.empty() ? "no route" : route, "ok",
               route.empty() ? "rooms that no route speaks to" : "it takes it");
    for (const notify::DrillStep& step : steps) add_step(one.drill, step);
    one.phase = Phase::Ending;
    one.since = now;
    return;
  }
  const auto end_of = [&](const notify::DrillStep& begun) {
    return std::find_if(steps.begin(), steps.end(),
                        [&](const notify::DrillStep& step) { return ending(step) && step.to == begun.to; });
  };
  const auto open = [&](const notify::DrillStep& step) {
    if (ending(step)) return waits(step);
    return step.state == StepState::Sent && step.end_follows && end_of(step) == steps.end();
  };
  if (std::any_of(steps.begin(), steps.end(), open) && spent < kAnswering) return;
  for (const notify::DrillStep& step : steps) {
    if (ending(step)) add_step(one.drill, step);
    else if (step.state == StepState::Sent && !step.end_follows)
      add_link(one.drill, "recovery", whom(step.to), "left out", "the route tells no end (recovered: false)");
    else if (step.state == StepState::Sent && end_of(step) == steps.end())
      add_link(one.drill, "recovery", whom(step.to), "broken", "its end was not told in time");
  }
  finish(one, now);
}

std::vector<http::Drill> Drills::all() const {
  std::vector<http::Drill> out;
  const auto drills = drills_.lock();
  for (auto at = drills->rbegin(); at != drills->rend(); ++at) out.push_back(at->drill);
  return out;
}

void Drills::finish(Current& one, Time now) {
  one.phase = Phase::Over;
  one.drill.ended = now;
  one.drill.good = !any_broken(one.drill);
  Event event;
  event.kind = EventKind::Audit;
  event.severity = one.drill.good ? Severity::Normal : Severity::Caution;
  event.received = now;
  event.device = one.drill.device;
  event.app = "drill";
  event.text = one.drill.item.empty() ? "drill of all routes and channels: " : "drill of " + one.drill.item + ": ";
  std::string faults;
  for (const http::DrillLink& link : one.drill.links) {
    if (link.state == "broken") faults += (faults.empty() ? "" : "; ") + link.link + " " + link.what + ": " + link.text;
  }
  event.text += faults.empty() ? "every link holds" : "broken: " + faults;
  event.fields = {{"drill", std::to_string(one.drill.id)}, {"item", one.drill.item}};
  log::info("{}", event.text);
  StateBatch batch;
  batch.events.push_back(std::move(event));
  if (const Status kept = store_.commit(batch); !kept) log::warning("{}", kept.error().text);
}

}  // namespace bongsu::app
