// SPDX-License-Identifier: Apache-2.0
#include "model/oid.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bongsu {

Result<Oid> Oid::parse(std::string_view text) {
  const Error bad{Code::Invalid, "not an OID: \"" + std::string(text) + "\"; write numbers with dots, such as 1.3.6.1.2.1.1.3.0"};
  std::string_view rest = text;
  if (!rest.empty() && rest[0] == '.') rest.remove_prefix(1);
  std::vector<std::uint32_t> arcs;
  while (true) {
    std::uint32_t arc = 0;
    const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), arc);
    if (ec != std::errc{} || arcs.size() == kMaxArcs) return bad;
    arcs.push_back(arc);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) return Oid(std::move(arcs));
    if (rest[0] != '.') return bad;
    rest.remove_prefix(1);
  }
}

Oid Oid::operator+(std::span<const std::uint32_t> suffix) const {
  Oid sum(*this);
  sum.arcs_.insert(sum.arcs_.end(), suffix.begin(), suffix.end());
  return sum;
}
Oid Oid::operator+(std::uint32_t arc) const {
  Oid sum(*this);
  sum.arcs_.push_back(arc);
  return sum;
}

bool Oid::starts_with(const Oid& prefix) const {
  return arcs_.size() >= prefix.size() && std::equal(prefix.arcs_.begin(), prefix.arcs_.end(), arcs_.begin());
}

std::string Oid::to_string() const { return dotted(arcs_); }

std::string dotted(std::span<const std::uint32_t> arcs) {
  std::string out;
  std::array<char, 12> room{};
  for (const std::uint32_t arc : arcs) {
    if (!out.empty()) out += '.';
    out.append(room.data(), std::to_chars(room.data(), room.data() + room.size(), arc).ptr);
  }
  return out;
}

}  // namespace bongsu

std::size_t std::hash<bongsu::Oid>::operator()(const bongsu::Oid& oid) const {
  std::size_t sum = 0xcbf29ce484222325;
  for (const std::uint32_t arc : oid.arcs()) sum = (sum ^ arc) * 0x100000001b3;
  return sum;
}
