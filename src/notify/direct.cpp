// SPDX-License-Identifier: Apache-2.0
#include "notify/direct.h"

#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <optional>
#include <set>

#include "base/lock.h"
#include "notify/message.h"

namespace bongsu::notify {
namespace {

constexpr int kAttempts = 3;

std::string names_of(const Spec& spec) {
  std::string names;
  for (const auto& [name, unused] : spec.channels) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "channels: in bongsu.yaml is empty" : "there are " + names;
}

}  // namespace

Status send_now(const Spec& spec, Courier& courier, const Recipient& to, Notice notice, std::string key, Time now) {
  const auto channel = spec.channels.find(to.channel);
  if (channel == spec.channels.end()) return Error{Code::NotFound, "no channel " + to.channel + "; " + names_of(spec)};
  const auto person = spec.people.find(to.person);
  if (!to.person.empty() && person == spec.people.end()) return Error{Code::NotFound, "nobody is called " + to.person};
  const auto address = address_of(spec, to);
  if (!address) return Error{Code::Invalid, to.person + " has no address for " + to.channel};
  Message message{.key = std::move(key), .person = to.person, .address = *address};
  message.notices.push_back(std::move(notice));
  const bool known = person != spec.people.end();
  const Words words = words_of(message, known ? person->second.language : Language::English,
                               known ? person->second.hours.zone() : std::string_view(), spec.page);
  BONGSU_TRY(Request request, request_of(channel->second, message, words, spec, now));
  struct Answer {
    Guarded<std::optional<Reply>> reply;
    std::condition_variable come;
  };
  const auto answer = std::make_shared<Answer>();
  const Millis patience = request.timeout + std::chrono::seconds(2);
  courier.send(std::move(request), [answer](Reply reply) {
    *answer->reply.lock() = std::move(reply);
    answer->come.notify_all();
  });
  auto reply = answer->reply.lock();
  if (!answer->come.wait_for(reply.hold(), patience, [&] { return reply->has_value(); }))
    return Error{Code::Timeout, "no answer within " + format_duration(channel->second.timeout)};
  const Verdict verdict = judge(channel->second, **reply);
  if (verdict.outcome == Outcome::Sent) return {};
  return Error{Code::Refused, verdict.why};
}

LastTold tell_last(const Spec& spec, Courier& courier, const LastWord& word, Time now, Millis patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  Notice notice{.reason = word.over ? Reason::Recovered : Reason::Raised};
  notice.news.at = now;
  notice.news.change = word.over ? AlarmChange::Recovered : AlarmChange::Raised;
  Alarm& alarm = notice.news.alarm;
  alarm.item = "bongsu";
  alarm.title = word.title;
  alarm.device = spec.host;
  alarm.level = alarm.peak = Severity::Fatal;
  alarm.value = alarm.limit = std::numeric_limits<double>::quiet_NaN();
  alarm.why = word.why;
  alarm.since = word.since;
  alarm.changed = now;
  if (word.over) alarm.state = AlarmState::Recovered, alarm.ended = now, notice.news.note = word.why;

  LastTold told;
  std::set<Recipient> all;
  for (const Route& route : spec.routes) {
    for (Recipient& one : recipients(spec, route.to, route.via)) all.insert(std::move(one));
  }
  const std::string key =
      "bongsu-" + spec.host + "-" + std::to_string(word.since.time_since_epoch().count()) + (word.over ? "-over" : "");
  for (const Recipient& to : all) {
    Status done = Error{Code::Timeout, "no time was left for it"};
    for (int attempt = 0; attempt < kAttempts && std::chrono::steady_clock::now() < end; ++attempt) {
      done = send_now(spec, courier, to, notice, key, now);
      if (done || done.error().code == Code::Invalid) break;
    }
    if (done) ++told.reached;
    else told.missed.push_back(to.channel + (to.person.empty() ? "" : " to " + to.person) + ": " + done.error().text);
  }
  return told;
}

}  // namespace bongsu::notify
