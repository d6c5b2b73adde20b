// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/marker.h"
#include "poll/collect.h"
#include "poll/core.h"

namespace bongsu::poll {
namespace {
const Oid kHello[] = {{1, 3, 6, 1, 2, 1, 1, 3, 0}, {1, 3, 6, 1, 2, 1, 1, 2, 0}};  // sysUpTime, sysObjectID
constexpr int kForgetWinner = 5;               // failed polls in a row, then every credential is tried again
constexpr std::uint32_t kYoungTicks = 60'000;  // ten minutes of sysUpTime
constexpr Millis kIdentifyEvery = std::chrono::hours(1);
constexpr std::size_t kMostTold = 200;  // notices about one device until it is identified again
const std::array<std::string_view, 9> kInfo{"os",     "kind",        "vendor",  "model",   "version",
                                            "serial", "sysObjectID", "sysName", "location"};

GapCause cause_of(const Error& error) {
  switch (error.code) {
    case Code::Timeout:
      return GapCause::Timeout;
    case Code::Denied:
      return GapCause::Auth;
    case Code::Limit:
      return GapCause::Overrun;
    case Code::NotFound:
      return GapCause::Dns;
    case Code::Refused:
    case Code::Unsupported:
      return GapCause::NoSuchObject;
    default:
      return GapCause::Unreachable;
  }
}

}  // namespace
asio::awaitable<void> PollCore::watch_snmp(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  // The first poll comes soon, but not all at once.
  const auto spread =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(core->watches.size()) * 5, 200, watch->spec.interval.count());
  co_await net::sleep_for(core->parts.reactor, slot_offset(watch->spec.name, Millis(spread)));
  Time stamp = core->clock().now();
  while (!watch->stopped && !core->stopped) {
    const Millis interval = watch->spec.interval;
    std::string slowest;
    if (watch->spec.snmp) {
      slowest = co_await poll(core, watch, stamp);
    } else if (watch->snmp_up) {
      std::vector<Point> points;
      for (const auto& run : watch->groups) watch->book.put(*run->group, mark_stale(*run->group, run->state), stamp, points);
      watch->snmp_up.reset();
      core->write(*watch, std::move(points));
    }
    if (watch->stopped || core->stopped) co_return;
    const Millis offset = slot_offset(watch->spec.name, interval);
    const Time now = core->clock().now();
    Time next = slot_before(now, interval, offset) + interval;
    if (next - stamp < interval / 4) next += interval;  // the first poll lay beside its slots
    const auto missed = (next - stamp) / interval - 1;
    if (missed > 0 && watch->spec.snmp && now - stamp > interval) {
      core->overran(*watch, slowest, static_cast<std::uint64_t>(missed));
    }
    co_await net::sleep_until(core->parts.reactor, core->clock().steady() + (next - now));
    stamp = next;
    // The wall clock was set meanwhile: the slot is where it stands now.
    const Millis off = core->clock().now() - stamp;
    if (off > interval || off < -interval) stamp = slot_before(core->clock().now(), interval, offset);
  }
}
snmp::Target PollCore::target_of(const Watch& watch, std::size_t credential) const {
  snmp::Target target{.name = watch.spec.name};
  target.endpoint = {watch.address.value_or(net::Address()), watch.spec.port};
  target.credentials = watch.spec.credentials[credential];
  target.timeout = watch.spec.timeout;
  target.retries = watch.spec.retries;
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

// Asks for sysUpTime with the credentials that worked, else with each in order; gives the one that did.
asio::awaitable<Result<std::size_t>> PollCore::say_hello(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  if (watch->spec.credentials.empty()) {
    co_return Error{Code::Denied,
                    watch->spec.name + ": no SNMP credentials; name some under `credentials`, or set `snmp: false`"};
  }
  if (watch->failures >= kForgetWinner || (watch->winner && *watch->winner >= watch->spec.credentials.size()))
    watch->winner.reset();
  const std::uint64_t epoch = watch->epoch;
  std::optional<Error> first;
  const std::size_t from = watch->winner.value_or(0);
  const std::size_t to = watch->winner ? from + 1 : watch->spec.credentials.size();
  for (std::size_t i = from; i < to; ++i) {
    snmp::Target target = core->target_of(*watch, i);
    std::vector<Oid> asked(std::begin(kHello), std::end(kHello));
    auto answer = co_await core->parts.client.get(std::move(target), std::move(asked));
    if (core->outdated(*watch, epoch)) co_return Error{Code::Cancelled, "no longer watched"};
    if (answer) {
      core->note_uptime(*watch, *answer);
      co_return i;
    }
    if (!first || (first->code == Code::Timeout && answer.error().code != Code::Timeout)) first = std::move(answer).error();
  }
  co_return std::move(*first);
}

// The groups for the profiles that matched; what was polled before keeps its rows where the group is the same.
void PollCore::plan(Watch& watch, const Identified& device, Time stamp, std::vector<Point>& points) {
  std::vector<std::unique_ptr<GroupRun>> before = std::move(watch.groups);
  watch.groups.clear();
  const auto same = [](const Group& a, const Group& b) {
    const auto leaves = [](const Leaf& x, const Leaf& y) { return x.oid == y.oid && x.place == y.place; };
    const auto metrics = [](const Metric& x, const Metric& y) { return x.name == y.name; };
    return a.profile == b.profile && a.name == b.name &&
           std::equal(a.leaves.begin(), a.leaves.end(), b.leaves.begin(), b.leaves.end(), leaves) &&
           std::equal(a.metrics.begin(), a.metrics.end(), b.metrics.begin(), b.metrics.end(), metrics);
  };
  for (const Group* group : groups_in_order(device.profiles)) {
    auto run = std::make_unique<GroupRun>();
    for (auto& old : before) {
      if (!old || !same(*old->group, *group)) continue;
      run = std::move(old);
      run->state.used.clear();
      break;
    }
    run->group = group;
    watch.groups.push_back(std::move(run));
  }
  for (const auto& old : before) {
    if (old) watch.book.put(*old->group, mark_stale(*old->group, old->state), stamp - Millis(1), points);
  }
  watch.told.clear();
  watch.profiles.clear();
  for (const DeviceProfile* profile : device.profiles) watch.profiles.push_back(profile->name);
}

void PollCore::lose(Watch& watch, GapCause cause, Time stamp, std::vector<Point>& points) {
  for (const auto& run : watch.groups) watch.book.put(*run->group, mark_gap(*run->group, run->state, cause), stamp, points);
}

void PollCore::put_info(Watch& watch, Time stamp, std::vector<Point>& points) {
  Labels labels;
  for (const std::string_view name : kInfo) {
    const auto at = watch.info.find(std::string(name));
    if (at != watch.info.end()) labels.set(name, at->second);
  }
  watch.book.put_info(labels, stamp, points);
}

void PollCore::put_device_up(Watch& watch, Time stamp, std::vector<Point>& points) {
  if (const auto up = watch.up()) watch.book.put_own("device_up", *up ? 1 : 0, stamp, points);
}

// One poll, written whole under `stamp`; gives the table that took longest.
asio::awaitable<std::string> PollCore::poll(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp) {
  const SteadyTime start = core->clock().steady();
  const SteadyTime deadline = start + watch->spec.interval * 9 / 10;
  const std::uint64_t epoch = watch->epoch;
  std::vector<Point> points;
  std::string error, slowest = "hello";
  std::optional<GapCause> lost;

  const Status found = co_await find_address(core, watch);
  if (core->outdated(*watch, epoch)) co_return slowest;
  if (!found) {
    error = found.error().text;
    lost = GapCause::Dns;
  } else {
    const auto hello = co_await say_hello(core, watch);
    if (core->outdated(*watch, epoch)) co_return slowest;
    if (hello) {
      watch->winner = *hello;
    } else {
      error = hello.error().text;
      lost = cause_of(hello.error());
    }
  }

  if (!lost) {
    auto live = core->parts.profiles.get();
    bool fresh = false;
    const snmp::Target target = core->target_of(*watch, *watch->winner);
    if (live && (!watch->identified || watch->set != live || core->clock().steady() >= watch->identify_again)) {
      auto device = co_await identify(core->parts.client, target, live);
      if (core->outdated(*watch, epoch)) co_return slowest;
      if (device) {
        core->plan(*watch, *device, stamp, points);
        watch->set = live;
        watch->identified = true;
        // Much of an agent that has just started is not there yet; and devices get new parts.
        const bool young = watch->uptime.known && watch->uptime.ticks < kYoungTicks;
        watch->identify_again = core->clock().steady() + (young ? Millis(0) : kIdentifyEvery);
        fresh = true;
      } else {
        error = device.error().text;
      }
    }
    if (watch->set) {
      std::string told = co_await read_groups(core, watch, target, fresh, deadline, stamp, points);
      if (core->outdated(*watch, epoch)) co_return slowest;
      if (const auto cut = told.find('\n'); cut != std::string::npos) {
        slowest = told.substr(0, cut);
        if (error.empty()) error = told.substr(cut + 1);
      }
    }
  }

  watch->failures = lost ? watch->failures + 1 : 0;
  core->polls.add();
  if (lost) {
    core->failed.add();
    core->lose(*watch, *lost, stamp, points);
  }
  watch->snmp_up = !lost;
  watch->book.put_own("snmp_up", lost ? 0 : 1, stamp, points);
  if (!lost) core->put_info(*watch, stamp, points);
  if (!watch->spec.ping || !watch->icmp_works || !core->parts.pinger) core->put_device_up(*watch, stamp, points);
  watch->book.put_own("bongsu_poll_duration_seconds", std::chrono::duration<double>(core->clock().steady() - start).count(),
                      stamp, points);
  if (stamp <= watch->last_stamp && watch->last_stamp - stamp < kClockBack) {
    core->clock_back.add();
  } else {
    watch->last_stamp = stamp;
    core->write(*watch, std::move(points));
  }
  core->show(*watch, &error, true);
  co_return slowest;
}

// Reads and judges every group; gives "slowest table\nfirst error".
asio::awaitable<std::string> PollCore::read_groups(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                                   snmp::Target target, bool fresh, SteadyTime deadline, Time stamp,
                                                   std::vector<Point>& points) {
  const std::shared_ptr<const ProfileSet> set = watch->set;
  const std::uint64_t epoch = watch->epoch;
  std::map<std::string, const Group*, std::less<>> given;
  std::map<std::string, std::string> facts;
  std::string slowest = "hello", error;
  SteadyTime::duration longest{0};
  std::vector<GroupRun*> late;
  bool whole = fresh, overrun = false;
  for (std::size_t i = 0; i < watch->groups.size(); ++i) {
    GroupRun& run = *watch->groups[i];
    const Group& group = *run.group;
    if (stands_back(group, given)) {
      if (!run.state.rows.empty()) watch->book.put(group, mark_stale(group, run.state), stamp, points);
      continue;
    }
    if (group.metrics.empty() && !fresh) continue;  // facts alone change with the device
    const SteadyTime start = core->clock().steady();
    std::optional<Error> failed;
    if (start > deadline) {
      failed = Error{Code::Limit, watch->spec.name + ": table " + group.name + " was left out: " + slowest + " took " +
                                      format_duration(std::chrono::duration_cast<Millis>(longest)) +
                                      " of this poll; raise the device's interval"};
      late.push_back(&run);
    } else {
      std::vector<bool> used = run.state.used;
      auto fetched = co_await fetch_group(core->parts.reactor, core->parts.client, target, group, std::move(used), deadline);
      if (core->outdated(*watch, epoch)) co_return slowest;
      const SteadyTime end = core->clock().steady();
      if (end - start > longest) {
        longest = end - start;
        slowest = group.name;
      }
      if (fetched) {
        const Moment moment{.at = end, .stamp = stamp, .uptime = watch->uptime};
        Outcome outcome = evaluate_group(set->tree(), group, run.state, fetched->data, moment);
        if (outcome.missed) run.state.used.clear();
        for (auto& [name, value] : outcome.facts) facts.emplace(name, std::move(value));
        for (std::string& notice : outcome.notices) {
          if (watch->told.size() < kMostTold && watch->told.insert(notice).second) {
            core->tell(*watch, Severity::Caution, std::move(notice));
          }
        }
        for (const Emission& emission : outcome.emissions) {
          if (is_marker(emission.value)) continue;
          const std::string& name = group.metrics[emission.metric].name;
          given.emplace(name, &group);
          if (name == "device_uptime_seconds") watch->uptime_seconds = emission.value;
        }
        watch->book.put(group, outcome, stamp, points);
        continue;
      }
      failed = std::move(fetched).error();
    }
    whole = false;
    overrun |= failed->code == Code::Limit;
    core->table_errors.add();
    if (error.empty()) error = failed->text;
    // Others stand back for a group that may have something to give; one that never had does not count.
    if (!run.state.read || !run.state.rows.empty()) {
      for (const Metric& metric : group.metrics) given.emplace(metric.name, &group);
    }
    watch->book.put(group, mark_gap(group, run.state, cause_of(*failed)), stamp, points);
  }
  if (overrun) core->overran(*watch, slowest, 1);
  // Who was left out goes first next time, so that a slow table does not starve the ones behind it.
  if (!late.empty()) {
    std::stable_partition(watch->groups.begin(), watch->groups.end(), [&](const auto& run) {
      return run->group->unless.empty() && std::find(late.begin(), late.end(), run.get()) != late.end();
    });
  }
  if (fresh) {
    if (whole) watch->info.clear();
    for (auto& [name, value] : facts) watch->info.insert_or_assign(name, std::move(value));
    if (!watch->spec.os.empty()) watch->info["os"] = watch->spec.os;
  }
  co_return slowest + "\n" + error;
}

}  // namespace bongsu::poll
