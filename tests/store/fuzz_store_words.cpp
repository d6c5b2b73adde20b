// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>

#include "store/words.h"

namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// The definition of model/source.h, octet by octet.
bool plainly_occurs(std::string word, std::string text) {
  for (std::string* each : {&word, &text}) std::transform(each->begin(), each->end(), each->begin(), folded);
  if (word.empty() || word == "*") return true;
  const bool open = word.size() > 1 && word.back() == '*';
  if (open) word.pop_back();
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool cuts_left = at > 0 && is_word(word.front()) && is_word(text[at - 1]);
    const bool cuts_right = !open && end < text.size() && is_word(word.back()) && is_word(text[end]);
    if (!cuts_left && !cuts_right) return true;
  }
  return false;
}

}  // namespace

// A word, a line feed, a text: the pattern finds what the definition says, and the hashes of a text hold those of each word
// found in it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu::store;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = all.find('\n');
  if (cut == std::string_view::npos) return 0;
  const std::string_view word = all.substr(0, cut);
  const std::string_view text = all.substr(cut + 1);
  const WordPattern pattern(word);
  Folded folded_text;
  const bool found = pattern.occurs_in(folded_text.assign(text));
  if (found != plainly_occurs(std::string(word), std::string(text))) std::abort();
  std::vector<std::uint64_t> hashes;
  each_word(folded_text, [&](std::uint64_t hash) { hashes.push_back(hash); });
  std::sort(hashes.begin(), hashes.end());
  if (found && !std::includes(hashes.begin(), hashes.end(), pattern.hashes().begin(), pattern.hashes().end())) std::abort();
  return 0;
}
