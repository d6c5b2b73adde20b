// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "http/reply.h"
#include "http/router.h"
#include "http/view.h"

namespace bongsu::http {

struct DeviceRow {
  DeviceState device;
  Severity worst = Severity::Normal;
  std::size_t open = 0;  // alarms
};
using DeviceRows = std::vector<DeviceRow>;

// In the devices' order; `levels` is sorted by device.
DeviceRows device_rows(std::vector<DeviceState> devices, const std::vector<DeviceLevels>& levels);
void sort_worst_first(DeviceRows& rows);  // down devices at the top
std::string device_table(std::span<const DeviceRow> rows, Time now);
std::string item_table(std::span<const ItemState> items, Time now, bool with_device);
std::string alarm_table(const std::vector<Alarm>& alarms, Time now);

Reply status_page(const Call& call);
Reply device_page(const Call& call);
Reply devices_page(const Call& call);
Reply alarms_page(const Call& call);
Reply alarm_page(const Call& call);
Reply logs_page(const Call& call);

// A page that says what is wrong with the request.
Reply problem_page(const Call& call, int status, std::string_view title, std::string_view text);

}  // namespace bongsu::http
