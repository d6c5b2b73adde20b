// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

// Running figures of one group; which of them are used depends on the operator.
struct Tally {
  std::size_t count = 0;
  ExactSum sum;
  double low = 0;
  double high = 0;
  double mean = 0;
  double squares = 0;
  double spared_mean = 0;  // never the sum of two values, so finite where they are
  bool finite = true;

  void add(double value) {
    ++count;
    sum.add(value);
    finite = finite && std::isfinite(value);
    spared_mean += value / static_cast<double>(count) - spared_mean / static_cast<double>(count);
    if (count == 1) {
      low = high = value;
    } else {
      if (value < low || std::isnan(low)) low = value;
      if (value > high || std::isnan(high)) high = value;
    }
    const double delta = value - mean;
    mean += delta / static_cast<double>(count);
    squares += delta * (value - mean);
  }
  double average() const {
    const double total = sum.value();
    if (!std::isfinite(total) && finite) return spared_mean;  // a sum out of range, of values that are not
    return total / static_cast<double>(count);
  }
};

// NaN is the least that topk and the greatest that bottomk wants.
bool stands_before(AggregateOp op, double a, double b) {
  if (std::isnan(b)) return !std::isnan(a);
  return op == AggregateOp::TopK ? a > b : a < b;
}

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

double exact_mean(std::span<const double> values) {
  Tally tally;
  for (const double value : values) tally.add(value);
  return tally.average();
}

Result<Vector> Evaluation::count_values(const Aggregate& node, const Vector& input, Time) {
  const std::string& name = text_of(*node.param);
  if (name.empty() || !is_valid_utf8(name))
    return Error{Code::Invalid, "invalid label name \"" + escape_terminal(name) + "\" for count_values; give a name in UTF-8"};
  std::map<Labels, double> counts;
  const KeyTable table(node.grouped && !node.without, node.labels, false);
  for (const Element& element : input) {
    Labels labels = node.grouped ? table.part(*element.labels) : Labels();
    labels.set(name, format_number(element.value));
    ++counts[std::move(labels)];
  }
  Vector out;
  for (const auto& [labels, count] : counts) out.push_back({std::make_shared<const Labels>(labels), count});
  return out;
}

Result<Vector> Evaluation::aggregate(const Expr& expr, const Aggregate& node, Time at) {
  double param = 0;
  if (node.param && node.op != AggregateOp::CountValues) {
    BONGSU_TRY(param, scalar(*node.param, at));
  }
  BONGSU_TRY(const Vector input, vector(*node.inner, at));
  if (node.op == AggregateOp::CountValues) return count_values(node, input, at);
  const bool chooses = node.op == AggregateOp::TopK || node.op == AggregateOp::BottomK;
  if (chooses && std::isnan(param))
    return Error{Code::Invalid, "Parameter value is NaN: " + std::string(to_string(node.op)) + " needs a count"};
  if (chooses && !(param >= 1)) return Vector{};

  // No clause at all is `by ()`.
  KeyTable& table = keys(expr, !node.without, node.labels);
  std::vector<LabelsPtr>& groups = nodes_[&expr].groups;
  std::vector<std::uint32_t> order;  // ids in order of appearance
  std::vector<Tally> tallies(table.size());
  std::vector<std::vector<const Element*>> members;
  const bool keeps = chooses || node.op == AggregateOp::Quantile;
  for (const Element& element : input) {
    const std::uint32_t id = table.id(element.labels);
    if (id >= groups.size()) groups.resize(id + 1);
    if (!groups[id] && !chooses) groups[id] = std::make_shared<const Labels>(table.part(*element.labels));
    if (id >= tallies.size()) tallies.resize(id + 1);
    if (tallies[id].count == 0) order.push_back(id);
    tallies[id].add(element.value);
    if (keeps) {
      if (id >= members.size()) members.resize(id + 1);
      members[id].push_back(&element);
    }
  }
  Vector out;
  out.reserve(order.size());
  for (const std::uint32_t id : order) {
    const Tally& tally = tallies[id];
    const double count = static_cast<double>(tally.count);
    double value = 0;
    switch (node.op) {
      case AggregateOp::Sum:
        value = tally.sum.value();
        break;
      case AggregateOp::Avg:
        value = tally.average();
        break;
      case AggregateOp::Min:
        value = tally.low;
        break;
      case AggregateOp::Max:
        value = tally.high;
        break;
      case AggregateOp::Count:
        value = count;
        break;
      case AggregateOp::Group:
        value = 1;
        break;
      case AggregateOp::Stddev:
        value = std::sqrt(tally.squares / count);
        break;
      case AggregateOp::Stdvar:
        value = tally.squares / count;
        break;
      case AggregateOp::Quantile: {
        std::vector<double> values;
        for (const Element* element : members[id]) values.push_back(element->value);
        value = quantile(param, values);
        break;
      }
      case AggregateOp::TopK:
      case AggregateOp::BottomK: {
        auto& all = members[id];
        const std::size_t k = param < static_cast<double>(all.size()) ? static_cast<std::size_t>(param) : all.size();
        std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end(),
                          [&](const Element* a, const Element* b) {
                            if (stands_before(node.op, a->value, b->value)) return true;
                            return !stands_before(node.op, b->value, a->value) && a < b;
                          });
        for (std::size_t i = 0; i < k; ++i) out.push_back(*all[i]);
        continue;
      }
      default:
        break;
    }
    out.push_back({groups[id], value});
  }
  return out;
}

}  // namespace bongsu::query
