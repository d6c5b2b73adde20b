// SPDX-License-Identifier: Apache-2.0
#include "app/table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace bongsu::app {
namespace {

std::string_view colour_code(Severity severity) {
  switch (severity) {
    case Severity::Unknown:
      return "\x1b[35m";
    case Severity::Normal:
      return "\x1b[32m";
    case Severity::Harmless:
      return "\x1b[36m";
    case Severity::Caution:
      return "\x1b[33m";
    case Severity::Danger:
      return "\x1b[31m";
    case Severity::Urgent:
      return "\x1b[1;31m";
    case Severity::Fatal:
      return "\x1b[1;37;41m";
  }
  return "";
}

bool without_width(char32_t c) {  // what joins the letter before it: accents, the later parts of a Hangul syllable
  return (c >= 0x0300 && c <= 0x036f) || (c >= 0x1160 && c <= 0x11ff) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0xfe00 && c <= 0xfe0f);
}

bool wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff);
}

}  // namespace

bool colourful() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string coloured(std::string_view word, Severity severity) {
  if (!colourful()) return std::string(word);
  return std::string(colour_code(severity)) + std::string(word) + "\x1b[0m";
}

std::size_t shown_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto head = static_cast<std::uint8_t>(text[i]);
    const std::size_t length = head < 0x80 ? 1 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? head : head & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) c = c << 6 | (static_cast<std::uint8_t>(text[i + k]) & 0x3fU);
    columns += without_width(c) ? 0 : wide(c) ? 2 : 1;
    i += length;
  }
  return columns;
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {}

void Table::row(std::vector<std::string> cells, std::optional<Severity> colour_of_first) {
  for (std::string& cell : cells) cell = escape_terminal(cell);
  cells.resize(head_.size());
  rows_.push_back({std::move(cells), colour_of_first});
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const std::string& title : head_) widths.push_back(shown_width(title));
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) widths[i] = std::max(widths[i], shown_width(row.cells[i]));
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells, std::optional<Severity> colour) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += i == 0 && colour ? coloured(cells[i], *colour) : cells[i];
      if (i + 1 < cells.size()) text.append(widths[i] - shown_width(cells[i]) + 2, ' ');
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out += text + '\n';
  };
  line(head_, std::nullopt);
  for (const Row& row : rows_) line(row.cells, row.colour);
  return out;
}

}  // namespace bongsu::app
