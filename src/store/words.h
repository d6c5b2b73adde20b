// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bongsu::store {

// What a word of a text is, and how words are hashed for the filters of event blocks (FORMAT.md, "Words").

// Copies a text with A-Z made a-z and nothing else changed; up to 15 octets past its end are written too.
void fold(std::string_view text, char* to);

// A text so folded, followed by zeros so that it may be read past its end.
class Folded {
 public:
  std::string_view assign(std::string_view text);
  std::string_view view() const { return {octets_.data(), size_}; }

 private:
  std::string octets_;
  std::size_t size_ = 0;
};

constexpr bool is_word_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_';
}
// One of these between two words makes a pair of them.
constexpr bool joins_words(char c) { return c == '.' || c == ':' || c == '-' || c == '/' || c == '@'; }

namespace words {

constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15;

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * kPrime;
  return hash ^ hash >> 29;
}
inline std::uint64_t load(const char* at) {  // eight octets, the lowest first
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}
inline std::uint64_t hash_word(const char* at, std::size_t length) {  // eight octets past its end may be read
  std::uint64_t hash = length * kPrime;
  for (; length > 8; length -= 8, at += 8) hash = mix(hash, load(at));
  return mix(hash, load(at) & (~std::uint64_t{0} >> (64 - 8 * length)));
}
// All of the eight octets are 0 to 9.
inline bool all_digits(std::uint64_t octets) {
  constexpr std::uint64_t kHigh = 0xf0f0f0f0f0f0f0f0, kThree = 0x3030303030303030, kSix = 0x0606060606060606;
  return (octets & kHigh) == kThree && ((octets + kSix) & kHigh) == kThree;
}
inline bool all_digits(const char* at, std::size_t length) {  // as hash_word
  constexpr std::uint64_t kZeros = 0x3030303030303030;
  for (; length > 8; length -= 8, at += 8) {
    if (!all_digits(load(at))) return false;
  }
  const std::uint64_t own = ~std::uint64_t{0} >> (64 - 8 * length);
  return all_digits((load(at) & own) | (kZeros & ~own));
}
// Bit n of the answer: octet n of 64 is a word's. The text is folded.
std::uint64_t word_mask(const char* at);
std::uint64_t high_mask(const char* at);   // octet n is 0x80 or more
std::uint64_t space_mask(const char* at);  // octet n is a blank

// Gives to `use` begin and end of each run of octets whose bit `mask_of` sets. 64 octets past the end may be read.
template <class Mask, class Use>
void each_run(const char* begin, std::size_t size, const Mask& mask_of, const Use& use) {
  std::size_t start = 0;
  bool inside = false;
  for (std::size_t block = 0; block < size; block += 64) {
    std::uint64_t mask = mask_of(begin + block);
    if (const std::size_t left = size - block; left < 64) mask &= (std::uint64_t{1} << left) - 1;
    // Where the mask changes, a run begins or ends.
    std::uint64_t changes = mask ^ (mask << 1 | (inside ? 1 : 0));
    for (; changes != 0; changes &= changes - 1) {
      const std::size_t at = block + static_cast<std::size_t>(std::countr_zero(changes));
      if (!inside) start = at;
      else use(start, at);
      inside = !inside;
    }
  }
  if (inside) use(start, size);
}

// Numbers of up to three digits that dots join: four in a row are an address.
struct Quad {
  std::uint64_t hash[3]{};
  int count = 0;  // of numbers so far

  template <class Emit>
  void take(bool number, bool joined, std::uint64_t word, const Emit& emit) {
    if (!number) {
      count = 0;
      return;
    }
    if (!joined) count = 0;
    if (count >= 3) emit(mix(mix(mix(mix(0x4a11, hash[0]), hash[1]), hash[2]), word));
    if (count < 3) {
      hash[count++] = word;
    } else {
      hash[0] = hash[1];
      hash[1] = hash[2];
      hash[2] = word;
    }
  }
};

// The windows of a run of octets of 0x80 and more: one and two characters, as far as they lie in the run.
template <class Emit>
void each_window(std::string_view run, const char* /*padded*/ at, const Emit& emit) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    const auto lead = static_cast<std::uint8_t>(at[i]);
    if (lead < 0xc0) continue;
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (i + size <= run.size()) emit(hash_word(at + i, size));
    if (i + 2 * size <= run.size()) emit(hash_word(at + i, 2 * size));
  }
}

}  // namespace words

// Gives to `emit` the hash of each word of a folded text, of each pair of words, not both numbers, that one of .:-/@ joins, of
// each four numbers that dots join, and of each window of octets of 0x80 and more; some of them more than once. Blanks part
// all of these. 64 octets past the end may be read.
template <class Emit>
void each_word(const char* begin, std::size_t size, const Emit& emit) {
  std::uint64_t last_hash = 0;
  std::size_t last_end = SIZE_MAX - 1;  // of the word before; far away
  bool last_digits = false;
  words::Quad quad;
  const auto word = [&](std::size_t from, std::size_t to) {
    const std::uint64_t hash = words::hash_word(begin + from, to - from);
    emit(hash);
    const bool digits = words::all_digits(begin + from, to - from);
    const bool joined = last_end + 1 == from && joins_words(begin[last_end]);
    // Two numbers are hardly ever rare enough to be worth it.
    if (joined && !(digits && last_digits))
      emit(words::mix(words::mix(static_cast<std::uint8_t>(begin[last_end]), last_hash), hash));
    quad.take(digits && to - from <= 3, joined && begin[last_end] == '.', hash, emit);
    last_hash = hash;
    last_end = to;
    last_digits = digits;
  };
  std::uint64_t high = 0;
  const auto mask_of = [&](const char* at) {
    high |= words::high_mask(at);
    return words::word_mask(at);
  };
  words::each_run(begin, size, mask_of, word);
  if (high == 0) return;
  words::each_run(begin, size, words::high_mask, [&](std::size_t from, std::size_t to) {
    words::each_window({begin + from, to - from}, begin + from, emit);
  });
}
template <class Emit>
void each_word(const Folded& text, const Emit& emit) {
  each_word(text.view().data(), text.view().size(), emit);
}

// The hash of "the field `name` is exactly `value`".
std::uint64_t field_hash(std::string_view name, std::string_view value);

// A word as it is asked for: it occurs in a text where its octets stand there, letter case aside (ASCII), and neither of
// its ends cuts a word of ASCII letters, digits and _ in two; one * at the end lets it go on. Text of other scripts is found
// anywhere, since such words carry endings.
class WordPattern {
 public:
  explicit WordPattern(std::string_view word);
  bool empty() const { return text_.empty(); }  // it occurs everywhere
  bool occurs_in(std::string_view folded) const;
  // What a filter must hold of each text in which it occurs.
  const std::vector<std::uint64_t>& hashes() const { return hashes_; }

 private:
  std::string text_;  // folded
  bool left_edge_ = false;
  bool right_edge_ = false;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace bongsu::store
