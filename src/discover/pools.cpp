// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <span>

#include "base/text.h"
#include "discover/place.h"
#include "discover/units.h"

namespace bongsu::discover {

namespace {

using Words = std::vector<std::string>;

bool says_any(const Words& words, std::span<const std::string_view> some) {
  return std::any_of(some.begin(), some.end(), [&](std::string_view word) { return has_word(words, word); });
}
bool says_any(const Words& words, std::initializer_list<std::string_view> some) {
  return says_any(words, std::span(some.begin(), some.size()));
}
constexpr std::string_view kShare[] = {"percent",     "percentage", "pct",  "util", "utilization",
                                       "utilisation", "usage",      "load", "busy", "rate"};
constexpr std::string_view kFree[] = {"free", "avail", "available", "remaining", "unused", "idle"};
constexpr std::string_view kUsed[] = {"used", "use", "usage", "allocated", "occupied", "inuse"};
constexpr std::string_view kSize[] = {"total", "size", "capacity", "installed", "physical"};

std::string bytes_of(const mib::Object& object) {
  const std::string units = to_lower(object.units.empty() ? object.description.substr(0, 300) : object.units);
  static const re2::RE2 kilo("\\b(kb|kib|kilo-?bytes?|k-?bytes?)\\b");
  static const re2::RE2 mega("\\b(mb|mib|mega-?bytes?|m-?bytes?)\\b");
  static const re2::RE2 giga("\\b(gb|gib|giga-?bytes?|g-?bytes?)\\b");
  static const re2::RE2 plain("\\b(bytes?|octets?)\\b");
  if (re2::RE2::PartialMatch(units, kilo)) return " * 1024";
  if (re2::RE2::PartialMatch(units, mega)) return " * 1048576";
  if (re2::RE2::PartialMatch(units, giga)) return " * 1073741824";
  return re2::RE2::PartialMatch(units, plain) ? "" : "?";
}

// What is left of a name when the words for parts of a pool are taken out.
std::string stem_of(const Words& words) {
  std::string out;
  for (const std::string& word : words) {
    const Words one{word};
    if (says_any(one, kShare) || says_any(one, kFree) || says_any(one, kUsed) || says_any(one, kSize) ||
        says_any(one, {"bytes", "kb", "mb", "space", "current", "cur", "value"}))
      continue;
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

// Averages over a minute come first, as polls are a minute apart.
int rank_of(const mib::Object& object) {
  const std::string text = to_lower(object.name) + " " + to_lower(object.description.substr(0, 200));
  static const re2::RE2 minute("\\b(1|one|last)[ -]?min|1m\\b|1min");
  static const re2::RE2 five("\\b(5|five)[ -]?min|5m\\b|5min");
  static const re2::RE2 seconds("[0-9]+ ?s(ec)?\\b|[0-9]s(ec)?\\b|second|min(imum)?\\b|max(imum)?\\b|peak");
  if (re2::RE2::PartialMatch(text, minute)) return 1;
  if (re2::RE2::PartialMatch(text, five)) return 2;
  return re2::RE2::PartialMatch(text, seconds) ? 3 : 0;
}

bool is_share(const Seen& seen, const Words& words) {
  if (!(seen.least >= 0 && seen.most <= 100)) return false;
  const std::string units = to_lower(trim(seen.object.units));
  if (units == "%" || units.starts_with("percent") || units.starts_with("% ")) return true;
  if (!units.empty()) return false;
  if (says_any(words, kShare)) return true;
  static const re2::RE2 share("(?i)percent|%|utili[sz]ation");
  return re2::RE2::PartialMatch(std::string(seen.object.description.substr(0, 300)), share);
}

bool is_processor(const Seen& seen, const Words& words) {
  if (says_any(words, {"cpu", "cpus", "processor"})) return true;
  static const re2::RE2 spoken("(?i)\\b(cpu|processor)( card| module| board)?('s)? (busy|utili[sz]ation|usage|load)\\b");
  return re2::RE2::PartialMatch(std::string(seen.object.description.substr(0, 300)), spoken);
}

std::string_view metric_of(PoolKind kind) { return kind == PoolKind::Memory ? "memory" : "storage"; }
std::string_view label_of(PoolKind kind) { return kind == PoolKind::Cpu ? "cpu" : kind == PoolKind::Memory ? "pool" : "storage"; }

struct Pool {
  std::map<Part, const Seen*> parts;
  std::map<Part, std::string> bytes;
};

// "used" and "size" as expressions; empty when the parts do not make a pool.
std::pair<std::string, std::string> used_and_size(const Pool& pool, bool scalar, bool octets) {
  const auto part = [&](Part which) -> std::string {
    const auto at = pool.parts.find(which);
    if (at == pool.parts.end()) return {};
    const std::string& scale = pool.bytes.at(which);
    return number_reference(*at->second, scalar) + (octets ? scale : std::string());
  };
  const std::string size = part(Part::Size), used = part(Part::Used), free = part(Part::Free);
  if (!size.empty() && !used.empty()) return {used, size};
  if (!size.empty() && !free.empty()) return {size + " - " + free, size};
  if (!used.empty() && !free.empty()) return {used, used + " + " + free};
  return {};
}

}  // namespace

std::optional<PoolPart> pool_part(const Seen& seen) {
  const Words words = words_of_name(seen.object.name);
  if (seen.numbers != seen.values || is_bound(words)) return std::nullopt;
  if (says_any(words,
               {"temp", "temperature", "alarm", "count", "num", "number", "errors", "status", "state", "id", "type", "time"}))
    return std::nullopt;
  PoolPart out;
  out.stem = stem_of(words);
  const bool share = is_share(seen, words);
  if (share && is_processor(seen, words)) {
    out.part = has_word(words, "idle") ? Part::FreePercent : Part::Percent;
    out.rank = rank_of(seen.object);
    if (says_any(words, {"user", "system", "nice", "iowait", "wait", "kernel", "interrupt", "irq", "steal"})) return std::nullopt;
    return out;
  }
  const bool memory = says_any(words, {"memory", "mem", "ram", "dram", "swap", "heap"});
  const bool storage = says_any(
      words, {"disk", "storage", "flash", "filesystem", "fs", "volume", "vol", "partition", "hdd", "pool", "lun", "raid"});
  if (!memory && !storage) return std::nullopt;
  out.kind = memory ? PoolKind::Memory : PoolKind::Storage;
  if (share) {
    out.part = says_any(words, kFree) ? Part::FreePercent : Part::Percent;
    return out;
  }
  out.bytes = bytes_of(seen.object);
  if (storage && out.bytes == "?") return std::nullopt;
  if (says_any(words, kFree)) out.part = Part::Free;
  else if (says_any(words, kUsed)) out.part = Part::Used;
  else if (says_any(words, kSize)) out.part = Part::Size;
  else return std::nullopt;
  return out;
}

std::vector<GroupText> pool_groups(const Place& place, const std::string& name, const std::string& labels,
                                   const std::set<std::string>& given, std::set<std::uint32_t>& taken) {
  std::map<std::pair<PoolKind, std::string>, Pool> pools;
  const Seen* processor = nullptr;
  PoolPart how;
  for (const Seen& seen : place.objects) {
    if (taken.contains(seen.object.number)) continue;
    auto part = pool_part(seen);
    if (!part) continue;
    if (part->kind == PoolKind::Cpu) {
      if (processor == nullptr || part->rank < how.rank) processor = &seen, how = *part;
      continue;
    }
    Pool& pool = pools[{part->kind, part->stem}];
    pool.parts.try_emplace(part->part, &seen);
    pool.bytes.try_emplace(part->part, part->bytes);
  }
  std::vector<GroupText> out;
  const bool scalar = !place.table;
  const auto begin = [&](PoolKind kind, std::string_view what, const std::string& stem) {
    std::string label = labels;
    if (scalar) label = "{" + std::string(label_of(kind)) + ": \"" + yaml_text(stem.empty() ? std::string(what) : stem) + "\"}";
    else if (const auto at = label.find('@'); at != std::string::npos) label.replace(at, 1, label_of(kind));
    std::string group = name + "_" + std::string(what) + (out.empty() ? "" : std::to_string(out.size() + 1));
    return std::string("    - ") + (scalar ? "scalars: " : "table: ") + metric_name(group) + "\n      labels: " + label +
           "\n      metrics:\n";
  };
  if (processor != nullptr && !given.contains("cpu_usage_percent")) {
    const std::string value = number_reference(*processor, scalar);
    out.push_back({begin(PoolKind::Cpu, "cpu", how.stem) +
                       "        cpu_usage_percent: " + (how.part == Part::FreePercent ? "100 - " + value : value) + "\n",
                   processor->values});
    taken.insert(processor->object.number);
  }
  for (const auto& [key, pool] : pools) {
    const std::string metric(metric_of(key.first));
    if (given.contains(metric + "_used_percent")) continue;
    std::string body;
    std::size_t series = 0;
    const auto percent = pool.parts.find(Part::Percent), unused = pool.parts.find(Part::FreePercent);
    const auto [used, size] = used_and_size(pool, scalar, false);
    if (!size.empty()) {
      body += "        " + metric + "_used_percent: \"" + size + " > 0 ? 100 * (" + used + ") / (" + size + ") : none\"\n";
      series = place.rows.size();
      const auto octets = used_and_size(pool, scalar, true);
      if (octets.second.find('?') == std::string::npos && octets.first.find('?') == std::string::npos) {
        body += "        " + metric + "_used_bytes: " + octets.first + "\n";
        body += "        " + metric + "_size_bytes: " + octets.second + "\n";
        series *= 3;
      }
    } else if (percent != pool.parts.end()) {
      body += "        " + metric + "_used_percent: " + number_reference(*percent->second, scalar) + "\n";
      series = percent->second->values;
    } else if (unused != pool.parts.end()) {
      body += "        " + metric + "_used_percent: 100 - " + number_reference(*unused->second, scalar) + "\n";
      series = unused->second->values;
    }
    if (body.empty()) continue;
    for (const auto& [part, seen] : pool.parts) taken.insert(seen->object.number);
    out.push_back({begin(key.first, metric, key.second) + body, series});
  }
  return out;
}

}  // namespace bongsu::discover
