// SPDX-License-Identifier: Apache-2.0
// Values and labels in the words of a person and of JSON: one way for pages, commands and notices. Nothing is escaped; that
// belongs to the edge.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/alarm.h"
#include "model/labels.h"

namespace bongsu {

// Four digits, whole numbers and what stands before the point in full, no exponent from 1e-6 to 1e15: "0.1235", "4243040",
// "98.6", "0.00005719"; "no value" for NaN and Inf.
std::string show_number(double value);
// "93.5 %", "1.2 GiB", "3 d 4 h", "1.5 ms", "1.2 kW"; any other number with its unit; "no value" for NaN and Inf.
std::string show_quantity(double value, std::string_view unit);
// The largest unit and the next one: "42 s", "5 min", "3 h 10 min", "2 d 4 h", "1 y 20 d".
std::string show_seconds(std::int64_t seconds);
// What the value means, where its item says so; else the number in its unit.
std::string show_value(const Alarm& alarm);
// As objects: an alarm the same in the API, in notices and for programs; labels without the metric's name.
void write_alarm(JsonWriter& json, const Alarm& alarm);
void write_labels(JsonWriter& json, const Labels& labels);
// Labels but the metric's name and the device: "interface eth0, ifIndex 3".
std::string show_labels(const Labels& labels);

}  // namespace bongsu
