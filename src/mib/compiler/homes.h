// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bongsu::mibc {

// Which module defines a name, over all that is loaded.
class Homes {
 public:
  // rank: lower is asked first; below kWellKnown the module is everybody's (SNMPv2-SMI, IF-MIB, ...).
  static constexpr int kWellKnown = 1'000;
  void add_module(const std::string& module, const std::filesystem::path& folder, int rank);
  void add_name(std::string_view name, const std::string& module);
  void add_label(std::string_view name, const std::string& module);  // a name inside another's OID

  bool has_module(std::string_view module) const { return modules_.contains(std::string(module)); }
  bool defines(std::string_view module, std::string_view name) const;
  // The well-known module that defines `name`, else the only one with a file in `folder` that does, else the only one there
  // that has it inside an OID; empty when there is none, or several. Other vendors' modules are not asked: two of them mean two
  // things by `products`. Nor is one whose name differs from that of the module `asked` by its digits alone: it is another
  // product's.
  std::string_view home_of(std::string_view name, const std::filesystem::path& folder, std::string_view asked = {}) const;
  std::string_view well_known_home(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::pair<std::uint32_t, int>> modules_;
  std::vector<std::string> module_names_;
  std::vector<int> ranks_;
  std::vector<std::set<std::filesystem::path>> folders_;
  using Names = std::unordered_map<std::string, std::vector<std::uint32_t>>;
  void add(Names& names, std::string_view name, const std::string& module);
  Names names_, labels_;
};

}  // namespace bongsu::mibc
