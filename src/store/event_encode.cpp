// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <algorithm>

#include "store/codec.h"
#include "store/event_block.h"
#include "store/event_codec.h"

namespace bongsu::store {
namespace {

constexpr int kLevel = 1;  // 3 would save 2 % of the octets for 15 % more time
constexpr unsigned kBitsPerWord = 10;
constexpr unsigned kProbes = 6;

// The bits of a hash in a filter of `bits` bits.
template <class Use>
void each_probe(std::uint64_t hash, std::uint32_t bits, const Use& use) {
  auto at = static_cast<std::uint32_t>(hash);
  const auto step = static_cast<std::uint32_t>(hash >> 28) | 1;
  for (unsigned i = 0; i < kProbes; ++i, at += step) use(static_cast<std::uint32_t>(std::uint64_t{at} * bits >> 32));
}

std::string make_filter(std::span<const std::uint64_t> hashes) {
  if (hashes.empty()) return {};
  const std::size_t octets = (hashes.size() * kBitsPerWord + 7) / 8;
  std::string filter(octets, '\0');
  for (const std::uint64_t hash : hashes) {
    each_probe(hash, static_cast<std::uint32_t>(octets * 8), [&](std::uint32_t bit) {
      filter[bit / 8] = static_cast<char>(static_cast<std::uint8_t>(filter[bit / 8]) | 1 << bit % 8);
    });
  }
  return filter;
}

std::uint8_t flags_of(const Event& event) {
  return static_cast<std::uint8_t>((event.clean ? kEventClean : 0) | (event.device_time ? kEventDeviceTime : 0) |
                                   (event.raw.empty() ? 0 : kEventRaw));
}

}  // namespace

bool filter_may_hold(std::string_view filter, std::uint64_t hash) {
  if (filter.empty() || filter.size() > UINT32_MAX / 8) return !filter.empty();
  bool all = true;
  each_probe(hash, static_cast<std::uint32_t>(filter.size() * 8),
             [&](std::uint32_t bit) { all = all && (static_cast<std::uint8_t>(filter[bit / 8]) >> bit % 8 & 1) != 0; });
  return all;
}

// Each hash once.
class EventEncoder::HashSet {
 public:
  HashSet() : table_(1 << 15) {}
  void clear() {
    std::fill(table_.begin(), table_.end(), 0);
    lately_.fill(0);
    held_.clear();
  }
  void add(std::uint64_t hash) {
    std::uint64_t& lately = lately_[hash >> 20 & (lately_.size() - 1)];
    if (lately == hash) return;
    lately = hash;
    insert(hash);
  }
  const std::vector<std::uint64_t>& held() const { return held_; }

 private:
  void insert(std::uint64_t hash) {
    hash += hash == 0;  // 0 marks a free place
    for (std::size_t at = hash >> 7 & (table_.size() - 1);; at = (at + 1) & (table_.size() - 1)) {
      if (table_[at] == hash) return;
      if (table_[at] != 0) continue;
      table_[at] = hash;
      held_.push_back(hash);
      if (held_.size() * 2 > table_.size()) grow();
      return;
    }
  }
  void grow() {
    table_.assign(table_.size() * 2, 0);
    for (const std::uint64_t hash : held_) {
      std::size_t at = hash >> 7 & (table_.size() - 1);
      while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
      table_[at] = hash;
    }
  }
  std::array<std::uint64_t, 2048> lately_{};  // most words are the same few, and these are near at hand
  std::vector<std::uint64_t> table_;
  std::vector<std::uint64_t> held_;
};

// Not kept anywhere.
std::uint64_t quick_hash(std::string_view text) {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = left * words::kPrime;
  if (left < 8) {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < left; ++i) all = all << 8 | static_cast<std::uint8_t>(at[i]);
    return words::mix(hash, all);
  }
  for (; left > 8; left -= 8, at += 8) hash = words::mix(hash, words::load(at));
  return words::mix(hash, words::load(at + left - 8));
}

// The distinct texts of a column, and for each row which one.
class EventEncoder::Dictionary {
 public:
  void clear() {
    texts_.clear();
    rows_.clear();
    std::fill(table_.begin(), table_.end(), 0);
  }
  void add(std::string_view text) {
    if (!rows_.empty() && texts_[rows_.back()] == text) return rows_.push_back(rows_.back());
    const std::uint64_t hash = quick_hash(text);
    std::size_t at = hash & (table_.size() - 1);
    for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
      if (texts_[table_[at] - 1] == text) return rows_.push_back(table_[at] - 1);
    }
    texts_.push_back(text);
    table_[at] = static_cast<std::uint32_t>(texts_.size());
    rows_.push_back(table_[at] - 1);
    if (texts_.size() * 2 > table_.size()) grow();
  }
  const std::vector<std::string_view>& texts() const { return texts_; }
  const std::vector<std::uint32_t>& rows() const { return rows_; }
  void put(std::string& out) const {
    put_varint(out, texts_.size());
    for (const std::string_view text : texts_) put_text(out, text);
    if (texts_.size() <= 1) return;
    for (const std::uint32_t row : rows_) put_varint(out, row);
  }

 private:
  void grow() {
    table_.assign(table_.size() * 2, 0);
    for (std::uint32_t i = 0; i < texts_.size(); ++i) {
      std::size_t at = quick_hash(texts_[i]) & (table_.size() - 1);
      while (table_[at] != 0) at = (at + 1) & (table_.size() - 1);
      table_[at] = i + 1;
    }
  }
  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> table_ = std::vector<std::uint32_t>(256);
};

std::vector<std::uint32_t> group_rows(std::span<const std::uint32_t> groups, std::size_t count) {
  std::vector<std::uint32_t> starts(count + 1);
  for (const std::uint32_t group : groups) ++starts[group + 1];
  for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  std::vector<std::uint32_t> order(groups.size());
  for (std::uint32_t row = 0; row < groups.size(); ++row) order[starts[groups[row]]++] = row;
  return order;
}

struct EventEncoder::Buffers {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> zstd{ZSTD_createCCtx(), &ZSTD_freeCCtx};
  std::string head, body;
  std::array<Dictionary, kMembers.size()> members;
  Dictionary names;
  HashSet words;
  std::array<std::vector<std::uint64_t>, kWordPartitions> parts;
  Folded folded;
  std::vector<const Event*> by_app;

  void columns(std::span<const Event* const> events);
  void put_frame(std::string& out, const std::string& raw);
  std::string pack();
  void collect_words(std::span<const Event* const> events);
};

EventEncoder::EventEncoder() : own_(std::make_unique<Buffers>()) {
  BONGSU_CHECK(own_->zstd != nullptr);
  ZSTD_CCtx_setParameter(own_->zstd.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(own_->zstd.get(), ZSTD_c_checksumFlag, 1);
}
EventEncoder::~EventEncoder() = default;

void EventEncoder::Buffers::columns(std::span<const Event* const> events) {
  head.clear();
  body.clear();
  put_varint(head, events.size());
  std::uint64_t id = 0;
  for (const Event* event : events) put_varint(head, event->id - id), id = event->id;
  Time received{};
  for (const Event* event : events) put_signed(head, to_ms(event->received) - to_ms(received)), received = event->received;
  for (const Event* event : events) put_u8(head, flags_of(*event));
  for (const Event* event : events) {
    if (event->device_time) put_signed(head, to_ms(*event->device_time) - to_ms(event->received));
  }
  for (const Event* event : events) put_u8(head, static_cast<std::uint8_t>(event->kind));
  for (const Event* event : events) put_u8(head, static_cast<std::uint8_t>(event->severity));
  for (const Event* event : events) put_u8(head, static_cast<std::uint8_t>(event->syslog_severity));
  for (const Event* event : events) put_u8(head, static_cast<std::uint8_t>(event->facility));
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].clear();
    for (const Event* event : events) members[i].add(event->*kMembers[i]);
    members[i].put(head);
  }
  by_app.clear();
  for (const std::uint32_t row : group_rows(members[kAppMember].rows(), members[kAppMember].texts().size()))
    by_app.push_back(events[row]);
  for (const Event* event : by_app) put_varint(body, event->text.size());
  for (const Event* event : events) put_varint(body, event->fields.size());
  for (const Event* event : events) {
    if (!event->raw.empty()) put_varint(body, event->raw.size());
  }
  names.clear();
  for (const Event* event : events) {
    for (const auto& field : event->fields) names.add(field.first);
  }
  names.put(body);
  for (const Event* event : events) {
    for (const auto& field : event->fields) put_text(body, field.second);
  }
  for (const Event* event : by_app) body += event->text;
  for (const Event* event : events) {
    body += event->raw;
  }
}

void EventEncoder::Buffers::put_frame(std::string& out, const std::string& raw) {
  put_varint(out, raw.size());
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  const std::size_t size = ZSTD_compress2(zstd.get(), packed.data(), packed.size(), raw.data(), raw.size());
  BONGSU_CHECK(ZSTD_isError(size) == 0);
  put_varint(out, size);
  out.append(packed, 0, size);
}

std::string EventEncoder::Buffers::pack() {
  std::string out;
  put_u8(out, kEventBlockVersion);
  put_frame(out, head);
  put_frame(out, body);
  return out;
}

void EventEncoder::Buffers::collect_words(std::span<const Event* const> events) {
  words.clear();
  const auto add = [this](std::uint64_t hash) { words.add(hash); };
  for (const Event* event : events) {
    folded.assign(event->text);
    each_word(folded, add);
    for (const auto& [name, value] : event->fields) {
      folded.assign(value);
      each_word(folded, add);
      words.add(field_hash(name, value));
    }
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool searched = kMemberFields[i] == "host" || kMemberFields[i] == "app";
    for (const std::string_view text : members[i].texts()) {
      if (text.empty()) continue;
      words.add(field_hash(kMemberFields[i], text));
      if (!searched) continue;
      folded.assign(text);
      each_word(folded, add);
    }
  }
}

EventEncoder::Block EventEncoder::encode(std::span<const Event* const> events) {
  Block block;
  own_->columns(events);
  own_->collect_words(events);
  block.body = own_->pack();
  for (auto& part : own_->parts) part.clear();
  for (const std::uint64_t hash : own_->words.held()) own_->parts[word_partition(hash)].push_back(hash);
  for (std::size_t i = 0; i < kWordPartitions; ++i) block.filters[i] = make_filter(own_->parts[i]);
  return block;
}

std::string EventEncoder::encode_without_filters(std::span<const Event* const> events) {
  own_->columns(events);
  return own_->pack();
}

}  // namespace bongsu::store
