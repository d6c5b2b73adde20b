// SPDX-License-Identifier: Apache-2.0
#include "notify/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <set>

#include "base/lock.h"
#include "base/log.h"
#include "base/random.h"
#include "model/alarm_news.h"
#include "model/record.h"
#include "notify/desk.h"
#include "notify/direct.h"
#include "notify/graph.h"

namespace bongsu::notify {

struct Heard {
  std::string key;
  Recipient to;
  Reply reply;
};
// Outlives the Notifier for replies that come late.
struct Inbox {
  Guarded<std::vector<Heard>> heard;
  std::condition_variable come;
};

namespace {

constexpr std::size_t kMostNews = 2'000;  // of one step
constexpr std::string_view kInstanceTable = "notice_instance";

// What keys begin with, made once for a store: two Bongsus that share a service do not share keys.
Result<std::string> instance_of(StateStore& store) {
  BONGSU_TRY(const auto known, store.get(kInstanceTable, "id"));
  if (known) return *known;
  std::string made = "bongsu-" + record_key(Random::from_system().next()).substr(4);
  StateBatch batch;
  batch.put(kInstanceTable, "id", made);
  BONGSU_TRY_OK(store.commit(batch));
  return made;
}

template <class T, class Decode, class Take>
Status read_all(const StateStore& store, std::string_view table, Decode decode, Take take) {
  Status read;
  BONGSU_TRY_OK(store.scan(table, "", [&](std::string_view, std::string_view value) {
    Result<T> one = decode(value);
    if (one) take(*std::move(one));
    else read = std::move(one).error();
    return read.ok();
  }));
  return read;
}

}  // namespace

struct Notifier::State {
  State(Desk made, StateStore& kept, const DeviceSource& known, Courier& sender, Metrics& counted)
      : desk(std::move(made)), store(kept), devices(known), courier(sender), metrics(counted) {}
  Guarded<Desk> desk;
  StateStore& store;
  const DeviceSource& devices;
  Courier& courier;
  Metrics& metrics;
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  Guarded<std::map<std::string, ChannelState, std::less<>>> fared;
  Guarded<std::vector<std::function<void(Desk&, Time)>>> wishes;  // what the next step does first
  // The stepping thread's own.
  std::set<std::string, std::less<>> taken;           // keys of news that are to be erased
  std::vector<std::pair<Recipient, Message>> formed;  // and not yet kept
  std::vector<Alarm> strays;                          // drills of a run that has ended
  bool refused = false;
  History history;

  Tags tags_of(std::string_view device) const {
    const auto known = device.empty() ? std::nullopt : devices.device(device);
    return known ? known->tags : Tags();
  }
  void hear(Time now);
  Status read_news(Time now);
  void send(Time now);
  void count();
};

void Notifier::State::hear(Time now) {
  std::vector<Heard> heard;
  inbox->heard.lock()->swap(heard);
  for (const Heard& one : heard) {
    Verdict verdict{Outcome::Never, "there is no channel " + one.to.channel + " any more", std::nullopt};
    {
      const auto held = desk.lock();
      if (const auto channel = held->spec().channels.find(one.to.channel); channel != held->spec().channels.end())
        verdict = judge(channel->second, one.reply);
      if (verdict.outcome == Outcome::Sent) held->sent(one.key, now);
      else held->failed(one.key, verdict, now);
    }
    const auto states = fared.lock();
    ChannelState& state = (*states)[one.to.channel];
    if (verdict.outcome == Outcome::Sent) {
      state.last_sent = now;
      state.problem.clear();
    } else {
      if (state.problem.empty()) log::warning("notices by {} do not leave: {}", one.to.channel, verdict.why);
      state.last_failed = now;
      state.problem = verdict.why;
    }
  }
}

Status Notifier::State::read_news(Time now) {
  std::vector<std::pair<std::string, AlarmNews>> news;
  BONGSU_TRY_OK(store.scan(kAlarmNewsTable, "", [&](std::string_view key, std::string_view value) {
    if (taken.contains(key)) return true;
    auto one = decode_alarm_news(value);
    if (one) {
      news.emplace_back(key, *std::move(one));
    } else {
      log::error("a change of an alarm is not told: {}", one.error().text);
      taken.emplace(key);
    }
    return news.size() < kMostNews;
  }));
  for (auto& [key, one] : news) {
    const Tags tags = tags_of(one.alarm.device);
    desk.lock()->take(one, tags, now);
    taken.insert(std::move(key));
  }
  return {};
}

void Notifier::State::send(Time now) {
  for (auto& [to, message] : std::exchange(formed, {})) {
    std::shared_ptr<const Spec> spec = desk.lock()->share_spec();
    const auto reply_to = [inbox = inbox, key = message.key, to = to](Reply reply) {
      inbox->heard.lock()->push_back({key, to, std::move(reply)});
      inbox->come.notify_all();
    };
    const auto channel = spec->channels.find(to.channel);
    if (channel == spec->channels.end()) {
      reply_to({.said = "there is no such channel any more"});
      continue;
    }
    const Notice& first = message.notices.front();
    if (history && channel->second.type == ChannelType::Email && first.reason != Reason::Test)
      message.graph = png_of(history(first.news.alarm, now), first.news.alarm.limit);
    const auto person = spec->people.find(to.person);
    const Words words = words_of(message, person == spec->people.end() ? Language::English : person->second.language,
                                 person == spec->people.end() ? "" : person->second.hours.zone(), spec->page);
    auto request = request_of(channel->second, message, words, *spec, now);
    // A setting is at fault; it may be mended before the attempts are over.
    if (request) courier.send(*std::move(request), reply_to);
    else reply_to({.said = request.error().text});
  }
}

void Notifier::State::count() {
  std::map<std::string, Desk::Count, std::less<>> counts;
  std::size_t waiting = 0;
  {
    const auto held = desk.lock();
    counts = held->take_counts();
    waiting = held->deliveries().size();
  }
  metrics.gauge("bongsu_notices_waiting", "Notices that have not left yet.").set(static_cast<double>(waiting));
  for (const auto& [channel, count] : counts) {
    const auto add = [&](std::string_view outcome, std::uint64_t number) {
      if (number == 0) return;
      metrics
          .counter("bongsu_notices_total", "Notices by channel and outcome; an attempt that failed is tried again.",
                   {{"channel", channel}, {"outcome", std::string(outcome)}})
          .add(number);
    };
    add("sent", count.sent);
    add("failed", count.failed);
    add("lost", count.lost);
  }
}

Result<std::unique_ptr<Notifier>> Notifier::open(Spec spec, StateStore& state, const DeviceSource& devices, Courier& courier,
                                                 Metrics& metrics) {
  BONGSU_TRY(std::string instance, instance_of(state).context("notices"));
  Desk desk(std::make_shared<const Spec>(std::move(spec)), std::move(instance));
  BONGSU_TRY_OK(read_all<Case>(state, kCaseTable, decode_case, [&](Case kept) { desk.restore(std::move(kept)); }));
  BONGSU_TRY_OK(
      read_all<Delivery>(state, kDeliveryTable, decode_delivery, [&](Delivery kept) { desk.restore(std::move(kept)); }));
  const auto by_recipient = [&](std::string_view table, auto decode, auto take) -> Status {
    Status read;
    BONGSU_TRY_OK(state.scan(table, "", [&](std::string_view key, std::string_view value) {
      auto one = decode(value);
      const std::size_t slash = key.find('/');
      if (one && slash != key.npos)
        take(Recipient{std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))}, *std::move(one));
      else if (!one) read = one.error();
      return read.ok();
    }));
    return read;
  };
  BONGSU_TRY_OK(
      by_recipient(kReachedTable, decode_reached, [&](Recipient to, Time at) { desk.restore_reached(std::move(to), at); }));
  BONGSU_TRY_OK(
      by_recipient(kSpentTable, decode_spent, [&](const Recipient& to, Spent kept) { desk.restore(to, std::move(kept)); }));
  std::vector<Alarm> strays;
  for (const auto& [id, one] : desk.cases()) {
    if (one.news.alarm.drill() && !one.over) strays.push_back(one.news.alarm);
  }
  auto made = std::make_unique<State>(std::move(desk), state, devices, courier, metrics);
  made->strays = std::move(strays);
  return std::unique_ptr<Notifier>(new Notifier(std::move(made)));
}

Notifier::Notifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Notifier::~Notifier() = default;

void Notifier::show_history(History history) { state_->history = std::move(history); }

void Notifier::reload(Spec spec) { state_->desk.lock()->use(std::make_shared<const Spec>(std::move(spec))); }

void Notifier::step(Time now) {
  State& state = *state_;
  for (Alarm& alarm : std::exchange(state.strays, {})) {
    alarm.state = AlarmState::Recovered;
    alarm.changed = now;
    alarm.ended = now;
    state.desk.lock()->take({.change = AlarmChange::Recovered,
                             .before = alarm.level,
                             .at = now,
                             .by = {},
                             .note = "Bongsu was restarted in the middle of the drill",
                             .alarm = alarm},
                            {}, now);
  }
  std::vector<std::function<void(Desk&, Time)>> wishes;
  state.wishes.lock()->swap(wishes);
  for (const auto& wish : wishes) wish(*state.desk.lock(), now);
  state.hear(now);
  Status done = state.read_news(now);
  StateBatch batch;
  {
    const auto desk = state.desk.lock();
    desk->tick(now);
    auto formed = desk->form(now);
    std::move(formed.begin(), formed.end(), std::back_inserter(state.formed));
    batch = desk->unsaved();
  }
  for (const std::string& key : state.taken) batch.erase(kAlarmNewsTable, key);
  state.count();
  if (done && !batch.empty()) done = state.store.commit(batch);
  if (!done) {
    state.metrics.counter("bongsu_notice_commit_failures_total", "Changes of notices that could not be kept at once.").add();
    if (!std::exchange(state.refused, true)) log::error("notices cannot be kept, will try again: {}", done.error().text);
    return;
  }
  if (std::exchange(state.refused, false)) log::info("notices are kept again");
  state.desk.lock()->saved();
  state.taken.clear();
  state.send(now);
}

void Notifier::finish(Time now, Millis patience) {
  State& state = *state_;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    state.hear(now);
    StateBatch batch;
    bool waits = false;
    {
      const auto desk = state.desk.lock();
      batch = desk->unsaved();
      waits = desk->under_way() > 0;
    }
    // News that was taken and not kept is read again after the next start.
    if (state.taken.empty() && !batch.empty() && state.store.commit(batch)) state.desk.lock()->saved();
    if (!waits || std::chrono::steady_clock::now() >= end) return;
    auto heard = state.inbox->heard.lock();
    state.inbox->come.wait_until(heard.hold(), end, [&] { return !heard->empty(); });
  }
}

std::vector<ChannelState> Notifier::channels() const {
  std::shared_ptr<const Spec> spec;
  std::map<std::string, std::size_t> waiting;
  std::map<std::string, Time> reached;
  {
    const auto desk = state_->desk.lock();
    spec = desk->share_spec();
    for (const auto& [id, delivery] : desk->deliveries()) ++waiting[delivery.to.channel];
    for (const auto& [to, at] : desk->reached()) reached[to.channel] = std::max(reached[to.channel], at);
  }
  std::vector<ChannelState> out;
  const auto fared = state_->fared.lock();
  for (const auto& [name, channel] : spec->channels) {
    const auto known = fared->find(name);
    ChannelState state = known == fared->end() ? ChannelState() : known->second;
    state.name = name;
    state.type = to_string(channel.type);
    state.waiting = waiting[name];
    if (const auto at = reached.find(name); at != reached.end()) state.reached = at->second;
    out.push_back(std::move(state));
  }
  return out;
}

std::vector<std::string> Notifier::explain(const Alarm& alarm, Time now) const {
  const Tags tags = state_->tags_of(alarm.device);
  return state_->desk.lock()->explain(alarm, tags, now);
}

Status Notifier::test(std::string_view channel, std::string_view person, Time now) {
  const std::shared_ptr<const Spec> spec = state_->desk.lock()->share_spec();
  Notice notice{.reason = Reason::Test};
  notice.news.at = now;
  notice.news.note = channel;  // what is under test
  notice.news.alarm.title = "This is a test of the channel " + std::string(channel) + ".";
  notice.news.alarm.item = "test";
  notice.news.alarm.since = notice.news.alarm.changed = now;
  const Recipient to{std::string(channel), std::string(person)};
  BONGSU_TRY_OK(
      send_now(*spec, state_->courier, to, std::move(notice), "bongsu-test-" + record_key(Random::from_system().next()), now));
  state_->wishes.lock()->push_back([to](Desk& desk, Time at) { desk.note_reached(to, at); });
  return {};
}

std::vector<PersonState> Notifier::people() const {
  std::map<std::string, std::optional<Time>> all;
  {
    const auto desk = state_->desk.lock();
    for (const auto& [name, person] : desk->spec().people) all.emplace(name, std::nullopt);
    for (const auto& [to, at] : desk->reached()) {
      if (const auto known = all.find(to.person); known != all.end()) known->second = std::max(known->second.value_or(at), at);
    }
  }
  std::vector<PersonState> out;
  for (const auto& [name, at] : all) out.push_back({name, at});
  return out;
}

void Notifier::drill_everybody(Alarm alarm) {
  state_->wishes.lock()->push_back([alarm = std::move(alarm)](Desk& desk, Time now) { desk.drill_everybody(alarm, now); });
}

std::vector<DrillStep> Notifier::drill_steps(std::uint64_t alarm) const { return state_->desk.lock()->drill_steps(alarm); }

}  // namespace bongsu::notify
