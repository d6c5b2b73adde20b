// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bongsu::discover {

// How a raw number becomes one of a sensor's class.
struct Reading {
  std::string_view sensor_class;  // as poll::unit_of_class has it
  std::string_view before{};      // of the expression: "5 / 9 * ("
  std::string_view after{};       // " / 10"
};

// What UNITS say: "0.1 degrees C", "milliVolts", "RPM", "%". Nothing for words that name no class.
std::optional<Reading> reading_of_units(std::string_view units, const std::vector<std::string>& name_words);
// What is known of an object beside its UNITS, and what it answered.
struct Measured {
  const std::vector<std::string>& words;  // of its name
  std::string_view description{};
  std::string_view hint{};        // DISPLAY-HINT: "d-2"
  std::string_view convention{};  // "MilliVolts"
  double least = 0, most = 0;     // answered
};
// What name, description, convention and hint say where there are no UNITS. A quantity whose scale nothing tells is taken as
// it is where the values can be such (plausible()). Nothing for settings, bounds and what nobody can tell.
std::optional<Reading> reading_of_words(const Measured& object);
// The same where values such as were answered can be; with a tenth of the scale where they then can; else nothing.
std::optional<Reading> plausible(const Reading& reading, double least, double most);
// Of an object that is no measurement but a number of things: sessions, clients, alarms.
bool counts_things(const std::vector<std::string>& words);
// A bound of a measurement and no measurement: a threshold, a limit, a nominal or configured value.
bool is_bound(const std::vector<std::string>& words);

// "acmeFanSpeedRPM" -> acme fan speed rpm
std::vector<std::string> words_of_name(std::string_view name);
bool has_word(const std::vector<std::string>& words, std::string_view word);

}  // namespace bongsu::discover
