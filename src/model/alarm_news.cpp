// SPDX-License-Identifier: Apache-2.0
#include "model/alarm_news.h"

#include "model/record.h"

namespace bongsu {
namespace {

constexpr std::uint8_t kAlarmNewsVersion = 3;

}  // namespace

std::string_view to_string(AlarmChange change) {
  switch (change) {
    case AlarmChange::Raised:
      return "raised";
    case AlarmChange::Level:
      return "level";
    case AlarmChange::Recovered:
      return "recovered";
    case AlarmChange::Acknowledged:
      return "acknowledged";
    case AlarmChange::Unacknowledged:
      return "unacknowledged";
    case AlarmChange::Suppressed:
      return "suppressed";
    case AlarmChange::Unsuppressed:
      return "unsuppressed";
    case AlarmChange::Flapping:
      return "flapping";
    case AlarmChange::Settled:
      return "settled";
  }
  return "";
}

std::string alarm_news_key(const AlarmNews& news) {
  return record_key(static_cast<std::uint64_t>(to_ms(news.at))) + record_key(news.alarm.id) +
         static_cast<char>('0' + static_cast<int>(news.change));
}

std::string encode(const AlarmNews& news) {
  RecordWriter out(kAlarmNewsVersion);
  out.octet(static_cast<unsigned>(news.change));
  out.severity(news.before);
  out.time(news.at);
  out.text(news.by);
  out.text(news.note);
  out.flag(news.alarm.acknowledged);
  out.flag(news.alarm.suppressed);
  out.flag(news.alarm.flapping);
  out.alarm(news.alarm);
  out.text(news.alarm.suppressed_by);
  out.text(news.alarm.meaning);
  out.text(news.alarm.asked);
  return out.take();
}

Result<AlarmNews> decode_alarm_news(std::string_view bytes) {
  RecordReader in(bytes, kAlarmNewsVersion);
  AlarmNews news;
  const unsigned change = in.octet();
  if (change < 1 || change > static_cast<unsigned>(AlarmChange::Settled)) in.fail();
  else news.change = static_cast<AlarmChange>(change);
  news.before = in.severity();
  news.at = in.time();
  news.by = in.text();
  news.note = in.text();
  const bool acknowledged = in.flag();
  const bool suppressed = in.flag();
  const bool flapping = in.flag();
  news.alarm = in.alarm();
  news.alarm.acknowledged = acknowledged;
  news.alarm.suppressed = suppressed;
  news.alarm.flapping = flapping;
  if (in.version() >= 2) news.alarm.suppressed_by = in.text();
  if (in.version() >= 3) {
    news.alarm.meaning = in.text();
    news.alarm.asked = in.text();
  }
  BONGSU_TRY_OK(in.end("change of an alarm"));
  return news;
}

}  // namespace bongsu
