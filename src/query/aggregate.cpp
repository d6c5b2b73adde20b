// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

bool is_choice(AggregateOp op) {
  return op == AggregateOp::TopK || op == AggregateOp::BottomK || op == AggregateOp::LimitK || op == AggregateOp::LimitRatio;
}

// Of the values of a step one after the other, each looked at once.
bool is_fold(AggregateOp op) { return !is_choice(op) && op != AggregateOp::Quantile && op != AggregateOp::CountValues; }

}  // namespace

double quantile(double phi, std::vector<double>& values) {
  if (values.empty() || std::isnan(phi)) return std::nan("");
  if (phi < 0) return -HUGE_VAL;
  if (phi > 1) return HUGE_VAL;
  std::sort(values.begin(), values.end(), [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double n = static_cast<double>(values.size());
  const double rank = phi * (n - 1);
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(n - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<std::size_t>(lower)] * (1 - weight) + values[static_cast<std::size_t>(upper)] * weight;
}

void ExactMean::add_to_mean(double value) {
  sum_.scale((count_ - 1) / count_);
  sum_.add(value / count_);
}

Result<Grid> Evaluation::count_values(const Aggregate& node, const Grid& input) {
  const std::string& name = text_of(*node.param);
  if (name.empty() || !is_valid_utf8(name)) {
    std::string shown;
    for (const char c : name)
      shown += is_valid_utf8(std::string_view(&c, 1)) ? std::string(1, c)
                                                      : "\\x" + to_hex(std::span(reinterpret_cast<const std::uint8_t*>(&c), 1));
    return Error{Code::Invalid, "invalid label name \"" + shown + "\"; count_values needs a name in UTF-8"};
  }
  // The value is a label of each series before they are grouped.
  std::vector<std::string> by = node.labels;
  if (!node.without) by.push_back(name);
  KeyTable table(!node.without, by);
  std::vector<LabelsPtr> labelled;  // what the table points to
  std::vector<Row> rows;
  std::vector<double> cells;
  for (std::size_t r = 0; r < input.rows.size(); ++r) {
    std::map<std::string, std::size_t> places;  // rows of the result, by value
    std::size_t place = 0;
    double before = nothing();
    for (std::size_t i = 0; i < input.steps; ++i) {
      const double value = input.row(r)[i];
      if (is_nothing(value)) continue;
      if (std::bit_cast<std::uint64_t>(value) != std::bit_cast<std::uint64_t>(before)) {
        const auto [at, is_new] = places.try_emplace(fixed_number(value), 0);
        if (is_new) {
          Labels labels = hides_name(input.rows[r]) ? *shown(input.rows[r]) : *input.rows[r].labels;
          labels.set(name, at->first);
          labelled.push_back(std::make_shared<const Labels>(std::move(labels)));
          const RowKey key{labelled.back().get(), false};
          at->second = table.id(key);
          if (at->second == rows.size()) {
            rows.push_back({std::make_shared<const Labels>(table.part(key)), false});
            BONGSU_TRY_OK(reserve(cells.size(), "count_values"));
            cells.resize(cells.size() + input.steps, nothing());
          }
        }
        place = at->second;
        before = value;
      }
      double& cell = cells[place * input.steps + i];
      cell = is_nothing(cell) ? 1 : cell + 1;
    }
  }
  BONGSU_TRY(Grid out, make_grid(std::move(rows), input.steps));
  out.cells = std::move(cells);
  return out;
}

Result<Grid> Evaluation::aggregate(const Expr&, const Aggregate& node, const Steps& steps) {
  Scalars param;
  if (node.param && node.op != AggregateOp::CountValues) {
    BONGSU_TRY(param, scalars(*node.param, steps));
  }
  // Of an instant selector no grid is made, where each value is looked at once: its cells are filled part by part.
  const Expr& inner = strip(*node.inner);
  const auto* selector = is_fold(node.op) ? std::get_if<Selector>(&inner.node) : nullptr;
  Loaded* loaded = selector == nullptr ? nullptr : by_node_.at(&inner);
  Grid input;
  if (loaded == nullptr) {
    BONGSU_TRY(input, grid(*node.inner, steps));
  } else {
    input.rows = rows_of(*loaded);
  }
  if (node.op == AggregateOp::CountValues) return count_values(node, input);
  if (is_choice(node.op)) return choose(node, std::move(input), param);
  if (node.op == AggregateOp::Quantile) {
    double least = 0, most = 1;
    for (const double phi : param) {
      least = std::min(least, phi);
      most = std::max(most, phi);
    }
    const auto bad = [&](double phi) {
      warn("quantile value should be between 0 and 1, got " + format_number(phi), *node.param);
    };
    if (std::any_of(param.begin(), param.end(), [](double phi) { return std::isnan(phi); })) bad(std::nan(""));
    if (most > 1) bad(most);
    if (least < 0) bad(least);
  }

  // No clause at all is `by ()`.
  KeyTable table(!node.without, node.labels);
  std::vector<std::uint32_t> group_of(input.rows.size());
  std::vector<Row> rows;
  for (std::size_t r = 0; r < input.rows.size(); ++r) {
    const RowKey key = key_of(input.rows[r]);
    group_of[r] = table.id(key);
    if (group_of[r] == rows.size()) rows.push_back({std::make_shared<const Labels>(table.part(key)), false});
    if (options_.delayed_names && input.rows[r].nameless) rows[group_of[r]].nameless = true;
  }
  const std::size_t groups = rows.size();
  BONGSU_TRY(Grid out, make_grid(std::move(rows), steps.count));
  const std::size_t width = steps.count;
  // each(number of the result's cell, value): for the values of a step in order of the rows; on several threads, each with
  // groups of its own where they are many and alike, else with steps of its own.
  std::vector<std::uint32_t> members(groups);
  for (const std::uint32_t group : group_of) ++members[group];
  const bool by_groups = groups >= 16 && *std::max_element(members.begin(), members.end()) <= input.rows.size() / 8;
  const auto fold = [&](auto&& each) {
    share(by_groups ? groups : width, input.rows.size() * width, [&](std::size_t begin, std::size_t end) {
      const std::size_t first = by_groups ? 0 : begin;
      const std::size_t last = by_groups ? width : end;
      std::vector<double> part(loaded != nullptr ? last - first : 0);
      for (std::size_t r = 0; r < input.rows.size(); ++r) {
        if (r % 64 == 63 && alarm_.rings()) return;
        if (by_groups && (group_of[r] < begin || group_of[r] >= end)) continue;
        if (loaded != nullptr) fill(*loaded, *selector, steps, false, r, first, last, part.data());
        const double* from = loaded != nullptr ? part.data() : input.row(r) + first;
        const std::size_t base = group_of[r] * width + first;
        for (std::size_t i = 0; i < last - first; ++i) {
          if (!is_nothing(from[i])) each(base + i, from[i]);
        }
      }
    });
  };
  std::vector<double>& cells = out.cells;
  switch (node.op) {
    case AggregateOp::Sum: {
      std::vector<ExactSum> sums(groups * width);
      fold([&](std::size_t c, double value) {
        sums[c].add(value);
        cells[c] = 0;
      });
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (!is_nothing(cells[c])) cells[c] = sums[c].value();
      }
      break;
    }
    case AggregateOp::Avg: {
      std::vector<ExactMean> means(groups * width);
      fold([&](std::size_t c, double value) {
        means[c].add(value);
        cells[c] = 0;
      });
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (!is_nothing(cells[c])) cells[c] = means[c].value();
      }
      break;
    }
    case AggregateOp::Min:
      fold([&](std::size_t c, double value) {
        if (is_nothing(cells[c]) || cells[c] > value || std::isnan(cells[c])) cells[c] = value;
      });
      break;
    case AggregateOp::Max:
      fold([&](std::size_t c, double value) {
        if (is_nothing(cells[c]) || cells[c] < value || std::isnan(cells[c])) cells[c] = value;
      });
      break;
    case AggregateOp::Count:
      fold([&](std::size_t c, double) { cells[c] = is_nothing(cells[c]) ? 1 : cells[c] + 1; });
      break;
    case AggregateOp::Group:
      fold([&](std::size_t c, double) { cells[c] = 1; });
      break;
    case AggregateOp::Stddev:
    case AggregateOp::Stdvar: {
      struct Spread {
        double count = 0, mean = 0, squares = 0;
      };
      std::vector<Spread> all(groups * width);
      fold([&](std::size_t c, double value) {
        Spread& spread = all[c];
        ++spread.count;
        const double off = value - spread.mean;
        spread.mean += off / spread.count;
        spread.squares += off * (value - spread.mean);
        cells[c] = 0;
      });
      for (std::size_t c = 0; c < cells.size(); ++c) {
        if (is_nothing(cells[c])) continue;
        cells[c] = all[c].squares / all[c].count;
        if (node.op == AggregateOp::Stddev) cells[c] = std::sqrt(cells[c]);
      }
      break;
    }
    default: {  // Quantile
      std::vector<std::vector<std::uint32_t>> rows_in(groups);
      for (std::size_t r = 0; r < input.rows.size(); ++r) rows_in[group_of[r]].push_back(static_cast<std::uint32_t>(r));
      share(groups, input.cells.size() * 8, [&](std::size_t from, std::size_t to) {
        std::vector<double> values;
        for (std::size_t g = from; g < to; ++g) {
          for (std::size_t i = 0; i < width; ++i) {
            values.clear();
            for (const std::uint32_t r : rows_in[g]) {
              if (!is_nothing(input.row(r)[i])) values.push_back(input.row(r)[i]);
            }
            if (!values.empty()) out.row(g)[i] = quantile(param[i], values);
          }
        }
      });
    }
  }
  BONGSU_TRY_OK(alive());
  return out;
}

Result<Grid> Evaluation::choose(const Aggregate& node, Grid input, const Scalars& param) {
  const bool ratio = node.op == AggregateOp::LimitRatio;
  const double most = *std::max_element(param.begin(), param.end(), [](double a, double b) { return b > a || std::isnan(a); });
  const bool any_nan = std::any_of(param.begin(), param.end(), [](double k) { return std::isnan(k); });
  const double least = *std::min_element(param.begin(), param.end(), [](double a, double b) { return a < b || std::isnan(b); });
  const auto empty = [&] { return make_grid({}, input.steps); };
  if (ratio) {
    if (any_nan) return Error{Code::Invalid, "Ratio value is NaN; limit_ratio needs one from -1 to 1"};
    if (most == 0 && least == 0) return empty();
    if (most > 1) warn("ratio value should be between -1 and 1, got " + format_number(most) + ", capping to 1", *node.param);
    if (least < -1) warn("ratio value should be between -1 and 1, got " + format_number(least) + ", capping to -1", *node.param);
  } else {
    if (any_nan) return Error{Code::Invalid, "Parameter value is NaN; " + std::string(to_string(node.op)) + " needs a count"};
    if (most < 1) return empty();
    constexpr double kInt64 = 9.2233720368547758e18;
    if (least <= -kInt64) return Error{Code::Invalid, "Scalar value " + format_number(least) + " underflows int64; give a count"};
    if (most >= kInt64) return Error{Code::Invalid, "Scalar value " + format_number(most) + " overflows int64; give a count"};
  }
  KeyTable table(!node.without, node.labels);
  std::vector<std::vector<std::uint32_t>> members;  // by group, its rows
  for (std::size_t r = 0; r < input.rows.size(); ++r) {
    const std::uint32_t group = table.id(key_of(input.rows[r]));
    if (group == members.size()) members.emplace_back();
    members[group].push_back(static_cast<std::uint32_t>(r));
  }
  std::vector<double> places;  // of a series in [0, 1), by its labels alone
  if (ratio) {
    for (const Row& row : input.rows) places.push_back(static_cast<double>(row.labels->hash() >> 11) * 0x1p-53);
  }
  const bool top = node.op == AggregateOp::TopK;
  std::vector<char> kept(input.rows.size());
  std::vector<std::uint32_t> order;  // at an instant, what was chosen, the first first
  std::vector<std::uint32_t> all;
  for (std::size_t i = 0; i < input.steps; ++i) {
    const auto value = [&](std::uint32_t r) { return input.row(r)[i]; };
    std::fill(kept.begin(), kept.end(), '\0');
    for (const auto& group : members) {
      all.clear();
      for (const std::uint32_t r : group) {
        if (!is_nothing(value(r))) all.push_back(r);
      }
      if (ratio) {
        const double limit = std::clamp(param[i], -1.0, 1.0);
        std::erase_if(all, [&](std::uint32_t r) { return limit >= 0 ? places[r] >= limit : places[r] < 1 + limit; });
        if (limit == 0) all.clear();
      } else {
        const std::size_t k = !(param[i] >= 1)                             ? 0
                              : param[i] < static_cast<double>(all.size()) ? static_cast<std::size_t>(param[i])
                                                                           : all.size();
        if (node.op != AggregateOp::LimitK) {
          // NaN is the least that topk and the greatest that bottomk wants; of equal ones the first stays.
          const auto before = [&](std::uint32_t a, std::uint32_t b) {
            const double x = value(a), y = value(b);
            if (std::isnan(x) || std::isnan(y)) return std::isnan(x) == std::isnan(y) ? a < b : std::isnan(y);
            return x == y ? a < b : top ? x > y : x < y;
          };
          std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end(), before);
        }
        all.resize(k);
      }
      for (const std::uint32_t r : all) kept[r] = 1;
      if (input.steps == 1) order.insert(order.end(), all.begin(), all.end());
    }
    if (input.steps == 1) break;
    for (std::size_t r = 0; r < input.rows.size(); ++r) {
      if (kept[r] == 0) input.row(r)[i] = nothing();
    }
  }
  if (input.steps != 1) return input;
  std::vector<Row> rows;
  for (const std::uint32_t r : order) rows.push_back(input.rows[r]);
  BONGSU_TRY(Grid out, make_grid(std::move(rows), 1));
  for (std::size_t r = 0; r < order.size(); ++r) out.cells[r] = input.cells[order[r]];
  return out;
}

}  // namespace bongsu::query
