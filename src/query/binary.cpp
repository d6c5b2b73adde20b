// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "query/eval.h"

namespace bongsu::query {

double apply(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::Add:
      return left + right;
    case BinaryOp::Sub:
      return left - right;
    case BinaryOp::Mul:
      return left * right;
    case BinaryOp::Div:
      return left / right;
    case BinaryOp::Mod:
      return std::fmod(left, right);
    case BinaryOp::Pow:
      return std::pow(left, right);
    case BinaryOp::Atan2:
      return std::atan2(left, right);
    default:
      return std::nan("");
  }
}

bool compare(BinaryOp op, double left, double right) {
  switch (op) {
    case BinaryOp::Eq:
      return left == right;
    case BinaryOp::Ne:
      return left != right;
    case BinaryOp::Lt:
      return left < right;
    case BinaryOp::Gt:
      return left > right;
    case BinaryOp::Le:
      return left <= right;
    case BinaryOp::Ge:
      return left >= right;
    default:
      return false;
  }
}

Result<Vector> Evaluation::binary(const Expr& expr, const Binary& node, Time at) {
  if (node.left->type == ValueType::Scalar) {
    BONGSU_TRY(const double left, scalar(*node.left, at));
    BONGSU_TRY(Vector right, vector(*node.right, at));
    return with_scalar(node, std::move(right), left, true);
  }
  BONGSU_TRY(Vector left, vector(*node.left, at));
  if (node.right->type == ValueType::Scalar) {
    BONGSU_TRY(const double right, scalar(*node.right, at));
    return with_scalar(node, std::move(left), right, false);
  }
  BONGSU_TRY(Vector right, vector(*node.right, at));
  if (is_set(node.op)) return combine_sets(expr, node, std::move(left), std::move(right));
  return match(expr, node, left, right);
}

Result<Vector> Evaluation::with_scalar(const Binary& node, Vector vector, double number, bool number_left) {
  if (!is_comparison(node.op)) {
    for (Element& element : vector)
      element.value = number_left ? apply(node.op, number, element.value) : apply(node.op, element.value, number);
    return drop_names(std::move(vector));
  }
  const auto holds = [&](double value) {
    return number_left ? compare(node.op, number, value) : compare(node.op, value, number);
  };
  if (!node.as_bool) {
    std::erase_if(vector, [&](const Element& element) { return !holds(element.value); });
    return vector;
  }
  for (Element& element : vector) element.value = holds(element.value) ? 1 : 0;
  return drop_names(std::move(vector));
}

Result<Vector> Evaluation::combine_sets(const Expr& expr, const Binary& node, Vector left, Vector right) {
  KeyTable& table = keys(expr, node.matching.on, node.matching.labels);
  std::vector<bool> there;
  const auto mark = [&](const Vector& side) {
    for (const Element& element : side) {
      const std::uint32_t id = table.id(element.labels);
      if (id >= there.size()) there.resize(id + 1);
      there[id] = true;
    }
  };
  const auto is_there = [&](const Element& element) {
    const std::uint32_t id = table.id(element.labels);
    return id < there.size() && there[id];
  };
  if (node.op == BinaryOp::Or) {
    mark(left);
    for (Element& element : right) {
      if (!is_there(element)) left.push_back(std::move(element));
    }
    return left;
  }
  mark(right);
  std::erase_if(left, [&](const Element& element) { return is_there(element) != (node.op == BinaryOp::And); });
  return left;
}

LabelsPtr Evaluation::result_labels(const Binary& node, const LabelsPtr& many, const LabelsPtr& one, bool drop_name) {
  const Matching& matching = node.matching;
  const bool one_to_one = matching.group == Matching::Group::None;
  if (matching.include.empty() && (!one_to_one || (!matching.on && matching.labels.empty())))
    return drop_name ? nameless(many) : many;
  std::vector<Labels::Pair> pairs;
  for (const auto& pair : *many) {
    if (drop_name && pair.first == kMetricName) continue;
    const bool listed = std::find(matching.labels.begin(), matching.labels.end(), pair.first) != matching.labels.end();
    if (one_to_one && listed != matching.on) continue;
    if (std::find(matching.include.begin(), matching.include.end(), pair.first) != matching.include.end()) continue;
    pairs.push_back(pair);
  }
  for (const std::string& name : matching.include) pairs.emplace_back(name, one->get(name));
  return std::make_shared<const Labels>(std::move(pairs));
}

Result<Vector> Evaluation::match(const Expr& expr, const Binary& node, const Vector& left, const Vector& right) {
  const Matching& matching = node.matching;
  KeyTable& table = keys(expr, matching.on, matching.labels);
  const bool swapped = matching.group == Matching::Group::Right;
  const bool grouped = matching.group != Matching::Group::None;
  const Vector& many = swapped ? right : left;
  const Vector& one = swapped ? left : right;

  std::vector<const Element*> ones;
  for (const Element& element : one) {
    const std::uint32_t id = table.id(element.labels);
    if (id >= ones.size()) ones.resize(id + 1);
    if (ones[id] != nullptr) {
      return Error{Code::Invalid, "found duplicate series for the match group " + table.part(*element.labels).to_string() +
                                      " on the " + (swapped ? "left" : "right") + " hand-side of " +
                                      std::string(to_string(node.op)) + ": " + ones[id]->labels->to_string() + ", " +
                                      element.labels->to_string() +
                                      "; many-to-many matching not allowed: matching labels must be unique on one side"};
    }
    ones[id] = &element;
  }
  const bool drop_name = !is_comparison(node.op) || node.as_bool;
  std::vector<bool> matched(ones.size());
  Vector out;
  out.reserve(many.size());
  for (const Element& element : many) {
    const std::uint32_t id = table.id(element.labels);
    if (id >= ones.size() || ones[id] == nullptr) continue;
    if (!grouped && matched[id]) {
      return Error{Code::Invalid, "multiple matches for labels " + table.part(*element.labels).to_string() +
                                      ": many-to-one matching must be explicit (group_left/group_right)"};
    }
    matched[id] = true;
    const double lhs = swapped ? ones[id]->value : element.value;
    const double rhs = swapped ? element.value : ones[id]->value;
    double value = lhs;
    if (is_comparison(node.op)) {
      const bool holds = compare(node.op, lhs, rhs);
      if (node.as_bool) value = holds ? 1 : 0;
      else if (!holds) continue;
    } else {
      value = apply(node.op, lhs, rhs);
    }
    out.push_back({result_labels(node, element.labels, ones[id]->labels, drop_name), value});
  }
  if (grouped && has_duplicates(out)) {
    return Error{Code::Invalid, "multiple matches for labels: grouping labels must ensure unique matches"};
  }
  return out;
}

}  // namespace bongsu::query
