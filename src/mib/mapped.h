// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mib/image.h"
#include "mib/tree.h"

namespace bongsu::mib {

// A checked image: every number in it was compared with the section that it points into, so that readers need not.
struct Tree::Image {
  std::vector<std::uint8_t> owned;
  void* mapping = nullptr;
  std::size_t mapped = 0;

  Header header{};
  std::span<const char> texts;
  std::span<const ObjectRecord> objects;
  std::span<const EnumRecord> enums;
  std::span<const RangeRecord> ranges;
  std::span<const RefRecord> refs;
  std::span<const NameSlot> names;
  std::span<const ModuleRecord> modules;
  std::span<const ProblemRecord> problems;
  std::span<const ImportRecord> imports;
  std::span<const FileRecord> files;
  std::uint32_t roots = 0;  // how many objects have no parent; they come first

  Image() = default;
  Image(const Image&) = delete;
  ~Image();
  static Result<std::unique_ptr<Image>> map(const std::filesystem::path& file);
  // Takes the sections from `bytes`, which stay where they are, and checks them all.
  Status adopt(std::span<const std::uint8_t> bytes);

  std::string_view text(TextAt at) const {
    std::uint32_t size;
    std::memcpy(&size, texts.data() + at, 4);
    return {texts.data() + at + 4, size};
  }
  std::string_view module_name(std::uint32_t module) const {
    return module == kNone ? std::string_view() : text(modules[module].name);
  }
  // kNone when there is none.
  std::uint32_t find_name(std::string_view module, std::string_view name) const;
  std::optional<std::size_t> find_slot(std::string_view module, std::string_view name) const;  // in `names`
  std::uint32_t find_child(std::uint32_t parent, std::uint32_t subid) const;                   // parent kNone: among the roots

 private:
  Status check() const;
};

// RFC 2579 section 3.1. Nothing when the hint or the value does not fit, so that the caller shows the plain form.
std::optional<std::string> apply_hint(std::string_view hint, std::string_view octets);
std::optional<std::string> apply_hint(std::string_view hint, std::int64_t number);
std::string hex_pairs(std::string_view octets);  // "0a:1b"
bool is_plain_text(std::string_view octets);     // UTF-8 without control characters but tab and line ends

// InetAddress (RFC 4001) of a known InetAddressType, or by its length when the type is not known.
std::optional<std::string> inet_text(std::string_view octets, std::optional<std::int64_t> type);
std::optional<std::string> inet_octets(std::string_view text);

// One part of a row's suffix, decoded.
struct IndexPart {
  std::optional<Object> object;
  std::string_view name;
  std::span<const std::uint32_t> arcs;  // with its length, where it has one
  bool has_length = false;              // a length stands before the value
  std::string octets;                   // of strings
  std::string text;                     // for a label
  std::string symbol;                   // for a name: resolve() reads it back
};
std::optional<std::vector<IndexPart>> split_index(const Tree& tree, const Object& column, std::span<const std::uint32_t> suffix);
// True when the part's octets stand without a length: IMPLIED, or a size that never varies.
bool fixed_size(const Object& object, std::size_t& size);

}  // namespace bongsu::mib
