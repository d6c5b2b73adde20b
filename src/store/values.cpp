// SPDX-License-Identifier: Apache-2.0
#include "store/values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "store/codec.h"

namespace bongsu::store {
using namespace value_code;
namespace {

constexpr unsigned kMaxScale = 7;

using Kind = ValueForm::Kind;

// Counts bits instead of keeping them.
struct Count {
  std::uint64_t bits = 0;
  void put(std::uint64_t, unsigned count) { bits += count; }
};

template <class Sink>
void put_length_and(Sink& out, std::uint64_t number) {
  const auto length = static_cast<unsigned>(std::bit_width(number));
  out.put(length, kWidthBits);
  out.put(number, length);
}
template <class Sink>
void put_whole(const ValueForm& form, ValueState& state, std::int64_t now, Sink& out) {
  const std::uint64_t far = zigzag(difference(now, guess(form, state)));
  if (!state.warm) {
    out.put(0, 1);
    put_length_and(out, far);
  } else {
    const unsigned low = low_bits(state);
    const std::uint64_t high = far >> low;
    if (high < kMostOnes) {
      const auto ones = static_cast<unsigned>(high);
      if (ones + 1 + low <= Bits::kAtOnce) {
        out.put(Bits::mask(ones) | (far & Bits::mask(low)) << (ones + 1), ones + 1 + low);
      } else {
        out.put(Bits::mask(ones), ones + 1);
        out.put(far, low);
      }
    } else {
      out.put(Bits::mask(kMostOnes), kMostOnes + 1);
      put_length_and(out, far);
    }
  }
  follow(form, state, now, far);
}

template <class Sink>
void put_strange(ValueState& state, std::uint64_t bits, Sink& out) {
  if (state.warm) out.put(Bits::mask(kMostOnes + 1), kMostOnes + 1);
  else out.put(1, 1);
  out.put(bits, 64);
  state.strange = true;
}

std::optional<std::int64_t> in_units(const ValueForm& form, std::uint64_t bits) {
  std::int64_t k = 0;
  if (!as_scaled(bits, form.scale, k)) return std::nullopt;
  const std::int64_t above = k - form.base;
  if (form.divisor == 1) return above;
  const auto divisor = static_cast<std::int64_t>(form.divisor);
  if (above % divisor != 0) return std::nullopt;
  return above / divisor;
}

// The bits that differ from the last value's stand in a window: as many zeros above as its high octet says, as many bits as
// its low octet says.
template <class Sink>
void put_pattern_bits(ValueState& state, std::uint64_t bits, Sink& out) {
  const std::uint64_t differ = bits ^ state.bits;
  state.bits = bits;
  if (differ == 0) return out.put(0, 1);
  const auto above = static_cast<unsigned>(std::countl_zero(differ));
  const auto below = static_cast<unsigned>(std::countr_zero(differ));
  const unsigned window_above = state.width >> 8, window = state.width & 0xff;
  if (window != 0 && above >= window_above && 64 - below <= window_above + window) {
    out.put(1, 2);
    return out.put(differ >> (64 - window_above - window), window);
  }
  const unsigned length = 64 - above - below;
  out.put(3, 2);
  out.put(above, 6);
  out.put(length - 1, 6);
  out.put(differ >> below, length);
  state.width = static_cast<std::uint16_t>(above << 8 | length);
}

template <class Sink>
bool put_one(const ValueForm& form, ValueState& state, std::uint64_t bits, Sink& out) {
  if (form.kind == Kind::Pattern) {
    put_pattern_bits(state, bits, out);
    return false;
  }
  if (state.strange) {
    const bool same = bits == state.bits;
    out.put(same ? 1 : 0, 1);
    if (same) return true;
    state.strange = false;
  }
  state.bits = bits;
  if (const auto units = in_units(form, bits)) put_whole(form, state, *units, out);
  else put_strange(state, bits, out);
  return state.strange;
}

}  // namespace

std::uint64_t value_code::take_pattern_bits(ValueState& state, BitReader& in) {
  if (in.take(1) == 0) return state.bits;
  if (in.take(1) != 0) {
    const auto above = static_cast<unsigned>(in.take(6));
    const auto length = std::min(static_cast<unsigned>(in.take(6)) + 1, 64 - above);
    state.width = static_cast<std::uint16_t>(above << 8 | length);
  }
  const unsigned above = state.width >> 8, length = state.width & 0xff;
  if (length == 0) {
    in.fail();  // a window that was never told
    return state.bits;
  }
  return state.bits ^= in.take(length) << (64 - above - length);
}

bool as_scaled(std::uint64_t bits, unsigned scale, std::int64_t& k) {
  const double value = std::bit_cast<double>(bits);
  if (scale == 0) return as_whole(value, k);
  const double scaled = value * kPowers[scale];
  constexpr double kBound = 9007199254740992.0;  // 2^53
  if (!(scaled > -kBound && scaled < kBound)) return false;
  k = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  return std::bit_cast<std::uint64_t>(static_cast<double>(k) / kPowers[scale]) == bits;
}

ValueForm first_form(std::uint64_t bits) {
  if (!std::isfinite(std::bit_cast<double>(bits))) return {};
  for (std::uint8_t scale = 0; scale < kMaxScale; ++scale) {
    if (std::int64_t k = 0; as_scaled(bits, scale, k)) return {.scale = scale};
  }
  return {.kind = Kind::Pattern};
}

bool put_value(const ValueForm& form, ValueState& state, std::uint64_t bits, Bits& out) {
  return put_one(form, state, bits, out);
}

namespace {

// Decimals that hold all but a few of the values; nothing when there are none.
std::optional<std::uint8_t> common_scale(std::span<const std::uint64_t> values) {
  for (std::uint8_t scale = 0; scale <= kMaxScale; ++scale) {
    std::size_t finite = 0, strange = 0;
    for (const std::uint64_t bits : values) {
      if (!std::isfinite(std::bit_cast<double>(bits))) continue;
      ++finite;
      std::int64_t k = 0;
      if (!as_scaled(bits, scale, k) && ++strange > values.size() / 32) break;
    }
    if (strange <= finite / 32) return scale;
  }
  return std::nullopt;
}

void find_base_and_divisor(std::span<const std::uint64_t> values, ValueForm& form) {
  bool any = false;
  std::uint64_t divisor = 0;
  for (const std::uint64_t bits : values) {
    std::int64_t k = 0;
    if (!as_scaled(bits, form.scale, k)) continue;
    if (!any) form.base = k;
    any = true;
    if (divisor != 1) divisor = std::gcd(divisor, static_cast<std::uint64_t>(std::abs(k - form.base)));
  }
  form.divisor = std::max<std::uint64_t>(divisor, 1);
}

// As put_value would, of what the form can tell as numbers.
std::uint64_t cost(const ValueForm& form, std::span<const std::int64_t> units) {
  ValueState state{.started = true};
  Count count;
  for (const std::int64_t each : units) put_whole(form, state, each, count);
  return count.bits;
}

ValueForm best_whole(std::span<const std::uint64_t> values, std::uint8_t scale) {
  ValueForm form{.scale = scale};
  find_base_and_divisor(values, form);
  std::vector<std::int64_t> units;
  units.reserve(values.size());
  for (const std::uint64_t bits : values) {
    if (const auto each = in_units(form, bits)) units.push_back(*each);
  }
  // The first number is the base, which the head of the sequence tells.
  const auto rest = std::span<const std::int64_t>(units).subspan(units.size() == values.size() ? 1 : 0);
  ValueForm best = form;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  constexpr std::array<std::pair<bool, std::uint8_t>, 10> kGuesses{
      {{false, 0}, {false, 1}, {false, 2}, {false, 3}, {false, 4}, {true, 0}, {true, 1}, {true, 2}, {true, 3}, {true, 5}}};
  for (const auto& [rise, shift] : kGuesses) {
    form.rise = rise;
    form.shift = shift;
    if (const std::uint64_t bits = cost(form, rest); bits < least) {
      least = bits;
      best = form;
    }
  }
  return best;
}

// Runs: how many changes there are; before each, how many values stay as they are; then the new value.
template <class Sink>
void put_runs(const ValueForm& form, std::span<const std::uint64_t> values, std::size_t changes, Sink& out) {
  put_gamma(out, changes + 1);
  std::int64_t whole = 0;
  std::size_t since = 1;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] == values[i - 1]) continue;
    put_gamma(out, i - since + 1);
    since = i + 1;
    if (const auto units = in_units(form, values[i])) {
      out.put(0, 1);
      put_gamma(out, zigzag(*units - whole) + 1);
      whole = *units;
    } else {
      out.put(1, 1);
      out.put(values[i], 64);
    }
  }
}

Status take_runs(const ValueForm& form, std::uint64_t first, std::size_t count, BitReader& in, std::vector<std::uint64_t>& out) {
  std::int64_t whole = 0;
  std::uint64_t bits = first;
  const std::size_t end = out.size() + count;
  out.push_back(first);
  for (std::uint64_t changes = take_gamma(in) - 1; changes > 0; --changes) {
    const std::uint64_t same = take_gamma(in) - 1;
    if (!in.ok() || same >= end - out.size()) return Error{Code::Corrupt, "a run of values is longer than its chunk"};
    out.insert(out.end(), static_cast<std::size_t>(same), bits);
    if (in.take(1) != 0) {
      bits = in.take(64);
    } else {
      whole = sum(whole, unzigzag(take_gamma(in) - 1));
      bits = from_units(form, whole);
    }
    out.push_back(bits);
  }
  out.resize(end, bits);
  return {};
}

template <class Sink>
void put_head(const ValueForm& form, std::uint64_t first, Sink& out) {
  out.put(static_cast<std::uint64_t>(form.kind), 2);
  if (form.kind == Kind::Pattern) return out.put(first, 64);
  out.put(form.scale, 3);
  put_length_and(out, zigzag(form.base));
  std::int64_t k = 0;
  const bool begins = as_scaled(first, form.scale, k) && k == form.base;  // else a strange value comes first
  out.put(begins ? 0 : 1, 1);
  if (!begins) out.put(first, 64);
  out.put(form.divisor != 1 ? 1 : 0, 1);
  if (form.divisor != 1) put_gamma(out, form.divisor);
  if (form.kind == Kind::Whole) out.put((form.rise ? 1u : 0u) | static_cast<unsigned>(form.shift) << 1, 4);
}

void put_in_form(const ValueForm& form, std::span<const std::uint64_t> values, std::size_t changes, Bits& out) {
  put_head(form, values[0], out);
  if (form.kind == Kind::Runs) return put_runs(form, values, changes, out);
  std::int64_t k = 0;
  ValueState state{.bits = values[0], .started = true, .strange = !as_scaled(values[0], form.scale, k)};
  if (form.kind == Kind::Pattern) state.strange = false;
  for (const std::uint64_t bits : values.subspan(1)) put_one(form, state, bits, out);
}

}  // namespace

void put_values(std::span<const std::uint64_t> values, Bits& out, ValueForm* chosen) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < values.size(); ++i) changes += values[i] != values[i - 1] ? 1 : 0;
  const auto scale = common_scale(values);
  ValueForm form{.kind = Kind::Pattern};
  if (scale && changes == 0) {
    form = {.kind = Kind::Runs, .scale = *scale};
    find_base_and_divisor(values.first(1), form);
  } else if (scale) {
    form = best_whole(values, *scale);
    ValueForm runs{.kind = Kind::Runs, .scale = form.scale, .base = form.base, .divisor = form.divisor};
    // Hardly worth a look where most values change.
    if (changes * 4 < values.size()) {
      Count whole_bits, run_bits;
      ValueState state{.bits = values[0], .started = true};
      for (const std::uint64_t bits : values.subspan(1)) put_one(form, state, bits, whole_bits);
      put_runs(runs, values, changes, run_bits);
      if (run_bits.bits < whole_bits.bits) form = runs;
    }
  }
  put_in_form(form, values, changes, out);
  if (chosen != nullptr) *chosen = form;
}

Status take_values(std::string_view octets, std::size_t count, std::vector<std::uint64_t>& out) {
  if (count == 0) return octets.empty() ? Status() : Status(Error{Code::Corrupt, "values without a count"});
  BitReader in(octets);
  const std::uint64_t kind = in.take(2);
  if (kind > static_cast<std::uint64_t>(Kind::Pattern)) return Error{Code::Corrupt, "values of an unknown form"};
  ValueForm form{.kind = static_cast<Kind>(kind)};
  ValueState state{.started = true};
  if (form.kind == Kind::Pattern) {
    state.bits = in.take(64);
  } else {
    form.scale = static_cast<std::uint8_t>(in.take(3));
    form.base = unzigzag(take_length_and(in));
    state.strange = in.take(1) != 0;
    state.bits = state.strange ? in.take(64) : from_units(form, 0);
    if (in.take(1) != 0) form.divisor = take_gamma(in);
    if (form.kind == Kind::Whole) {
      form.rise = in.take(1) != 0;
      form.shift = static_cast<std::uint8_t>(in.take(3));
    }
  }
  if (form.kind == Kind::Runs) {
    BONGSU_TRY_OK(take_runs(form, state.bits, count, in, out));
  } else {
    const std::size_t first = out.size();
    out.resize(first + count);
    out[first] = state.bits;
    for (std::size_t i = first + 1; i < out.size(); ++i) out[i] = take_value(form, state, in);
  }
  if (!in.done()) return Error{Code::Corrupt, "values do not read as they were written"};
  return {};
}

}  // namespace bongsu::store
