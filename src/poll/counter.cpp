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
constexpr int kDisbelief = 3;

double seconds(SteadyTime from, SteadyTime to) { return std::max(0.0, std::chrono::duration<double>(to - from).count()); }

CounterStep reset_to(CounterState& state, std::uint64_t raw) {
  state.total = raw;
  state.owed = 0;
  return {.total = raw, .reset = true};
}

CounterStep gap(const CounterState& state, GapCause cause) { return {.total = state.total, .gap = cause}; }

CounterStep grow(CounterState& state, std::uint64_t growth, std::optional<double> possible) {
  std::uint64_t counted = growth;
  if (possible) {
    const double due = static_cast<double>(growth) + state.owed;
    counted = static_cast<std::uint64_t>(std::min(due, std::floor(*possible)));
    state.owed = due - static_cast<double>(counted);
  }
  state.total += counted;
  state.over = state.over >= kDisbelief ? kDisbelief : 0;
  return {.total = state.total, .growth = static_cast<double>(counted)};
}

CounterStep beyond(CounterState& state) {
  ++state.over;
  return gap(state, GapCause::Discontinuity);
}

}  // namespace

CounterStep step(CounterState& state, ValueType type, std::uint64_t raw, const Moment& moment, std::optional<double> max_rate) {
  const CounterState before = state;
  state.known = true;
  state.type = type;
  state.raw = raw;
  state.at = moment.at;
  if (!before.known) {
    state.total = raw;
    return {.total = raw};
  }
  if (before.type != type) return gap(state, GapCause::Discontinuity);
  if (max_rate && (!(*max_rate > 0) || before.over >= kDisbelief)) max_rate.reset();
  const double elapsed = seconds(before.at, moment.at);
  std::optional<double> possible, jitter;
  if (max_rate) {
    possible = *max_rate * elapsed;
    jitter = *possible + *max_rate * kCacheSeconds;
  }

  if (moment.restarted) {
    const bool could =
        !max_rate || !moment.since_restart || static_cast<double>(raw) <= *max_rate * (*moment.since_restart + kCacheSeconds);
    if (could && (raw < before.raw || max_rate)) return reset_to(state, raw);
  }

  if (type == ValueType::Counter32) {
    const std::uint32_t growth = static_cast<std::uint32_t>(raw) - static_cast<std::uint32_t>(before.raw);  // modulo 2^32
    if (possible) {
      if (*possible >= kWrap32) return gap(state, GapCause::Ambiguous);
      if (growth <= *jitter) return grow(state, growth, possible);
      if (raw < before.raw && static_cast<double>(raw) <= *jitter) return reset_to(state, raw);
      return beyond(state);
    }
    if (raw >= before.raw || (growth < kWrap32 / 2 && static_cast<double>(before.raw) >= kWrap32 / 2))
      return grow(state, growth, {});
    return reset_to(state, raw);
  }

  if (raw >= before.raw) {
    const std::uint64_t growth = raw - before.raw;
    if (possible && static_cast<double>(growth) > *jitter) return beyond(state);
    return grow(state, growth, possible);
  }
  // A small step back is a reading that was not atomic, as some agents make it, and no reset.
  if (possible ? static_cast<double>(raw) > *jitter : raw > before.raw / 2) return gap(state, GapCause::Discontinuity);
  return reset_to(state, raw);
}

std::optional<double> carry_on(SeriesContinuity& state, double computed, std::uint64_t source, bool reset) {
  if (state.known && state.source != source && !reset) {
    state.source = source;
    state.offset = state.last - computed;
    return std::nullopt;
  }
  if (reset || !state.known) state.offset = 0;
  state.known = true;
  state.source = source;
  state.last = computed + state.offset;
  return state.last;
}

bool restarted(UptimeState& state, std::uint32_t ticks, SteadyTime at) {
  const UptimeState before = state;
  state = {true, ticks, at};
  if (!before.known) return false;
  const double elapsed = seconds(before.at, at) * 100;
  const double tolerance = elapsed / 10 + 3000;
  const std::uint32_t growth = ticks - before.ticks;  // modulo 2^32: the wrap at 497 days is growth like any other
  return std::fabs(static_cast<double>(growth) - elapsed) > tolerance && (ticks < before.ticks || growth < elapsed);
}

}  // namespace bongsu::poll
