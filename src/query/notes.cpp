// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "query/engine.h"
#include "query/parse.h"

namespace bongsu::query {

std::vector<std::string> show_notes(const std::vector<Note>& notes, std::string_view source, std::size_t most) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(most, notes.size()); ++i)
    out.push_back(notes[i].text + " (" + place_of(source, notes[i].begin) + ")");
  if (notes.size() > most) {
    const bool info = notes[0].text.starts_with("PromQL info");
    out.push_back(std::to_string(notes.size() - most) +
                  (info ? " more info annotations omitted" : " more warning annotations omitted"));
  }
  return out;
}

}  // namespace bongsu::query
