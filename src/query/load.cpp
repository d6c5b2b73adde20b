// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <algorithm>
#include <map>
#include <thread>

#include "model/marker.h"
#include "query/eval.h"

namespace bongsu::query {

Millis Evaluation::resolved(const DurationPtr& expr, Millis fixed) const {
  return expr ? duration_of(*expr, step_, end_ - start_).value_or(fixed) : fixed;
}

Time Evaluation::shifted(const Shift& shift, Time at) const {
  if (shift.at) {
    switch (shift.at->kind) {
      case At::Kind::Time:
        at = shift.at->time;
        break;
      case At::Kind::Start:
        at = start_;
        break;
      case At::Kind::End:
        at = end_;
        break;
    }
  }
  return at - resolved(shift.offset_expr, shift.offset);
}

Steps Evaluation::inner_steps(const Subquery& node, const Steps& steps) const {
  const Millis step = node.step ? resolved(node.step_expr, *node.step) : options_.subquery_step;
  const Time last = shifted(node.shift, steps.last());
  const Time before = shifted(node.shift, steps.from) - resolved(node.range_expr, node.range);
  // Its steps are whole multiples of the step since 1970, whenever it is asked.
  Time first = time_from_ms(to_ms(before) / step.count() * step.count());
  while (first <= before) first += step;
  if (first > last) return {first, step, 0};
  return {first, step, static_cast<std::size_t>((last - first) / step) + 1};
}

// Durations that depend on the query's step or range are known only now.
Status Evaluation::check_durations(const Expr& expr) const {
  const auto check = [&](const DurationPtr& duration, bool positive) -> Status {
    if (!duration) return {};
    const Result<Millis> span = duration_of(*duration, step_, end_ - start_);
    if (!span) return span.error();
    if (positive && *span <= Millis(0)) {
      return Error{Code::Invalid,
                   "duration must be greater than 0; step() is 0 at an instant, so give it a least, as in max(step(), 1m)"};
    }
    return {};
  };
  if (const auto* node = std::get_if<Selector>(&expr.node)) return check(node->shift.offset_expr, false);
  if (const auto* node = std::get_if<RangeSelector>(&expr.node)) {
    BONGSU_TRY_OK(check(node->selector.shift.offset_expr, false));
    return check(node->range_expr, true);
  }
  if (const auto* node = std::get_if<Subquery>(&expr.node)) {
    BONGSU_TRY_OK(check(node->shift.offset_expr, false));
    BONGSU_TRY_OK(check(node->range_expr, true));
    BONGSU_TRY_OK(check(node->step_expr, true));
  }
  return {};
}

Status Evaluation::needs(const Expr& expr, const Steps& steps, std::vector<Need>& out, std::string_view function) const {
  BONGSU_TRY_OK(check_durations(expr));
  if (const auto* node = std::get_if<Selector>(&expr.node)) {
    const Time from = shifted(node->shift, steps.from);
    const Time to = shifted(node->shift, steps.last());
    const bool smoothed = node->ends == Selector::Ends::Smoothed;
    out.push_back({&expr, &node->matchers, from - lookback_ + Millis(1), smoothed ? to + lookback_ : to, from == to && !smoothed,
                   smoothed});
    choose_windows(out.back(), steps, {}, Millis(0));
    return {};
  }
  if (const auto* node = std::get_if<RangeSelector>(&expr.node)) {
    const Selector& selector = node->selector;
    Time from = shifted(selector.shift, steps.from) - resolved(node->range_expr, node->range) + Millis(1);
    Time to = shifted(selector.shift, steps.last());
    if (selector.ends != Selector::Ends::Plain) from -= lookback_;
    if (selector.ends == Selector::Ends::Smoothed) to += lookback_;
    out.push_back({&expr, &selector.matchers, from, to, false, true});
    if (selector.ends == Selector::Ends::Plain)
      choose_windows(out.back(), steps, function, resolved(node->range_expr, node->range));
    return {};
  }
  if (const auto* node = std::get_if<Subquery>(&expr.node)) {
    const Steps within = inner_steps(*node, steps);
    if (within.count == 0) return {};
    BONGSU_TRY_OK(reserve(within.count, "the steps of a subquery"));
    return needs(*node->inner, within, out);
  }
  if (const auto* node = std::get_if<Unary>(&expr.node)) return needs(*node->inner, steps, out);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return needs(*node->inner, steps, out, function);
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    BONGSU_TRY_OK(needs(*node->left, steps, out));
    return needs(*node->right, steps, out);
  }
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) {
    if (node->param) BONGSU_TRY_OK(needs(*node->param, steps, out));
    return needs(*node->inner, steps, out);
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) {
    const bool info = node->function->name == "info";  // its matchers are read when the first argument is known
    for (std::size_t i = 0; i < (info ? 1 : node->args.size()); ++i)
      BONGSU_TRY_OK(needs(*node->args[i], steps, out, node->function->name));
  }
  return {};
}

Status Evaluation::load(const Expr& expr, const Steps& steps) {
  std::vector<Need> all;
  BONGSU_TRY_OK(needs(expr, steps, all));
  return read(std::move(all));
}

Status Evaluation::read(std::vector<Need> all) {
  // One reading for all that ask for the same series at times that meet.
  struct Job {
    Need need;
    std::vector<const Expr*> nodes;
  };
  std::map<std::string, std::vector<Job>> jobs;
  std::sort(all.begin(), all.end(), [](const Need& a, const Need& b) { return a.from < b.from; });
  for (const Need& need : all) {
    std::string key(1, need.newest_only ? 'n' : 'a');
    if (need.column != Column::Samples)
      key = std::to_string(static_cast<int>(need.column)) + ' ' + std::to_string(to_ms(need.coarse_to)) + ' ' +
            std::to_string(to_ms(need.hours_to)) + ' ';
    for (const Matcher& matcher : *need.matchers)
      key += matcher.name + static_cast<char>(matcher.op) + std::to_string(matcher.value.size()) + ':' + matcher.value;
    std::vector<Job>& same = jobs[key];
    Job* found = nullptr;
    for (Job& job : same) {
      const bool meets = need.newest_only ? job.need.from == need.from && job.need.to == need.to
                                          : need.from <= job.need.to + Millis(1) && job.need.from <= need.to + Millis(1);
      if (meets) found = &job;
    }
    if (found == nullptr) {
      same.push_back({need, {need.expr}});
      continue;
    }
    found->need.from = std::min(found->need.from, need.from);
    found->need.to = std::max(found->need.to, need.to);
    found->need.range = std::max(found->need.range, need.range);
    found->need.values = found->need.values || need.values;
    found->nodes.push_back(need.expr);
  }
  for (const auto& [key, same] : jobs) {
    for (const Job& job : same) {
      BONGSU_TRY_OK(alive());
      SelectLimits limits = options_.limits;
      limits.max_samples = std::min(limits.max_samples, options_.max_samples - std::min(held_, options_.max_samples));
      auto loaded = std::make_unique<Loaded>();
      loaded->newest_only = job.need.newest_only;
      loaded->shared = job.nodes.size() > 1;
      std::size_t samples = 0;
      if (job.need.newest_only) {
        BONGSU_TRY(loaded->latest, source_.latest(*job.need.matchers, job.need.from, job.need.to, limits));
        samples = loaded->latest.size();
      } else if (job.need.column != Column::Samples) {
        BONGSU_TRY(samples, read_windows(job.need, limits, *loaded));
      } else {
        BONGSU_TRY(loaded->series, source_.select(*job.need.matchers, job.need.from, job.need.to, limits));
        for (const Series& series : loaded->series) samples += series.samples.size();
      }
      BONGSU_TRY_OK(reserve(samples, "a selector"));
      loaded->charge = Charge(held_, samples);
      if (job.need.values) {
        std::vector<Series>& all_series = loaded->series;
        const auto marked = [](const Sample& sample) { return is_marker(sample.value); };
        loaded->values.resize(all_series.size());
        share(all_series.size(), samples, [&](std::size_t first, std::size_t last) {
          for (std::size_t r = first; r < last; ++r) {
            const std::vector<Sample>& all_of_it = all_series[r].samples;
            if (std::none_of(all_of_it.begin(), all_of_it.end(), marked)) continue;
            std::vector<Sample>& values = loaded->values[r].emplace();
            std::remove_copy_if(all_of_it.begin(), all_of_it.end(), std::back_inserter(values), marked);
          }
        });
      }
      for (const Expr* node : job.nodes) by_node_[node] = loaded.get();
      loaded_.push_back(std::move(loaded));
    }
  }
  return {};
}

void Evaluation::share(std::size_t count, std::size_t cost, const std::function<void(std::size_t, std::size_t)>& work) const {
  constexpr std::size_t kWorth = 400'000;  // cells of some ns each: a thread costs about 20 us
  const std::size_t most =
      options_.threads != 0 ? options_.threads : std::min(4U, std::max(1U, std::thread::hardware_concurrency()));
  const std::size_t parts = std::min({most, count, cost / kWorth + 1});
  if (parts < 2) return work(0, count);
  std::vector<std::jthread> others;
  for (std::size_t p = 1; p < parts; ++p) {
    others.emplace_back([&work, from = count * p / parts, to = count * (p + 1) / parts] {
      pthread_setname_np(pthread_self(), "query");
      work(from, to);
    });
  }
  work(0, count / parts);
}

}  // namespace bongsu::query
