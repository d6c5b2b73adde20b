// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/point.h"

namespace bongsu {

// Where points go. Thread: any. Neither method waits for a disk.
class PointSink {
 public:
  virtual ~PointSink() = default;
  // Finds the series, or makes it. Keep the id: asking costs a look-up of all labels.
  // Errors: Invalid (no metric name), Limit (series budget), Unavailable (the store is closing).
  virtual Result<SeriesId> series(const Labels& labels) = 0;
  // Takes all of the batch or, with an Error, none of it. Readable at once; durable within a second.
  // Errors: NotFound (an id whose series has left: ask series() again), Limit (writer behind), Unavailable (disk).
  virtual Status append(std::span<const Point> points) = 0;
};

// Where events go. Thread: any. Does not wait for a disk; a full queue is Limit, and the caller counts the loss.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual Status append(std::vector<Event> events) = 0;
};

}  // namespace bongsu
