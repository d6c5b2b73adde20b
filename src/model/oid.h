// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bongsu {

// An object identifier: up to 128 arcs of 32 bits (RFC 2578 section 3.5).
class Oid {
 public:
  static constexpr std::size_t kMaxArcs = 128;
  Oid() = default;
  Oid(std::initializer_list<std::uint32_t> arcs) : arcs_(arcs) {}
  explicit Oid(std::vector<std::uint32_t> arcs) : arcs_(std::move(arcs)) {}
  explicit Oid(std::span<const std::uint32_t> arcs) : arcs_(arcs.begin(), arcs.end()) {}
  // "1.3.6.1.2.1" or ".1.3.6.1.2.1". Error: Invalid.
  static Result<Oid> parse(std::string_view text);

  std::span<const std::uint32_t> arcs() const { return arcs_; }
  std::size_t size() const { return arcs_.size(); }
  bool empty() const { return arcs_.empty(); }
  std::uint32_t operator[](std::size_t i) const { return arcs_[i]; }
  std::uint32_t back() const { return arcs_.back(); }

  void push_back(std::uint32_t arc) { arcs_.push_back(arc); }
  void assign(std::span<const std::uint32_t> arcs) { arcs_.assign(arcs.begin(), arcs.end()); }
  Oid operator+(std::span<const std::uint32_t> suffix) const;
  Oid operator+(std::uint32_t arc) const;
  bool starts_with(const Oid& prefix) const;
  std::span<const std::uint32_t> suffix(std::size_t from) const { return std::span(arcs_).subspan(from); }
  std::string to_string() const;  // "1.3.6.1"

  friend bool operator==(const Oid&, const Oid&) = default;
  friend std::strong_ordering operator<=>(const Oid&, const Oid&) = default;

 private:
  std::vector<std::uint32_t> arcs_;
};

std::string dotted(std::span<const std::uint32_t> arcs);

}  // namespace bongsu

template <>
struct std::hash<bongsu::Oid> {
  std::size_t operator()(const bongsu::Oid& oid) const;
};
