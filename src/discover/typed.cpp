// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "base/text.h"
#include "discover/place.h"
#include "discover/units.h"

namespace bongsu::discover {

namespace {

// The class that a word for a kind of sensor stands for.
std::string_view class_of_kind(std::string_view label) {
  std::string word = to_lower(label);
  std::erase_if(word, [](char c) { return c == '-' || c == '_'; });
  struct Known {
    std::string_view begins, sensor_class;
  };
  for (const Known& known : {Known{"volt", "voltage"},
                             {"amp", "current"},
                             {"watt", "power"},
                             {"hertz", "frequency"},
                             {"celsius", "temperature"},
                             {"temp", "temperature"},
                             {"percentrh", "humidity"},
                             {"humid", "humidity"},
                             {"rpm", "fanspeed"},
                             {"fan", "fanspeed"},
                             {"cmm", "airflow"},
                             {"dbm", "dbm"},
                             {"current", "current"}}) {
    if (word.starts_with(known.begins)) return known.sensor_class;
  }
  return {};
}

}  // namespace

std::vector<std::string> typed_sensors(const Place& place, std::set<std::uint32_t>& taken) {
  const Seen *type = nullptr, *value = nullptr, *scale = nullptr, *precision = nullptr;
  std::map<std::string_view, std::vector<std::int64_t>> classes;
  std::int64_t units_at = 9;
  for (const Seen& seen : place.objects) {
    const auto words = words_of_name(seen.object.name);
    if (words.empty() || is_bound(words)) continue;
    std::map<std::string_view, std::vector<std::int64_t>> found;
    for (const mib::EnumItem& item : seen.object.enums()) {
      if (const auto kind = class_of_kind(item.label); !kind.empty()) found[kind].push_back(item.value);
      if (to_lower(item.label) == "units" && has_word(words, "scale")) scale = &seen, units_at = item.value;
    }
    const std::string& last = words.back();
    if (type == nullptr && found.size() >= 2) type = &seen, classes = std::move(found);
    else if (last == "precision" && seen.object.enums().empty()) precision = &seen;
    else if (value == nullptr && (last == "value" || last == "reading") && seen.numbers == seen.values &&
             seen.object.enums().empty())
      value = &seen;
  }
  if (type == nullptr || value == nullptr || taken.contains(value->object.number)) return {};
  std::string reading = number_reference(*value, false);
  if (scale != nullptr || precision != nullptr) {
    reading += " * pow(10, ";
    if (scale != nullptr) reading += "3 * (" + reference(scale->object, false) + " - " + std::to_string(units_at) + ")";
    if (precision != nullptr) reading += std::string(scale == nullptr ? "0" : "") + " - " + reference(precision->object, false);
    reading += ")";
  }
  std::vector<std::string> out;
  for (const auto& [kind, values] : classes) {
    std::string list;
    for (const std::int64_t one : values) list += (list.empty() ? "" : ", ") + std::to_string(one);
    out.push_back("        - {class: " + std::string(kind) + ", value: \"" + reference(type->object, false) + " in (" + list +
                  ") ? " + reading + " : none\"}\n");
  }
  for (const Seen* read : {type, value, scale, precision}) {
    if (read != nullptr) taken.insert(read->object.number);
  }
  return out;
}

}  // namespace bongsu::discover
