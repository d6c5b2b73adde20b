// SPDX-License-Identifier: Apache-2.0
#include "query/eval.h"

#include <algorithm>
#include <cmath>

#include "model/marker.h"

namespace bongsu::query {

const Expr& strip(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* paren = std::get_if<Paren>(&inner->node)) inner = paren->inner.get();
  return *inner;
}

const std::string& text_of(const Expr& expr) { return std::get<Text>(strip(expr).node).value; }

Error same_labelset(const std::string& remedy) {
  return {Code::Invalid, "vector cannot contain metrics with the same labelset; " + remedy};
}

Evaluation::Evaluation(const PointSource& source, const EngineOptions& options, const Control& control, Time start, Time end,
                       Millis step)
    : source_(source),
      options_(options),
      control_(control),
      lookback_(control.lookback.value_or(options.lookback)),
      start_(start),
      end_(end),
      step_(step),
      alarm_{control.stop, control.since + std::min(control.max_time.value_or(options.max_time), options.max_time)},
      raw_since_(source.kept_since(Resolution::Raw)),
      five_since_(source.kept_since(Resolution::FiveMinutes)),
      hour_since_(source.kept_since(Resolution::Hour)) {}

void Evaluation::note(std::vector<Note>& notes, std::string text, const Expr& at) {
  Note made{std::move(text), at.begin};
  if (std::find(notes.begin(), notes.end(), made) == notes.end()) notes.push_back(std::move(made));
}

Status Evaluation::alive() {
  if (!alarm_.rings()) return {};
  if (alarm_.stop.stop_requested()) return Error{Code::Cancelled, "query was canceled; nobody waits for its answer"};
  return Error{Code::Timeout, "query timed out after " +
                                  format_duration(std::min(control_.max_time.value_or(options_.max_time), options_.max_time)) +
                                  "; ask for less time, fewer series or a larger step"};
}

Status Evaluation::reserve(std::size_t samples, const char* what) const {
  if (held_ + samples <= options_.max_samples && samples <= options_.max_samples) return {};
  return Error{Code::Limit, std::string("query processing would load too many samples into memory: ") + what + " takes it past " +
                                std::to_string(options_.max_samples) + "; ask for less time, fewer series or a larger step"};
}

Result<Grid> Evaluation::make_grid(std::vector<Row> rows, std::size_t steps) {
  const std::size_t samples = rows.size() * ((steps + 1) / 2);
  BONGSU_TRY_OK(alive());
  BONGSU_TRY_OK(reserve(samples, "a part of its result"));
  Grid grid;
  grid.steps = steps;
  grid.charge = Charge(held_, samples);
  grid.cells.assign(rows.size() * steps, nothing());
  grid.rows = std::move(rows);
  return grid;
}

LabelsPtr Evaluation::shown(const Row& row) const {
  if (!row.nameless || !row.labels->has(kMetricName)) return row.labels;
  return std::make_shared<const Labels>(row.labels->without(kMetricName));
}

Status Evaluation::join_same(Grid& grid) {
  if (grid.rows.size() < 2) return {};
  KeyTable table = KeyTable::whole();
  std::vector<std::size_t> first;  // by id, the row that had it first
  bool joined = false;
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    const std::uint32_t id = table.id(key_of(grid.rows[r]));
    if (id == first.size()) {
      first.push_back(r);
      continue;
    }
    joined = true;
    double* into = grid.row(first[id]);
    double* from = grid.row(r);
    for (std::size_t i = 0; i < grid.steps; ++i) {
      if (is_nothing(from[i])) continue;
      if (!is_nothing(into[i])) {
        return same_labelset("two series are " + shown({grid.rows[r].labels, hides_name(grid.rows[r])})->to_string() +
                             "; select one metric, or keep a label that tells them apart");
      }
      into[i] = from[i];
    }
  }
  if (!joined) return {};
  for (std::size_t k = 0; k < first.size(); ++k) {
    if (first[k] == k) continue;
    grid.rows[k] = std::move(grid.rows[first[k]]);
    std::copy_n(grid.row(first[k]), grid.steps, grid.row(k));
  }
  grid.rows.resize(first.size());
  grid.cells.resize(first.size() * grid.steps);
  return {};
}

Status Evaluation::drop_names(Grid& grid) {
  bool same = true;  // with one name, no two rows can become the same
  const std::string_view name = grid.rows.empty() || hides_name(grid.rows[0]) ? "" : grid.rows[0].labels->metric();
  for (Row& row : grid.rows) {
    same = same && (hides_name(row) ? std::string_view() : row.labels->metric()) == name;
    row.nameless = true;
  }
  return same || options_.delayed_names ? Status{} : join_same(grid);
}

Status Evaluation::finish(Grid& grid) {
  if (!options_.delayed_names || std::none_of(grid.rows.begin(), grid.rows.end(), [](const Row& row) { return row.nameless; }))
    return {};
  for (Row& row : grid.rows) row = {shown(row), false};
  return join_same(grid);
}

Result<Scalars> Evaluation::scalars(const Expr& expr, const Steps& steps) {
  if (const auto* node = std::get_if<Number>(&expr.node)) return Scalars(steps.count, node->value);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return scalars(*node->inner, steps);
  if (const auto* node = std::get_if<Unary>(&expr.node)) {
    BONGSU_TRY(Scalars values, scalars(*node->inner, steps));
    if (node->minus) {
      for (double& value : values) value = -value;
    }
    return values;
  }
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    BONGSU_TRY(Scalars left, scalars(*node->left, steps));
    BONGSU_TRY(const Scalars right, scalars(*node->right, steps));
    for (std::size_t i = 0; i < left.size(); ++i) {
      left[i] = is_comparison(node->op) ? (compare(node->op, left[i], right[i]) ? 1.0 : 0.0) : apply(node->op, left[i], right[i]);
    }
    return left;
  }
  const auto& node = std::get<Call>(expr.node);
  Scalars values(steps.count, 3.141592653589793);  // pi()
  if (node.function->name == "time") {
    for (std::size_t i = 0; i < steps.count; ++i) values[i] = static_cast<double>(to_ms(steps.at(i))) / 1000;
  } else if (node.function->name == "scalar") {
    BONGSU_TRY(const Grid found, grid(*node.args[0], steps));
    for (std::size_t i = 0; i < steps.count; ++i) {
      std::size_t count = 0;
      for (std::size_t r = 0; r < found.rows.size() && count < 2; ++r) {
        if (is_nothing(found.row(r)[i])) continue;
        ++count;
        values[i] = found.row(r)[i];
      }
      if (count != 1) values[i] = std::nan("");
    }
  }
  return values;
}

Result<Grid> Evaluation::grid(const Expr& expr, const Steps& steps) {
  BONGSU_TRY_OK(alive());
  if (const auto* node = std::get_if<Selector>(&expr.node)) return select(expr, *node, steps, false);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return grid(*node->inner, steps);
  if (const auto* node = std::get_if<Unary>(&expr.node)) return unary(*node, steps);
  if (const auto* node = std::get_if<Binary>(&expr.node)) return binary(expr, *node, steps);
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) return aggregate(expr, *node, steps);
  return call(expr, std::get<Call>(expr.node), steps);
}

Result<Grid> Evaluation::unary(const Unary& node, const Steps& steps) {
  BONGSU_TRY(Grid found, grid(*node.inner, steps));
  if (!node.minus) return found;
  for (double& cell : found.cells) {
    if (!is_nothing(cell)) cell = -cell;
  }
  BONGSU_TRY_OK(drop_names(found));
  return found;
}

std::vector<Row> Evaluation::rows_of(Loaded& loaded) {
  const auto labels_of = [&](LabelsPtr& labels) { return loaded.shared ? labels : std::move(labels); };
  std::vector<Row> rows;
  rows.reserve(loaded.latest.size() + loaded.series.size());
  for (Latest& latest : loaded.latest) rows.push_back({labels_of(latest.labels), false});
  for (Series& series : loaded.series) rows.push_back({labels_of(series.labels), false});
  return rows;
}

void Evaluation::fill(const Loaded& loaded, const Selector& selector, const Steps& steps, bool as_time, std::size_t r,
                      std::size_t first, std::size_t last, double* cells) const {
  const auto value_of = [&](const Sample& sample) {
    return as_time ? static_cast<double>(to_ms(sample.at)) / 1000 : sample.value;
  };
  if (loaded.newest_only) {
    const Sample& sample = loaded.latest[r].sample;
    std::fill_n(cells, last - first, is_marker(sample.value) ? nothing() : value_of(sample));
    return;
  }
  const Time begin = shifted(selector.shift, steps.from);
  const bool fixed = selector.shift.at.has_value();
  const bool smoothed = selector.ends == Selector::Ends::Smoothed;
  const std::span<const Sample> samples = smoothed ? loaded.values_of(r) : std::span<const Sample>(loaded.series[r].samples);
  const auto at_step = [&](std::size_t i) { return fixed ? begin : begin + steps.step * static_cast<std::int64_t>(i); };
  std::size_t after = 0;  // the first sample later than the step
  if (first > 0) {
    const auto later = [](Time at, const Sample& sample) { return at < sample.at; };
    const auto found = std::upper_bound(samples.begin(), samples.end(), at_step(first), later);
    after = static_cast<std::size_t>(found - samples.begin());
  }
  const bool tiered = !loaded.tiers.empty();
  for (std::size_t i = first; i < last; ++i, ++cells) {
    const Time at = at_step(i);
    while (after < samples.size() && samples[after].at <= at) ++after;
    double cell = nothing();
    if (after > 0) {
      const Sample& now = samples[after - 1];
      const Millis reach = tiered ? loaded.lookback_at(at, lookback_) : lookback_;
      if (now.at > at - reach && !(std::isnan(now.value) && is_marker(now.value))) cell = value_of(now);
      if (smoothed && !is_nothing(cell) && now.at < at && after < samples.size() && samples[after].at <= at + lookback_) {
        const Sample& next = samples[after];
        cell = now.value + (next.value - now.value) * static_cast<double>((at - now.at).count()) /
                               static_cast<double>((next.at - now.at).count());
      }
    }
    *cells = cell;
  }
}

Result<Grid> Evaluation::select(const Expr& expr, const Selector& selector, const Steps& steps, bool as_time) {
  Loaded& loaded = *by_node_.at(&expr);
  BONGSU_TRY(Grid out, make_grid(rows_of(loaded), steps.count));
  share(out.rows.size(), out.cells.size(), [&](std::size_t from, std::size_t to) {
    for (std::size_t r = from; r < to; ++r) fill(loaded, selector, steps, as_time, r, 0, steps.count, out.row(r));
  });
  return out;
}

Result<Evaluation::Ranges> Evaluation::range_of(const Expr& expr, const Steps& steps) {
  const Expr& inner = strip(expr);
  Ranges out;
  if (const auto* node = std::get_if<RangeSelector>(&inner.node)) {
    out.range = resolved(node->range_expr, node->range);
    out.shift = node->selector.shift;
    out.ends = node->selector.ends;
    Loaded& loaded = *by_node_.at(&inner);
    if (loaded.column != Column::Samples) out.coarse = &loaded;
    out.rows.reserve(loaded.series.size());
    out.samples.reserve(loaded.series.size());
    for (std::size_t r = 0; r < loaded.series.size(); ++r) {
      LabelsPtr& labels = loaded.series[r].labels;
      out.rows.push_back({loaded.shared ? labels : std::move(labels), false});
      out.samples.push_back(loaded.values_of(r));
    }
    return out;
  }
  const auto& node = std::get<Subquery>(inner.node);
  out.range = resolved(node.range_expr, node.range);
  out.shift = node.shift;
  const Steps within = inner_steps(node, steps);
  if (within.count == 0) return out;
  BONGSU_TRY(Grid found, grid(*node.inner, within));
  std::size_t held = 0;
  for (std::size_t r = 0; r < found.rows.size(); ++r) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < found.steps; ++i) {
      if (!is_nothing(found.row(r)[i])) samples.push_back({within.at(i), found.row(r)[i]});
    }
    if (samples.empty()) continue;
    held += samples.size();
    BONGSU_TRY_OK(reserve(held, "a subquery"));
    out.rows.push_back(found.rows[r]);
    out.owned.push_back(std::move(samples));
  }
  for (const auto& samples : out.owned) out.samples.emplace_back(samples);
  out.charge = Charge(held_, held);
  return out;
}

Result<std::vector<Series>> Evaluation::ranges(const Expr& expr, Time at) {
  BONGSU_TRY(const Ranges found, range_of(expr, Steps{at, Millis(1), 1}));
  const Time to = shifted(found.shift, at);
  const Time from = to - found.range;
  const auto later = [](Time t, const Sample& s) { return t < s.at; };
  std::vector<Series> out;
  for (std::size_t r = 0; r < found.rows.size(); ++r) {
    const auto samples = found.samples[r];
    auto first = std::upper_bound(samples.begin(), samples.end(), from, later);
    auto last = std::upper_bound(first, samples.end(), to, later);
    std::vector<Sample> kept(first, last);
    if (found.ends != Selector::Ends::Plain) {
      // What the ends of the range would see, in place of what stands on them or beyond.
      const bool smoothed = found.ends == Selector::Ends::Smoothed;
      const auto between = [](const Sample& a, const Sample& b, Time t) {
        return a.value +
               (b.value - a.value) * static_cast<double>((t - a.at).count()) / static_cast<double>((b.at - a.at).count());
      };
      const bool next = smoothed && last != samples.end() && last->at <= to + lookback_;
      if (kept.empty() && !next) continue;
      const bool before = first != samples.begin() && (first - 1)->at > from - lookback_;
      double left = before ? (first - 1)->value : first->value;
      if (before && smoothed && (first - 1)->at < from) left = between(*(first - 1), *first, from);
      double right = kept.empty() ? left : kept.back().value;
      if (next && (kept.empty() || kept.back().at < to)) {
        if (!kept.empty() || before) right = between(*(last - 1), *last, to);
        else right = last->value;
      }
      if (!kept.empty() && kept.back().at >= to) kept.pop_back();
      kept.insert(kept.begin(), {from, left});
      kept.push_back({to, right});
    }
    if (!kept.empty()) out.push_back({shown(found.rows[r]), std::move(kept)});
  }
  std::sort(out.begin(), out.end(), [](const Series& a, const Series& b) { return *a.labels < *b.labels; });
  return out;
}

}  // namespace bongsu::query
