// SPDX-License-Identifier: Apache-2.0
#include "homes.h"

#include <algorithm>

namespace bongsu::mibc {

void Homes::add_module(const std::string& module, const std::filesystem::path& folder, int rank) {
  const auto [at, fresh] = modules_.try_emplace(module, static_cast<std::uint32_t>(module_names_.size()), rank);
  if (fresh) {
    module_names_.push_back(module);
    ranks_.push_back(rank);
    folders_.emplace_back();
  } else {
    ranks_[at->second.first] = std::min(ranks_[at->second.first], rank);
  }
  folders_[at->second.first].insert(folder);
}

void Homes::add_name(std::string_view name, const std::string& module) {
  auto& of = names_[std::string(name)];
  const std::uint32_t number = modules_.at(module).first;
  if (std::find(of.begin(), of.end(), number) == of.end()) of.push_back(number);
}

bool Homes::defines(std::string_view module, std::string_view name) const {
  const auto at = modules_.find(std::string(module));
  const auto of = names_.find(std::string(name));
  return at != modules_.end() && of != names_.end() &&
         std::find(of->second.begin(), of->second.end(), at->second.first) != of->second.end();
}

std::string_view Homes::well_known_home(std::string_view name) const {
  const auto of = names_.find(std::string(name));
  if (of == names_.end()) return {};
  const auto best =
      *std::min_element(of->second.begin(), of->second.end(), [&](auto a, auto b) { return ranks_[a] < ranks_[b]; });
  return ranks_[best] < kWellKnown ? std::string_view(module_names_[best]) : std::string_view();
}

std::string_view Homes::home_of(std::string_view name, const std::filesystem::path& folder) const {
  if (const auto known = well_known_home(name); !known.empty()) return known;
  const auto of = names_.find(std::string(name));
  if (of == names_.end()) return {};
  std::string_view home;
  for (const std::uint32_t module : of->second) {
    if (!folders_[module].contains(folder)) continue;
    if (!home.empty()) return {};
    home = module_names_[module];
  }
  return home;
}

}  // namespace bongsu::mibc
