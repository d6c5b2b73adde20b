// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"

namespace bongsu::query {

// A label set, with or without its metric name.
struct RowKey {
  const Labels* labels;
  bool nameless;
};

// Numbers label sets by the part of them that groups or matches: `on` or `by` takes the named labels, else all but them
// and, unless it is told to keep it, the metric name. What it was given must outlive it.
class KeyTable {
 public:
  KeyTable(bool on, std::vector<std::string> labels);
  // All labels, the name too.
  static KeyTable whole();
  std::uint32_t id(const RowKey& row);
  std::size_t size() const { return first_.size(); }
  // The labels that take part.
  Labels part(const RowKey& row) const;

 private:
  KeyTable() = default;
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t id = 0;
    bool taken = false;
  };
  std::string_view get(const RowKey& row, std::string_view name) const;
  bool takes(const RowKey& row, std::string_view name) const;
  std::uint64_t hash_of(const RowKey& row) const;
  bool same(const RowKey& a, const RowKey& b) const;
  void grow();
  bool named(std::string_view name) const;
  bool on_ = false;
  std::vector<std::string> labels_;
  std::vector<RowKey> first_;  // by id, the label set that had it first
  std::vector<Slot> slots_;    // at hash modulo their number or soon after; at most half of them taken
};

}  // namespace bongsu::query
