// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/bits.h"

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

}  // namespace bongsu::store
