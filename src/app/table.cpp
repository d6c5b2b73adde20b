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

}  // namespace

bool colourful() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string coloured(std::string_view word, Severity severity) {
  if (!colourful()) return std::string(word);
  return std::string(colour_code(severity)) + std::string(word) + "\x1b[0m";
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
