// SPDX-License-Identifier: Apache-2.0
#include "homes.h"

#include <algorithm>

namespace bongsu::mibc {

namespace {

std::string without_digits(std::string_view name) {
  std::string out(name);
  std::erase_if(out, [](char c) { return c >= '0' && c <= '9'; });
  return out;
}

}  // namespace

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

void Homes::add_name(std::string_view name, const std::string& module) { add(names_, name, module); }
void Homes::add_label(std::string_view name, const std::string& module) { add(labels_, name, module); }

void Homes::add(Names& names, std::string_view name, const std::string& module) {
  auto& of = names[std::string(name)];
  const std::uint32_t number = modules_.at(module).first;
  if (std::find(of.begin(), of.end(), number) == of.end()) of.push_back(number);
}

bool Homes::defines(std::string_view module, std::string_view name) const {
  const auto at = modules_.find(std::string(module));
  if (at == modules_.end()) return false;
  const std::string key(name);
  for (const Names* names : {&names_, &labels_}) {
    const auto of = names->find(key);
    if (of != names->end() && std::find(of->second.begin(), of->second.end(), at->second.first) != of->second.end()) return true;
  }
  return false;
}

std::string_view Homes::well_known_home(std::string_view name) const {
  const auto of = names_.find(std::string(name));
  if (of == names_.end()) return {};
  const auto best =
      *std::min_element(of->second.begin(), of->second.end(), [&](auto a, auto b) { return ranks_[a] < ranks_[b]; });
  return ranks_[best] < kWellKnown ? std::string_view(module_names_[best]) : std::string_view();
}

std::string_view Homes::home_of(std::string_view name, const std::filesystem::path& folder, std::string_view asked) const {
  if (const auto known = well_known_home(name); !known.empty()) return known;
  for (const Names* names : {&names_, &labels_}) {
    const auto of = names->find(std::string(name));
    if (of == names->end()) continue;
    std::string_view home;
    for (const std::uint32_t module : of->second) {
      if (!folders_[module].contains(folder)) continue;
      if (!home.empty()) return {};
      home = module_names_[module];
    }
    if (home.empty()) continue;
    return home != asked && without_digits(home) == without_digits(asked) ? std::string_view() : home;
  }
  return {};
}

}  // namespace bongsu::mibc
