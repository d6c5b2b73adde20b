// SPDX-License-Identifier: Apache-2.0
#include "discover/units.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace bongsu::discover {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Scale {
  std::string_view begins, after;
};
// Longer ones first. What a prefix means in front of the word for the unit.
constexpr std::array kScales{
    Scale{"1/1000 ", " / 1000"},
    Scale{"1/100 ", " / 100"},
    Scale{"1/10 ", " / 10"},
    Scale{"0.001 ", " / 1000"},
    Scale{"0.01 ", " / 100"},
    Scale{"0.1 ", " / 10"},
    Scale{".01 ", " / 100"},
    Scale{".1 ", " / 10"},
    Scale{"10 ", " * 10"},
    Scale{"thousandths of ", " / 1000"},
    Scale{"hundredths of ", " / 100"},
    Scale{"hundredth of ", " / 100"},
    Scale{"tenths of ", " / 10"},
    Scale{"tenth of ", " / 10"},
    Scale{"tenths ", " / 10"},
    Scale{"tenth ", " / 10"},
    Scale{"hundredths ", " / 100"},
    Scale{"milli", " / 1000"},
    Scale{"micro", " / 1000000"},
    Scale{"centi", " / 100"},
    Scale{"deci", " / 10"},
    Scale{"kilo", " * 1000"},
    Scale{"mega", " * 1000000"},
};
struct Unit {
  std::string_view word, sensor_class, after;
};
constexpr std::array kWhole{
    Unit{"v", "voltage", ""},         Unit{"mv", "voltage", " / 1000"}, Unit{"a", "current", ""},
    Unit{"ma", "current", " / 1000"}, Unit{"w", "power", ""},           Unit{"mw", "power", " / 1000"},
    Unit{"kw", "power", " * 1000"},   Unit{"c", "temperature", ""},     Unit{"hz", "frequency", ""},
    Unit{"rpm", "fanspeed", ""},      Unit{"dbm", "dbm", ""},           Unit{"db", "snr", ""},
    Unit{"%", "percent", ""},
};
constexpr std::array kBegins{
    Unit{"volt", "voltage", ""},        Unit{"amp", "current", ""},
    Unit{"watt", "power", ""},          Unit{"hertz", "frequency", ""},
    Unit{"rpm", "fanspeed", ""},        Unit{"revolution", "fanspeed", ""},
    Unit{"rotation", "fanspeed", ""},   Unit{"dbm", "dbm", ""},
    Unit{"percent", "percent", ""},     Unit{"% ", "percent", ""},
    Unit{"celsius", "temperature", ""}, Unit{"centigrade", "temperature", ""},
};

// A share of hundred is of what its name says.
std::string_view percent_of(const std::vector<std::string>& words) {
  if (has_word(words, "humidity") || has_word(words, "humid")) return "humidity";
  if (has_word(words, "battery") || has_word(words, "charge")) return "charge";
  if (has_word(words, "load") || has_word(words, "cpu")) return "load";
  return "percent";
}

}  // namespace

std::vector<std::string> words_of_name(std::string_view name) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '-' || c == '_') continue;
    const bool begins = i == 0 || name[i - 1] == '-' || name[i - 1] == '_' || (is_upper(c) && is_lower(name[i - 1])) ||
                        (is_upper(c) && i + 1 < name.size() && is_lower(name[i + 1])) || is_digit(c) != is_digit(name[i - 1]);
    if (begins) out.emplace_back();
    out.back() += static_cast<char>(is_upper(c) ? c | 0x20 : c);
  }
  return out;
}

bool has_word(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<Reading> reading_of_units(std::string_view units, const std::vector<std::string>& name_words) {
  const std::string lowered = to_lower(units);
  std::string_view text = trim(lowered);
  std::string_view after;
  for (const Scale& scale : kScales) {
    if (!text.starts_with(scale.begins)) continue;
    after = scale.after;
    text = trim(text.substr(scale.begins.size()));
    break;
  }
  if (text.starts_with("a ")) text.remove_prefix(2);
  for (const std::string_view degree : {"degrees", "degree", "deg.", "deg", "\xc2\xb0"}) {
    if (!text.starts_with(degree)) continue;
    text = trim(text.substr(degree.size()));
    if (text.starts_with('f')) {
      if (!after.empty() && after != " / 10") return std::nullopt;
      return Reading{"temperature", "5 / 9 * (", after.empty() ? " - 32)" : " / 10 - 32)"};
    }
    if (text.empty() && !has_word(name_words, "temperature") && !has_word(name_words, "temp"))
      return std::nullopt;  // of an angle
    if (text.empty() || text.starts_with('c')) return Reading{"temperature", {}, after};
    return std::nullopt;
  }
  if (text.starts_with("fahrenheit")) return Reading{"temperature", "5 / 9 * (", after.empty() ? " - 32)" : " / 10 - 32)"};
  const auto found = [&](const Unit& unit) -> std::optional<Reading> {
    if (!after.empty() && !unit.after.empty()) return std::nullopt;  // "0.1 mV": two scales
    const std::string_view kind = unit.sensor_class == "percent" ? percent_of(name_words) : unit.sensor_class;
    return Reading{kind, {}, after.empty() ? unit.after : after};
  };
  for (const Unit& unit : kWhole) {
    if (text == unit.word) return found(unit);
  }
  for (const Unit& unit : kBegins) {
    if (text.starts_with(unit.word) && !(unit.word == "amp" && text.starts_with("ampl"))) return found(unit);
  }
  return std::nullopt;
}

std::optional<Reading> reading_of_name(const std::vector<std::string>& words, double least, double most) {
  const bool share = least >= 0 && most <= 100;
  if (has_word(words, "humidity") && share) return Reading{"humidity", {}, {}};
  if ((has_word(words, "temperature") || has_word(words, "temp")) && least > -60 && most < 150)
    return Reading{"temperature", {}, {}};
  if (has_word(words, "rpm") && least >= 0) return Reading{"fanspeed", {}, {}};
  for (const std::string_view word : {"percent", "percentage", "pct", "util", "utilization", "usage"}) {
    if (has_word(words, word) && share) return Reading{percent_of(words), {}, {}};
  }
  return std::nullopt;
}

}  // namespace bongsu::discover
