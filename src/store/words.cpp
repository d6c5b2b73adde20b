// SPDX-License-Identifier: Apache-2.0
#include "store/words.h"

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bongsu::store {
namespace {

constexpr std::size_t kPadding = 64;

bool is_ascii_word(char c) { return is_word_octet(c); }

void fold_sixteen(char* at) {
#ifdef __SSE2__
  const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i capital =
      _mm_and_si128(_mm_cmpgt_epi8(octets, _mm_set1_epi8('A' - 1)), _mm_cmplt_epi8(octets, _mm_set1_epi8('Z' + 1)));
  const __m128i folded = _mm_or_si128(octets, _mm_and_si128(capital, _mm_set1_epi8('a' - 'A')));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), folded);
#else
  for (int i = 0; i < 16; ++i) {
    if (at[i] >= 'A' && at[i] <= 'Z') at[i] = static_cast<char>(at[i] + ('a' - 'A'));
  }
#endif
}

}  // namespace

void fold(std::string_view text, char* to) {
  if (text.empty()) return;
  std::memcpy(to, text.data(), text.size());
  for (std::size_t i = 0; i < text.size(); i += 16) fold_sixteen(to + i);
}

std::string_view Folded::assign(std::string_view text) {
  size_ = text.size();
  if (octets_.size() < size_ + kPadding) octets_.resize(std::max(size_ + kPadding, 2 * octets_.size()));
  fold(text, octets_.data());
  std::memset(octets_.data() + size_, 0, kPadding);
  return view();
}

namespace words {

#ifdef __SSE2__
std::uint64_t word_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int part = 0; part < 4; ++part) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
    const auto between = [&](char low, char high) {  // signed compares: 0x80 and more are below all
      return _mm_and_si128(_mm_cmpgt_epi8(octets, _mm_set1_epi8(static_cast<char>(low - 1))),
                           _mm_cmplt_epi8(octets, _mm_set1_epi8(static_cast<char>(high + 1))));
    };
    const __m128i word =
        _mm_or_si128(_mm_or_si128(between('a', 'z'), between('0', '9')), _mm_cmpeq_epi8(octets, _mm_set1_epi8('_')));
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(word))) << (16 * part);
  }
  return mask;
}
std::uint64_t high_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int part = 0; part < 4; ++part) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(octets))) << (16 * part);
  }
  return mask;
}
std::uint64_t space_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int part = 0; part < 4; ++part) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
    const auto blanks = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8(' '))));
    mask |= static_cast<std::uint64_t>(blanks) << (16 * part);
  }
  return mask;
}
#else
std::uint64_t space_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= std::uint64_t{at[i] == ' '} << i;
  return mask;
}
std::uint64_t word_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= std::uint64_t{is_ascii_word(at[i])} << i;
  return mask;
}
std::uint64_t high_mask(const char* at) {
  std::uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(at[i]) >> 7) << i;
  return mask;
}
#endif

}  // namespace words

std::uint64_t field_hash(std::string_view name, std::string_view value) {
  const auto whole = [](std::string_view text) {
    std::uint64_t hash = text.size() * words::kPrime;
    while (!text.empty()) {
      char octets[8]{};
      const std::size_t size = std::min<std::size_t>(8, text.size());
      std::memcpy(octets, text.data(), size);
      hash = words::mix(hash, words::load(octets));
      text.remove_prefix(size);
    }
    return hash;
  };
  return words::mix(words::mix(0xf1e1d, whole(name)), whole(value));
}

WordPattern::WordPattern(std::string_view word) {
  if (word == "*") word = {};
  const bool open = word.size() > 1 && word.back() == '*';
  if (open) word.remove_suffix(1);
  Folded folded;
  text_ = folded.assign(word);
  if (text_.empty()) return;
  left_edge_ = is_ascii_word(text_.front());
  right_edge_ = is_ascii_word(text_.back()) && !open;
  if (open) {  // its last word may go on in the text, so that it is not known whole
    std::size_t whole = text_.size();
    while (whole > 0 && is_ascii_word(text_[whole - 1])) --whole;
    folded.assign(std::string_view(text_).substr(0, whole));
  }
  each_word(folded, [&](std::uint64_t hash) { hashes_.push_back(hash); });
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
}

bool WordPattern::occurs_in(std::string_view folded) const {
  for (std::size_t from = 0; from + text_.size() <= folded.size();) {
    const void* found = ::memmem(folded.data() + from, folded.size() - from, text_.data(), text_.size());
    if (found == nullptr) return false;
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - folded.data());
    const std::size_t end = at + text_.size();
    if ((!left_edge_ || at == 0 || !is_ascii_word(folded[at - 1])) &&
        (!right_edge_ || end == folded.size() || !is_ascii_word(folded[end])))
      return true;
    from = at + 1;
  }
  return false;
}

}  // namespace bongsu::store
