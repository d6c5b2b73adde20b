// SPDX-License-Identifier: Apache-2.0
#include "poll/kept_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "base/hash.h"

namespace bongsu::poll {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kMostRows = 100'000;
constexpr std::uint64_t kMostText = 4096;
constexpr std::uint64_t kMostLabels = 32;
constexpr double kExact = 9007199254740992.0;  // 2^53

enum SeriesFlag : std::uint8_t {
  kLive = 1,
  kGap = 2,
  kHeight = 4,
  kBase = 8,          // is not 0
  kSeenIsTotal = 16,  // of its one counter
  kLastIsSeen = 32,   // less the base
  kAtIsStamp = 64,    // of the group
};

std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// The total of the one counter that a series is made of; nothing when there are more.
const CounterState* sole_counter(const RowState& row, std::uint64_t source) {
  if (std::popcount(source) != 1) return nullptr;
  const auto leaf = static_cast<std::size_t>(std::countr_zero(source));
  return leaf < row.counters.size() && row.counters[leaf].known() ? &row.counters[leaf] : nullptr;
}

class KeptWriter {
 public:
  explicit KeptWriter(std::string& out) : out_(out) {}
  void octet(std::uint8_t value) { out_ += static_cast<char>(value); }
  void fixed(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) octet(static_cast<std::uint8_t>(value >> shift));
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) octet(static_cast<std::uint8_t>(value | 0x80));
    octet(static_cast<std::uint8_t>(value));
  }
  void whole(std::int64_t value) { number(zigzag(value)); }
  void real(double value) {
    if (std::fabs(value) < kExact && value == std::trunc(value) && !(value == 0 && std::signbit(value))) {
      number(zigzag(static_cast<std::int64_t>(value)) << 1);
    } else {
      number(1);
      fixed(std::bit_cast<std::uint64_t>(value));
    }
  }
  // Texts that stood before are their number.
  void text(const std::string& value) {
    const std::string part = value.substr(0, kMostText);
    const auto [at, fresh] = texts_.try_emplace(part, texts_.size() + 1);
    if (!fresh) return number(at->second);
    number(0);
    number(part.size());
    out_ += part;
  }

 private:
  std::string& out_;
  std::unordered_map<std::string, std::size_t> texts_;
};

class KeptReader {
 public:
  explicit KeptReader(std::string_view in) : in_(in) {}
  bool failed() const { return error_.has_value(); }
  Error error() const { return *error_; }
  void fail(Code code, const char* what) {
    if (!error_) error_ = Error{code, std::string("kept rows: ") + what};
    in_ = {};
  }
  bool empty() const { return in_.empty(); }

  std::uint8_t octet() {
    if (in_.empty()) return fail(Code::Truncated, "the record ends early"), std::uint8_t{0};
    const auto value = static_cast<std::uint8_t>(in_[0]);
    in_.remove_prefix(1);
    return value;
  }
  std::uint64_t fixed() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 8) value |= std::uint64_t{octet()} << shift;
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = octet();
      if (shift == 63 && part > 1) break;
      value |= std::uint64_t{part & 0x7fU} << shift;
      if (part < 0x80) return value;
    }
    fail(Code::Corrupt, "a number is too long");
    return 0;
  }
  std::uint64_t number(std::uint64_t most, const char* what) {
    const std::uint64_t value = number();
    if (value > most) return fail(Code::Corrupt, what), 0;
    return value;
  }
  std::int64_t whole() { return unzigzag(number()); }
  double real() {
    const std::uint64_t coded = number();
    if (coded == 1) return std::bit_cast<double>(fixed());
    if (coded & 1) fail(Code::Corrupt, "a number of no known form");
    return static_cast<double>(unzigzag(coded >> 1));
  }
  std::string text() {
    const std::uint64_t known = number();
    if (failed()) return {};
    if (known > texts_.size()) return fail(Code::Corrupt, "a text that never stood"), std::string();
    if (known > 0) return std::string(texts_[known - 1]);
    const std::uint64_t size = number(kMostText, "a text is too long");
    if (size > in_.size()) return fail(Code::Truncated, "the record ends early"), std::string();
    texts_.push_back(in_.substr(0, size));
    in_.remove_prefix(size);
    return std::string(texts_.back());
  }

 private:
  std::string_view in_;
  std::vector<std::string_view> texts_;
  std::optional<Error> error_;
};

// How far `then` lies before `at`, in ms.
std::int64_t span_before(SteadyTime then, SteadyTime at) { return std::chrono::floor<Millis>(at - then).count(); }

void write_counters(KeptWriter& out, const RowState& row, SteadyTime at) {
  out.number(static_cast<std::uint64_t>(
      std::count_if(row.counters.begin(), row.counters.end(), [](const auto& c) { return c.known(); })));
  for (std::size_t leaf = 0; leaf < row.counters.size(); ++leaf) {
    const CounterState& counter = row.counters[leaf];
    if (!counter.known()) continue;
    out.number(leaf);
    out.octet(static_cast<std::uint8_t>((counter.type == ValueType::Counter64) | counter.over << 1));
    out.number(counter.raw);
    out.whole(static_cast<std::int64_t>(counter.total - counter.raw));  // modulo 2^64
    out.whole(span_before(counter.at, at));
  }
}

void write_series(KeptWriter& out, const RowState& row, Time stamp) {
  const auto counts = [](const SeriesState& series) { return series.live || series.gap || series.height.known; };
  out.number(static_cast<std::uint64_t>(std::count_if(row.series.begin(), row.series.end(), counts)));
  for (std::size_t metric = 0; metric < row.series.size(); ++metric) {
    const SeriesState& series = row.series[metric];
    if (!counts(series)) continue;
    const SeriesHeight& height = series.height;
    const CounterState* sole = height.known ? sole_counter(row, height.source) : nullptr;
    std::uint8_t flags = 0;
    if (series.live) flags |= kLive;
    if (series.gap) flags |= kGap;
    if (height.known) {
      flags |= kHeight;
      if (height.base != 0) flags |= kBase;
      if (sole && height.seen == static_cast<double>(sole->total)) flags |= kSeenIsTotal;
      if (height.last == height.seen - height.base) flags |= kLastIsSeen;
      if (height.at == stamp) flags |= kAtIsStamp;
    }
    out.number(metric);
    out.octet(flags);
    if (series.gap) out.octet(static_cast<std::uint8_t>(*series.gap));
    if (!height.known) continue;
    out.number(height.source);
    if (flags & kBase) out.real(height.base);
    if (!(flags & kSeenIsTotal)) out.real(height.seen);
    if (!(flags & kLastIsSeen)) out.real(height.last);
    if (!(flags & kAtIsStamp)) out.whole(to_ms(height.at));
  }
}

void read_counters(KeptReader& in, RowState& row, const GroupLayout& layout, bool same, SteadyTime at) {
  row.counters.resize(same ? layout.leaves : 0);
  for (std::uint64_t more = in.number(kMostText, "too many counters"); more > 0 && !in.failed(); --more) {
    const std::uint64_t leaf = in.number();
    const std::uint8_t kind = in.octet();
    CounterState counter;
    counter.type = kind & 1 ? ValueType::Counter64 : ValueType::Counter32;
    counter.over = kind >> 1;
    counter.raw = in.number();
    counter.total = counter.raw + static_cast<std::uint64_t>(in.whole());
    counter.at = at - Millis(in.whole() % (std::int64_t{1} << 40));
    if (!same) continue;
    if (leaf >= layout.leaves) return in.fail(Code::Corrupt, "a counter of an object that the table does not have");
    if (counter.type == ValueType::Counter32 && counter.raw > 0xffffffff)
      return in.fail(Code::Corrupt, "a Counter32 is too large");
    row.counters[leaf] = counter;
  }
}

void read_series(KeptReader& in, RowState& row, const GroupLayout& layout, bool same, Time stamp) {
  row.series.resize(same ? layout.metrics : 0);
  for (std::uint64_t more = in.number(kMostText, "too many series"); more > 0 && !in.failed(); --more) {
    const std::uint64_t metric = in.number();
    const std::uint8_t flags = in.octet();
    SeriesState series;
    series.kept = true;
    series.live = flags & kLive;
    if (flags & kGap) {
      const std::uint8_t cause = in.octet();
      if (cause < 1 || cause > static_cast<std::uint8_t>(GapCause::Unreachable))
        in.fail(Code::Corrupt, "a gap of no known cause");
      series.gap = static_cast<GapCause>(cause);
    }
    if (flags & kHeight) {
      SeriesHeight& height = series.height;
      height.known = true;
      height.source = in.number();
      if (flags & kBase) height.base = in.real();
      const CounterState* sole = same ? sole_counter(row, height.source) : nullptr;
      if (!(flags & kSeenIsTotal)) height.seen = in.real();
      else if (sole) height.seen = static_cast<double>(sole->total);
      else if (same) in.fail(Code::Corrupt, "a series of a counter that is not there");
      height.last = flags & kLastIsSeen ? height.seen - height.base : in.real();
      height.at = flags & kAtIsStamp ? stamp : time_from_ms(in.whole());
      if (!std::isfinite(height.base) || !std::isfinite(height.seen) || !std::isfinite(height.last))
        in.fail(Code::Corrupt, "a series of no number");
    }
    if (!same || in.failed()) continue;
    if (metric >= layout.metrics) return in.fail(Code::Corrupt, "a series of a metric that the table does not have");
    row.series[metric] = series;
  }
}

}  // namespace

GroupLayout layout_of(const Group& group) {
  std::uint64_t print = kHashSeed;
  const auto mix = [&print](std::string_view text) { print = hash_bytes("\x1f", hash_bytes(text, print)); };
  for (const Leaf& leaf : group.leaves) {
    mix(leaf.oid.to_string());
    constexpr std::string_view kPlaces = "sclnt";  // as Leaf::Place
    mix(kPlaces.substr(static_cast<std::size_t>(leaf.place), 1));
  }
  for (const Metric& metric : group.metrics) mix(series_key(metric));
  return {print, static_cast<std::uint32_t>(group.leaves.size()), static_cast<std::uint32_t>(group.metrics.size())};
}

std::string encode_rows(const GroupLayout& layout, const GroupState& state, const ClockPair& now) {
  std::string record;
  KeptWriter out(record);
  out.octet(kVersion);
  out.fixed(layout.print);
  out.whole(to_ms(now.wall) - span_before(state.at, now.steady));  // wall time of the reading
  out.whole(to_ms(state.stamp));
  out.octet(state.uptime.known ? 1 : 0);
  if (state.uptime.known) {
    out.number(state.uptime.ticks);
    out.whole(span_before(state.uptime.at, state.at));
  }
  out.number(std::min<std::uint64_t>(state.rows.size(), kMostRows));
  for (std::size_t i = 0; i < state.rows.size() && i < kMostRows; ++i) {
    const RowState& row = *state.rows[i];
    out.number(row.key.index.size());
    for (const std::uint32_t arc : row.key.index) out.number(arc);
    for (const auto* part : {&row.key.name, &row.key.descr, &row.key.alias, &row.key.mac, &row.key.type}) out.text(*part);
    out.number(row.labels.size());
    for (const auto& [name, value] : row.labels) {
      out.text(name);
      out.text(value);
    }
    out.octet(row.discontinuity ? 1 : 0);
    if (row.discontinuity) out.text(*row.discontinuity);
    write_counters(out, row, state.at);
    write_series(out, row, state.stamp);
  }
  return record;
}

Result<GroupState> decode_rows(std::string_view record, const GroupLayout& layout, const ClockPair& now) {
  KeptReader in(record);
  if (const std::uint8_t version = in.octet(); !in.failed() && version != kVersion)
    return Error{Code::Unsupported, "kept rows: version " + std::to_string(version) + " is not known to this Bongsu"};
  const bool same = in.fixed() == layout.print;
  GroupState state;
  state.read = true;
  const std::int64_t passed = to_ms(now.wall) - in.whole() % (std::int64_t{1} << 52);
  state.at = now.steady - Millis(std::clamp<std::int64_t>(passed, 0, std::int64_t{1} << 40));
  state.stamp = time_from_ms(in.whole());
  if (in.octet() == 1) {
    state.uptime.known = true;
    state.uptime.ticks = static_cast<std::uint32_t>(in.number(0xffffffff, "sysUpTime is too large"));
    state.uptime.at = state.at - Millis(in.whole() % (std::int64_t{1} << 40));
  }
  for (std::uint64_t rows = in.number(kMostRows, "too many rows"); rows > 0 && !in.failed(); --rows) {
    auto row = std::make_unique<RowState>();
    for (std::uint64_t arcs = in.number(Oid::kMaxArcs, "an index is too long"); arcs > 0 && !in.failed(); --arcs) {
      row->key.index.push_back(static_cast<std::uint32_t>(in.number(0xffffffff, "an index is too large")));
    }
    for (auto* part : {&row->key.name, &row->key.descr, &row->key.alias, &row->key.mac, &row->key.type}) *part = in.text();
    for (std::uint64_t labels = in.number(kMostLabels, "too many labels"); labels > 0 && !in.failed(); --labels) {
      std::string name = in.text();
      row->labels.emplace_back(std::move(name), in.text());
    }
    if (in.octet() == 1) row->discontinuity = in.text();
    read_counters(in, *row, layout, same, state.at);
    read_series(in, *row, layout, same, state.stamp);
    if (!in.failed()) state.rows.push_back(std::move(row));
  }
  if (!in.failed() && !in.empty()) in.fail(Code::Corrupt, "octets after its end");
  if (in.failed()) return in.error();
  return state;
}

}  // namespace bongsu::poll
