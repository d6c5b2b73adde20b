// SPDX-License-Identifier: Apache-2.0
#include "notify/desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "model/record.h"

namespace bongsu::notify {
namespace {

constexpr std::size_t kMostTogether = 200;  // notices of one message
constexpr std::size_t kMostUnderWay = 4;    // messages of one channel: a hanging service holds up nobody else
constexpr std::size_t kMostAlone = 32;      // the same where a message holds one notice
constexpr std::size_t kLevels = 7;          // of late: six changes make an alarm flap where nothing else is said
constexpr std::size_t kMostDrills = 20;     // whose steps are known
constexpr Millis kFirstPause{10'000};       // after a failure; doubled with each up to
constexpr Millis kLongestPause = std::chrono::minutes(30);

bool begins(Reason reason) { return reason != Reason::Recovered; }

Millis pause_after(int attempts) {
  Millis pause = kFirstPause;
  for (int i = 1; i < attempts && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

// Nobody waits whether a drill ends by itself.
Millis wait_of(const Route& route, const Alarm& alarm) { return alarm.drill() ? Millis(0) : route.wait; }

}  // namespace

void Desk::use(std::shared_ptr<const Spec> spec) {
  spec_ = std::move(spec);
  other_spec_ = true;
  for (const auto& [id, one] : cases_) arm(id, Time::min());
}

void Desk::restore(Case kept) {
  const std::uint64_t id = kept.news.alarm.id;
  cases_.insert_or_assign(id, std::move(kept));
  arm(id, Time::min());
}

// The case is looked at in the first tick from `at` on, or earlier where it was armed so.
void Desk::arm(std::uint64_t id, Time at) {
  const auto [known, fresh] = due_at_.emplace(id, at);
  if (!fresh) {
    if (known->second <= at) return;
    due_.erase({known->second, id});
    known->second = at;
  }
  due_.emplace(at, id);
}

// When time alone may change something next; news of the alarm and another configuration arm it anew.
std::optional<Time> Desk::due(const Case& one, Time now) const {
  if (one.over || one.news.alarm.suppressed) return std::nullopt;
  std::optional<Time> next;
  const auto sooner = [&](Time at) { next = next ? std::min(*next, at) : at; };
  const bool any_hours =
      std::any_of(spec_->routes.begin(), spec_->routes.end(), [](const Route& each) { return !each.match.hours.always(); });
  // Hours begin and end with a minute, and the end of one route's may be the turn of another.
  if (any_hours) sooner(std::chrono::floor<std::chrono::minutes>(now) + std::chrono::minutes(1));
  if (one.news.alarm.acknowledged) return next;
  for (const Progress& progress : one.routes) {
    const Route* known = route(progress.route);
    if (known == nullptr || refuses(known->match, one.news.alarm, one.tags, now)) continue;
    if (!progress.told) sooner(progress.began + wait_of(*known, one.news.alarm));
    if (progress.steps < known->escalate.size()) sooner(progress.began + known->escalate[progress.steps].after);
    if (known->repeat) sooner(progress.last + *known->repeat);
  }
  return next;
}

void Desk::restore(Delivery kept) {
  next_ = std::max(next_, kept.id + 1);
  add(std::move(kept));
}

void Desk::add(Delivery delivery) {
  mail_[delivery.to].insert(delivery.id);
  of_alarm_[delivery.notice.news.alarm.id].insert(delivery.id);
  deliveries_.insert_or_assign(delivery.id, std::move(delivery));
}

std::vector<std::uint64_t> Desk::of_alarm(std::uint64_t alarm) const {
  const auto at = of_alarm_.find(alarm);
  return at == of_alarm_.end() ? std::vector<std::uint64_t>() : std::vector<std::uint64_t>(at->second.begin(), at->second.end());
}

const Route* Desk::route(std::string_view name) const {
  const auto at = std::find_if(spec_->routes.begin(), spec_->routes.end(), [&](const Route& one) { return one.name == name; });
  return at == spec_->routes.end() ? nullptr : &*at;
}

bool Desk::ends_follow(std::string_view name) const {
  const Route* known = route(name);
  return known == nullptr || known->recovered;
}

void Desk::drop(std::uint64_t id) {
  const auto at = deliveries_.find(id);
  if (at == deliveries_.end()) return;
  if (const auto box = mail_.find(at->second.to); box != mail_.end()) {
    box->second.erase(id);
    if (box->second.empty()) mail_.erase(box);
  }
  if (const auto all = of_alarm_.find(at->second.notice.news.alarm.id); all != of_alarm_.end()) {
    all->second.erase(id);
    if (all->second.empty()) of_alarm_.erase(all);
  }
  deliveries_.erase(at);
  dirty_.insert(id);
}

void Desk::take(const AlarmNews& news, const Tags& tags, Time now) {
  const std::uint64_t id = news.alarm.id;
  auto at = cases_.find(id);
  if (at == cases_.end()) {
    // The end of an alarm that nobody was to be told of, or news of one that began before there were notices.
    if (news.change == AlarmChange::Recovered) return;
    at = cases_.emplace(id, Case{}).first;
  }
  Case& one = at->second;
  if (one.over) return;
  const Alarm old = std::exchange(one.news, news).alarm;
  if (old.id == id) {
    // Whoever acknowledges may know less of the alarm than who judges it, who may not have heard yet of that in his round.
    const bool by_person = news.change == AlarmChange::Acknowledged || news.change == AlarmChange::Unacknowledged;
    const bool acknowledged = by_person ? news.alarm.acknowledged : old.acknowledged;
    if (by_person) one.news.alarm = old;
    one.news.alarm.acknowledged = acknowledged;
  }
  one.tags = tags;
  if (one.levels.empty() || one.levels.back() != one.news.alarm.level) one.levels.push_back(one.news.alarm.level);
  if (one.levels.size() > kLevels) one.levels.erase(one.levels.begin());
  keep(one);
  arm(id, now);
  if (news.change == AlarmChange::Recovered) return end(one, now);
  if (one.news.alarm.suppressed) return hush(one);
  for (const std::uint64_t number : of_alarm(id)) {
    // What has not left yet tells how it stands now.
    Delivery& delivery = deliveries_.at(number);
    if (!delivery.message.empty() || !begins(delivery.notice.reason)) continue;
    const Severity before = delivery.notice.news.before;
    delivery.notice.news = one.news;
    if (delivery.notice.reason == Reason::Worse) delivery.notice.news.before = before;
    if (!restate(delivery)) {
      drop(number);
      continue;
    }
    if (delivery.held || news.change == AlarmChange::Level) hold(delivery, now);
    keep(delivery);
  }
  ask_routes(one, now, false);
  tell_unrest(one, now);
  // What was acknowledged until it is worse is so no longer when it is.
  if (news.change == AlarmChange::Unsuppressed || news.change == AlarmChange::Unacknowledged) return catch_up(one, true, now);
  if (news.change == AlarmChange::Level && news.alarm.level > news.before) catch_up(one, false, now);
}

// Until the hours of its person begin, unless it is bad enough for any hour by now.
void Desk::hold(Delivery& one, Time now) const {
  const Alarm& alarm = one.notice.news.alarm;
  const auto person = spec_->people.find(one.to.person);
  const Severity level = begins(one.notice.reason) ? alarm.level : alarm.peak;
  const bool goes = person == spec_->people.end() || (person->second.always && level >= *person->second.always) ||
                    person->second.hours.contains(now);
  if (goes && one.held) one.due = std::min(one.due, now);
  else if (!goes) one.due = person->second.hours.next(now);
  one.held = !goes;
}

// Nobody is told, for now. What has left, or may have, stays as it is; a route that has not told begins anew afterwards.
void Desk::hush(Case& one) {
  for (const std::uint64_t id : of_alarm(one.news.alarm.id)) {
    const Delivery& delivery = deliveries_.at(id);
    if (delivery.message.empty() && begins(delivery.notice.reason)) drop(id);
  }
  std::erase_if(one.routes, [&](const Progress& progress) {
    return !progress.told ||
           std::none_of(one.told.begin(), one.told.end(), [&](const Told& told) { return told.route == progress.route; });
  });
}

// Whoever the route has told by now, or would tell had the alarm begun now.
std::vector<Recipient> Desk::audience(const Case& one, const Progress& progress, const Route& known, Time now) const {
  std::vector<Recipient> out;
  const auto add = [&](const Recipient& to) {
    if (std::find(out.begin(), out.end(), to) == out.end()) out.push_back(to);
  };
  for (const Told& told : one.told) {
    if (told.route == progress.route) add(told.to);
  }
  for (const std::uint64_t id : of_alarm(one.news.alarm.id)) {
    const Delivery& delivery = deliveries_.at(id);
    if (delivery.route == progress.route && begins(delivery.notice.reason)) add(delivery.to);
  }
  for (const Recipient& to : recipients(*spec_, known.to, known.via, now)) add(to);
  for (std::size_t i = 0; i < progress.steps && i < known.escalate.size(); ++i) {
    const Step& step = known.escalate[i];
    for (const Recipient& to : recipients(*spec_, step.to, step.via.empty() ? known.via : step.via, now)) add(to);
  }
  return out;
}

// What somebody knows of it, or will from a message that may have left: the worst level, and whether it flaps as told last.
std::optional<Desk::Known> Desk::known_of(const Case& one, const Recipient& to) const {
  std::optional<Known> known;
  Time last = Time::min();
  for (const Told& told : one.told) {
    if (told.to != to) continue;
    known = {known ? std::max(known->level, told.level) : told.level, told.at >= last ? told.flapping : known->flapping};
    last = std::max(last, told.at);
  }
  for (const std::uint64_t id : of_alarm(one.news.alarm.id)) {
    const Delivery& delivery = deliveries_.at(id);
    if (delivery.to != to || delivery.message.empty() || !begins(delivery.notice.reason)) continue;
    const Alarm& said = delivery.notice.news.alarm;
    known = {known ? std::max(known->level, said.level) : said.level, said.flapping};
  }
  return known;
}

// What waits was to say that it flaps, or no longer does, or now shall; false where nothing is left to say.
bool Desk::restate(Delivery& one) {
  const Case& about = cases_.at(one.notice.news.alarm.id);
  const auto known = known_of(about, one.to);
  const bool unrest = one.notice.reason == Reason::Flapping || one.notice.reason == Reason::Settled;
  if (!known || (!unrest && one.notice.reason != Reason::Worse)) return true;
  const Alarm& alarm = about.news.alarm;
  if (known->flapping != alarm.flapping) {
    one.notice.reason = alarm.flapping ? Reason::Flapping : Reason::Settled;
    one.notice.news.before = alarm.flapping ? *std::min_element(about.levels.begin(), about.levels.end()) : known->level;
  } else if (unrest) {
    one.notice.reason = Reason::Worse;
    one.notice.news.before = known->level;
    return alarm.level > known->level;
  }
  return true;
}

// Who knows of it hears once that it comes and goes, whatever the route wants by now, and once that it has come to rest.
void Desk::tell_unrest(Case& one, Time now) {
  const Alarm& alarm = one.news.alarm;
  std::map<Recipient, std::string> all;
  for (const Told& told : one.told) all.emplace(told.to, told.route);
  for (const std::uint64_t id : of_alarm(alarm.id)) {
    const Delivery& delivery = deliveries_.at(id);
    if (begins(delivery.notice.reason) && !delivery.message.empty()) all.emplace(delivery.to, delivery.route);
  }
  const Severity before = one.news.before;
  if (alarm.flapping) one.news.before = *std::min_element(one.levels.begin(), one.levels.end());
  for (const auto& [to, by] : all) {
    const auto known = known_of(one, to);
    if (known && known->flapping != alarm.flapping)
      post(one, by, to, alarm.flapping ? Reason::Flapping : Reason::Settled, now, false);
  }
  one.news.before = before;
}

// It has grown worse, perhaps while it was suppressed: who knows of it hears that, and who does not, but would had it begun
// so, hears of it now. After a suppression only those hear more who know a lesser level.
void Desk::catch_up(Case& one, bool lesser_alone, Time now) {
  const Severity before = one.news.before;
  for (std::size_t i = 0; i < one.routes.size(); ++i) {
    const Route* known = route(one.routes[i].route);
    if (known == nullptr || !one.routes[i].told || refuses(known->match, one.news.alarm, one.tags, now)) continue;
    for (const Recipient& to : audience(one, one.routes[i], *known, now)) {
      const auto knows = known_of(one, to);
      // Who was told by a fallback is told by it again.
      const auto missed = std::find_if(one.missed.begin(), one.missed.end(), [&](const Missed& each) { return each.to == to; });
      if (!knows && missed != one.missed.end() && !missed->fallback.empty() &&
          (known_of(one, {missed->fallback, to.person}) || known_of(one, {missed->fallback, ""})))
        continue;
      if (!knows) {
        if (!one.news.alarm.acknowledged) post(one, known->name, to, Reason::Raised, now, false);
      } else if (!lesser_alone || knows->level < one.news.alarm.level) {
        if (lesser_alone) one.news.before = knows->level;
        post(one, known->name, to, Reason::Worse, now, false);
      }
    }
  }
  one.news.before = before;
}

void Desk::drill_everybody(const Alarm& alarm, Time now) {
  AlarmNews news{.change = AlarmChange::Raised, .at = now, .alarm = alarm};
  Case& one = cases_.emplace(alarm.id, Case{.news = std::move(news), .tags = {}, .routes = {}, .told = {}}).first->second;
  keep(one);
  std::set<std::string> named;  // channels
  for (const Route& each : spec_->routes) {
    std::vector<Recipient> all = recipients(*spec_, each.to, each.via, std::nullopt);
    for (const Step& step : each.escalate) {
      for (Recipient& to : recipients(*spec_, step.to, step.via.empty() ? each.via : step.via, std::nullopt))
        all.push_back(std::move(to));
    }
    for (const Recipient& to : all) named.insert(to.channel);
    tell(one, each.name, all, Reason::Raised, now);
  }
  for (const auto& [name, channel] : spec_->channels) {
    if (!named.contains(name) && has_room(channel)) post(one, "", {name, ""}, Reason::Raised, now, false);
  }
}

std::vector<DrillStep> Desk::drill_steps(std::uint64_t alarm) const {
  std::vector<DrillStep> out;
  if (const auto over = drills_.find(alarm); over != drills_.end()) out = over->second;
  for (const std::uint64_t id : of_alarm(alarm)) {
    const Delivery& one = deliveries_.at(id);
    out.push_back({.to = one.to,
                   .route = one.route,
                   .reason = one.notice.reason,
                   .state = one.held ? DrillStep::State::Held : DrillStep::State::Waiting,
                   .end_follows = ends_follow(one.route),
                   .at = one.held ? one.due : one.created});
  }
  return out;
}

void Desk::note_reached(const Recipient& to, Time now) {
  reached_.insert_or_assign(to, now);
  dirty_reached_.insert(to);
}

void Desk::ask_routes(Case& one, Time now, bool hours_alone) {
  for (const Route& candidate : spec_->routes) {
    const auto begun = std::find_if(one.routes.begin(), one.routes.end(),
                                    [&](const Progress& progress) { return progress.route == candidate.name; });
    const bool fit = !refuses(candidate.match, one.news.alarm, one.tags, now);
    if (fit && begun == one.routes.end() && (!hours_alone || !candidate.match.hours.always())) {
      one.routes.push_back({.route = candidate.name, .began = now, .last = now});
      keep(one);
    }
    if (fit && candidate.last) return;
  }
}

void Desk::tick(Time now) {
  if (std::exchange(other_spec_, false)) {
    // People's hours may be others.
    for (auto& [id, delivery] : deliveries_) {
      if (!delivery.held || !delivery.message.empty()) continue;
      hold(delivery, now);
      keep(delivery);
    }
  }
  std::vector<std::uint64_t> open;
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::uint64_t id = due_.begin()->second;
    due_.erase(due_.begin());
    due_at_.erase(id);
    if (const auto known = cases_.find(id); known != cases_.end() && !known->second.over) open.push_back(id);
  }
  std::sort(open.begin(), open.end());
  const bool any_hours =
      std::any_of(spec_->routes.begin(), spec_->routes.end(), [](const Route& one) { return !one.match.hours.always(); });
  for (const std::uint64_t id : open) {
    Case& one = cases_.at(id);
    if (one.news.alarm.suppressed) continue;
    if (any_hours) ask_routes(one, now, true);
    for (std::size_t i = 0; i < one.routes.size(); ++i) {
      Progress& progress = one.routes[i];
      const Route* known = route(progress.route);
      if (known == nullptr || refuses(known->match, one.news.alarm, one.tags, now)) continue;
      if (!progress.told) {
        if (now - progress.began < wait_of(*known, one.news.alarm) || one.news.alarm.acknowledged) continue;
        progress.told = true;
        progress.last = now;
        keep(one);
        tell(one, known->name, recipients(*spec_, known->to, known->via, now), Reason::Raised, now);
      }
      if (one.news.alarm.acknowledged) continue;
      while (progress.steps < known->escalate.size() && now - progress.began >= known->escalate[progress.steps].after) {
        const Step& step = known->escalate[progress.steps++];
        progress.last = now;
        keep(one);
        tell(one, known->name, recipients(*spec_, step.to, step.via.empty() ? known->via : step.via, now), Reason::Escalated,
             now);
      }
      if (known->repeat && now - progress.last >= *known->repeat) {
        progress.last = now;
        keep(one);
        std::vector<Recipient> to;
        for (const Told& told : one.told) {
          if (told.route == progress.route) to.push_back(told.to);
        }
        // And whoever has taken over since.
        for (Recipient& next : recipients(*spec_, known->to, known->via, now)) {
          if (std::find(to.begin(), to.end(), next) == to.end()) to.push_back(std::move(next));
        }
        tell(one, known->name, to, Reason::Repeated, now);
      }
    }
    if (const auto next = due(one, now)) arm(id, *next);
  }
}

void Desk::tell(Case& one, const std::string& route, const std::vector<Recipient>& to, Reason reason, Time now) {
  for (const Recipient& recipient : to) post(one, route, recipient, reason, now, false);
}

void Desk::post(Case& one, const std::string& route, const Recipient& to, Reason reason, Time now, bool detour) {
  const std::uint64_t alarm = one.news.alarm.id;
  for (const std::uint64_t id : of_alarm(alarm)) {
    const Delivery& waiting = deliveries_.at(id);
    if (waiting.to != to || begins(waiting.notice.reason) != begins(reason)) continue;
    // One that has not left says the same, and its end is said once.
    if (waiting.message.empty() || reason == Reason::Recovered) return;
  }
  if (reason == Reason::Raised) {
    // By another route already.
    for (const Told& told : one.told) {
      if (told.to == to && told.level >= one.news.alarm.level) return;
    }
  }
  Delivery made{
      .id = next_++, .to = to, .route = route, .notice = {reason, one.news}, .created = now, .due = now, .detour = detour};
  hold(made, now);
  keep(made);
  add(std::move(made));
}

void Desk::end(Case& one, Time now) {
  one.over = true;
  keep(one);
  const std::uint64_t alarm = one.news.alarm.id;
  for (const std::uint64_t id : of_alarm(alarm)) {
    // What was tried may have arrived: it is tried on, and its end follows.
    if (deliveries_.at(id).message.empty()) drop(id);
  }
  std::vector<Told> told = one.told;
  std::set<Recipient> seen;
  for (const Told& who : told) {
    if (!ends_follow(who.route)) continue;
    if (seen.insert(who.to).second) post(one, who.route, who.to, Reason::Recovered, now, false);
  }
  settle(alarm);
}

// Forgets a case that is over when nothing of it is left to say.
void Desk::settle(std::uint64_t alarm) {
  const auto at = cases_.find(alarm);
  if (at == cases_.end() || !at->second.over || of_alarm_.contains(alarm)) return;
  cases_.erase(at);
  dirty_cases_.insert(alarm);
}

std::uint64_t Spent::all(Time now) {
  while (!minutes.empty() && now - minutes.begin()->first >= std::chrono::hours(1)) minutes.erase(minutes.begin());
  std::uint64_t sum = 0;
  for (const auto& [minute, count] : minutes) sum += count;
  return sum;
}

// Half of the hour's messages may go at once; then they are spread, and what waits goes together.
bool Desk::may_go(const Recipient& to, const Channel& channel, Time now) {
  const auto known = spent_.find(to);
  if (known == spent_.end()) return true;
  const auto most = static_cast<std::uint64_t>(channel.per_hour);
  return known->second.all(now) * 2 < most || now - known->second.last >= Millis(std::chrono::hours(1)) / channel.per_hour;
}

// A service that takes one notice a message gets many messages at a time, those of one alarm one after the other.
void Desk::form_alone(const Recipient& to, const Channel& channel, const std::string& address, std::size_t busy, Time now,
                      Formed& out) {
  std::set<std::uint64_t> earlier;  // alarms of which something waits or is under way
  for (const std::uint64_t id : mail_.at(to)) {
    Delivery& one = deliveries_.at(id);
    if (!earlier.insert(one.notice.news.alarm.id).second || one.due > now) continue;
    if (!one.message.empty() && under_way_.contains(one.message)) continue;
    if (busy >= kMostAlone) return;
    if (one.message.empty()) {
      if (now - std::max(one.created, one.due) < channel.gather) continue;
      if (!may_go(to, channel, now)) return;
      one.message = instance_ + "-" + record_key(id);
      keep(one);
    }
    under_way_.emplace(one.message, to);
    ++busy;
    out.emplace_back(to, Message{.key = one.message, .person = to.person, .address = address, .notices = {one.notice}});
  }
}

std::vector<std::pair<Recipient, Message>> Desk::form(Time now) {
  std::map<std::string, std::size_t> busy;
  std::set<Recipient> busy_boxes;
  for (const auto& [key, to] : under_way_) {
    ++busy[to.channel];
    busy_boxes.insert(to);
  }
  std::vector<std::pair<Recipient, Message>> out;
  std::vector<std::pair<std::uint64_t, std::string>> unreachable;
  for (const auto& [to, box] : mail_) {
    const auto channel = spec_->channels.find(to.channel);
    const auto address = address_of(*spec_, to);
    if (channel == spec_->channels.end() || !address) {
      const std::string why = channel == spec_->channels.end() ? "there is no channel " + to.channel + " any more"
                                                               : to.person + " has no address for " + to.channel + " any more";
      for (const std::uint64_t id : box) unreachable.emplace_back(id, why);
      continue;
    }
    if (!takes_many(channel->second.type)) {
      const std::size_t before = out.size();
      form_alone(to, channel->second, *address, busy[to.channel], now, out);
      busy[to.channel] += out.size() - before;
      continue;
    }
    if (busy_boxes.contains(to) || busy[to.channel] >= kMostUnderWay) continue;
    std::vector<std::uint64_t> chosen;
    std::string key;
    Time oldest = Time::max();
    for (const std::uint64_t id : box) {
      const Delivery& one = deliveries_.at(id);
      if (!one.message.empty() && key.empty()) {
        // Goes again as it went, and before what came later.
        key = one.message;
        chosen.clear();
      }
      if (one.message != key || one.due > now) continue;
      // A drill goes alone: nobody is to wonder which of a message is true.
      if (!chosen.empty() && deliveries_.at(chosen.front()).notice.news.alarm.drill() != one.notice.news.alarm.drill()) continue;
      oldest = std::min(oldest, std::max(one.created, one.due));
      if (chosen.size() < kMostTogether) chosen.push_back(id);
    }
    if (chosen.empty()) continue;
    if (key.empty()) {
      if (now - oldest < channel->second.gather) continue;
      if (!may_go(to, channel->second, now)) continue;
      key = instance_ + "-" + record_key(chosen.front());
      for (const std::uint64_t id : chosen) {
        Delivery& one = deliveries_.at(id);
        one.message = key;
        keep(one);
      }
    }
    Message message{.key = key, .person = to.person, .address = *address};
    for (const std::uint64_t id : chosen) message.notices.push_back(deliveries_.at(id).notice);
    under_way_.emplace(key, to);
    ++busy[to.channel];
    out.emplace_back(to, std::move(message));
  }
  for (const auto& [id, why] : unreachable) {
    if (const auto at = deliveries_.find(id); at != deliveries_.end()) {
      const Delivery lost = at->second;
      drop(id);
      lose(lost, why, now);
      settle(lost.notice.news.alarm.id);
    }
  }
  return out;
}

void Desk::sent(const std::string& key, Time now) {
  const auto at = under_way_.find(key);
  if (at == under_way_.end()) return;
  const Recipient to = at->second;
  under_way_.erase(at);
  Spent& spent = spent_[to];
  spent.all(now);
  ++spent.minutes[std::chrono::floor<std::chrono::minutes>(now)];
  spent.last = now;
  dirty_spent_.insert(to);
  note_reached(to, now);
  std::vector<Delivery> left;
  if (const auto box = mail_.find(to); box != mail_.end()) {
    for (const std::uint64_t id : box->second) {
      if (deliveries_.at(id).message == key) left.push_back(deliveries_.at(id));
    }
  }
  for (const Delivery& delivery : left) drop(delivery.id);
  for (const Delivery& delivery : left) {
    if (!delivery.notice.news.alarm.drill()) ++counts_[to.channel].sent;
    const std::uint64_t alarm = delivery.notice.news.alarm.id;
    event(delivery, Severity::Normal, "told " + name_of(to), "sent", now);
    if (const auto known = cases_.find(alarm); known != cases_.end() && begins(delivery.notice.reason)) {
      Case& one = known->second;
      const auto before = std::find_if(one.told.begin(), one.told.end(),
                                       [&](const Told& told) { return told.to == to && told.route == delivery.route; });
      const Alarm& said = delivery.notice.news.alarm;
      const Told told{.to = to, .route = delivery.route, .level = said.level, .at = now, .flapping = said.flapping};
      std::erase_if(one.missed, [&](const Missed& missed) { return missed.to == to && missed.route == delivery.route; });
      if (before == one.told.end()) one.told.push_back(told);
      else *before = told;
      keep(one);
      if (one.over && ends_follow(delivery.route)) post(one, delivery.route, to, Reason::Recovered, now, delivery.detour);
    }
    settle(alarm);
  }
}

void Desk::failed(const std::string& key, const notify::Verdict& verdict, Time now) {
  const auto at = under_way_.find(key);
  if (at == under_way_.end()) return;
  const Recipient to = at->second;
  under_way_.erase(at);
  const auto channel = spec_->channels.find(to.channel);
  const int most = channel == spec_->channels.end() ? 1 : channel->second.attempts;
  std::vector<std::uint64_t> of_message;
  if (const auto box = mail_.find(to); box != mail_.end()) {
    for (const std::uint64_t id : box->second) {
      if (deliveries_.at(id).message == key) of_message.push_back(id);
    }
  }
  for (const std::uint64_t id : of_message) {
    Delivery& delivery = deliveries_.at(id);
    const bool drill = delivery.notice.news.alarm.drill();
    ++delivery.attempts;
    if (!drill) ++counts_[to.channel].failed;
    delivery.problem = verdict.why;
    // A drill asks how it goes now.
    if (verdict.outcome == Outcome::Later && delivery.attempts < most && !drill) {
      delivery.due = now + std::max(verdict.retry_after.value_or(Millis(0)), pause_after(delivery.attempts));
      keep(delivery);
      continue;
    }
    const Delivery lost = delivery;
    const std::uint64_t alarm = lost.notice.news.alarm.id;
    drop(id);
    const auto known = cases_.find(alarm);
    const std::string fallback = channel == spec_->channels.end() ? std::string() : channel->second.fallback;
    Recipient other{fallback, lost.to.person};
    if (!fallback.empty() && !address_of(*spec_, other)) other.person.clear();
    if (!fallback.empty() && !lost.detour && known != cases_.end() && !drill) {
      event(lost, Severity::Caution, "not told " + name_of(to) + ": " + lost.problem + "; goes by " + fallback, "detour", now);
      Case& one = known->second;
      note_missed(one, lost, fallback, now);
      const bool over = one.over && begins(lost.notice.reason);
      const Severity before = std::exchange(one.news.before, lost.notice.news.before);
      post(one, lost.route, other, lost.notice.reason, now, true);
      one.news.before = before;
      // The beginning of what is over by now is told all the same: its end follows.
      if (over) keep(one);
    } else {
      if (known != cases_.end()) note_missed(known->second, lost, {}, now);
      lose(lost, lost.problem, now);
    }
    settle(alarm);
  }
}

void Desk::note_missed(Case& one, const Delivery& lost, const std::string& fallback, Time now) {
  std::erase_if(one.missed, [&](const Missed& missed) { return missed.to == lost.to && missed.route == lost.route; });
  one.missed.push_back({.to = lost.to,
                        .route = lost.route,
                        .level = lost.notice.news.alarm.level,
                        .at = now,
                        .why = lost.problem,
                        .fallback = fallback});
  keep(one);
}

void Desk::lose(const Delivery& delivery, const std::string& why, Time now) {
  const bool drill = delivery.notice.news.alarm.drill();
  if (!drill) ++counts_[delivery.to.channel].lost;
  event(delivery, drill ? Severity::Caution : Severity::Danger, "not told " + name_of(delivery.to) + ": " + why, "lost", now);
}

void Desk::event(const Delivery& about, Severity severity, const std::string& text, std::string_view outcome, Time now) {
  const Alarm& alarm = about.notice.news.alarm;
  Event out;
  out.kind = EventKind::State;
  out.severity = severity;
  out.received = now;
  out.device = alarm.device;
  out.app = "notice";
  out.text = one_line(text) + ": " + one_line(alarm.title) + " " + std::string(to_string(about.notice.reason));
  out.fields = {{"alarm", std::to_string(alarm.id)},
                {"reason", std::string(to_string(about.notice.reason))},
                {"channel", about.to.channel},
                {"person", about.to.person},
                {"route", about.route},
                {"outcome", std::string(outcome)},
                {"key", about.message},
                {"attempts", std::to_string(about.attempts + (outcome == "sent" ? 1 : 0))}};
  if (alarm.drill()) {
    out.text = "drill: " + out.text;
    out.fields.emplace_back("drill", "true");
    note_step(about, outcome == "sent" ? std::string() : about.problem.empty() ? text : about.problem, now);
  }
  events_.push_back(std::move(out));
}

void Desk::note_step(const Delivery& about, std::string problem, Time now) {
  const std::uint64_t id = about.notice.news.alarm.id;
  drills_[id].push_back({.to = about.to,
                         .route = about.route,
                         .reason = about.notice.reason,
                         .state = problem.empty() ? DrillStep::State::Sent : DrillStep::State::Failed,
                         .problem = std::move(problem),
                         .end_follows = ends_follow(about.route),
                         .at = now});
  while (drills_.size() > kMostDrills) drills_.erase(drills_.begin());
}

StateBatch Desk::unsaved() const {
  StateBatch batch;
  for (const std::uint64_t id : dirty_cases_) {
    const auto at = cases_.find(id);
    if (at == cases_.end()) batch.erase(kCaseTable, record_key(id));
    else batch.put(kCaseTable, record_key(id), encode(at->second));
  }
  for (const std::uint64_t id : dirty_) {
    const auto at = deliveries_.find(id);
    if (at == deliveries_.end()) batch.erase(kDeliveryTable, record_key(id));
    else batch.put(kDeliveryTable, record_key(id), encode(at->second));
  }
  for (const Recipient& to : dirty_reached_)
    batch.put(kReachedTable, to.channel + '/' + to.person, encode_reached(reached_.at(to)));
  for (const Recipient& to : dirty_spent_) batch.put(kSpentTable, to.channel + '/' + to.person, encode(spent_.at(to)));
  batch.events = events_;
  return batch;
}

void Desk::saved() {
  dirty_reached_.clear();
  dirty_spent_.clear();
  dirty_.clear();
  dirty_cases_.clear();
  events_.clear();
}

}  // namespace bongsu::notify
