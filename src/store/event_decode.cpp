// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "store/codec.h"
#include "store/event_block.h"
#include "store/event_codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint64_t kMaxFrame = 128 << 20;  // of a frame, unpacked
constexpr std::uint64_t kMaxEvents = 1 << 20;   // in a block

// A frame of a block, unpacked.
Result<std::string> take_frame(Reader& in) {
  const std::uint64_t size = in.varint();
  const std::string_view packed = in.take(in.varint());
  if (!in.ok() || size > kMaxFrame) return unreadable_events();
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != size) return unreadable_events();
  thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> zstd(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  BONGSU_CHECK(zstd != nullptr);
  std::string raw(size, '\0');
  const std::size_t got = ZSTD_decompressDCtx(zstd.get(), raw.data(), raw.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != size) return unreadable_events();
  return raw;
}

// A column of a Dictionary, as it is read.
struct Texts {
  std::vector<std::string_view> texts;
  std::vector<std::uint32_t> rows;  // empty when all rows have the first

  Status read(Reader& in, std::size_t count) {
    std::uint64_t left = in.varint();
    if (left > in.left() || (left == 0 && count > 0)) return unreadable_events();
    texts.reserve(left);
    for (; left > 0; --left) texts.push_back(in.text());
    if (texts.size() <= 1) return {};
    if (count > in.left()) return unreadable_events();
    rows.reserve(count);
    for (; count > 0; --count) {
      rows.push_back(static_cast<std::uint32_t>(in.varint()));
      if (rows.back() >= texts.size()) return unreadable_events();
    }
    return {};
  }
  std::string_view at(std::size_t row) const { return texts[rows.empty() ? 0 : rows[row]]; }
};

// The rows of a block of format 2: its first frame, and the second once it is needed.
class Columns {
 public:
  Status read(Reader& in) {
    BONGSU_TRY(head_, take_frame(in));
    packed_ = in;
    Reader at(head_);
    const std::uint64_t count = at.varint();
    if (count > kMaxEvents || count > at.left()) return unreadable_events();
    const auto each = [&](auto& column, const auto& take) {
      column.reserve(count);
      for (std::uint64_t i = 0; i < count; ++i) column.push_back(take());
    };
    std::uint64_t id = 0;
    each(ids_, [&] { return id += at.varint(); });
    std::int64_t ms = 0;
    each(received_, [&] { return time_from_ms(ms = add(ms, at.signed_varint())); });
    flags_ = at.take(count);
    device_time_.resize(count);
    for (std::uint64_t i = 0; i < count && at.ok(); ++i) {
      if (has(i, kEventDeviceTime)) device_time_[i] = time_from_ms(add(to_ms(received_[i]), at.signed_varint()));
    }
    kind_ = at.take(count);
    severity_ = at.take(count);
    syslog_severity_ = at.take(count);
    facility_ = at.take(count);
    for (Texts& member : members_) BONGSU_TRY_OK(member.read(at, count));
    if (!at.done()) return unreadable_events();
    return {};
  }

  std::size_t size() const { return ids_.size(); }
  std::uint64_t id(std::size_t row) const { return ids_[row]; }
  bool passes(const EventFilter& filter, std::size_t row) const {
    return filter.numbers(static_cast<EventKind>(kind_[row]), static_cast<Severity>(static_cast<std::int8_t>(severity_[row])),
                          static_cast<std::int8_t>(syslog_severity_[row]), received_[row]) &&
           filter.members(members_of(row));
  }
  std::array<std::string_view, kMembers.size()> members_of(std::size_t row) const {
    std::array<std::string_view, kMembers.size()> values;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = members_[i].at(row);
    return values;
  }

  Status read_rest() {
    BONGSU_TRY(body_, take_frame(packed_));
    if (!packed_.done()) return unreadable_events();
    Reader at(body_);
    if (2 * size() > at.left()) return unreadable_events();
    std::uint64_t octets = 0;
    std::uint64_t fields = 0;
    text_.resize(size());
    field_.resize(size() + 1);
    raw_.resize(size() + 1);
    const auto sum = [&](std::uint64_t& to) {  // false where it is more than can be there
      const std::uint64_t more = at.varint();
      to += more;
      return more <= body_.size() && to <= body_.size();
    };
    const Texts& app = members_[kAppMember];
    for (const std::uint32_t row :
         group_rows(app.rows.empty() ? std::vector<std::uint32_t>(size()) : app.rows, app.texts.size())) {
      text_[row].first = octets;
      if (!sum(octets)) return unreadable_events();
      text_[row].second = octets - text_[row].first;
    }
    for (std::size_t i = 0; i < size(); ++i) {
      field_[i] = fields;
      if (!sum(fields)) return unreadable_events();
    }
    field_[size()] = fields;
    for (std::size_t i = 0; i < size(); ++i) {
      raw_[i] = octets;
      if (has(i, kEventRaw) && !sum(octets)) return unreadable_events();
    }
    raw_[size()] = octets;
    Texts names;
    BONGSU_TRY_OK(names.read(at, fields));
    if (fields > at.left()) return unreadable_events();
    pairs_.reserve(fields);
    for (std::uint64_t i = 0; i < fields; ++i) pairs_.emplace_back(names.at(i), at.text());
    texts_ = at.take(octets);
    if (!at.done()) return unreadable_events();
    return {};
  }

  bool has(std::size_t row, std::uint8_t flag) const { return (static_cast<std::uint8_t>(flags_[row]) & flag) != 0; }
  std::string_view text(std::size_t row) const { return texts_.substr(text_[row].first, text_[row].second); }
  std::span<const EventFilter::Pair> fields(std::size_t row) const {
    return std::span(pairs_).subspan(field_[row], field_[row + 1] - field_[row]);
  }
  Event event(std::size_t row) const {
    Event event;
    event.id = ids_[row];
    event.kind = static_cast<EventKind>(kind_[row]);
    event.severity = static_cast<Severity>(static_cast<std::int8_t>(severity_[row]));
    event.syslog_severity = static_cast<std::int8_t>(syslog_severity_[row]);
    event.facility = static_cast<std::int8_t>(facility_[row]);
    event.clean = has(row, kEventClean);
    event.received = received_[row];
    event.device_time = device_time_[row];
    for (std::size_t i = 0; i < kMembers.size(); ++i) event.*kMembers[i] = members_[i].at(row);
    event.text = text(row);
    for (const auto& [name, value] : fields(row)) event.fields.emplace_back(name, value);
    event.raw = texts_.substr(raw_[row], raw_[row + 1] - raw_[row]);
    return event;
  }

 private:
  static std::int64_t add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
  Reader packed_{{}};
  std::string head_, body_;
  std::vector<std::uint64_t> ids_;
  std::vector<Time> received_;
  std::vector<std::optional<Time>> device_time_;
  std::string_view flags_, kind_, severity_, syslog_severity_, facility_, texts_;
  std::array<Texts, kMembers.size()> members_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> text_;  // where each row's begins, and its octets
  std::vector<std::uint64_t> field_, raw_;                     // where each row's begins
  std::vector<EventFilter::Pair> pairs_;
};

}  // namespace

Result<std::vector<Event>> read_events(std::string_view block, EventFilter& filter, std::size_t most) {
  const std::uint64_t before = filter.query().before_id;
  const auto old_enough = [&](std::uint64_t id) { return before == 0 || id < before; };
  if (Reader(block).u8() != kEventBlockVersion) {
    BONGSU_TRY(std::vector<Event> events, decode_events(block));
    std::erase_if(events, [&](const Event& event) { return !old_enough(event.id) || !filter(event); });
    if (events.size() > most) events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(most));
    return events;
  }
  Reader in(block);
  in.u8();
  Columns columns;
  BONGSU_TRY_OK(columns.read(in));
  std::vector<std::size_t> rows;  // newest first
  for (std::size_t row = columns.size(); row-- > 0;) {
    if (old_enough(columns.id(row)) && columns.passes(filter, row)) rows.push_back(row);
  }
  std::vector<Event> events;
  if (rows.empty()) return events;
  BONGSU_TRY_OK(columns.read_rest());
  for (const std::size_t row : rows) {
    if (events.size() >= most) break;
    if (!filter.needs_rest() || filter.rest(columns.members_of(row), columns.text(row), columns.fields(row)))
      events.push_back(columns.event(row));
  }
  std::reverse(events.begin(), events.end());
  return events;
}

Result<std::vector<Event>> read_events(std::string_view block) {
  const EventQuery all;
  EventFilter filter(all);
  return read_events(block, filter, SIZE_MAX);
}

}  // namespace bongsu::store
