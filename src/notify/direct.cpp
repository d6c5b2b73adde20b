// SPDX-License-Identifier: Apache-2.0
#include "notify/direct.h"

#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

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

// One message that is asked for; its answer may come after whoever waits has gone.
struct Asked {
  struct Answer {
    Guarded<std::optional<Reply>> reply;
    std::condition_variable_any come;
  };
  std::shared_ptr<Answer> answer = std::make_shared<Answer>();
  const Channel* channel = nullptr;

  Status wait(std::chrono::steady_clock::time_point end, const std::stop_token& enough) const {
    auto reply = answer->reply.lock();
    if (!answer->come.wait_until(reply.hold(), enough, end, [&] { return reply->has_value(); }))
      return Error{Code::Timeout, "no answer in time"};
    const Verdict verdict = judge(*channel, **reply);
    if (verdict.outcome == Outcome::Sent) return {};
    return Error{Code::Refused, verdict.why};
  }
};

Result<Asked> ask(const Spec& spec, Courier& courier, const Recipient& to, Notice notice, std::string key, Time now) {
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
  Asked asked{.channel = &channel->second};
  courier.send(std::move(request), [answer = asked.answer](Reply reply) {
    *answer->reply.lock() = std::move(reply);
    answer->come.notify_all();
  });
  return asked;
}

}  // namespace

Status send_now(const Spec& spec, Courier& courier, const Recipient& to, Notice notice, std::string key, Time now) {
  BONGSU_TRY(const Asked asked, ask(spec, courier, to, std::move(notice), std::move(key), now));
  return asked.wait(std::chrono::steady_clock::now() + asked.channel->timeout + std::chrono::seconds(2), {});
}

LastTold tell_last(const Spec& spec, Courier& courier, const LastWord& word, Time now, Millis patience, std::stop_token enough) {
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

  std::set<Recipient> all;
  for (const Route& route : spec.routes) {
    for (Recipient& one : recipients(spec, route.to, route.via, now)) all.insert(std::move(one));
  }
  const std::string key =
      "bongsu-" + spec.host + "-" + std::to_string(word.since.time_since_epoch().count()) + (word.over ? "-over" : "");
  LastTold told;
  std::map<Recipient, std::string> left;  // with why
  for (const Recipient& to : all) left.emplace(to, "no time was left for it");
  for (int attempt = 0; attempt < kAttempts && !left.empty() && std::chrono::steady_clock::now() < end; ++attempt) {
    if (enough.stop_requested()) break;
    std::map<Recipient, Result<Asked>> asked;
    for (const auto& [to, why] : left) asked.emplace(to, ask(spec, courier, to, notice, key, now));
    for (auto& [to, one] : asked) {
      const Status done = one ? one->wait(end, enough) : Status(std::move(one).error());
      if (done) {
        ++told.reached;
        left.erase(to);
      } else {
        left.at(to) = done.error().text;
      }
    }
  }
  for (const auto& [to, why] : left)
    told.missed.push_back(to.channel + (to.person.empty() ? "" : " to " + to.person) + ": " + why);
  return told;
}

}  // namespace bongsu::notify
