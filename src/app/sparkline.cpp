// SPDX-License-Identifier: Apache-2.0
#include "app/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bongsu::app {

std::string sparkline(const std::vector<std::pair<double, double>>& samples, double from, double to, std::size_t width) {
  static constexpr std::array<const char*, 8> kLetters{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> sums(width, 0);
  std::vector<std::size_t> counts(width, 0);
  for (const auto& [at, value] : samples) {
    if (!std::isfinite(value) || at < from || at > to) continue;
    const double share = to > from ? (at - from) / (to - from) : 0;
    const std::size_t column = std::min(width - 1, static_cast<std::size_t>(share * static_cast<double>(width)));
    sums[column] += value;
    ++counts[column];
  }
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (std::size_t i = 0; i < width; ++i) {
    if (counts[i] == 0) continue;
    sums[i] /= static_cast<double>(counts[i]);
    low = std::min(low, sums[i]);
    high = std::max(high, sums[i]);
  }
  std::string out;
  for (std::size_t i = 0; i < width; ++i) {
    if (counts[i] == 0) {
      out += ' ';
      continue;
    }
    const double share = high > low ? (sums[i] - low) / (high - low) : 0.5;
    out += kLetters[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8))];
  }
  return out;
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace bongsu::app
