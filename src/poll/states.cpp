// SPDX-License-Identifier: Apache-2.0
#include "poll/states.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bongsu::poll {
namespace {

struct Meaning {
  std::string_view word;  // in lower case; the beginning of one where it ends in '*'
  Severity severity;
};
// From worst to best: of several words in one name the worst counts.
constexpr std::array kMeanings{
    Meaning{"emergency", Severity::Fatal},
    Meaning{"nonrecoverable", Severity::Fatal},
    Meaning{"unrecoverable", Severity::Fatal},
    Meaning{"dead", Severity::Fatal},
    Meaning{"catastrophic", Severity::Fatal},
    Meaning{"fatal", Severity::Fatal},
    Meaning{"critical", Severity::Urgent},
    Meaning{"crit", Severity::Urgent},
    Meaning{"urgent", Severity::Urgent},
    Meaning{"fail*", Severity::Urgent},
    Meaning{"fault*", Severity::Urgent},
    Meaning{"error*", Severity::Urgent},
    Meaning{"err", Severity::Urgent},
    Meaning{"bad", Severity::Urgent},
    Meaning{"broken", Severity::Urgent},
    Meaning{"lost", Severity::Urgent},
    Meaning{"down", Severity::Urgent},
    Meaning{"offline", Severity::Urgent},
    Meaning{"nok", Severity::Urgent},
    Meaning{"defective", Severity::Urgent},
    Meaning{"exhausted", Severity::Urgent},
    Meaning{"malfunction*", Severity::Urgent},
    Meaning{"crashed", Severity::Urgent},
    Meaning{"loss", Severity::Urgent},
    Meaning{"los", Severity::Urgent},
    Meaning{"unhealthy", Severity::Urgent},
    Meaning{"abnormal", Severity::Danger},
    Meaning{"major", Severity::Danger},
    Meaning{"danger", Severity::Danger},
    Meaning{"alarm*", Severity::Danger},
    Meaning{"alert*", Severity::Danger},
    Meaning{"degrade*", Severity::Danger},
    Meaning{"overload*", Severity::Danger},
    Meaning{"overtemp*", Severity::Danger},
    Meaning{"overheat*", Severity::Danger},
    Meaning{"overcurrent*", Severity::Danger},
    Meaning{"depleted", Severity::Danger},
    Meaning{"mismatch*", Severity::Danger},
    Meaning{"shutdown", Severity::Danger},
    Meaning{"discharged", Severity::Danger},
    Meaning{"open", Severity::Caution},
    Meaning{"invalid", Severity::Danger},
    Meaning{"unsupported", Severity::Danger},
    Meaning{"noncritical", Severity::Caution},
    Meaning{"minor", Severity::Caution},
    Meaning{"warn*", Severity::Caution},
    Meaning{"caution", Severity::Caution},
    Meaning{"low", Severity::Caution},
    Meaning{"high", Severity::Caution},
    Meaning{"battery*", Severity::Normal},
    Meaning{"rebuild*", Severity::Caution},
    Meaning{"resync*", Severity::Caution},
    Meaning{"discharging", Severity::Caution},
    Meaning{"bypass", Severity::Caution},
    Meaning{"testing", Severity::Caution},
    Meaning{"predictive", Severity::Caution},
    Meaning{"replace*", Severity::Caution},
    Meaning{"expired", Severity::Caution},
    Meaning{"blocked", Severity::Caution},
    Meaning{"unknown", Severity::Harmless},
    Meaning{"other", Severity::Harmless},
    Meaning{"off", Severity::Harmless},
    Meaning{"disabled", Severity::Harmless},
    Meaning{"absent", Severity::Harmless},
    Meaning{"missing", Severity::Caution},
    Meaning{"empty", Severity::Harmless},
    Meaning{"init*", Severity::Harmless},
    Meaning{"unused", Severity::Harmless},
    Meaning{"inactive", Severity::Harmless},
    Meaning{"unavailable", Severity::Harmless},
    Meaning{"unsupport*", Severity::Harmless},
    Meaning{"starting", Severity::Harmless},
    Meaning{"booting", Severity::Harmless},
    Meaning{"undefined", Severity::Harmless},
    Meaning{"invisible", Severity::Harmless},
    Meaning{"ok", Severity::Normal},
    Meaning{"okay", Severity::Normal},
    Meaning{"good", Severity::Normal},
    Meaning{"normal", Severity::Normal},
    Meaning{"up", Severity::Normal},
    Meaning{"on", Severity::Normal},
    Meaning{"online", Severity::Normal},
    Meaning{"active", Severity::Normal},
    Meaning{"enabled", Severity::Normal},
    Meaning{"running", Severity::Normal},
    Meaning{"present", Severity::Normal},
    Meaning{"ready", Severity::Normal},
    Meaning{"healthy", Severity::Normal},
    Meaning{"optimal", Severity::Normal},
    Meaning{"operational", Severity::Normal},
    Meaning{"operating", Severity::Normal},
    Meaning{"standby", Severity::Normal},
    Meaning{"idle", Severity::Normal},
    Meaning{"closed", Severity::Normal},
    Meaning{"full", Severity::Normal},
    Meaning{"charging", Severity::Normal},
    Meaning{"charged", Severity::Normal},
    Meaning{"floating", Severity::Normal},
    Meaning{"cleared", Severity::Normal},
    Meaning{"clear", Severity::Normal},
    Meaning{"none", Severity::Normal},
    Meaning{"success*", Severity::Normal},
    Meaning{"passed", Severity::Normal},
    Meaning{"connected", Severity::Normal},
    Meaning{"redundant", Severity::Normal},
    Meaning{"master", Severity::Normal},
    Meaning{"true", Severity::Normal},
    Meaning{"yes", Severity::Normal},
    Meaning{"valid", Severity::Normal},
    Meaning{"supported", Severity::Normal},
    Meaning{"in", Severity::Normal},
    Meaning{"enable", Severity::Normal},
    Meaning{"disable", Severity::Harmless},
    Meaning{"available", Severity::Normal},
    Meaning{"working", Severity::Normal},
    Meaning{"functional", Severity::Normal},
    Meaning{"informational", Severity::Normal},
};

const Meaning* meaning_of(std::string_view word) {
  for (const Meaning& meaning : kMeanings) {
    const bool begins = meaning.word.ends_with('*');
    if (begins ? word.starts_with(meaning.word.substr(0, meaning.word.size() - 1)) : word == meaning.word) return &meaning;
  }
  return nullptr;
}

// "psFailed", "PS_FAILED", "ps failed" and "PSFailed": ps, failed.
std::vector<std::string> words_of(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::vector<std::string> words;
  bool open = false;
  for (std::size_t i = 0; i < name.size() && i < 128; ++i) {
    if (!lower(name[i]) && !upper(name[i])) {
      open = false;
      continue;
    }
    const bool after_lower = i > 0 && lower(name[i - 1]);
    const bool before_lower = i > 0 && upper(name[i - 1]) && i + 1 < name.size() && lower(name[i + 1]);
    if (!open || (upper(name[i]) && (after_lower || before_lower))) words.emplace_back();
    open = true;
    words.back() += upper(name[i]) ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
  }
  return words;
}

// What "no", "not" and "non" make of a meaning.
Severity negated(Severity severity) {
  switch (severity) {
    case Severity::Normal:
    case Severity::Harmless:
      return Severity::Harmless;
    case Severity::Urgent:
    case Severity::Fatal:
    default:
      return Severity::Normal;
  }
}

struct ClassUnit {
  std::string_view name, unit;
};
constexpr std::array kClasses{
    ClassUnit{"airflow", "cubic_foot_per_minute"},
    ClassUnit{"ap_count", "count"},
    ClassUnit{"ber", "ratio"},
    ClassUnit{"bitrate", "bit_per_second"},
    ClassUnit{"capacity", "percent"},
    ClassUnit{"ccq", "percent"},
    ClassUnit{"cell", "count"},
    ClassUnit{"channel", "count"},
    ClassUnit{"charge", "percent"},
    ClassUnit{"chromatic_dispersion", "picosecond_per_nanometre"},
    ClassUnit{"clients", "count"},
    ClassUnit{"cooling", "watt"},
    ClassUnit{"count", "count"},
    ClassUnit{"current", "ampere"},
    ClassUnit{"dbm", "dbm"},
    ClassUnit{"delay", "second"},
    ClassUnit{"distance", "kilometre"},
    ClassUnit{"eer", "ratio"},
    ClassUnit{"error_rate", "bit_per_second"},
    ClassUnit{"fanspeed", "rpm"},
    ClassUnit{"frequency", "hertz"},
    ClassUnit{"humidity", "percent"},
    ClassUnit{"load", "percent"},
    ClassUnit{"mse", "decibel"},
    ClassUnit{"noise_floor", "dbm"},
    ClassUnit{"percent", "percent"},
    ClassUnit{"power", "watt"},
    ClassUnit{"power_consumed", "kilowatt_hour"},
    ClassUnit{"power_factor", "ratio"},
    ClassUnit{"pressure", "kilopascal"},
    ClassUnit{"quality", "percent"},
    ClassUnit{"quality_factor", "decibel"},
    ClassUnit{"radio_errors", "count"},
    ClassUnit{"radio_frequency", "megahertz"},
    ClassUnit{"radio_power", "dbm"},
    ClassUnit{"radio_snr", "decibel"},
    ClassUnit{"rate", "bit_per_second"},
    ClassUnit{"rsrp", "dbm"},
    ClassUnit{"rsrq", "decibel"},
    ClassUnit{"rssi", "dbm"},
    ClassUnit{"runtime", "minute"},
    ClassUnit{"signal", "dbm"},
    ClassUnit{"signal_loss", "decibel"},
    ClassUnit{"sinr", "decibel"},
    ClassUnit{"snr", "decibel"},
    ClassUnit{"state", ""},
    ClassUnit{"supply", "percent"},
    ClassUnit{"temperature", "celsius"},
    ClassUnit{"tv_signal", "dbmv"},
    ClassUnit{"utilization", "percent"},
    ClassUnit{"voltage", "volt"},
    ClassUnit{"waterflow", "litre_per_minute"},
};

}  // namespace

Severity severity_of_word(std::string_view word) {
  std::optional<Severity> worst;
  bool negation = false, alarm = false;
  std::string before;
  for (const std::string& part : words_of(word)) {
    if (part == "no" || part == "not" || part == "non" || part == "un") {
      negation = true;
      before = part;
      continue;
    }
    const Meaning* meaning = meaning_of(negation ? before + part : part);  // "non" "critical"
    Severity found = Severity::Harmless;
    bool knows = meaning != nullptr;
    if (knows) {
      found = meaning->severity;
    } else if (negation) {
      if (const Meaning* plain = meaning_of(part)) {
        found = before == "not" && (part == "ok" || part == "normal" || part == "good" || part == "healthy" ||
                                    part == "working" || part == "operational" || part == "functional")
                    ? Severity::Urgent
                    : negated(plain->severity);
        knows = true;
      }
    }
    if (knows && !negation && (part.starts_with("alarm") || part.starts_with("alert"))) {
      alarm = true;  // "minorAlarm": the other word says how bad
    } else if (knows && (!worst || found > *worst)) {
      worst = found;
    }
    negation = false;
  }
  if (alarm && !(worst && *worst >= Severity::Caution)) return Severity::Danger;
  return worst.value_or(negation ? Severity::Normal : Severity::Harmless);
}

std::optional<std::string_view> unit_of_class(std::string_view sensor_class) {
  for (const ClassUnit& known : kClasses) {
    if (known.name == sensor_class) return known.unit;
  }
  return std::nullopt;
}

std::vector<std::string_view> sensor_classes() {
  std::vector<std::string_view> names;
  for (const ClassUnit& known : kClasses) names.push_back(known.name);
  return names;
}

}  // namespace bongsu::poll
