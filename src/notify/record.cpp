// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include "notify/desk.h"

namespace bongsu::notify {
namespace {

constexpr std::uint8_t kNoticeVersion = 1;
constexpr std::uint8_t kCaseVersion = 2;
constexpr std::uint64_t kMostParts = 1'000'000;

void write(RecordWriter& out, const Recipient& to) {
  out.text(to.channel);
  out.text(to.person);
}

Recipient read_recipient(RecordReader& in) {
  Recipient to;
  to.channel = in.text();
  to.person = in.text();
  return to;
}

AlarmNews read_news(RecordReader& in) {
  auto news = decode_alarm_news(in.text());
  if (news) return *std::move(news);
  in.fail();
  return {};
}

}  // namespace

std::string encode(const Case& kept) {
  RecordWriter out(kCaseVersion);
  out.text(encode(kept.news));
  out.flag(kept.over);
  out.number(kept.tags.size());
  for (const auto& [name, value] : kept.tags) {
    out.text(name);
    out.text(value);
  }
  out.number(kept.routes.size());
  for (const Progress& route : kept.routes) {
    out.text(route.route);
    out.time(route.began);
    out.flag(route.told);
    out.number(route.steps);
    out.time(route.last);
  }
  out.number(kept.told.size());
  for (const Told& told : kept.told) {
    write(out, told.to);
    out.text(told.route);
    out.severity(told.level);
    out.time(told.at);
    out.flag(told.flapping);
  }
  out.number(kept.missed.size());
  for (const Missed& missed : kept.missed) {
    write(out, missed.to);
    out.text(missed.route);
    out.severity(missed.level);
    out.time(missed.at);
    out.text(missed.why);
    out.text(missed.fallback);
  }
  out.number(kept.levels.size());
  for (const Severity level : kept.levels) out.severity(level);
  return out.take();
}

Result<Case> decode_case(std::string_view bytes) {
  RecordReader in(bytes, kCaseVersion);
  Case kept;
  kept.news = read_news(in);
  kept.over = in.flag();
  const auto count = [&] {
    const std::uint64_t parts = in.number();
    if (parts > kMostParts) in.fail();
    return in.failed() ? 0 : parts;
  };
  for (std::uint64_t left = count(); left > 0 && !in.failed(); --left) {
    std::string name = in.text();
    kept.tags.insert_or_assign(std::move(name), in.text());
  }
  for (std::uint64_t left = count(); left > 0 && !in.failed(); --left) {
    Progress route;
    route.route = in.text();
    route.began = in.time();
    route.told = in.flag();
    route.steps = in.number();
    route.last = in.time();
    kept.routes.push_back(std::move(route));
  }
  for (std::uint64_t left = count(); left > 0 && !in.failed(); --left) {
    Told told;
    told.to = read_recipient(in);
    told.route = in.text();
    told.level = in.severity();
    told.at = in.time();
    if (in.version() >= 2) told.flapping = in.flag();
    kept.told.push_back(std::move(told));
  }
  if (in.version() >= 2) {
    for (std::uint64_t left = count(); left > 0 && !in.failed(); --left) {
      Missed missed;
      missed.to = read_recipient(in);
      missed.route = in.text();
      missed.level = in.severity();
      missed.at = in.time();
      missed.why = in.text();
      missed.fallback = in.text();
      kept.missed.push_back(std::move(missed));
    }
    for (std::uint64_t left = count(); left > 0 && !in.failed(); --left) kept.levels.push_back(in.severity());
  } else {
    kept.levels.push_back(kept.news.alarm.level);
  }
  BONGSU_TRY_OK(in.end("case of an alarm"));
  return kept;
}

std::string encode(const Delivery& kept) {
  RecordWriter out(kNoticeVersion);
  out.number(kept.id);
  write(out, kept.to);
  out.text(kept.route);
  out.octet(static_cast<unsigned>(kept.notice.reason));
  out.text(encode(kept.notice.news));
  out.time(kept.created);
  out.time(kept.due);
  out.number(static_cast<std::uint64_t>(kept.attempts));
  out.text(kept.message);
  out.text(kept.problem);
  out.flag(kept.detour);
  out.flag(kept.held);
  return out.take();
}

Result<Delivery> decode_delivery(std::string_view bytes) {
  RecordReader in(bytes, kNoticeVersion);
  Delivery kept;
  kept.id = in.number();
  kept.to = read_recipient(in);
  kept.route = in.text();
  const unsigned reason = in.octet();
  if (reason < 1 || reason > static_cast<unsigned>(Reason::Settled)) in.fail();
  else kept.notice.reason = static_cast<Reason>(reason);
  kept.notice.news = read_news(in);
  kept.created = in.time();
  kept.due = in.time();
  kept.attempts = static_cast<int>(std::min<std::uint64_t>(in.number(), 1'000'000));
  kept.message = in.text();
  kept.problem = in.text();
  kept.detour = in.flag();
  kept.held = in.flag();
  BONGSU_TRY_OK(in.end("notice"));
  return kept;
}

std::string encode(const Spent& kept) {
  RecordWriter out(kNoticeVersion);
  out.time(kept.last);
  out.number(kept.minutes.size());
  for (const auto& [minute, count] : kept.minutes) {
    out.time(minute);
    out.number(count);
  }
  return out.take();
}

Result<Spent> decode_spent(std::string_view bytes) {
  RecordReader in(bytes, kNoticeVersion);
  Spent kept;
  kept.last = in.time();
  std::uint64_t left = in.number();
  if (left > kMostParts) in.fail();
  for (; left > 0 && !in.failed(); --left) {
    const Time minute = in.time();
    kept.minutes[minute] = in.number();
  }
  BONGSU_TRY_OK(in.end("messages of the last hour"));
  return kept;
}

std::string encode_reached(Time at) {
  RecordWriter out(kNoticeVersion);
  out.time(at);
  return out.take();
}

Result<Time> decode_reached(std::string_view bytes) {
  RecordReader in(bytes, kNoticeVersion);
  const Time at = in.time();
  BONGSU_TRY_OK(in.end("time somebody was reached"));
  return at;
}

}  // namespace bongsu::notify
