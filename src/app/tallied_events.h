// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/lock.h"
#include "model/event.h"
#include "model/sink.h"

namespace bongsu::app {

// Hands log lines on, and counts those of each device: syslog_messages_total, by which its silence is told.
class TalliedEvents final : public EventSink {
 public:
  explicit TalliedEvents(EventSink& next) : next_(next) {}  // must outlive it
  Status append(std::vector<Event> events) override {
    {
      const auto counts = counts_.lock();
      for (const Event& event : events) {
        if (event.kind == EventKind::Syslog && !event.device.empty()) ++(*counts)[event.device];
      }
    }
    return next_.append(std::move(events));
  }
  // Writes how many there were since the start. Thread: any, not a reactor's.
  Status write(PointSink& points, Time now) const {
    const auto counts = std::map<std::string, std::uint64_t>(*counts_.lock());
    std::vector<Point> batch;
    for (const auto& [device, lines] : counts) {
      BONGSU_TRY(const SeriesId id,
                 points.series(Labels{{std::string(kMetricName), "syslog_messages_total"}, {"device", device}}));
      batch.push_back({id, {now, static_cast<double>(lines)}});
    }
    return batch.empty() ? Status() : points.append(batch);
  }

 private:
  EventSink& next_;
  Guarded<std::map<std::string, std::uint64_t>> counts_;
};

}  // namespace bongsu::app
