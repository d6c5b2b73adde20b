// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/severity.h"

namespace bongsu::app {

// True when standard output is a terminal that takes colour (and NO_COLOR is not set).
bool colourful();
// The word in its severity's colour, or as it is.
std::string coloured(std::string_view word, Severity severity);

// Columns aligned by what a terminal shows (wide Korean letters count two). Cells are escaped for the terminal, so give
// them as data; colour is set per row.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void row(std::vector<std::string> cells, std::optional<Severity> colour_of_first = std::nullopt);
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::optional<Severity> colour;
  };
  std::vector<std::string> head_;
  std::vector<Row> rows_;
};

}  // namespace bongsu::app
