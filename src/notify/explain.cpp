// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "notify/desk.h"

namespace bongsu::notify {

std::string name_of(const Recipient& to) { return to.person.empty() ? to.channel : to.person + " by " + to.channel; }

// What came of telling them, each part after a colon.
std::string Desk::fate(const Case& one, const Recipient& to) const {
  std::string out;
  for (const Missed& missed : one.missed) {
    if (missed.fallback == to.channel && (to.person.empty() || missed.to.person == to.person))
      out = " in place of " + missed.to.channel;
  }
  for (const Told& told : one.told) {
    if (told.to == to)
      out += ": told at " + format_time(told.at) + " of " + std::string(to_string(told.level)) +
             (told.flapping ? ", that it flaps" : "");
  }
  for (const std::uint64_t id : of_alarm(one.news.alarm.id)) {
    const Delivery& delivery = deliveries_.at(id);
    if (delivery.to != to) continue;
    const auto person = spec_->people.find(to.person);
    const bool never = delivery.held && person != spec_->people.end() && !person->second.hours.contains(delivery.due);
    out += fmt::format(": {} waits{}{}", to_string(delivery.notice.reason), delivery.held ? " for the hours of its person" : "",
                       never ? ", and there are none within a year" : "");
    if (delivery.attempts > 0) out += fmt::format(", {} attempts failed: {}", delivery.attempts, delivery.problem);
  }
  for (const Missed& missed : one.missed) {
    if (missed.to == to)
      out += fmt::format(": not told at {} of {}: {}{}", format_time(missed.at), to_string(missed.level), missed.why,
                         missed.fallback.empty() ? std::string() : "; went by " + missed.fallback);
  }
  return out;
}

std::vector<std::string> Desk::explain(const Alarm& alarm, const Tags& tags, Time now) const {
  std::vector<std::string> out;
  const auto at = cases_.find(alarm.id);
  const Case* known = at == cases_.end() ? nullptr : &at->second;
  if (spec_->routes.empty()) out.push_back("there are no routes: nobody is told of anything (routes: in bongsu.yaml)");
  if (alarm.suppressed) out.push_back("nobody is told while it is suppressed: " + alarm.suppressed_by);
  // Whom a route told by a fallback, by a step of escalation, when another was on call, or while it was for the alarm.
  const auto tell_others = [&](const Route& one, const std::set<Recipient>& shown) {
    if (known == nullptr) return;
    std::set<Recipient> others;
    const auto add = [&](const std::string& route, const Recipient& to) {
      if (route == one.name && !shown.contains(to)) others.insert(to);
    };
    for (const Told& told : known->told) add(told.route, told.to);
    for (const Missed& missed : known->missed) add(missed.route, missed.to);
    for (const std::uint64_t id : of_alarm(alarm.id)) add(deliveries_.at(id).route, deliveries_.at(id).to);
    for (const Recipient& who : others) out.push_back("  " + name_of(who) + fate(*known, who));
  };
  bool stopped = false;
  for (const Route& one : spec_->routes) {
    if (stopped) {
      out.push_back(one.name + ": not asked, a route above is the last");
      tell_others(one, {});
      continue;
    }
    if (const auto why = refuses(one.match, alarm, tags, now)) {
      out.push_back(one.name + ": not for it: " + *why);
      tell_others(one, {});
      continue;
    }
    stopped = one.last;
    std::vector<std::string> without;
    std::set<Recipient> shown;
    const auto to = recipients(*spec_, one.to, one.via, now, &without);
    out.push_back(one.name + ": matches" + (one.wait > Millis(0) ? ", after " + format_duration(one.wait) : ""));
    for (const std::string& name : one.to) {
      if (const auto rota = spec_->rotas.find(name); rota != spec_->rotas.end()) {
        const OnCall turn = on_call(rota->second, now);
        out.push_back("  " + name + ": " + turn.who + " is on call until " + show_local(turn.until, rota->second.zone));
      }
    }
    for (const Recipient& who : to) {
      std::string line = "  " + name_of(who);
      const auto person = spec_->people.find(who.person);
      const bool off = person != spec_->people.end() && !person->second.hours.contains(now) &&
                       !(person->second.always && alarm.level >= *person->second.always);
      const std::string came = known == nullptr ? std::string() : fate(*known, who);
      const bool said = !came.empty();
      line += came;
      shown.insert(who);
      if (!said && off) {
        const Time next = person->second.hours.next(now);
        line += ": outside of the hours (" + person->second.hours.text() + "), " +
                (person->second.hours.contains(next) ? "told from " + format_time(next) : "and there are none within a year");
      } else if (!said && alarm.suppressed) line += ": not told, it is suppressed";
      else if (!said && alarm.acknowledged) line += ": not told, it is acknowledged";
      out.push_back(std::move(line));
    }
    tell_others(one, shown);
    for (const std::string& line : without) out.push_back("  " + line);
    if (to.empty()) out.push_back("  reaches nobody");
  }
  return out;
}

}  // namespace bongsu::notify
