// SPDX-License-Identifier: Apache-2.0
#include "query/eval.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "query/functions.h"

namespace bongsu::query {
namespace {

struct PointedHash {
  std::size_t operator()(const Labels* labels) const { return labels->hash(); }
};
struct PointedEqual {
  bool operator()(const Labels* a, const Labels* b) const { return *a == *b; }
};

}  // namespace

KeyTable::KeyTable(bool on, std::vector<std::string> labels, bool remember)
    : on_(on), remember_(remember), labels_(std::move(labels)) {
  if (!on_) labels_.emplace_back(kMetricName);
  std::sort(labels_.begin(), labels_.end());
  labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
}

bool KeyTable::named(std::string_view name) const {
  return std::binary_search(labels_.begin(), labels_.end(), name, std::less<>());
}

std::uint64_t KeyTable::hash_of(const Labels& labels) const {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::string_view text) {
    hash = (hash ^ std::hash<std::string_view>{}(text)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  };
  if (on_) {
    for (const std::string& name : labels_) add(labels.get(name));
    return hash;
  }
  for (const auto& [name, value] : labels) {
    if (named(name)) continue;
    add(name);
    add(value);
  }
  return hash;
}

bool KeyTable::same(const Labels& a, const Labels& b) const {
  if (on_) {
    return std::all_of(labels_.begin(), labels_.end(), [&](const std::string& name) { return a.get(name) == b.get(name); });
  }
  const auto skip = [this](auto at, auto end) {
    while (at != end && named(at->first)) ++at;
    return at;
  };
  auto left = skip(a.begin(), a.end());
  auto right = skip(b.begin(), b.end());
  while (left != a.end() && right != b.end() && *left == *right) {
    left = skip(left + 1, a.end());
    right = skip(right + 1, b.end());
  }
  return left == a.end() && right == b.end();
}

void KeyTable::grow() {
  const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(16, slots_.size() * 2)));
  for (const Slot& slot : before) {
    if (!slot.taken) continue;
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].taken) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

std::uint32_t KeyTable::look_up(const LabelsPtr& labels) {
  if (slots_.size() <= first_.size() * 2) grow();
  const std::uint64_t hash = hash_of(*labels);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].taken; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && same(*first_[slots_[at].id], *labels)) return slots_[at].id;
  }
  slots_[at] = {hash, static_cast<std::uint32_t>(first_.size()), true};
  first_.push_back(labels);
  return slots_[at].id;
}

std::uint32_t KeyTable::id(const LabelsPtr& labels) {
  if (!remember_) return look_up(labels);
  if (const auto at = known_.find(labels); at != known_.end()) return at->second;
  const std::uint32_t id = look_up(labels);
  known_.emplace(labels, id);
  return id;
}

Labels KeyTable::part(const Labels& labels) const {
  std::vector<Labels::Pair> pairs;
  for (const auto& pair : labels) {
    if (named(pair.first) == on_) pairs.push_back(pair);
  }
  return Labels(std::move(pairs));
}

const Expr& strip(const Expr& expr) {
  const Expr* inner = &expr;
  while (const auto* paren = std::get_if<Paren>(&inner->node)) inner = paren->inner.get();
  return *inner;
}

const std::string& text_of(const Expr& expr) { return std::get<Text>(strip(expr).node).value; }

bool has_duplicates(const Vector& vector) {
  std::unordered_set<const Labels*, PointedHash, PointedEqual> seen;
  seen.reserve(vector.size());
  return std::any_of(vector.begin(), vector.end(), [&](const Element& e) { return !seen.insert(e.labels.get()).second; });
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
  return at - shift.offset;
}

Status Evaluation::hold(std::size_t samples) {
  held_ += samples;
  if (held_ > options_.max_samples) {
    return Error{Code::Limit, "the query would hold more than " + std::to_string(options_.max_samples) +
                                  " samples; ask for less time, fewer series or a larger step"};
  }
  return {};
}

Status Evaluation::load(const Expr& expr, const Selector& selector, Time from, Time to, bool markers) {
  SelectLimits limits = options_.limits;
  limits.max_samples = std::min(limits.max_samples, options_.max_samples - held_);
  BONGSU_TRY(std::vector<Series> found, source_.select(selector.matchers, from, to, limits));
  for (Series& series : found) {
    if (!markers) std::erase_if(series.samples, [](const Sample& sample) { return is_marker(sample.value); });
    BONGSU_TRY_OK(hold(series.samples.size()));
  }
  nodes_[&expr].series = std::move(found);
  return {};
}

Status Evaluation::load_latest(const Expr& expr, const Selector& selector, Time at) {
  SelectLimits limits = options_.limits;
  limits.max_samples = std::min(limits.max_samples, options_.max_samples - held_);
  BONGSU_TRY(nodes_[&expr].latest, source_.latest(selector.matchers, at - options_.lookback + Millis(1), at, limits));
  return hold(nodes_[&expr].latest.size());
}

Status Evaluation::prepare(const Expr& expr, Time from, Time to) {
  if (const auto* node = std::get_if<Selector>(&expr.node)) {
    if (shifted(node->shift, from) == shifted(node->shift, to)) return load_latest(expr, *node, shifted(node->shift, to));
    return load(expr, *node, shifted(node->shift, from) - options_.lookback + Millis(1), shifted(node->shift, to), true);
  }
  if (const auto* node = std::get_if<RangeSelector>(&expr.node)) {
    const Shift& shift = node->selector.shift;
    return load(expr, node->selector, shifted(shift, from) - node->range + Millis(1), shifted(shift, to), false);
  }
  if (const auto* node = std::get_if<Subquery>(&expr.node)) {
    const Millis step = node->step.value_or(options_.subquery_step);
    const Time last = shifted(node->shift, to);
    const Time before = shifted(node->shift, from) - node->range;
    // Its steps are whole multiples of the step since 1970, whenever it is asked.
    Time first = time_from_ms(to_ms(before) / step.count() * step.count());
    while (first <= before) first += step;
    if (first > last) return {};
    if ((last - first) / step > static_cast<std::int64_t>(options_.max_samples)) return hold(options_.max_samples + 1);
    BONGSU_TRY_OK(prepare(*node->inner, first, last));
    BONGSU_TRY(nodes_[&expr].series, series(*node->inner, first, last, step));
    return {};
  }
  if (const auto* node = std::get_if<Unary>(&expr.node)) return prepare(*node->inner, from, to);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return prepare(*node->inner, from, to);
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    BONGSU_TRY_OK(prepare(*node->left, from, to));
    return prepare(*node->right, from, to);
  }
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) {
    if (node->param) BONGSU_TRY_OK(prepare(*node->param, from, to));
    return prepare(*node->inner, from, to);
  }
  if (const auto* node = std::get_if<Call>(&expr.node)) {
    for (const ExprPtr& arg : node->args) BONGSU_TRY_OK(prepare(*arg, from, to));
  }
  return {};
}

Vector Evaluation::select(const Expr& expr, const Selector& selector, Time at, bool as_time) {
  const Time when = shifted(selector.shift, at);
  const Time oldest = when - options_.lookback;
  const auto value_of = [&](const Sample& sample) {
    return as_time ? static_cast<double>(to_ms(sample.at)) / 1000 : sample.value;
  };
  const Node& node = nodes_[&expr];
  Vector out;
  out.reserve(node.latest.size() + node.series.size());
  for (const Latest& latest : node.latest) {
    if (!is_marker(latest.sample.value)) out.push_back({latest.labels, value_of(latest.sample)});
  }
  for (const Series& series : node.series) {
    auto sample =
        std::upper_bound(series.samples.begin(), series.samples.end(), when, [](Time t, const Sample& s) { return t < s.at; });
    if (sample == series.samples.begin()) continue;
    --sample;
    if (sample->at <= oldest || is_marker(sample->value)) continue;
    out.push_back({series.labels, value_of(*sample)});
  }
  return out;
}

RangeVector Evaluation::slice(const Expr& expr, Time to, Millis range) {
  RangeVector out{{}, to - range, to};
  const std::vector<Series>& all = nodes_[&expr].series;
  out.elements.reserve(all.size());
  for (const Series& series : all) {
    const auto after = [](Time t, const Sample& s) { return t < s.at; };
    const auto first = std::upper_bound(series.samples.begin(), series.samples.end(), out.from, after);
    const auto last = std::upper_bound(first, series.samples.end(), to, after);
    if (first != last) out.elements.push_back({series.labels, std::span<const Sample>(first, last)});
  }
  return out;
}

LabelsPtr Evaluation::nameless(const LabelsPtr& labels) {
  if (!labels->has(kMetricName)) return labels;
  if (!single_) {
    if (const auto at = nameless_.find(labels); at != nameless_.end()) return at->second;
  }
  auto made = std::make_shared<const Labels>(labels->without(kMetricName));
  if (!single_) nameless_.emplace(labels, made);
  return made;
}

Result<Vector> Evaluation::drop_names(Vector vector) {
  bool same = true;
  const std::string first = vector.empty() ? std::string() : std::string(vector[0].labels->metric());
  for (Element& element : vector) {
    same = same && element.labels->metric() == first;
    element.labels = nameless(element.labels);
  }
  if (!same && has_duplicates(vector)) {
    return Error{Code::Invalid,
                 "vector cannot contain metrics with the same labelset: without the metric name several series are the same; "
                 "select one metric"};
  }
  return vector;
}

KeyTable& Evaluation::keys(const Expr& expr, bool on, const std::vector<std::string>& labels) {
  auto& table = nodes_[&expr].keys;
  if (!table) table = std::make_unique<KeyTable>(on, labels, !single_);
  return *table;
}

Result<double> Evaluation::scalar(const Expr& expr, Time at) {
  if (const auto* node = std::get_if<Number>(&expr.node)) return node->value;
  if (const auto* node = std::get_if<Paren>(&expr.node)) return scalar(*node->inner, at);
  if (const auto* node = std::get_if<Unary>(&expr.node)) {
    BONGSU_TRY(const double value, scalar(*node->inner, at));
    return node->minus ? -value : value;
  }
  if (const auto* node = std::get_if<Binary>(&expr.node)) {
    BONGSU_TRY(const double left, scalar(*node->left, at));
    BONGSU_TRY(const double right, scalar(*node->right, at));
    return is_comparison(node->op) ? (compare(node->op, left, right) ? 1.0 : 0.0) : apply(node->op, left, right);
  }
  const auto& node = std::get<Call>(expr.node);
  if (node.function->name == "time") return static_cast<double>(to_ms(at)) / 1000;
  if (node.function->name == "pi") return 3.141592653589793;
  BONGSU_TRY(const Vector found, vector(*node.args[0], at));  // scalar()
  return found.size() == 1 ? found[0].value : std::nan("");
}

Result<Vector> Evaluation::vector(const Expr& expr, Time at) {
  if (const auto* node = std::get_if<Selector>(&expr.node)) return select(expr, *node, at, false);
  if (const auto* node = std::get_if<Paren>(&expr.node)) return vector(*node->inner, at);
  if (const auto* node = std::get_if<Unary>(&expr.node)) return unary(*node, at);
  if (const auto* node = std::get_if<Binary>(&expr.node)) return binary(expr, *node, at);
  if (const auto* node = std::get_if<Aggregate>(&expr.node)) return aggregate(expr, *node, at);
  const auto& node = std::get<Call>(expr.node);
  // The time of the sample itself, where there is one.
  if (node.function->name == "timestamp") {
    const Expr& inner = strip(*node.args[0]);
    if (const auto* selector = std::get_if<Selector>(&inner.node)) return drop_names(select(inner, *selector, at, true));
  }
  return call(node, at);
}

Result<RangeVector> Evaluation::matrix(const Expr& expr, Time at) {
  const Expr& inner = strip(expr);
  if (const auto* node = std::get_if<RangeSelector>(&inner.node))
    return slice(inner, shifted(node->selector.shift, at), node->range);
  const auto& node = std::get<Subquery>(inner.node);
  return slice(inner, shifted(node.shift, at), node.range);
}

Result<Vector> Evaluation::unary(const Unary& node, Time at) {
  BONGSU_TRY(Vector found, vector(*node.inner, at));
  if (!node.minus) return found;
  for (Element& element : found) element.value = -element.value;
  return drop_names(std::move(found));
}

Result<std::vector<Series>> Evaluation::series(const Expr& expr, Time from, Time to, Millis step) {
  std::vector<Series> out;
  if (expr.type == ValueType::Scalar) {
    out.push_back({std::make_shared<const Labels>(), {}});
    for (Time at = from; at <= to; at += step) {
      BONGSU_TRY(const double value, scalar(expr, at));
      out[0].samples.push_back({at, value});
    }
    BONGSU_TRY_OK(hold(out[0].samples.size()));
    return out;
  }
  std::unordered_map<LabelsPtr, std::size_t> by_pointer;
  std::unordered_map<const Labels*, std::size_t, PointedHash, PointedEqual> by_labels;
  for (Time at = from; at <= to; at += step) {
    BONGSU_TRY(const Vector found, vector(expr, at));
    BONGSU_TRY_OK(hold(found.size()));
    for (const Element& element : found) {
      auto known = by_pointer.find(element.labels);
      if (known == by_pointer.end()) {
        const auto [same, is_new] = by_labels.try_emplace(element.labels.get(), out.size());
        if (is_new) out.push_back({element.labels, {}});
        known = by_pointer.emplace(element.labels, same->second).first;
      }
      out[known->second].samples.push_back({at, element.value});
    }
  }
  std::sort(out.begin(), out.end(), [](const Series& a, const Series& b) { return *a.labels < *b.labels; });
  return out;
}

}  // namespace bongsu::query
