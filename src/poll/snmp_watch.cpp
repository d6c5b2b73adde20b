// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/marker.h"
#include "poll/core.h"
#include "poll/turns.h"

namespace bongsu::poll {
namespace {

const Oid kHello[] = {{1, 3, 6, 1, 2, 1, 1, 3, 0}, {1, 3, 6, 1, 2, 1, 1, 2, 0}};  // sysUpTime, sysObjectID
constexpr Millis kSecondLook{10'000};          // after a poll that was lost where SNMP alone tells that a device is up
constexpr int kDoubtWinner = 5;                // failed polls in a row, then the other credentials are tried as well
constexpr std::uint32_t kYoungTicks = 60'000;  // ten minutes of sysUpTime
constexpr Millis kIdentifyEvery = std::chrono::hours(1);
constexpr Millis kStands = std::chrono::minutes(5);  // how far back a query looks for a value
const std::array<std::string_view, 9> kInfo{"os",     "kind",        "vendor",  "model",   "version",
                                            "serial", "sysObjectID", "sysName", "location"};

// Of an interval: what the greeting may take, when a table that is not done goes on beside the slots, what the tables that
// are read at every slot may take together, and when the poll ends whatever is missing.
Millis greeting_share(Millis interval) { return interval * 4 / 10; }
Millis hand_over_after(Millis interval) { return interval / 2; }
Millis slot_share(Millis interval) { return interval * 4 / 10; }
Millis poll_share(Millis interval) { return interval * 9 / 10; }

bool wants_between(const Watch& watch) {
  return std::any_of(watch.groups.begin(), watch.groups.end(), [](const auto& run) { return run->wants_between(); });
}

}  // namespace

asio::awaitable<void> PollCore::watch_snmp(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  // The first poll comes soon, but not all at once.
  const auto spread =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(core->watches.size()) * 5, 200, watch->spec.interval.count());
  co_await net::sleep_for(core->parts.reactor, slot_offset(watch->spec.name, Millis(spread)));
  Time stamp = core->clock().now();
  while (!watch->stopped && !core->stopped) {
    const SteadyTime begun = core->clock().steady();
    if (watch->spec.snmp) {
      core->lateness.observe(std::chrono::duration<double>(std::max(core->clock().now() - stamp, Millis(0))).count());
      const Time before = std::exchange(watch->slot, stamp);
      watch->polling = true;
      co_await poll(core, watch, before);
      watch->polling = false;
      ++watch->polls_ended;
    } else if (watch->snmp_up) {  // SNMP was switched off
      std::vector<Point> points;
      watch->beside.reset();
      for (const auto& run : watch->groups) {
        run->reading = 0;
        watch->book.put(*run->group, mark_stale(*run->group, run->state), run->time_after(stamp), points);
      }
      watch->snmp_up.reset();
      core->write(*watch, std::move(points));
    }
    const Time next = co_await sleep_to_next_slot(core, watch, stamp);
    if (watch->stopped || core->stopped) co_return;
    const auto missed = (next - stamp) / watch->spec.interval - 1;
    if (missed > 0 && core->clock().steady() - begun > watch->spec.interval) {
      core->missed_slots.add(static_cast<std::uint64_t>(missed));
    }
    stamp = next;
  }
}

// Gives the next slot, once it has come; sooner ones count as soon as the interval is made shorter.
asio::awaitable<Time> PollCore::sleep_to_next_slot(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp) {
  for (;;) {
    const Millis interval = watch->spec.interval;
    const Millis offset = slot_offset(watch->spec.name, interval);
    const Time now = core->clock().now();
    Time next = slot_before(now, interval, offset) + interval;
    if (next - stamp < interval / 4) next += interval;  // the first poll lay beside its slots
    const SteadyTime slot = core->clock().steady() + (next - now);
    const SteadyTime at = std::min(slot, watch->second_look.value_or(slot));
    while (core->clock().steady() < at && !watch->stopped && !core->stopped && watch->spec.interval == interval &&
           !watch->hurry) {
      co_await watch->bell.wait_until(at);
    }
    if (watch->stopped || core->stopped) co_return next;
    if (watch->spec.interval != interval) continue;
    const bool hurry = std::exchange(watch->hurry, false);
    watch->second_look.reset();
    if (hurry || at < slot) co_return core->clock().now();
    // The wall clock was set meanwhile: the slot is where it stands now.
    const Millis off = core->clock().now() - next;
    co_return off > interval || off < -interval ? slot_before(core->clock().now(), interval, offset) : next;
  }
}

asio::awaitable<Status> PollCore::find_address(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  if (const auto number = net::Address::parse(watch->spec.address)) {
    watch->address = *number;
    co_return Status();
  }
  const std::string host = watch->spec.address;
  auto found = co_await net::resolve(core->parts.reactor, host);
  if (found) {
    if (watch->address && *watch->address != *found) core->parts.client.forget({*watch->address, watch->spec.port});
    watch->address = *found;
    co_return Status();
  }
  if (watch->address) co_return Status();  // the last known one serves while the name server is away
  co_return std::move(found).error().context(watch->spec.name);
}

// All tries together take no longer than `budget`.
snmp::Target PollCore::target_of(const Watch& watch, std::size_t credential, Millis budget) const {
  snmp::Target target{.name = watch.spec.name};
  target.endpoint = {watch.address.value_or(net::Address()), watch.spec.port};
  target.transport = watch.spec.transport;
  target.reply_from = watch.spec.reply_from;
  target.credentials = watch.spec.credentials[credential];
  target.retries = watch.spec.retries;
  target.timeout = std::min(watch.spec.timeout, std::max(budget / (1 + target.retries), Millis(1)));
  return target;
}

void PollCore::note_uptime(Watch& watch, const snmp::Response& answer) {
  if (answer.varbinds.size() != 2) return;
  const Value& ticks = answer.varbinds[0].value;
  const SteadyTime now = clock().steady();
  if (ticks.type == ValueType::TimeTicks) {
    const UptimeState heard{true, static_cast<std::uint32_t>(ticks.number), now};
    const Uptime told = compare(watch.uptime, heard);
    watch.uptime = heard;
    if (told == Uptime::Restarted || told == Uptime::Jumped) {
      watch.identified = false;
      ++watch.restarts;
      tell(watch, Severity::Harmless,
           (told == Uptime::Restarted ? "restarted, or its SNMP agent did: sysUpTime is "
                                      : "its sysUpTime went back, as when another agent answers: it is ") +
               format_duration(Millis(static_cast<std::int64_t>(ticks.number) * 10)));
    }
  }
  const Value& id = answer.varbinds[1].value;
  if (id.type == ValueType::ObjectId && id.oid != watch.sys_object_id) {
    if (!watch.sys_object_id.empty()) {
      tell(watch, Severity::Caution,
           "is another kind of device now: sysObjectID was " + watch.sys_object_id.to_string() + " and is " + id.oid.to_string());
    }
    watch.sys_object_id = id.oid;
    watch.identified = false;
  }
}

// Asks for sysUpTime with the credentials that worked last, and where there are none, or they failed several polls in a row,
// with the others: in order, as many as there is time for, going on at the next poll.
asio::awaitable<Status> PollCore::say_hello(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, SteadyTime until) {
  if (watch->spec.credentials.empty()) {
    co_return Error{Code::Denied,
                    watch->spec.name + ": no SNMP credentials; name some under `credentials`, or set `snmp: false`"};
  }
  const std::size_t count = watch->spec.credentials.size();
  if (watch->winner && *watch->winner >= count) watch->winner.reset();
  const std::uint64_t epoch = watch->epoch;
  const Millis budget = greeting_share(watch->spec.interval);
  std::optional<Error> first;
  std::optional<std::size_t> now = watch->winner;
  const std::size_t others = !watch->winner ? count : watch->failures >= kDoubtWinner ? count - 1 : 0;
  for (std::size_t tried = 0; now || tried < others;) {
    if (!now) {
      now = watch->next_credential++ % count;
      if (now == watch->winner) {
        now.reset();
        continue;
      }
      ++tried;
    }
    snmp::Target target = core->target_of(*watch, *now, budget);
    std::vector<Oid> asked(std::begin(kHello), std::end(kHello));
    auto answer = co_await core->parts.client.get(std::move(target), std::move(asked));
    if (core->outdated(*watch, epoch)) co_return Error{Code::Cancelled, "no longer watched"};
    if (answer) {
      core->note_uptime(*watch, *answer);
      watch->winner = *now;
      watch->next_credential = 0;
      co_return Status();
    }
    if (!first || (first->code == Code::Timeout && answer.error().code != Code::Timeout)) first = std::move(answer).error();
    now.reset();
    if (core->clock().steady() >= until) break;
  }
  co_return std::move(*first);
}

asio::awaitable<void> PollCore::find_out(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                         std::shared_ptr<Identification> identification) {
  const std::shared_ptr<const ProfileSet> set = identification->set;
  identification->result = co_await identify(core->parts.client, std::move(target), set);
  if (watch->identification == identification) watch->bell.ring();
}

// A group that is new here may have been polled before a restart of Bongsu; one that is gone is forgotten.
void PollCore::regroup_kept(Watch& watch, const Identified& device, const std::shared_ptr<const ProfileSet>& set,
                            std::vector<Point>& points) {
  const std::shared_ptr<const ProfileSet> before_set = watch.set;
  std::vector<const Group*> before;
  for (const auto& run : watch.groups) before.push_back(run->group);
  regroup(watch, device, set, watch.slot, points);
  bool restarted = false;
  for (const auto& run : watch.groups) {
    std::erase_if(before,
                  [&](const Group* group) { return group->profile == run->group->profile && group->name == run->group->name; });
    if (run->state.read || !memory.restore(watch.spec.name, *run->group, run->state)) continue;
    run->stamp = run->state.stamp;
    restarted |= compare(run->state.uptime, watch.uptime) == Uptime::Restarted;
  }
  for (const Group* group : before) memory.forget(watch.spec.name, *group);
  if (parts.neighbors) {
    std::vector<std::string> telling;
    for (const auto& run : watch.groups) {
      if (run->group->tells()) telling.push_back(run->group->profile + "/" + run->group->name);
    }
    parts.neighbors->tables(watch.spec.name, clock().now(), std::move(telling));
  }
  if (restarted) tell(watch, Severity::Harmless, "restarted, or its SNMP agent did, while it was not watched");
}

// Identifies the device where that is due. A slow one is waited for until `until`, and found out meanwhile.
asio::awaitable<Status> PollCore::know_device(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                              SteadyTime until, std::vector<Point>& points) {
  const std::uint64_t epoch = watch->epoch;
  auto live = core->parts.profiles.get();
  if (!live) co_return Status();
  // Profiles that were read again and say what they said disturb nobody.
  const bool other = !watch->set || (watch->set != live && watch->set->digest() != live->digest());
  if (watch->identified && !other && core->clock().steady() < watch->identify_again) co_return Status();
  if (!watch->identification) {
    watch->identification = std::make_shared<Identification>();
    watch->identification->set = other ? live : watch->set;
    core->parts.reactor.spawn(find_out(core, watch, std::move(target), watch->identification));
  }
  const std::shared_ptr<Identification> identification = watch->identification;
  while (!identification->result && core->clock().steady() < until) co_await watch->bell.wait_until(until);
  if (core->outdated(*watch, epoch)) co_return Status();
  if (!identification->result) {
    co_return Error{Code::Timeout, watch->spec.name + ": it is slow to tell what it is; raise the device's interval"};
  }
  watch->identification.reset();
  if (!*identification->result) co_return std::move(*identification->result).error();
  core->regroup_kept(*watch, **identification->result, identification->set, points);
  watch->identified = true;
  // Much of an agent that has just started is not there yet; and devices get new parts.
  const bool young = watch->uptime.known && watch->uptime.ticks < kYoungTicks;
  if (!young) core->memory.drop(watch->spec.name);  // tables that it does not have any more
  watch->identify_again = core->clock().steady() + (young ? Millis(0) : kIdentifyEvery);
  co_return Status();
}

void PollCore::lose(Watch& watch, GapCause cause, std::vector<Point>& points) {
  for (const auto& run : watch.groups) {
    run->stamp = run->time_after(watch.slot);
    watch.book.put(*run->group, mark_gap(*run->group, run->state, cause), run->stamp, points);
  }
}

void PollCore::put_info(Watch& watch, std::vector<Point>& points) {
  Labels labels;
  for (const std::string_view name : kInfo) {
    const auto at = watch.info.find(std::string(name));
    if (at != watch.info.end()) labels.set(name, at->second);
  }
  watch.book.put_info(labels, watch.slot, points);
}

// The slot `before` has passed: whose values are missing there?
void PollCore::note_overruns(Watch& watch, Time before, std::vector<Point>& points) {
  for (const auto& run : watch.groups) {
    if (run->stamp >= before || run->stood_back || run->group->metrics.empty() || run->begun == Time{}) continue;
    if (run->slow || run->reading != 0) overran(watch, run->group->name);
    if (run->values_at && before - *run->values_at < kStands) continue;
    watch.book.put(*run->group, mark_gap(*run->group, run->state, GapCause::Overrun), before, points);
  }
}

// One poll, at its slot; `before` is the slot of the poll before.
asio::awaitable<void> PollCore::poll(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time before) {
  const SteadyTime start = core->clock().steady();
  const Time stamp = watch->slot;
  const Millis interval = watch->spec.interval;
  const std::uint64_t epoch = watch->epoch;
  std::vector<Point> points;
  std::optional<Error> error, lost;

  // The wall clock went back: until it has caught up the device is greeted, and nothing is stored twice.
  const bool stored_before = stamp <= watch->last_stamp && watch->last_stamp - stamp < kClockBack;
  if (stored_before) {
    core->clock_back.add();
    watch->slot = before;
  } else {
    watch->last_stamp = stamp;
    if (before != Time{} && before < stamp) core->note_overruns(*watch, before, points);
  }

  Status reached = co_await find_address(core, watch);
  if (core->outdated(*watch, epoch)) co_return;
  if (reached) {
    reached = co_await say_hello(core, watch, start + greeting_share(interval));
    if (core->outdated(*watch, epoch)) co_return;
  }
  if (!reached) lost = reached.error();
  watch->snmp_up = !lost;
  watch->failures = lost ? watch->failures + 1 : 0;
  if (!lost) watch->icmp_answered &= watch->icmp_up.value_or(false);
  if (watch->in_doubt()) watch->second_look = core->clock().steady() + std::min(kSecondLook, interval / 4);
  if (lost && !stored_before) {
    core->lose(*watch, cause_of(lost->code), points);
  } else if (!lost && !stored_before) {
    const snmp::Target target = core->target_of(*watch, *watch->winner, poll_share(interval));
    const Status known = co_await know_device(core, watch, target, start + hand_over_after(interval), points);
    if (core->outdated(*watch, epoch)) co_return;
    if (!known) error = known.error();
    if (watch->set) co_await read_slot(core, watch, target, start, points);
    if (core->outdated(*watch, epoch)) co_return;
  }

  core->polls.add();
  if (lost) core->failed.add();
  if (!stored_before) {
    watch->book.put_own("snmp_up", lost ? 0 : 1, stamp, points);
    if (!lost) core->put_info(*watch, points);
    if (!watch->spec.ping || !watch->icmp_works || !core->parts.pinger) core->put_device_up(*watch, stamp, points);
    watch->book.put_own("bongsu_poll_duration_seconds", std::chrono::duration<double>(core->clock().steady() - start).count(),
                        stamp, points);
    core->write(*watch, std::move(points));
  }
  if (!lost && wants_between(*watch)) core->parts.reactor.spawn(read_between(core, watch, start));
  std::string text = lost ? lost->text : error ? error->text : watch->first_error();
  core->show(*watch, &text, true);
}

// Reads what has a place in the slot, and lets the others take their turn.
asio::awaitable<void> PollCore::read_slot(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                          SteadyTime start, std::vector<Point>& points) {
  const std::uint64_t epoch = watch->epoch;
  const Millis interval = watch->spec.interval;
  for (const auto& run : watch->groups) {
    if (run->slow && run->reading == 0) core->stand_back(*watch, *run, points);
  }
  std::vector<std::shared_ptr<GroupRun>> due = due_at_slot(*watch, slot_share(interval));
  for (const Millis span : {hand_over_after(interval), poll_share(interval)}) {
    const SteadyTime end = start + span;
    if (due.empty() || core->clock().steady() >= end) continue;
    const auto pass = std::make_shared<Pass>();
    pass->target = target;
    pass->epoch = epoch;
    pass->runs = std::move(due);
    due.clear();
    core->parts.reactor.spawn(run_pass(core, watch, pass));
    while (!pass->done && core->clock().steady() < end) co_await watch->bell.wait_until(end);
    if (core->outdated(*watch, epoch)) co_return;
    points.insert(points.end(), pass->points.begin(), pass->points.end());
    pass->points.clear();
    if (pass->done) break;
    // The table under way goes on without us: beside the slots, or, where another one does, not at all.
    pass->alone = true;
    due.assign(pass->runs.begin() + static_cast<std::ptrdiff_t>(pass->next), pass->runs.end());
    pass->runs.clear();
    pass->next = 0;
    if (watch->beside) {
      pass->until = core->clock().steady();
    } else {
      watch->beside = pass;
    }
  }
  if (!watch->beside) {
    const auto pass = std::make_shared<Pass>();
    pass->target = target;
    pass->epoch = epoch;
    pass->alone = true;
    watch->beside = pass;
    if (next_turn(*watch)) {
      core->parts.reactor.spawn(take_turns(core, watch, pass));
    } else {
      watch->beside.reset();
    }
  }
}

}  // namespace bongsu::poll
