// SPDX-License-Identifier: Apache-2.0
#include "workload.h"

#include <algorithm>
#include <string>

#include "model/marker.h"

namespace bongsu::crash {
namespace {

constexpr auto kKept = std::chrono::hours(36);

std::uint64_t mixed(std::uint64_t series, std::int64_t batch, std::uint64_t salt) {
  std::uint64_t x = series * 0x9e3779b97f4a7c15 ^ static_cast<std::uint64_t>(batch) * 0xbf58476d1ce4e5b9 ^ salt;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

}  // namespace

Time time_of(std::int64_t batch) { return time_from_ms(kStart + batch * kStep); }

std::int64_t first_batch(std::uint32_t series) { return series < kSeries / 2 ? 0 : (series - kSeries / 2 + 1) * 40; }

Labels labels_of(std::uint32_t series) {
  return {{"__name__", "m" + std::to_string(series % 7)},
          {"device", "d" + std::to_string(series / 8)},
          {"n", std::to_string(series)}};
}

double value_of(std::uint32_t series, std::int64_t batch) {
  const std::uint64_t noise = mixed(series, batch, 1);
  switch (series % 5) {
    case 0:
      return static_cast<double>(batch * 1'000'003 + static_cast<std::int64_t>(noise % 100'000));  // a counter
    case 1:
      return static_cast<double>(noise % 1000) / 10;  // a gauge
    case 2:
      return noise % 512 == 0 ? 2 : 1;  // a status
    case 3:
      return static_cast<double>(noise >> 11) * 0x1p-53;  // all bits
    default:
      return noise % 64 == 0 ? gap_marker(GapCause::Timeout) : noise % 64 == 1 ? stale_marker() : static_cast<double>(batch);
  }
}

std::optional<double> wrong_value_of(std::uint32_t series, std::int64_t batch) {
  if (series == 0 || delay_of(series, batch) != 0 || mixed(series, batch, 3) % 50 != 0) return std::nullopt;
  return -1.0 - static_cast<double>(batch);
}

std::int64_t delay_of(std::uint32_t series, std::int64_t batch) {
  const std::uint64_t dice = mixed(series, batch, 2);
  return series == 0 || dice % 40 != 0 ? 0 : 1 + static_cast<std::int64_t>(dice / 40 % kMostDelay);
}

std::vector<Told> batch_of(std::int64_t batch) {
  std::vector<Told> told;
  for (std::uint32_t series = 0; series < kSeries; ++series) {
    const std::int64_t from = std::max(first_batch(series), batch - kMostDelay);
    for (std::int64_t each = from; each <= batch; ++each) {
      if (each + delay_of(series, each) == batch)
        told.push_back({series, {time_of(each), wrong_value_of(series, each).value_or(value_of(series, each))}});
      else if (each + 1 == batch && wrong_value_of(series, each))
        told.push_back({series, {time_of(each), value_of(series, each)}});
    }
  }
  return told;
}

Event log_of(std::int64_t number) {
  const auto text = std::to_string(number);
  Event event{.kind = EventKind::Syslog,
              .syslog_severity = static_cast<std::int8_t>(number % 8),
              .facility = 3,
              .received = time_of(number / kLogs),
              .device = "d" + std::to_string(number % 15),
              .host = "host" + std::to_string(number % 15),
              .app = number % 3 == 0 ? "sshd" : "kernel",
              .text = "line " + text + " w" + std::to_string(number % 97) + " from 10.0." + std::to_string(number % 256) + ".1"};
  if (number % 11 == 0) event.fields.emplace_back("user", "u" + std::to_string(number % 5));
  return event;
}

Event state_of(std::int64_t number) {
  return {.kind = EventKind::Discovery, .received = time_of(number), .device = "d1", .text = "state " + std::to_string(number)};
}

StateBatch commit_of(std::int64_t number, Time at) {
  StateBatch batch;
  batch.put("t", "k" + std::to_string(number % kKeys), std::to_string(number));
  batch.put("t", "last", std::to_string(number));
  batch.events.push_back({.kind = EventKind::Alarm, .received = at, .text = "commit " + std::to_string(number)});
  return batch;
}

store::StoreOptions store_options() {
  return {.memory = 16 << 20,
          .raw_retention = kKept,
          .log_retention = kKept,
          .event_retention = kKept,
          .flush_interval = Millis(200),
          .min_free_disk = 0,
          .max_pending = 4 << 20};
}

std::int64_t oldest_kept(std::int64_t newest) {
  // The clock runs ahead of what was kept by what a crash costs at most.
  return std::max<std::int64_t>(0, newest - std::chrono::milliseconds(kKept).count() / kStep + 2000);
}

}  // namespace bongsu::crash
