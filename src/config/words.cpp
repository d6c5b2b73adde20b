// SPDX-License-Identifier: Apache-2.0
#include "config/words.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace bongsu::config {

std::string in_quotes(std::string_view word) { return "\"" + std::string(word) + "\""; }

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known, std::string_view otherwise) {
  const auto near = nearest(word, known);
  return near ? "; did you mean " + in_quotes(*near) + "?" : "; " + std::string(otherwise);
}

bool is_plain_name(std::string_view word) {
  constexpr std::string_view kRefused = "/\\\"'`<>?#&%{}";
  return !word.empty() && word.size() <= 253 && std::all_of(word.begin(), word.end(), [&](char c) {
    return static_cast<std::uint8_t>(c) > 0x20 && c != 0x7f && kRefused.find(c) == std::string_view::npos;
  });
}

bool is_clean_url(std::string_view word) {
  return !word.empty() &&
         std::none_of(word.begin(), word.end(), [](char c) { return static_cast<std::uint8_t>(c) <= 0x20 || c == 0x7f; });
}

}  // namespace bongsu::config
