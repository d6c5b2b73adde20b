// SPDX-License-Identifier: Apache-2.0
#include "discover/units.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>

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
    Unit{"v", "voltage", ""},
    Unit{"mv", "voltage", " / 1000"},
    Unit{"a", "current", ""},
    Unit{"ma", "current", " / 1000"},
    Unit{"w", "power", ""},
    Unit{"mw", "power", " / 1000"},
    Unit{"kw", "power", " * 1000"},
    Unit{"c", "temperature", ""},
    Unit{"hz", "frequency", ""},
    Unit{"rpm", "fanspeed", ""},
    Unit{"dbm", "dbm", ""},
    Unit{"db", "snr", ""},
    Unit{"%", "percent", ""},
    Unit{"ua", "current", " / 1000000"},
    Unit{"mhz", "frequency", " * 1000000"},
    Unit{"khz", "frequency", " * 1000"},
    Unit{"kwh", "power_consumed", ""},
    Unit{"wh", "power_consumed", " / 1000"},
    Unit{"cfm", "airflow", ""},
    Unit{"pa", "pressure", " / 1000"},
    Unit{"va", "power", ""},
    Unit{"bps", "bitrate", ""},
    Unit{"kbps", "bitrate", " * 1000"},
    Unit{"mbps", "bitrate", " * 1000000"},
    Unit{"kva", "power", " * 1000"},
};
constexpr std::array kBegins{
    Unit{"volt", "voltage", ""},
    Unit{"amp", "current", ""},
    Unit{"kilowatt-h", "power_consumed", ""},
    Unit{"kilowatt h", "power_consumed", ""},
    Unit{"watt-h", "power_consumed", " / 1000"},
    Unit{"watt h", "power_consumed", " / 1000"},
    Unit{"watt", "power", ""},
    Unit{"hertz", "frequency", ""},
    Unit{"rpm", "fanspeed", ""},
    Unit{"revolution", "fanspeed", ""},
    Unit{"rotation", "fanspeed", ""},
    Unit{"dbm", "dbm", ""},
    Unit{"percent", "percent", ""},
    Unit{"% ", "percent", ""},
    Unit{"celsius", "temperature", ""},
    Unit{"centigrade", "temperature", ""},
};

// The scale behind the unit.
constexpr std::array kBehind{
    Scale{"/1000", " / 1000"}, Scale{"/100", " / 100"},  Scale{"/10", " / 10"}, Scale{"/ 10", " / 10"},
    Scale{"x1000", " / 1000"}, Scale{"x100", " / 100"},  Scale{"x10", " / 10"}, Scale{"x 10", " / 10"},
    Scale{"*1000", " / 1000"}, Scale{"*100", " / 100"},  Scale{"*10", " / 10"}, Scale{"* 10", " / 10"},
    Scale{"x 100", " / 100"},  Scale{"* 100", " / 100"},
};

bool has_any(const std::vector<std::string>& words, std::initializer_list<std::string_view> some) {
  return std::any_of(some.begin(), some.end(), [&](std::string_view word) { return has_word(words, word); });
}
bool begins_any(const std::vector<std::string>& words, std::string_view beginning) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return word.starts_with(beginning); });
}

// A share of hundred is of what its name says.
std::string_view percent_of(const std::vector<std::string>& words) {
  if (begins_any(words, "humid") || begins_any(words, "hygro")) return "humidity";
  if (begins_any(words, "batt") || has_word(words, "charge")) return "charge";
  if (has_word(words, "load") || has_word(words, "cpu") || begins_any(words, "util")) return "load";
  return "percent";
}

// How long a battery lasts, in minutes; another time is no sensor.
std::optional<Reading> time_left(std::string_view units, const std::vector<std::string>& words) {
  const bool battery = has_any(words, {"battery", "batt", "runtime", "backup", "autonomy"}) &&
                       has_any(words, {"remaining", "remain", "left", "runtime", "time", "autonomy", "backup"});
  if (!battery) return std::nullopt;
  if (units.starts_with("minute") || units == "min") return Reading{"runtime", {}, {}};
  if (units.starts_with("second") || units == "sec" || units == "s") return Reading{"runtime", {}, " / 60"};
  if (units.starts_with("hour")) return Reading{"runtime", {}, " * 60"};
  return std::nullopt;
}

struct Quantity {
  std::string_view word, sensor_class;  // the beginning of a word
};
constexpr std::array kQuantities{
    Quantity{"temper", "temperature"}, Quantity{"volt", "voltage"},       Quantity{"humid", "humidity"},
    Quantity{"hygro", "humidity"},     Quantity{"watt", "power"},         Quantity{"amper", "current"},
    Quantity{"rpm", "fanspeed"},       Quantity{"freq", "frequency"},     Quantity{"dbm", "dbm"},
    Quantity{"amps", "current"},       Quantity{"kwh", "power_consumed"}, Quantity{"bitrate", "bitrate"},
};

// What a name says that it is of: "psuInputVoltage", "fanSpeed", "outletCurrent", "cpuTemp".
std::string_view quantity_of(const std::vector<std::string>& words) {
  for (const Quantity& quantity : kQuantities) {
    if (begins_any(words, quantity.word)) return quantity.sensor_class;
  }
  if (has_word(words, "temp")) return "temperature";
  if (has_any(words, {"fan", "blower"}) && has_word(words, "speed")) return "fanspeed";
  if (has_word(words, "power") && has_word(words, "factor")) return "power_factor";
  if (words.empty()) return {};
  // "current" is a quantity at the end alone: "currentTemperature", "currentState" are not.
  const auto last = [&](std::string_view word) {
    if (words.back() == word) return true;
    const bool value = words.back() == "value" || words.back() == "reading" || words.back() == "val" || words.back() == "int";
    return value && words.size() > 1 && words[words.size() - 2] == word;
  };
  if (last("current") || last("amp") || (has_word(words, "bias") && has_word(words, "current"))) return "current";
  if (last("power") || last("consumption"))
    return has_any(words, {"rx", "tx", "optical", "laser", "light", "onu", "olt"}) ? "dbm" : "power";
  if (has_any(words, {"battery", "batt"}) && has_any(words, {"capacity", "charge"})) return "charge";
  for (const std::string_view word : {"percent", "percentage", "pct", "util", "utilization", "utilisation", "usage", "load"}) {
    if (has_word(words, word)) return percent_of(words);
  }
  return {};
}

const re2::RE2& unit_phrase() {
  static const re2::RE2 pattern(
      "(?i)(tenths?|hundredths?|thousandths?|1/1000|1/100|1/10|0\\.001|0\\.01|0\\.1|milli|centi|deci|micro|kilo)?[ -]*(?:of "
      ")?(?:an? )?"
      "(degrees? celsius|degrees? centigrade|degrees? "
      "c\\b|celsius|centigrade|fahrenheit|volts?\\b|voltage\\b|amperes?\\b|amps?\\b|"
      "watts?\\b|hertz|hz\\b|rpm\\b|revolutions? per minute|dbm\\b|percent|%)");
  return pattern;
}
const re2::RE2& short_unit() {
  static const re2::RE2 pattern(
      "\\b(?:[Ii]n|[Uu]nits?(?: is|:)?|\\(|\\[) ?(mA|uA|mV|mW|uW|dBm|kW|kWh|RPM|Hz|V|A|W|C)(?:\\b|\\.|\\)|\\])");
  return pattern;
}
const re2::RE2& times_ten() {
  static const re2::RE2 pattern(
      "(?i)(?:multiplied by|multiply by|divided? (?:this value |the value |it )?by|\\btimes|\\bx|\\*|scaled by|factor of) "
      "?(10|100|1000|1,000)\\b|"
      "\\b(10|100|1000|1,000) times");
  return pattern;
}

struct Spoken {
  std::string_view sensor_class, after;
  bool fahrenheit = false;
};
std::string_view scale_of(std::string_view word) {
  if (word.starts_with("tenth") || word == "1/10" || word == "0.1" || word == "deci") return " / 10";
  if (word.starts_with("hundredth") || word == "1/100" || word == "0.01" || word == "centi") return " / 100";
  if (word.starts_with("thousandth") || word == "1/1000" || word == "0.001" || word == "milli") return " / 1000";
  if (word == "micro") return " / 1000000";
  if (word == "kilo") return " * 1000";
  return {};
}
std::string_view class_of_unit(std::string_view unit) {
  if (unit.starts_with("degree") || unit == "celsius" || unit == "centigrade" || unit == "fahrenheit") return "temperature";
  if (unit.starts_with("volt")) return "voltage";
  if (unit.starts_with("amp")) return "current";
  if (unit.starts_with("watt")) return "power";
  if (unit.starts_with("h")) return "frequency";
  if (unit == "rpm" || unit.starts_with("revolution")) return "fanspeed";
  return unit == "dbm" ? "dbm" : "percent";
}

// What a description says: "in millivolts", "(0.1 degrees Celsius)", "in mA". `wanted`: of this class, as the name has it; else
// the first unit that is named.
std::optional<Spoken> spoken_in(std::string_view description, std::string_view wanted) {
  const std::string lowered = to_lower(description.substr(0, 600));
  std::optional<Spoken> found;
  re2::StringPiece rest(lowered), scale, unit;
  while (re2::RE2::FindAndConsume(&rest, unit_phrase(), &scale, &unit)) {
    const std::string_view of(unit.data(), unit.size());
    const std::string_view kind = class_of_unit(of);
    if (!wanted.empty() && kind != wanted) continue;
    const Spoken now{kind, scale_of(std::string_view(scale.data(), scale.size())), of == "fahrenheit"};
    if (!found || (found->after.empty() && !now.after.empty())) found = now;
  }
  if (found && !found->after.empty()) return found;
  const std::string text(description.substr(0, 600));
  re2::StringPiece word, times;
  // "stored as 0.1A"; "mA" and no more
  static const re2::RE2 written("\\b(0\\.1|0\\.01|0\\.001) ?(mA|uA|mV|mW|A|V|W|C|Hz|%|dBm)(?:[^A-Za-z]|$)");
  if (re2::RE2::PartialMatch(text, written, &times, &word)) {
    const std::string as = to_lower(std::string_view(word.data(), word.size()));
    for (const Unit& each : kWhole) {
      if (as != each.word || !each.after.empty() || (!wanted.empty() && each.sensor_class != wanted)) continue;
      return Spoken{each.sensor_class, scale_of(std::string_view(times.data(), times.size()))};
    }
  }
  for (const Unit& each : kWhole) {
    if (to_lower(trim(text)) == each.word && (wanted.empty() || each.sensor_class == wanted))
      return Spoken{each.sensor_class, each.after};
  }
  if (re2::RE2::PartialMatch(text, short_unit(), &word)) {
    const std::string as(word.data(), word.size());
    for (const Unit& each : kWhole) {
      if (to_lower(as) == each.word && (wanted.empty() || each.sensor_class == wanted))
        return Spoken{each.sensor_class, each.after};
    }
    if (as == "uW" || as == "mW") return found;
  }
  static const re2::RE2 places("(one|two|three|1|2|3) (?:decimal|digits? after|places? after)");
  if ((found || !wanted.empty()) && re2::RE2::PartialMatch(lowered, places, &word)) {
    const std::string_view by(word.data(), word.size());
    const std::string_view after = by == "one" || by == "1" ? " / 10" : by == "two" || by == "2" ? " / 100" : " / 1000";
    return Spoken{found ? found->sensor_class : wanted, after};
  }
  re2::StringPiece one, other;
  if ((found || !wanted.empty()) && re2::RE2::PartialMatch(lowered, times_ten(), &one, &other)) {
    const std::string_view by =
        one.empty() ? std::string_view(other.data(), other.size()) : std::string_view(one.data(), one.size());
    return Spoken{found ? found->sensor_class : wanted, by == "10" ? " / 10" : by == "100" ? " / 100" : " / 1000"};
  }
  return found;
}

std::string_view scale_of_hint(std::string_view hint) {
  return hint == "d-1" ? " / 10" : hint == "d-2" ? " / 100" : hint == "d-3" ? " / 1000" : std::string_view();
}

double scaled(double value, std::string_view after) {
  const auto number = after.size() > 3 ? parse_number(after.substr(3)) : std::nullopt;
  if (!number) return value;
  return after[1] == '/' ? value / *number : value * *number;
}

// Whether values of a class can be such.
bool can_be(std::string_view kind, double least, double most) {
  if (kind == "temperature") return least > -80 && most <= 150;
  if (kind == "humidity" || kind == "charge" || kind == "load" || kind == "percent") return least >= 0 && most <= 100;
  if (kind == "voltage") return least >= -100 && most <= 1'000;
  if (kind == "current") return most <= 500;
  if (kind == "power") return least >= 0 && most <= 100'000;
  if (kind == "fanspeed") return least >= 0 && most <= 40'000;
  if (kind == "frequency") return least >= 0 && most <= 70;
  if (kind == "dbm") return least >= -60 && most <= 40;
  if (kind == "power_factor") return least >= -1 && most <= 1;
  return true;
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
  if (trim(units) == "mHz") return Reading{"frequency", {}, " / 1000"};  // MHz is another
  const std::string lowered = to_lower(units);
  std::string_view text = trim(lowered);
  if (const auto time = time_left(text, name_words)) return time;
  std::string_view after;
  for (const Scale& scale : kScales) {
    if (!text.starts_with(scale.begins)) continue;
    after = scale.after;
    text = trim(text.substr(scale.begins.size()));
    break;
  }
  // "V/10", "deg-C/10", "degrees C x 10"
  for (const Scale& scale : kBehind) {
    if (!after.empty() || !text.ends_with(scale.begins)) continue;
    after = scale.after;
    text = trim(text.substr(0, text.size() - scale.begins.size()));
    break;
  }
  while (text.starts_with('-') || text.starts_with(' ')) text.remove_prefix(1);
  if (text.starts_with("a ")) text.remove_prefix(2);
  for (const std::string_view degree : {"degrees", "degree", "deg.", "deg", "\xc2\xb0"}) {
    if (!text.starts_with(degree)) continue;
    text = trim(text.substr(degree.size()));
    while (text.starts_with('-') || text.starts_with(' ') || text.starts_with('(')) text.remove_prefix(1);
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

bool counts_things(const std::vector<std::string>& words) {
  return has_any(words, {"sessions", "session", "connections", "clients", "users", "count", "stations", "alarms", "tunnels",
                         "calls", "peers", "licenses", "leases", "jobs", "subscribers", "number", "num", "cps"});
}

bool is_bound(const std::vector<std::string>& words) {
  // "1Min" is a span of time.
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "min" && !(i > 0 && (is_digit(words[i - 1].back()) || words[i - 1] == "one" || words[i - 1] == "five")))
      return true;
  }
  return has_any(words, {"threshold", "thresh", "limit", "index",   "max",     "minimum",     "maximum",  "low",      "high",
                         "lower",     "upper",  "warn",  "warning", "crit",    "critical",    "setpoint", "nominal",  "rated",
                         "rating",    "config", "cfg",   "set",     "trap",    "hysteresis",  "offset",   "interval", "delay",
                         "timeout",   "thrsh",  "hi",    "lo",      "default", "calibration", "peak",     "highest",  "lowest"});
}

std::optional<Reading> reading_of_words(const Measured& object) {
  std::string_view kind = quantity_of(object.words);
  const auto spoken = spoken_in(object.description, kind);
  const std::string convention = to_lower(object.convention);
  std::string_view after = spoken ? spoken->after : std::string_view();
  if (after.empty()) after = scale_of_hint(object.hint);
  for (const std::string_view prefix : {"milli", "deci", "centi"}) {
    if (after.empty() && convention.starts_with(prefix)) after = scale_of(prefix);
  }
  if (after.empty() && convention.starts_with("tenth")) after = " / 10";
  // A description alone must say it of a reading: that of a fan's state may speak of RPM as well.
  if (kind.empty()) {
    const bool reading = !object.words.empty() && has_any(object.words, {"reading", "value", "val", "speed", "level"});
    if (!spoken || !reading) return std::nullopt;
    kind = spoken->sensor_class;
  }
  if (spoken && spoken->fahrenheit) {
    const bool tenths = after == " / 10";
    if (!after.empty() && !tenths) return std::nullopt;
    return Reading{"temperature", "5 / 9 * (", tenths ? " / 10 - 32)" : " - 32)"};
  }
  if (kind == "percent" || kind == "load") kind = percent_of(object.words);
  return plausible({kind, {}, after}, object.least, object.most);
}

std::optional<Reading> plausible(const Reading& reading, double least, double most) {
  if (!reading.before.empty()) return reading;
  const double low = scaled(least, reading.after), high = scaled(most, reading.after);
  if (can_be(reading.sensor_class, low, high)) return reading;
  // Past 150 degrees or a hundred percent, without a scale: in tenths.
  const std::string_view kind = reading.sensor_class;
  const bool tenths = kind == "temperature" || kind == "humidity" || kind == "charge" || kind == "percent" || kind == "load";
  if (tenths && reading.after.empty() && least >= 0 && can_be(kind, least / 10, most / 10)) return Reading{kind, {}, " / 10"};
  return std::nullopt;
}

}  // namespace bongsu::discover
