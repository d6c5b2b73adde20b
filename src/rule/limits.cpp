// SPDX-License-Identifier: Apache-2.0
#include "rule/limits.h"

#include <algorithm>
#include <cmath>

namespace bongsu::rule {

std::vector<const Level*> queried_levels(const ItemSpec& item) {
  std::vector<const Level*> out;
  const auto add = [&](const ItemSpec& spec) {
    for (const Level& level : spec.levels) {
      const auto same = [&](const Level* one) { return one->query_text == level.query_text; };
      if (level.query && std::none_of(out.begin(), out.end(), same)) out.push_back(&level);
    }
  };
  add(item);
  for (const Override& over : item.overrides) add(*over.item);
  return out;
}

Result<Limits> Limits::at(const ItemSpec& item, const query::Engine& queries, Time now) {
  Limits out;
  for (const Level* level : queried_levels(item)) {
    BONGSU_TRY(const query::Answer answer,
               queries.instant(*level->query, now).context("limit of " + std::string(to_string(level->severity))));
    if (answer.kind == query::ValueType::Scalar) out.take(*level, Labels(), answer.scalar);
    for (const query::VectorSample& sample : answer.vector) out.take(*level, sample.labels->without(kMetricName), sample.value);
  }
  return out;
}

void Limits::take(const Level& level, const Labels& labels, double limit) {
  if (!std::isnan(limit)) given_[level.query_text].insert_or_assign(labels, limit);
}

std::span<const Level> Limits::levels(const ItemSpec& spec, const Labels& labels) {
  if (std::none_of(spec.levels.begin(), spec.levels.end(), [](const Level& level) { return level.query != nullptr; }))
    return spec.levels;
  made_.clear();
  for (const Level& level : spec.levels) {
    if (!level.query) {
      made_.push_back(level);
      continue;
    }
    const auto all = given_.find(level.query_text);
    if (all == given_.end()) continue;
    const auto at = all->second.find(labels);
    if (at == all->second.end()) continue;
    made_.push_back(level);
    made_.back().limit = at->second;
  }
  return made_;
}

}  // namespace bongsu::rule
