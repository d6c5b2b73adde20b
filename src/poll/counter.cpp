// SPDX-License-Identifier: Apache-2.0
#include "poll/counter.h"

#include <algorithm>
#include <cmath>

namespace bongsu::poll {
namespace {

constexpr double kWrap32 = 4294967296.0;
// Agents read their counters from the hardware every few seconds and answer from that: growth may belong to a span that is
// longer than the one between the polls.
constexpr double kCacheSeconds = 5;
constexpr std::uint8_t kDisbelief = 3, kBelief = 100;  // readings in a row beyond the line speed, and within it

double seconds(SteadyTime from, SteadyTime to) { return std::max(0.0, std::chrono::duration<double>(to - from).count()); }

// Clocks that drift by a fiftieth, answers that come late, agents that count in steps.
double tolerance(double elapsed) { return elapsed / 50 + 10; }

double ticks_between(std::uint32_t before, std::uint32_t now) {
  return static_cast<double>(static_cast<std::uint32_t>(now - before)) / 100;  // modulo 2^32: the wrap at 497 days
}

std::optional<double> usable(const CounterState& state, std::optional<double> max_rate) {
  if (max_rate && (!(*max_rate > 0) || state.line_speed_lies())) return std::nullopt;
  return max_rate;
}

}  // namespace

Uptime compare(const UptimeState& before, const UptimeState& now) {
  if (!before.known || !now.known) return Uptime::Unknown;
  const double elapsed = seconds(before.at, now.at);
  const double growth = ticks_between(before.ticks, now.ticks);
  if (std::fabs(growth - elapsed) <= tolerance(elapsed)) return Uptime::Going;
  if (now.ticks / 100.0 <= elapsed + tolerance(elapsed)) return Uptime::Restarted;
  return now.ticks < before.ticks ? Uptime::Jumped : Uptime::Going;
}

double slept(const UptimeState& before, const UptimeState& now) {
  if (compare(before, now) != Uptime::Going) return 0;
  const double elapsed = seconds(before.at, now.at);
  const double more = ticks_between(before.ticks, now.ticks) - elapsed;
  return more > tolerance(elapsed) ? more : 0;
}

bool CounterState::line_speed_lies() const { return over >= kDisbelief; }

CounterStep step(CounterState& state, ValueType type, std::uint64_t raw, const Reader& reader, std::optional<double> max_rate) {
  const CounterState before = state;
  state.type = type;
  state.raw = raw;
  state.at = reader.at;
  if (!before.known()) {
    state.total = raw;
    return {};
  }
  const auto gap = [](GapCause cause) { return CounterStep{.gap = cause}; };
  const std::optional<double> told = max_rate && *max_rate > 0 ? max_rate : std::nullopt;
  const auto grow = [&](std::uint64_t growth) {
    state.total += growth;
    const bool fits = !told || static_cast<double>(growth) <= *told * (seconds(before.at, reader.at) + kCacheSeconds);
    if (!state.line_speed_lies()) state.over = 0;
    else if (!told || !fits) state.over = kDisbelief;
    else if (growth > 0 && ++state.over >= kDisbelief + kBelief) state.over = 0;
    return CounterStep{.growth = static_cast<double>(growth)};
  };
  const auto reset = [&] {
    CounterStep made = grow(raw);
    made.reset = true;
    return made;
  };
  const auto beyond = [&] {
    if (!state.line_speed_lies()) ++state.over;
    return gap(GapCause::Discontinuity);
  };
  if (before.type != type) return gap(GapCause::Discontinuity);

  max_rate = usable(before, max_rate);
  std::optional<double> possible;
  if (max_rate) possible = *max_rate * (seconds(before.at, reader.at) + kCacheSeconds);
  const double shown = static_cast<double>(raw);

  if (reader.restart == Restart::Reset) {
    const bool could =
        !possible || shown <= (reader.since ? std::min(*possible, *max_rate * (*reader.since + kCacheSeconds)) : *possible);
    return could ? reset() : gap(reader.doubt);
  }
  if (reader.restart == Restart::Doubt) return raw == before.raw ? grow(0) : gap(reader.doubt);

  if (type == ValueType::Counter32) {
    const std::uint32_t growth = static_cast<std::uint32_t>(raw) - static_cast<std::uint32_t>(before.raw);  // modulo 2^32
    if (possible) {
      if (growth + kWrap32 <= *possible) return gap(GapCause::Ambiguous);
      if (growth <= *possible) return grow(growth);
      if (raw < before.raw && shown <= *possible) return reset();
      return beyond();
    }
    if (raw >= before.raw || (growth < kWrap32 / 2 && static_cast<double>(before.raw) >= kWrap32 / 2)) return grow(growth);
    return reset();
  }

  const std::uint64_t growth = raw - before.raw;  // modulo 2^64
  if (raw >= before.raw || (possible && static_cast<double>(growth) <= *possible))
    return possible && static_cast<double>(growth) > *possible ? beyond() : grow(growth);
  // A small step back is a reading that was not atomic, as some agents make it, and no reset.
  if (possible ? shown > *possible : raw > before.raw / 2) return gap(GapCause::Discontinuity);
  return reset();
}

Millis longest_apart(double max_rate) {
  return Millis(static_cast<std::int64_t>(1'000 * std::min(kWrap32 / max_rate - kCacheSeconds, 1e12)));
}

Witness witness(const CounterState& state, ValueType type, std::uint64_t raw, const Reader& reader,
                std::optional<double> max_rate) {
  if (!state.known() || state.type != type || !reader.since) return Witness::Silent;
  max_rate = usable(state, max_rate);
  if (max_rate && static_cast<double>(raw) > *max_rate * (*reader.since + kCacheSeconds)) return Witness::WentOn;
  if (raw >= state.raw) return Witness::Silent;
  if (type != ValueType::Counter32 || !max_rate) return Witness::BeganAtZero;
  const std::uint32_t growth = static_cast<std::uint32_t>(raw) - static_cast<std::uint32_t>(state.raw);
  const bool may_have_wrapped = growth <= *max_rate * (seconds(state.at, reader.at) + kCacheSeconds);
  return may_have_wrapped ? Witness::Silent : Witness::BeganAtZero;
}

SeriesStep step(SeriesHeight& state, double computed, std::uint64_t source, bool reset, std::optional<double> max_rate,
                Time stamp, bool begin_at_zero) {
  if (!state.known) {
    const double base = begin_at_zero ? computed : 0;
    state = {.known = true, .source = source, .base = base, .seen = computed, .last = computed - base, .at = stamp};
    return {.value = state.last};
  }
  const auto go_on_from_here = [&] {
    state.base = computed - state.last;
    return SeriesStep{.gap = GapCause::Discontinuity};
  };
  const double growth = computed - state.seen;
  state.seen = computed;
  if (state.source != source) {
    state.source = source;
    return go_on_from_here();
  }
  if (reset && growth < state.last) {
    state.base = computed - growth;
    state.last = 0;
  }
  if (stamp <= state.at) {
    if (state.at - stamp < kClockBack) return {};
    state.at = stamp;
    return go_on_from_here();
  }
  double value = computed - state.base;
  if (max_rate && *max_rate > 0) {
    const double line = std::floor(state.last + *max_rate * std::chrono::duration<double>(stamp - state.at).count());
    if (value - line > *max_rate * kCacheSeconds) return go_on_from_here();
    value = std::min(value, line);
  }
  value = std::max(value, state.last);  // an expression that subtracts may fall; what is stored does not
  state.last = value;
  state.at = stamp;
  return {.value = value};
}

}  // namespace bongsu::poll
