// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/id_table.h"

namespace bongsu::store {

// Numbers of series, rising; two of them without memory of their own.
class IdList {
 public:
  using Id = std::uint32_t;
  IdList() = default;
  IdList(IdList&& other) noexcept { take(other); }
  IdList& operator=(IdList&& other) noexcept {
    if (this != &other) {
      drop();
      take(other);
    }
    return *this;
  }
  ~IdList() { drop(); }

  std::span<const Id> ids() const { return {capacity_ == 0 ? own_ : heap_, size_}; }
  std::size_t size() const { return size_; }
  void add(Id id);  // at its place
  void remove(Id id);
  std::size_t octets() const { return capacity_ * sizeof(Id); }

 private:
  void take(IdList& other);
  void drop();
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;  // of heap_; 0 while own_ holds them
  union {
    Id own_[2]{};
    Id* heap_;
  };
};

// All pairs of label name and value in use, each once, with the numbers of the series that carry it.
// Thread: one writer or many readers; the owner locks.
class LabelPool {
 public:
  using Pair = std::uint32_t;
  static constexpr Pair kNone = IdTable::kNone;

  Pair find(std::string_view name, std::string_view value) const;  // kNone when no series carries it
  Pair intern(std::string_view name, std::string_view value);      // without a series it is not there for others yet
  void add(Pair pair, IdList::Id series);
  void remove(Pair pair, IdList::Id series);  // the pair leaves with its last series

  std::string_view name(Pair pair) const { return names_[pairs_[pair].name].text; }
  std::string_view value(Pair pair) const { return {pairs_[pair].text, pairs_[pair].length}; }
  std::span<const IdList::Id> series(Pair pair) const { return pairs_[pair].series.ids(); }
  // Pairs of a name; none for an unknown one.
  std::span<const Pair> pairs_of(std::string_view name) const;
  // As labels are sorted: by name, then value.
  bool before(Pair a, Pair b) const;
  std::size_t bound() const { return pairs_.size(); }  // pairs are below this

  struct Name {
    std::string text;
    std::vector<Pair> pairs;
    std::uint64_t series = 0;  // that carry it
  };
  const std::vector<Name>& names() const { return names_; }  // also such as are carried by no series any more
  std::size_t octets() const;                                // of memory, about

 private:
  struct Entry {
    const char* text = nullptr;
    std::uint32_t length = 0;
    std::uint32_t hash = 0;
    std::uint32_t name = 0;
    std::uint32_t place = 0;  // in the name's pairs
    IdList series{};
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  // Texts in blocks; what has left is made room for by copying the rest once it is the greater part.
  struct Texts {
    const char* put(std::string_view text);
    std::vector<std::unique_ptr<char[]>> blocks;
    std::size_t left = 0;  // free octets at the end of the last block
    std::size_t total = 0;
    std::size_t unused = 0;
  };
  void tidy();

  std::vector<Name> names_;
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> name_numbers_;
  std::vector<Entry> pairs_;
  std::vector<Pair> free_;
  IdTable table_;
  Texts texts_;
};

}  // namespace bongsu::store
