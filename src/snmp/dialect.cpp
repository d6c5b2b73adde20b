// SPDX-License-Identifier: Apache-2.0
#include "snmp/dialect.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/log.h"

namespace bongsu::snmp {
namespace {

constexpr std::array<std::string_view, kTraits> kTraitNames{
    "varbind_limit", "too_big",          "bulk_ignored",        "bulk_refused",    "bulk_wrong",        "not_increasing",
    "endless_table", "wrong_request_id", "reply_address",       "malformed",       "counter32_only",    "slow_table",
    "packet_loss",   "in_flight_limit",  "duplicate_engine_id", "engine_reboots",  "engine_id_changed", "time_jump",
    "wrong_type",    "v1_only",          "message_size",        "duplicate_reply", "late_reply",        "wrong_objects",
    "empty_answer",  "wrong_error",      "unbelieved",          "silent_object",   "get_as_next",       "boots_reset"};
constexpr std::uint8_t kDialectVersion = 2;
constexpr Millis kSeenAgain{600'000};  // between two tellings of a trait that is known
constexpr Millis kTextAgain{1'000};    // between two texts of evidence that a stranger can cause
constexpr std::size_t kMostRecord = 256 << 10;

class DialectWriter {
 public:
  void octet(std::uint8_t value) { out_ += static_cast<char>(value); }
  void number(std::uint64_t value) {
    for (; value > 0x7f; value >>= 7) octet(static_cast<std::uint8_t>((value & 0x7f) | 0x80));
    octet(static_cast<std::uint8_t>(value));
  }
  void time(Time at) { number(static_cast<std::uint64_t>(to_ms(at))); }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void oid(const Oid& value) {
    number(value.size());
    for (const std::uint32_t arc : value.arcs()) number(arc);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads what DialectWriter wrote; after the first fault everything is zero and failed() stays true.
class DialectReader {
 public:
  explicit DialectReader(std::string_view in) : in_(in) {}
  bool failed() const { return failed_; }
  bool whole() const { return !failed_ && in_.empty(); }
  std::uint8_t octet() {
    if (failed_ || in_.empty()) return failed_ = true, std::uint8_t{0};
    const auto value = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    return value;
  }
  std::uint64_t number(std::uint64_t most = UINT64_MAX) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t part = octet();
      if (shift == 63 && part > 1) break;
      value |= (part & 0x7f) << shift;
      if (part >= 0x80) continue;
      if (value > most) break;
      return value;
    }
    return failed_ = true, 0;
  }
  template <class T>
  T small() {
    return static_cast<T>(number(std::numeric_limits<T>::max()));
  }
  bool flag() { return number(1) != 0; }
  Time time() { return time_from_ms(static_cast<std::int64_t>(number(INT64_MAX))); }
  std::string text(std::size_t most) {
    const std::uint64_t size = number(most);
    if (failed_ || size > in_.size()) return failed_ = true, std::string();
    std::string value(in_.substr(0, size));
    in_.remove_prefix(size);
    return value;
  }
  Oid oid() {
    const std::uint64_t size = number(Oid::kMaxArcs);
    Oid value;
    for (std::uint64_t i = 0; i < size && !failed_; ++i) value.push_back(small<std::uint32_t>());
    return value;
  }
  void refuse() { failed_ = true; }

 private:
  std::string_view in_;
  bool failed_ = false;
};

template <class T, class Same>
void keep_newest(std::vector<T>& all, T seen, std::size_t most, const Same& same) {
  std::erase_if(all, same);
  if (all.size() >= most) all.erase(all.begin());
  all.push_back(std::move(seen));
}

}  // namespace

std::string_view to_string(Trait trait) { return kTraitNames[static_cast<std::size_t>(trait)]; }

std::optional<Trait> parse_trait(std::string_view name) {
  const auto found = std::find(kTraitNames.begin(), kTraitNames.end(), name);
  if (found == kTraitNames.end()) return std::nullopt;
  return static_cast<Trait>(found - kTraitNames.begin());
}

const Observation* Dialect::find(Trait trait) const {
  for (const Observation& seen : observations)
    if (seen.trait == trait) return &seen;
  return nullptr;
}

Observation& Dialect::note(Trait trait, Time now, std::string evidence) {
  Observation* seen = const_cast<Observation*>(find(trait));
  if (seen == nullptr) seen = &observations.emplace_back(Observation{.trait = trait, .first = now});
  ++seen->count;
  seen->last = now;
  if (evidence.size() > kMostEvidence) evidence.resize(kMostEvidence);
  if (!evidence.empty()) seen->evidence = std::move(evidence);
  return *seen;
}

const SlowTable* Dialect::slow_table(const Oid& root) const {
  for (const SlowTable& table : slow)
    if (table.root == root) return &table;
  return nullptr;
}

void Dialect::keep(Break seen) {
  const Oid after = seen.after;
  keep_newest(breaks, std::move(seen), kMostBreaks, [&](const Break& old) { return old.after == after; });
}

void Dialect::keep(SlowTable seen) {
  const Oid root = seen.root;
  keep_newest(slow, std::move(seen), kMostSlow, [&](const SlowTable& old) { return old.root == root; });
}

std::string encode(const Dialect& dialect) {
  DialectWriter out;
  out.octet(kDialectVersion);
  out.number(dialect.varbinds);
  out.number(dialect.too_many);
  out.number(dialect.repetitions);
  out.number(dialect.message_octets);
  out.number(dialect.in_flight);
  out.number(dialect.bulk ? 1 : 0);
  out.number(dialect.v1 ? 1 : 0);
  out.time(dialect.retry);
  out.number(dialect.srtt.count());
  out.number(dialect.rttvar.count());
  out.number(std::bit_cast<std::uint32_t>(dialect.loss));
  out.number(dialect.tries);
  out.text(dialect.reply_from ? dialect.reply_from->to_string() : std::string());
  out.number(dialect.breaks.size());
  for (const Break& seen : dialect.breaks) {
    out.oid(seen.after);
    out.oid(seen.resume);
    out.number(seen.silent ? 2 : seen.exact ? 1 : 0);
    out.time(seen.seen);
    out.oid(seen.hidden);
  }
  out.number(dialect.slow.size());
  for (const SlowTable& table : dialect.slow) {
    out.oid(table.root);
    out.number(static_cast<std::uint64_t>(table.took.count()));
    out.number(table.endless ? 1 : 0);
    out.time(table.seen);
  }
  out.number(dialect.observations.size());
  for (const Observation& seen : dialect.observations) {
    out.octet(static_cast<std::uint8_t>(seen.trait));
    out.number(seen.count);
    out.time(seen.first);
    out.time(seen.last);
    out.text(seen.evidence);
  }
  return out.take();
}

Result<Dialect> decode_dialect(std::string_view bytes) {
  DialectReader in(bytes);
  const std::uint8_t version = in.octet();
  if (!in.failed() && version > kDialectVersion)
    return Error{Code::Unsupported, "a kept dialect was written by a later version; it is learned again"};
  if (version == 0 || bytes.size() > kMostRecord) in.refuse();
  Dialect out;
  out.varbinds = in.small<std::uint16_t>();
  out.too_many = in.small<std::uint16_t>();
  out.repetitions = in.small<std::uint16_t>();
  out.message_octets = in.small<std::uint16_t>();
  out.in_flight = in.small<std::uint8_t>();
  out.bulk = in.flag();
  out.v1 = in.flag();
  out.retry = in.time();
  out.srtt = decltype(out.srtt)(in.small<std::uint32_t>());
  out.rttvar = decltype(out.rttvar)(in.small<std::uint32_t>());
  out.loss = std::bit_cast<float>(in.small<std::uint32_t>());
  if (!(out.loss >= 0 && out.loss <= 1)) in.refuse();
  out.tries = in.small<std::uint32_t>();
  if (const std::string from = in.text(64); !from.empty()) {
    if (const auto endpoint = net::Endpoint::parse(from)) out.reply_from = *endpoint;
    else in.refuse();
  }
  for (std::uint64_t i = in.number(Dialect::kMostBreaks); i > 0 && !in.failed(); --i) {
    Break& seen = out.breaks.emplace_back();
    seen.after = in.oid();
    seen.resume = in.oid();
    const std::uint64_t kind = in.number(version == 1 ? 1 : 2);
    seen.exact = kind == 1;
    seen.silent = kind == 2;
    seen.seen = in.time();
    seen.hidden = in.oid();
  }
  for (std::uint64_t i = in.number(Dialect::kMostSlow); i > 0 && !in.failed(); --i) {
    SlowTable& table = out.slow.emplace_back();
    table.root = in.oid();
    table.took = Millis(static_cast<std::int64_t>(in.number(INT64_MAX)));
    table.endless = in.flag();
    table.seen = in.time();
  }
  for (std::uint64_t i = in.number(kTraits); i > 0 && !in.failed(); --i) {
    const std::uint8_t trait = in.octet();
    if (trait >= kTraits || out.find(static_cast<Trait>(trait)) != nullptr) in.refuse();
    Observation seen{.trait = static_cast<Trait>(trait)};
    seen.count = in.number();
    seen.first = in.time();
    seen.last = in.time();
    seen.evidence = in.text(Dialect::kMostEvidence);
    if (!in.failed()) out.observations.push_back(std::move(seen));
  }
  if (!in.whole()) return Error{Code::Corrupt, "a kept dialect cannot be read; it is learned again"};
  return out;
}

const Dialect* DialectBook::find(const net::Endpoint& endpoint) const {
  const auto found = entries_.find(endpoint);
  return found == entries_.end() ? nullptr : &found->second.dialect;
}

void DialectBook::each(const std::function<bool(const net::Endpoint&, const Dialect&)>& visit) const {
  for (const auto& [endpoint, entry] : entries_)
    if (!visit(endpoint, entry.dialect)) return;
}

DialectBook::Known* DialectBook::find_known(const net::Endpoint& endpoint) {
  const auto found = entries_.find(endpoint);
  return found == entries_.end() ? nullptr : &*found;
}

void DialectBook::changed(Known& known) {
  known.second.told = clock_.now();
  if (!std::exchange(known.second.changed, true)) changed_.push_back(&known);
}

void DialectBook::note(Known& known, Trait trait, std::string evidence) {
  Entry& entry = known.second;
  const Time now = clock_.now();
  const Observation& seen = entry.dialect.note(trait, now, std::move(evidence));
  if (seen.count == 1 || now - entry.told >= kSeenAgain || now < entry.told) changed(known);
}

void DialectBook::note(Known& known, Trait trait, const std::function<std::string()>& evidence) {
  const Observation* seen = known.second.dialect.find(trait);
  const Time now = clock_.now();
  const bool due = seen == nullptr || now - seen->last >= kTextAgain || now < seen->last;
  note(known, trait, due ? evidence() : std::string());
}

void DialectBook::forget(const net::Endpoint& endpoint) {
  Known* found = find_known(endpoint);
  if (found == nullptr) return;
  found->second.dialect = {};  // a walk under way may hold it
  changed(*found);
}

std::vector<std::pair<std::string, std::optional<std::string>>> DialectBook::take_changed(std::size_t most) {
  most = std::min(most, changed_.size());
  std::vector<std::pair<std::string, std::optional<std::string>>> out;
  out.reserve(most);
  for (std::size_t i = 0; i < most; ++i) {
    Entry& entry = changed_[i]->second;
    entry.changed = false;
    std::optional<std::string> value;
    if (entry.dialect != Dialect{}) value = encode(entry.dialect);
    out.emplace_back(changed_[i]->first.to_string(), std::move(value));
  }
  changed_.erase(changed_.begin(), changed_.begin() + static_cast<std::ptrdiff_t>(most));
  return out;
}

Status DialectBook::load(const StateStore& store) {
  std::size_t refused = 0;
  std::string last;
  const auto visit = [&](std::string_view key, std::string_view value) {
    const auto endpoint = net::Endpoint::parse(key);
    auto dialect = decode_dialect(value);
    if (endpoint && dialect) {
      Entry& entry = entries_[*endpoint];
      if (entry.dialect == Dialect{}) entry.dialect = std::move(*dialect);
    } else {
      ++refused;
      last = endpoint ? dialect.error().text : endpoint.error().text;
    }
    return true;
  };
  auto scanned = store.scan(kTable, "", visit);
  if (refused > 0) log::warning("{} kept SNMP dialects were left out; the last: {}", refused, last);
  return scanned;
}

}  // namespace bongsu::snmp
