// SPDX-License-Identifier: Apache-2.0
#include "model/match.h"

#include <algorithm>

namespace bongsu {
namespace {

bool any_fits(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) { return fits(pattern, text); });
}

std::string list(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

}  // namespace

bool fits(std::string_view pattern, std::string_view text) {
  // The text after the last star is tried further on until it fits: linear in steps for one star, bounded by |p| x |t| for more.
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool covers(const Match& match, std::string_view item, std::string_view device, const Labels& labels, const Tags& tags) {
  if (!match.items.empty() && !any_fits(match.items, item)) return false;
  if (!match.devices.empty() && !any_fits(match.devices, device)) return false;
  for (const auto& [name, patterns] : match.tags) {
    const auto tag = tags.find(name);
    if (!any_fits(patterns, tag == tags.end() ? std::string_view() : std::string_view(tag->second))) return false;
  }
  return std::all_of(match.labels.begin(), match.labels.end(),
                     [&](const auto& one) { return any_fits(one.second, labels.get(one.first)); });
}

std::optional<std::string> refuses(const Match& match, const Alarm& alarm, const Tags& tags, Time now) {
  if (match.from && alarm.level < *match.from)
    return "the level is " + std::string(to_string(alarm.level)) + ", it wants " + std::string(to_string(*match.from)) +
           " or worse";
  if (!match.items.empty() && !any_fits(match.items, alarm.item))
    return "the item is " + alarm.item + ", it wants " + list(match.items);
  if (!match.devices.empty() && !any_fits(match.devices, alarm.device))
    return "the device is " + alarm.device + ", it wants " + list(match.devices);
  for (const auto& [name, patterns] : match.tags) {
    const auto tag = tags.find(name);
    const std::string_view value = tag == tags.end() ? std::string_view() : std::string_view(tag->second);
    if (!any_fits(patterns, value)) return "the tag " + name + " is \"" + std::string(value) + "\", it wants " + list(patterns);
  }
  for (const auto& [name, patterns] : match.labels) {
    const std::string_view value = alarm.labels.get(name);
    if (!any_fits(patterns, value)) return "the label " + name + " is \"" + std::string(value) + "\", it wants " + list(patterns);
  }
  if (!match.hours.contains(now)) return "it is outside of its hours, " + match.hours.text();
  return std::nullopt;
}

}  // namespace bongsu
