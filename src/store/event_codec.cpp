// SPDX-License-Identifier: Apache-2.0
#include "store/event_codec.h"

#include <algorithm>

#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kEventVersion = 1;

Event take_event(Reader& in) {
  Event event;
  event.kind = static_cast<EventKind>(in.u8());
  event.severity = static_cast<Severity>(static_cast<std::int8_t>(in.u8()));
  event.syslog_severity = static_cast<std::int8_t>(in.u8());
  event.facility = static_cast<std::int8_t>(in.u8());
  const std::uint8_t flags = in.u8();
  event.clean = (flags & kEventClean) != 0;
  event.received = time_from_ms(in.signed_varint());
  if ((flags & kEventDeviceTime) != 0) event.device_time = time_from_ms(in.signed_varint());
  for (std::string* text :
       {&event.device, &event.sender, &event.host, &event.app, &event.process, &event.message_id, &event.text, &event.raw}) {
    *text = in.text();
  }
  for (std::uint64_t fields = in.varint(); in.ok() && fields > 0; --fields) {
    const std::string_view name = in.text();
    event.fields.emplace_back(name, in.text());
  }
  return event;
}

}  // namespace

Error unreadable_events() { return {Code::Corrupt, "a block of events does not read as it was written"}; }

bool EventBlockSummary::may_hold(const EventQuery& query) const {
  if (query.before_id != 0 && first_id >= query.before_id) return false;
  if (query.from && newest < *query.from) return false;
  if (query.to && oldest >= *query.to) return false;
  if (!query.kinds.empty() && std::none_of(query.kinds.begin(), query.kinds.end(),
                                           [&](EventKind kind) { return (kinds >> static_cast<int>(kind) & 1) != 0; }))
    return false;
  if (query.min_severity && worst < *query.min_severity) return false;
  return !query.max_syslog_severity || static_cast<int>(worst_syslog) <= *query.max_syslog_severity;
}

EventBlockSummary summarize(std::span<const Event* const> events) {
  EventBlockSummary summary{
      .first_id = events.front()->id, .last_id = events.back()->id, .oldest = Time::max(), .newest = Time::min()};
  for (const Event* event : events) {
    summary.oldest = std::min(summary.oldest, event->received);
    summary.newest = std::max(summary.newest, event->received);
    summary.kinds = static_cast<std::uint8_t>(summary.kinds | 1 << static_cast<int>(event->kind));
    summary.worst = std::max(summary.worst, event->severity);
    if (event->syslog_severity >= 0) {
      summary.worst_syslog = std::min(summary.worst_syslog, static_cast<std::uint8_t>(event->syslog_severity));
    }
  }
  return summary;
}

std::string encode(const EventBlockSummary& summary) {
  std::string out;
  put_u8(out, kEventVersion);
  put_varint(out, summary.last_id - summary.first_id);
  put_signed(out, to_ms(summary.oldest));
  put_signed(out, to_ms(summary.newest));
  put_u8(out, summary.kinds);
  put_u8(out, static_cast<std::uint8_t>(summary.worst));
  put_u8(out, summary.worst_syslog);
  return out;
}

Result<EventBlockSummary> decode_summary(std::uint64_t first_id, std::string_view value) {
  Reader in(value);
  if (in.u8() != kEventVersion) return unreadable_events();
  EventBlockSummary summary{.first_id = first_id};
  summary.last_id = first_id + in.varint();
  summary.oldest = time_from_ms(in.signed_varint());
  summary.newest = time_from_ms(in.signed_varint());
  summary.kinds = in.u8();
  summary.worst = static_cast<Severity>(static_cast<std::int8_t>(in.u8()));
  summary.worst_syslog = in.u8();
  if (!in.done()) return unreadable_events();
  return summary;
}

Result<std::vector<Event>> decode_events(std::string_view value) {
  Reader in(value);
  if (in.u8() != kEventVersion) return unreadable_events();
  std::vector<Event> events;
  std::uint64_t id = 0;
  for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
    id += in.varint();
    events.push_back(take_event(in));
    events.back().id = id;
  }
  if (!in.done()) return unreadable_events();
  return events;
}

std::size_t octets(const Event& event) {
  std::size_t octets = event.text.size() + event.raw.size() + event.app.size() + event.host.size() + event.device.size() +
                       event.sender.size() + event.process.size() + event.message_id.size();
  for (const auto& [name, value] : event.fields) octets += sizeof(event.fields[0]) + name.size() + value.size();
  return octets;
}

}  // namespace bongsu::store
