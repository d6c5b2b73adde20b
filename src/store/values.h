// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/bits.h"
#include "store/codec.h"

namespace bongsu::store {

// How values become bits (FORMAT.md). Values are the bit patterns of doubles, and every bit comes back. A whole number, or a
// decimal one as k / 10^scale, is told by its distance from a guess, in a code whose length follows the distances before;
// what is neither is told by its pattern.
struct ValueForm {
  enum class Kind : std::uint8_t { Whole, Runs, Pattern };
  Kind kind = Kind::Whole;
  std::uint8_t scale = 0;  // at most 7
  bool rise = false;       // the guess is the last value and its mean step; else the mean value
  std::uint8_t shift = 0;  // the mean is over about 2^shift; at most 7
  std::int64_t base = 0;   // of the whole numbers, which are base + divisor * n
  std::uint64_t divisor = 1;

  // All but base and divisor, which a chunk that is being filled does without; it has no Runs.
  std::uint8_t octet() const {
    return static_cast<std::uint8_t>(static_cast<unsigned>(kind == Kind::Pattern) | scale << 1 | (rise ? 16 : 0) | shift << 5);
  }
  static ValueForm from_octet(std::uint8_t octet) {
    return {.kind = (octet & 1) != 0 ? Kind::Pattern : Kind::Whole,
            .scale = static_cast<std::uint8_t>(octet >> 1 & 7),
            .rise = (octet & 16) != 0,
            .shift = static_cast<std::uint8_t>(octet >> 5)};
  }
};

// Between two values of one series; as it begins, for both directions.
struct ValueState {
  std::uint64_t bits = 0;   // the last value
  std::int64_t whole = 0;   // the last whole number, in units of the divisor
  std::int64_t mean = 0;    // of values or steps, times 2^shift
  std::uint16_t width = 0;  // mean length of the distances in bits, times 16; a Pattern's window
  bool started = false;     // a whole number was told
  bool warm = false;        // a distance was told
  bool strange = false;     // the last value was none of the form
};

// Whether `bits` is k / 10^scale, and which k.
bool as_scaled(std::uint64_t bits, unsigned scale, std::int64_t& k);
// Of one value: the form that tells it as a number, or by its pattern.
ValueForm first_form(std::uint64_t bits);

// True when it was none of the form.
bool put_value(const ValueForm& form, ValueState& state, std::uint64_t bits, Bits& out);
std::uint64_t take_value(const ValueForm& form, ValueState& state, BitReader& in);

// A whole sequence in the form that tells it in the fewest bits. `form`, where wanted, is the one chosen.
void put_values(std::span<const std::uint64_t> values, Bits& out, ValueForm* form = nullptr);
// Error: Corrupt; what is in `out` then does not count.
Status take_values(std::string_view octets, std::size_t count, std::vector<std::uint64_t>& out);

// The code itself, here because a reader spends its time in it.
namespace value_code {

inline constexpr std::array<double, 8> kPowers{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7};
inline constexpr unsigned kMostOnes = 15;  // ones that end no prefix: an escape
inline constexpr unsigned kWidthBits = 6;  // a length, told by itself
inline constexpr unsigned kWidthRate = 3;  // the mean length follows an eighth of each new one

// Hostile bits may make these run over; they wrap.
inline std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t shifted(std::int64_t a, unsigned by) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << by);
}

inline std::int64_t guess(const ValueForm& form, const ValueState& state) {
  const std::int64_t mean = state.mean >> form.shift;
  return form.rise ? sum(state.whole, mean) : mean;
}

// How many bits of a distance stand as they are.
inline unsigned low_bits(const ValueState& state) { return (state.width + 4u) >> 4; }

// After the whole number `now`, whose distance from the guess was `far`.
inline void follow(const ValueForm& form, ValueState& state, std::int64_t now, std::uint64_t far) {
  const auto length = static_cast<unsigned>(std::bit_width(far)) << 4;
  const std::int64_t tell = form.rise ? difference(now, state.whole) : now;
  if (!state.started) {
    state.mean = form.rise ? 0 : shifted(now, form.shift);
    state.started = true;
  } else {
    if (form.rise && !state.warm) state.mean = shifted(tell, form.shift);
    else state.mean = sum(difference(state.mean, state.mean >> form.shift), tell);
    if (!state.warm) state.width = static_cast<std::uint16_t>(length);
    else state.width = static_cast<std::uint16_t>(state.width + ((static_cast<int>(length) - state.width) >> kWidthRate));
    state.warm = true;
  }
  state.whole = now;
}

inline std::uint64_t from_units(const ValueForm& form, std::int64_t units) {
  const auto k =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(units) * form.divisor + static_cast<std::uint64_t>(form.base));
  const auto number = static_cast<double>(k);
  return std::bit_cast<std::uint64_t>(form.scale == 0 ? number : number / kPowers[form.scale]);
}

inline std::uint64_t take_length_and(BitReader& in) { return in.take(static_cast<unsigned>(in.take(kWidthBits))); }

std::uint64_t take_pattern_bits(ValueState& state, BitReader& in);

}  // namespace value_code

[[gnu::always_inline]] inline std::uint64_t take_value(const ValueForm& form, ValueState& state, BitReader& in) {
  using namespace value_code;
  if (form.kind == ValueForm::Kind::Pattern) return take_pattern_bits(state, in);
  if (state.strange) {
    if (in.take(1) != 0) return state.bits;
    state.strange = false;
  }
  std::uint64_t far = 0;
  if (!state.warm) {
    if (in.take(1) != 0) {
      state.strange = true;
      return state.bits = in.take(64);
    }
    far = take_length_and(in);
  } else {
    const std::uint64_t ahead = in.peek();
    const auto ones = static_cast<unsigned>(std::countr_one(ahead));
    const unsigned low = low_bits(state);
    if (ones < kMostOnes) {
      if (ones + 1 + low <= Bits::kAtOnce) {
        far = static_cast<std::uint64_t>(ones) << low | (ahead >> (ones + 1) & Bits::mask(low));
        in.skip(ones + 1 + low);
      } else {
        in.skip(ones + 1);
        far = static_cast<std::uint64_t>(ones) << low | in.take(low);
      }
    } else {
      in.skip(kMostOnes);
      if (in.take(1) != 0) {
        state.strange = true;
        return state.bits = in.take(64);
      }
      far = take_length_and(in);
    }
  }
  const std::int64_t now = sum(guess(form, state), unzigzag(far));
  follow(form, state, now, far);
  return state.bits = from_units(form, now);
}

}  // namespace bongsu::store
