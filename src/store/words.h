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

// A text with A-Z made a-z and nothing else changed, followed by zeros so that eight octets may be read anywhere in it.
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
// Bit n of the answer: octet n of 64 is a word's. The text is folded.
std::uint64_t word_mask(const char* at);
std::uint64_t high_mask(const char* at);  // octet n is 0x80 or more

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

inline bool all_digits(const char* at, std::size_t length) {
  for (std::size_t i = 0; i < length; ++i) {
    if (at[i] < '0' || at[i] > '9') return false;
  }
  return true;
}

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
// each four numbers that dots join, and of each window of octets of 0x80 and more; some of them more than once.
template <class Emit>
void each_word(const Folded& text, const Emit& emit) {
  const std::string_view all = text.view();
  const char* const begin = all.data();
  std::uint64_t last_hash = 0;
  std::size_t last_end = SIZE_MAX - 1;  // of the word before; far away
  bool last_digits = false;
  words::Quad quad;
  std::size_t start = 0;
  bool inside = false;
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
  bool any_high = false;
  for (std::size_t block = 0; block < all.size(); block += 64) {
    std::uint64_t mask = words::word_mask(begin + block);
    any_high = any_high || words::high_mask(begin + block) != 0;
    const std::size_t left = all.size() - block;
    if (left < 64) mask &= (std::uint64_t{1} << left) - 1;
    // Where the mask changes, a word begins or ends.
    std::uint64_t changes = mask ^ (mask << 1 | (inside ? 1 : 0));
    for (; changes != 0; changes &= changes - 1) {
      const std::size_t at = block + static_cast<std::size_t>(std::countr_zero(changes));
      if (!inside) start = at;
      else word(start, at);
      inside = !inside;
    }
  }
  if (inside) word(start, all.size());
  if (!any_high) return;
  const auto high = [&](std::size_t at) { return (static_cast<std::uint8_t>(begin[at]) & 0x80) != 0; };
  for (std::size_t from = 0; from < all.size();) {
    if (!high(from)) {
      ++from;
      continue;
    }
    std::size_t to = from;
    while (to < all.size() && high(to)) ++to;
    words::each_window(all.substr(from, to - from), begin + from, emit);
    from = to;
  }
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
