// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "model/source.h"

namespace bongsu::store {

// An EventQuery, made ready once and asked for each event. `before_id` and `limit` are the caller's.
class EventFilter {
 public:
  explicit EventFilter(const EventQuery& query);
  bool operator()(const Event& event) const;

 private:
  const EventQuery& query_;
  std::vector<std::string> words_;  // in lower case
};

}  // namespace bongsu::store
