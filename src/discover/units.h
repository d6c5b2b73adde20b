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
// What a name says where there are no UNITS: temperature, humidity, a share of hundred. The values must be such as can be.
std::optional<Reading> reading_of_name(const std::vector<std::string>& name_words, double least, double most);

// "acmeFanSpeedRPM" -> acme fan speed rpm
std::vector<std::string> words_of_name(std::string_view name);
bool has_word(const std::vector<std::string>& words, std::string_view word);

}  // namespace bongsu::discover
