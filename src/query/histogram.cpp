// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

constexpr std::string_view kBucketLabel = "le";

// How many observations were at most `bound`.
struct ClassicBucket {
  double bound;
  double count;
};
using Buckets = std::vector<ClassicBucket>;

void sort_and_merge(Buckets& buckets) {
  std::stable_sort(buckets.begin(), buckets.end(),
                   [](const ClassicBucket& a, const ClassicBucket& b) { return a.bound < b.bound; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].bound == buckets[last].bound) buckets[last].count += buckets[i].count;
    else buckets[++last] = buckets[i];
  }
  buckets.resize(last + 1);
}

// Counts can only rise with the bound. What rounding took away is put right in silence; gives whether there was more than that.
bool make_monotonic(Buckets& buckets) {
  constexpr double kRounding = 1e-12;
  bool forced = false;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    const double before = buckets[i - 1].count;
    double& now = buckets[i].count;
    if (now == before) continue;
    const double scale = std::abs(now) + std::abs(before);
    if (std::abs(now - before) <= kRounding * std::min(scale, 1.7976931348623157e308)) {
      now = before;
    } else if (now < before) {
      now = before;
      forced = true;
    }
  }
  return forced;
}

struct Quantile {
  double value;
  bool forced = false;  // the buckets were not monotonic
};

Quantile quantile_of(double phi, Buckets& buckets) {
  if (std::isnan(phi)) return {std::nan("")};
  if (phi < 0) return {-HUGE_VAL};
  if (phi > 1) return {HUGE_VAL};
  sort_and_merge(buckets);
  if (buckets.back().bound != HUGE_VAL) return {std::nan("")};
  const bool forced = make_monotonic(buckets);
  if (buckets.size() < 2) return {std::nan("")};
  const double observations = buckets.back().count;
  if (observations == 0) return {std::nan("")};
  double rank = phi * observations;
  std::size_t b = 0;
  while (b + 1 < buckets.size() && !(buckets[b].count >= rank)) ++b;
  if (b + 1 == buckets.size()) return {buckets[b - 1].bound, forced};
  if (b == 0 && buckets[0].bound <= 0) return {buckets[0].bound, forced};
  double begin = 0;
  double count = buckets[b].count;
  if (b > 0) {
    begin = buckets[b - 1].bound;
    count -= buckets[b - 1].count;
    rank -= buckets[b - 1].count;
  }
  return {begin + (buckets[b].bound - begin) * (rank / count), forced};
}

// The part of all observations above `lower` and at most `upper`.
double fraction_of(double lower, double upper, Buckets& buckets) {
  sort_and_merge(buckets);
  if (buckets.back().bound != HUGE_VAL) return std::nan("");
  make_monotonic(buckets);
  const double observations = buckets.back().count;
  if (observations == 0 || std::isnan(lower) || std::isnan(upper)) return std::nan("");
  if (lower >= upper) return 0;
  const auto rank_of = [&](double bound) {
    double begin = buckets[0].bound > 0 ? 0 : -HUGE_VAL;
    double below = 0;
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      if (b > 0) begin = buckets[b - 1].bound;
      if (begin >= bound) return below;
      if (buckets[b].bound > bound) {
        // An unbounded bucket says nothing of where within it.
        if (std::isinf(begin)) return buckets[b].count;
        if (std::isinf(buckets[b].bound)) return below;
        return below + (buckets[b].count - below) * (bound - begin) / (buckets[b].bound - begin);
      }
      below = buckets[b].count;
    }
    return below;
  };
  return (rank_of(upper) - rank_of(lower)) / observations;
}

}  // namespace

Result<Grid> Evaluation::histogram(const Call& node, const Steps& steps) {
  const bool fraction = node.function->name == "histogram_fraction";
  BONGSU_TRY(const Scalars first, scalars(*node.args[0], steps));
  Scalars second;
  if (fraction) {
    BONGSU_TRY(second, scalars(*node.args[1], steps));
  }
  const Expr& argument = *node.args.back();
  BONGSU_TRY(const Grid input, grid(argument, steps));
  if (!fraction) {
    for (const double phi : first) {
      if (!(phi >= 0 && phi <= 1)) warn("quantile value should be between 0 and 1, got " + format_number(phi), *node.args[0]);
    }
  }
  // Buckets of one histogram share all labels but `le`; with the name they keep it until it is dropped.
  KeyTable table = options_.delayed_names ? KeyTable::whole() : KeyTable(false, {std::string(kBucketLabel)});
  struct Member {
    std::size_t row;
    double bound;
  };
  std::vector<std::vector<Member>> members;
  std::vector<Row> rows;
  std::vector<LabelsPtr> kept;  // what the table points to
  for (std::size_t r = 0; r < input.rows.size(); ++r) {
    const Row& row = input.rows[r];
    const auto bound = parse_number(row.labels->get(kBucketLabel));
    if (!bound) {
      std::string text = "bucket label \"le\" is missing or has a malformed value of ";
      append_quoted(text, row.labels->get(kBucketLabel));
      if (const std::string_view name = hides_name(row) ? "" : row.labels->metric(); !name.empty()) {
        text += " for metric name ";
        append_quoted(text, name);
      }
      if (std::any_of(input.row(r), input.row(r) + steps.count, [](double cell) { return !is_nothing(cell); }))
        warn(std::move(text), argument);
      continue;
    }
    Labels labels = *row.labels;
    labels.erase(kBucketLabel);
    if (!options_.delayed_names) labels.erase(kMetricName);
    kept.push_back(std::make_shared<const Labels>(std::move(labels)));
    const std::uint32_t group = table.id({kept.back().get(), false});
    if (group == rows.size()) {
      rows.push_back({kept.back(), true});
      members.emplace_back();
    }
    members[group].push_back({r, *bound});
  }
  BONGSU_TRY(Grid out, make_grid(std::move(rows), steps.count));
  Buckets buckets;
  for (std::size_t g = 0; g < members.size(); ++g) {
    bool forced = false;
    for (std::size_t i = 0; i < steps.count; ++i) {
      buckets.clear();
      for (const Member& member : members[g]) {
        const double count = input.row(member.row)[i];
        if (!is_nothing(count)) buckets.push_back({member.bound, count});
      }
      if (buckets.empty()) continue;
      if (fraction) {
        out.row(g)[i] = fraction_of(first[i], second[i], buckets);
        continue;
      }
      const Quantile found = quantile_of(first[i], buckets);
      out.row(g)[i] = found.value;
      forced = forced || found.forced;
    }
    if (!forced) continue;
    std::string text =
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
    if (const std::string_view name = out.rows[g].labels->metric(); !name.empty()) {
      text += " for metric name ";
      append_quoted(text, name);
    }
    inform(std::move(text), argument);
  }
  return out;
}

}  // namespace bongsu::query
