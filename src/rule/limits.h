// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/labels.h"
#include "query/engine.h"
#include "rule/spec.h"

namespace bongsu::rule {

// The levels of an item and of its overrides whose limit is a query, each query once.
std::vector<const Level*> queried_levels(const ItemSpec& item);

// What the queries of an item's limits gave: a limit for each label set.
class Limits {
 public:
  // Asks them all. Errors: as query::Engine.
  static Result<Limits> at(const ItemSpec& item, const query::Engine& queries, Time now);
  void take(const Level& level, const Labels& labels, double limit);  // NaN is none
  // The levels of the item, or of one of its overrides, on these labels: those whose limit is a query have the number that it
  // gave there, or are left out where it gave none. None at all: the item does not judge these labels. Holds until the next call.
  std::span<const Level> levels(const ItemSpec& spec, const Labels& labels);

 private:
  std::map<std::string, std::unordered_map<Labels, double>, std::less<>> given_;  // by query
  std::vector<Level> made_;
};

}  // namespace bongsu::rule
