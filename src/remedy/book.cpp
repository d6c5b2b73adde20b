// SPDX-License-Identifier: Apache-2.0
#include "remedy/book.h"

#include <algorithm>

#include "model/record.h"

namespace bongsu::remedy {
namespace {

constexpr std::size_t kMostRuns = 1'000;  // kept, beside those under way and those of the last hour
constexpr std::size_t kMostSkipped = 1'000;
constexpr std::size_t kKeptOctets = 16 * 1024;  // of an output

// It took, or may have taken, its turn.
bool ran(const Run& run) {
  return run.state == RunState::Started || run.state == RunState::Done || run.state == RunState::Unknown;
}

}  // namespace

void Book::restore(Run run, Time now) {
  next_ = std::max(next_, run.id + 1);
  Run& kept = runs_.insert_or_assign(run.id, std::move(run)).first->second;
  if (kept.state == RunState::Started) {
    finish(kept, RunState::Unknown,
           "bongsu ended while it ran, or just before; look whether it did its work: it is not run again", now);
    count(kept, false, now);
    effects_.push_back({.alarm = kept.alarm.id, .device = kept.alarm.device, .poll = true});
  } else if (kept.good() && kept.ended && now < *kept.ended + kRepairs) {
    effects_.push_back(
        {.alarm = kept.alarm.id, .device = kept.alarm.device, .repaired_by = kept.remedy, .until = *kept.ended + kRepairs});
  }
}

void Book::restore(std::string name, Tally tally) { tallies_.insert_or_assign(std::move(name), tally); }

Tally Book::tally(std::string_view remedy) const {
  const auto known = tallies_.find(remedy);
  return known == tallies_.end() ? Tally() : known->second;
}

int Book::within_hour(std::string_view remedy, Time now) const {
  return static_cast<int>(std::count_if(runs_.begin(), runs_.end(), [&](const auto& one) {
    const Run& run = one.second;
    return run.remedy == remedy && ran(run) && run.started && *run.started > now - std::chrono::hours(1);
  }));
}

Run& Book::add(const Remedy& remedy, const Alarm& alarm, RunState state, std::string why, Time now) {
  Run run{.id = next_++,
          .remedy = remedy.name,
          .script = remedy.script,
          .alarm = alarm,
          .state = state,
          .why = std::move(why),
          .created = now};
  if (!is_open(state)) run.ended = now;
  dirty_.insert(run.id);
  return runs_.emplace(run.id, std::move(run)).first->second;
}

void Book::tell(const Run& run, Severity severity, const std::string& text, Time now) {
  Event event;
  event.kind = EventKind::Audit;
  event.severity = severity;
  event.received = now;
  event.device = run.alarm.device;
  event.app = "remedy";
  event.text = "remedy " + run.remedy + " for alarm " + std::to_string(run.alarm.id) + " (" + run.alarm.item + "): " + text;
  event.fields = {{"remedy", run.remedy},
                  {"run", std::to_string(run.id)},
                  {"alarm", std::to_string(run.alarm.id)},
                  {"item", run.alarm.item},
                  {"state", std::string(to_string(run.state))}};
  if (!run.by.empty()) event.fields.emplace_back("by", run.by);
  events_.push_back(std::move(event));
}

void Book::finish(Run& run, RunState state, std::string why, Time now) {
  run.state = state;
  run.why = std::move(why);
  run.ended = now;
  dirty_.insert(run.id);
  const bool bad = state == RunState::Unknown || state == RunState::Failed || (state == RunState::Done && !run.good());
  tell(run, bad ? Severity::Caution : Severity::Normal, describe(run), now);
}

// A failure more, or the end of a row of them.
void Book::count(const Run& run, bool good, Time now) {
  Tally& tally = tallies_[run.remedy];
  const Tally before = tally;
  tally.failures = good ? 0 : std::min(tally.failures + 1, 1'000);
  const auto remedy = spec_->remedies.find(run.remedy);
  if (!good && !tally.stopped && remedy != spec_->remedies.end() && tally.failures >= remedy->second.stop_after) {
    tally.stopped = now;
    tell(run, Severity::Danger,
         "stopped after " + std::to_string(tally.failures) + " failures in a row; mend it, then `bongsu remedies resume " +
             run.remedy + "`",
         now);
  }
  if (tally != before) dirty_tallies_.insert(run.remedy);
}

void Book::take(const AlarmNews& news, const Tags& tags, Time now) {
  const std::uint64_t alarm = news.alarm.id;
  if (news.change == AlarmChange::Recovered) {
    for (auto& [id, run] : runs_) {
      if (run.alarm.id == alarm && (run.state == RunState::Waiting || run.state == RunState::Queued))
        finish(run, RunState::Skipped, "the alarm recovered first", now);
    }
    return;
  }
  if (news.change != AlarmChange::Raised && news.change != AlarmChange::Level && news.change != AlarmChange::Unsuppressed) return;
  for (const auto& [name, remedy] : spec_->remedies) {
    if (refuses(remedy.on, news.alarm, tags, now)) continue;
    // Once for an alarm, whatever it came to.
    const bool had = std::any_of(runs_.begin(), runs_.end(), [&, &wanted = name](const auto& one) {
      return one.second.alarm.id == alarm && one.second.remedy == wanted && one.second.state != RunState::Skipped;
    });
    if (had) continue;
    const auto skip = [&](std::string why) {
      Run& run = add(remedy, news.alarm, RunState::Skipped, std::move(why), now);
      tell(run, Severity::Harmless, "not run: " + run.why, now);
    };
    if (news.alarm.suppressed) {
      skip("the alarm is suppressed: " + news.alarm.suppressed_by);
    } else if (news.alarm.acknowledged) {
      skip("the alarm is acknowledged: somebody is at it");
    } else if (tally(name).stopped) {
      skip("the remedy is stopped after " + std::to_string(tally(name).failures) + " failures in a row");
    } else if (within_hour(name, now) >= remedy.max_per_hour) {
      skip("it ran " + std::to_string(remedy.max_per_hour) + " times within the last hour, which is the most (max_per_hour)");
    } else if (remedy.dry_run) {
      Run& run = add(remedy, news.alarm, RunState::Dry, "would have run " + remedy.script + " (dry_run)", now);
      tell(run, Severity::Normal, run.why, now);
    } else if (remedy.approval) {
      Run& run = add(remedy, news.alarm, RunState::Waiting, "waits for approval", now);
      tell(run, Severity::Caution, "waits for approval: `bongsu remedies approve " + std::to_string(run.id) + "`", now);
    } else {
      add(remedy, news.alarm, RunState::Queued, "", now);
    }
  }
  trim(now);
}

Status Book::approve(std::uint64_t id, const std::string& by, bool yes, Time now) {
  const auto at = runs_.find(id);
  if (at == runs_.end())
    return Error{Code::NotFound, "there is no run " + std::to_string(id) + "; `bongsu remedies runs` lists them"};
  Run& run = at->second;
  if (run.state != RunState::Waiting)
    return Error{Code::Refused,
                 "run " + std::to_string(id) + " does not wait for approval: it is " + std::string(to_string(run.state))};
  run.by = by;
  if (!yes) {
    finish(run, RunState::Skipped, "refused by " + by, now);
    return {};
  }
  run.state = RunState::Queued;
  run.why.clear();
  dirty_.insert(id);
  tell(run, Severity::Normal, "approved by " + by, now);
  return {};
}

Status Book::resume(const std::string& remedy, const std::string& by, Time now) {
  if (!spec_->remedies.contains(remedy))
    return Error{Code::NotFound, "there is no remedy " + remedy + "; `bongsu remedies list` lists them"};
  if (!tally(remedy).stopped) return Error{Code::Refused, "remedy " + remedy + " is not stopped"};
  tallies_[remedy] = {};
  dirty_tallies_.insert(remedy);
  Event event;
  event.kind = EventKind::Audit;
  event.received = now;
  event.app = "remedy";
  event.text = "remedy " + remedy + ": resumed by " + by;
  event.fields = {{"remedy", remedy}, {"by", by}};
  events_.push_back(std::move(event));
  return {};
}

Result<std::uint64_t> Book::order(const std::string& name, const Alarm& alarm, const std::string& by, Time now) {
  const auto remedy = spec_->remedies.find(name);
  if (remedy == spec_->remedies.end())
    return Error{Code::NotFound, "there is no remedy " + name + "; `bongsu remedies list` lists them"};
  if (alarm.state != AlarmState::Active)
    return Error{Code::Refused, "alarm " + std::to_string(alarm.id) + " has recovered; there is nothing to repair"};
  for (const auto& [id, run] : runs_) {
    if (run.alarm.id == alarm.id && run.remedy == name && is_open(run.state))
      return Error{Code::Refused, "run " + std::to_string(id) + " does that already; it is " + std::string(to_string(run.state))};
  }
  Run& run = add(remedy->second, alarm, RunState::Queued, "", now);
  run.by = by;
  tell(run, Severity::Normal, "ordered by " + by, now);
  return run.id;
}

std::vector<Run> Book::start(Time now) {
  std::vector<Run> out;
  std::map<std::string, int, std::less<>> busy;  // remedies
  std::set<std::string, std::less<>> devices;
  int all = 0;
  for (const auto& [id, run] : runs_) {
    if (run.state != RunState::Started) continue;
    ++busy[run.remedy];
    ++all;
    if (!run.alarm.device.empty()) devices.insert(run.alarm.device);
  }
  for (auto& [id, run] : runs_) {
    if (run.state != RunState::Queued) continue;
    const auto remedy = spec_->remedies.find(run.remedy);
    if (remedy == spec_->remedies.end()) {
      finish(run, RunState::Skipped, "the remedy is no longer in the configuration", now);
      continue;
    }
    if (run.by.empty() && tally(run.remedy).stopped) {
      finish(run, RunState::Skipped, "the remedy was stopped meanwhile", now);
      continue;
    }
    if (run.by.empty() && within_hour(run.remedy, now) >= remedy->second.max_per_hour) {
      finish(run, RunState::Skipped, "others ran meanwhile as often as max_per_hour allows", now);
      continue;
    }
    if (all >= kMostAtOnce || busy[run.remedy] >= remedy->second.parallel || devices.contains(run.alarm.device)) continue;
    run.script = remedy->second.script;
    run.state = RunState::Started;
    run.started = now;
    dirty_.insert(id);
    tell(run, Severity::Normal, "runs " + run.script + (run.by.empty() ? "" : ", as " + run.by + " wished"), now);
    ++busy[run.remedy];
    ++all;
    if (!run.alarm.device.empty()) devices.insert(run.alarm.device);
    effects_.push_back({.alarm = run.alarm.id,
                        .device = run.alarm.device,
                        .repaired_by = run.remedy + " (still running)",
                        .until = now + remedy->second.timeout + kRepairs});
    out.push_back(run);
  }
  return out;
}

void Book::not_begun(std::uint64_t id, const Error& error, Time now) {
  const auto at = runs_.find(id);
  if (at == runs_.end() || at->second.state != RunState::Started) return;
  at->second.started.reset();
  finish(at->second, RunState::Failed, error.text, now);
  count(at->second, false, now);
  effects_.push_back({.alarm = at->second.alarm.id, .device = at->second.alarm.device});
}

void Book::ended(std::uint64_t id, Result<Outcome> outcome, Time now) {
  const auto at = runs_.find(id);
  if (at == runs_.end() || at->second.state != RunState::Started) return;
  Run& run = at->second;
  Effect effect{.alarm = run.alarm.id, .device = run.alarm.device, .poll = true};
  if (!outcome) {
    finish(run, RunState::Unknown, outcome.error().text + "; it is not run again", now);
  } else if (!outcome->ran) {
    not_begun(id, Error{Code::Refused, outcome->problem}, now);
    return;
  } else {
    run.outcome = *std::move(outcome);
    if (std::string& output = run.outcome.output; output.size() > kKeptOctets) {
      const std::size_t over = output.size() - kKeptOctets;
      output.replace(kKeptOctets / 2, over, "\n[...]\n");
      run.outcome.left_out += over;
    }
    finish(run, RunState::Done, "", now);
    if (run.good()) {
      effect.repaired_by = run.remedy;
      effect.until = now + kRepairs;
    }
  }
  count(run, run.good(), now);
  effects_.push_back(std::move(effect));
  trim(now);
}

// Forgets the oldest: first what was skipped, of the others what lies longer back than limits by the hour look.
void Book::trim(Time now) {
  std::size_t skipped = 0, others = 0;
  for (const auto& [id, run] : runs_) {
    if (is_open(run.state)) continue;
    ++(run.state == RunState::Skipped ? skipped : others);
  }
  for (auto at = runs_.begin(); at != runs_.end() && (skipped > kMostSkipped || others > kMostRuns);) {
    const Run& run = at->second;
    std::size_t& left = run.state == RunState::Skipped ? skipped : others;
    const std::size_t most = run.state == RunState::Skipped ? kMostSkipped : kMostRuns;
    const bool young = run.state != RunState::Skipped && run.created > now - std::chrono::hours(1);
    if (is_open(run.state) || left <= most || young) {
      ++at;
      continue;
    }
    --left;
    dirty_.insert(at->first);
    at = runs_.erase(at);
  }
}

StateBatch Book::unsaved() const {
  StateBatch batch;
  for (const std::uint64_t id : dirty_) {
    const auto at = runs_.find(id);
    if (at == runs_.end()) batch.erase(kRunTable, record_key(id));
    else batch.put(kRunTable, record_key(id), encode(at->second));
  }
  for (const std::string& name : dirty_tallies_) {
    const Tally known = tally(name);
    if (known == Tally()) batch.erase(kTallyTable, name);
    else batch.put(kTallyTable, name, encode(known));
  }
  batch.events = events_;
  return batch;
}

void Book::saved() {
  dirty_.clear();
  dirty_tallies_.clear();
  events_.clear();
}

}  // namespace bongsu::remedy
