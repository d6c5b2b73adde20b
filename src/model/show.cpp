// SPDX-License-Identifier: Apache-2.0
#include "model/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

namespace bongsu {
namespace {

std::string scaled(double value, double step, std::initializer_list<const char*> units) {
  auto unit = units.begin();
  while (std::abs(value) >= step && unit + 1 != units.end()) value /= step, ++unit;
  return fmt::format("{:.{}f} {}", value, unit == units.begin() || std::abs(value) >= 100 ? 0 : 1, *unit);
}

// So many significant digits, more where the whole part has more; without zeros at the end.
std::string digits(double value, int significant) {
  const double size = std::abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return fmt::format("{:.{}g}", value, significant);
  const int whole = size > 0 ? static_cast<int>(std::floor(std::log10(size))) + 1 : 1;
  std::string out = fmt::format("{:.{}f}", value, std::max(0, significant - whole));
  if (out.find('.') != std::string::npos) {
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
  }
  return out == "-0" ? "0" : out;
}

constexpr std::pair<std::string_view, std::string_view> kPrefixed[] = {
    {"watt", "W"}, {"watts", "W"}, {"volt", "V"}, {"volts", "V"}, {"ampere", "A"}, {"amperes", "A"}, {"hertz", "Hz"}};

std::string prefixed(double value, std::string_view symbol) {
  const double size = std::abs(value);
  for (const auto& [step, prefix] : {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")}) {
    if (size >= step) return fmt::format("{} {}{}", digits(value / step, 4), prefix, symbol);
  }
  if (size >= 1 || size == 0) return fmt::format("{} {}", digits(value, 4), symbol);
  if (size >= 1e-3) return fmt::format("{} m{}", digits(value * 1e3, 4), symbol);
  return fmt::format("{} µ{}", digits(value * 1e6, 4), symbol);
}

}  // namespace

std::string show_number(double value) { return std::isfinite(value) ? digits(value, 4) : "no value"; }

std::string show_seconds(std::int64_t seconds) {
  if (seconds < 0) seconds = 0;
  const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* part) {
    return small == 0 ? fmt::format("{} {}", big, unit) : fmt::format("{} {} {} {}", big, unit, small, part);
  };
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86'400) return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
  if (seconds < 365 * 86'400LL) return two(seconds / 86'400, "d", seconds % 86'400 / 3600, "h");
  return two(seconds / (365 * 86'400LL), "y", seconds % (365 * 86'400LL) / 86'400, "d");
}

std::string show_quantity(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "no value";
  if (unit == "percent") return digits(value, 3) + " %";
  if (unit == "bytes") return scaled(value, 1024, {"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
  if (unit == "bits" || unit == "bits_per_second") return scaled(value, 1000, {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"});
  if (unit == "bytes_per_second") return scaled(value, 1000, {"B/s", "kB/s", "MB/s", "GB/s"});
  if (unit == "seconds" && value >= 60 && value < 1e11) return show_seconds(static_cast<std::int64_t>(value));
  if (unit == "seconds" && value > 0 && value < 1)
    return value < 1e-3 ? digits(value * 1e6, 3) + " µs" : digits(value * 1e3, 3) + " ms";
  for (const auto& [name, symbol] : kPrefixed) {
    if (unit == name) return prefixed(value, symbol);
  }
  const std::string number = show_number(value);
  if (unit == "seconds") return number + " s";
  if (unit == "celsius") return number + " °C";
  return unit.empty() ? number : fmt::format("{} {}", number, unit);
}

std::string show_value(const Alarm& alarm) {
  return alarm.meaning.empty() ? show_quantity(alarm.value, alarm.unit) : alarm.meaning;
}

std::string show_labels(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (name == kMetricName || name == "device") continue;
    if (!out.empty()) out += ", ";
    out += name + ' ' + value;
  }
  return out;
}

void write_labels(JsonWriter& json, const Labels& labels) {
  json.begin_object();
  for (const auto& [name, value] : labels) {
    if (name != kMetricName) json.member(name, value);
  }
  json.end_object();
}

void write_alarm(JsonWriter& json, const Alarm& alarm) {
  json.begin_object();
  json.member("id", alarm.id).member("item", alarm.item).member("title", alarm.title).member("device", alarm.device);
  json.key("labels");
  write_labels(json, alarm.labels);
  json.member("state", to_string(alarm.state)).member("level", to_string(alarm.level)).member("peak", to_string(alarm.peak));
  json.member("value", alarm.value).member("limit", alarm.limit).member("unit", alarm.unit).member("meaning", alarm.meaning);
  json.member("asked", alarm.asked).member("why", alarm.why);
  json.member("since", alarm.since).member("changed", alarm.changed).key("ended");
  if (alarm.ended) json.value(*alarm.ended);
  else json.null();
  json.member("acknowledged", alarm.acknowledged).member("suppressed", alarm.suppressed);
  json.member("suppressed_by", alarm.suppressed_by).member("flapping", alarm.flapping).member("drill", alarm.drill());
  json.end_object();
}

}  // namespace bongsu
