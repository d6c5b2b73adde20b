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

namespace {

// The cell of `left op right`; a comparison that does not hold gives nothing unless it is `bool`.
double combined(const Binary& node, double left, double right, double kept) {
  if (!is_comparison(node.op)) return apply(node.op, left, right);
  const bool holds = compare(node.op, left, right);
  if (node.as_bool) return holds ? 1 : 0;
  return holds ? kept : nothing();
}

}  // namespace

Result<Grid> Evaluation::binary(const Expr&, const Binary& node, const Steps& steps) {
  if (node.left->type == ValueType::Scalar) {
    BONGSU_TRY(const Scalars left, scalars(*node.left, steps));
    BONGSU_TRY(Grid right, grid(*node.right, steps));
    return with_scalar(node, std::move(right), left, true);
  }
  BONGSU_TRY(Grid left, grid(*node.left, steps));
  if (node.right->type == ValueType::Scalar) {
    BONGSU_TRY(const Scalars right, scalars(*node.right, steps));
    return with_scalar(node, std::move(left), right, false);
  }
  BONGSU_TRY(Grid right, grid(*node.right, steps));
  if (is_set(node.op)) return combine_sets(node, std::move(left), std::move(right));
  return match(node, left, right);
}

Result<Grid> Evaluation::with_scalar(const Binary& node, Grid grid, const Scalars& scalars, bool scalar_left) {
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    double* cells = grid.row(r);
    for (std::size_t i = 0; i < grid.steps; ++i) {
      if (is_nothing(cells[i])) continue;
      cells[i] = scalar_left ? combined(node, scalars[i], cells[i], cells[i]) : combined(node, cells[i], scalars[i], cells[i]);
    }
  }
  if (!is_comparison(node.op) || node.as_bool) BONGSU_TRY_OK(drop_names(grid));
  return grid;
}

Result<Grid> Evaluation::combine_sets(const Binary& node, Grid left, Grid right) {
  KeyTable table(node.matching.on, node.matching.labels);
  const auto ids_of = [&](const Grid& grid) {
    std::vector<std::uint32_t> ids;
    ids.reserve(grid.rows.size());
    for (const Row& row : grid.rows) ids.push_back(table.id(key_of(row)));
    return ids;
  };
  const std::vector<std::uint32_t> left_ids = ids_of(left);
  const std::vector<std::uint32_t> right_ids = ids_of(right);
  const std::size_t steps = left.steps;
  // Which groups have a value at which step, on the side that decides.
  const bool is_or = node.op == BinaryOp::Or;
  const Grid& deciding = is_or ? left : right;
  const std::vector<std::uint32_t>& deciding_ids = is_or ? left_ids : right_ids;
  std::vector<char> there(table.size() * steps);
  for (std::size_t r = 0; r < deciding.rows.size(); ++r) {
    for (std::size_t i = 0; i < steps; ++i) {
      if (!is_nothing(deciding.row(r)[i])) there[deciding_ids[r] * steps + i] = 1;
    }
  }
  Grid& filtered = is_or ? right : left;
  const std::vector<std::uint32_t>& filtered_ids = is_or ? right_ids : left_ids;
  const bool keep = node.op == BinaryOp::And;
  for (std::size_t r = 0; r < filtered.rows.size(); ++r) {
    for (std::size_t i = 0; i < steps; ++i) {
      if ((there[filtered_ids[r] * steps + i] != 0) != keep) filtered.row(r)[i] = nothing();
    }
  }
  if (!is_or) return left;
  left.cells.insert(left.cells.end(), right.cells.begin(), right.cells.end());
  left.rows.insert(left.rows.end(), std::make_move_iterator(right.rows.begin()), std::make_move_iterator(right.rows.end()));
  left.charge = Charge(held_, left.rows.size() * ((steps + 1) / 2));
  if (!options_.delayed_names) BONGSU_TRY_OK(join_same(left));
  return left;
}

Row Evaluation::result_row(const Binary& node, const Row& many, const Row& one, bool drop_name) const {
  const Matching& matching = node.matching;
  const bool one_to_one = matching.group == Matching::Group::None;
  const bool arithmetic = !is_comparison(node.op);
  if (matching.include.empty() && (!one_to_one || (!matching.on && matching.labels.empty())))
    return {many.labels, many.nameless || drop_name};
  std::vector<Labels::Pair> pairs;
  for (const auto& pair : *many.labels) {
    if (pair.first == kMetricName && (arithmetic || hides_name(many))) continue;
    const bool listed = std::find(matching.labels.begin(), matching.labels.end(), pair.first) != matching.labels.end();
    if (one_to_one && listed != matching.on) continue;
    if (std::find(matching.include.begin(), matching.include.end(), pair.first) != matching.include.end()) continue;
    pairs.push_back(pair);
  }
  for (const std::string& name : matching.include) {
    if (name == kMetricName && hides_name(one)) continue;
    pairs.emplace_back(name, one.labels->get(name));
  }
  const bool flagged = (many.nameless && options_.delayed_names) || (drop_name && !arithmetic);
  return {std::make_shared<const Labels>(std::move(pairs)), flagged};
}

Result<Grid> Evaluation::match(const Binary& node, const Grid& left, const Grid& right) {
  const Matching& matching = node.matching;
  const std::size_t steps = left.steps;
  const bool swapped = matching.group == Matching::Group::Right;
  const bool grouped = matching.group != Matching::Group::None;
  const Grid& many = swapped ? right : left;
  const Grid& one = swapped ? left : right;
  KeyTable table(matching.on, matching.labels);
  std::vector<std::vector<std::uint32_t>> ones, manys;  // rows by group
  for (std::size_t r = 0; r < one.rows.size(); ++r) {
    const std::uint32_t id = table.id(key_of(one.rows[r]));
    if (id == ones.size()) ones.emplace_back();
    ones[id].push_back(static_cast<std::uint32_t>(r));
  }
  manys.resize(ones.size());
  for (std::size_t r = 0; r < many.rows.size(); ++r) {
    const std::uint32_t id = table.id(key_of(many.rows[r]));
    if (id < manys.size()) manys[id].push_back(static_cast<std::uint32_t>(r));
  }
  // At a step at which the other side has nothing at all, nothing is wrong with any series.
  std::vector<char> any;
  const auto other_side_empty = [&](std::size_t i) {
    if (any.empty()) {
      any.resize(steps);
      for (std::size_t r = 0; r < many.rows.size(); ++r) {
        for (std::size_t k = 0; k < steps; ++k) any[k] = static_cast<char>(any[k] != 0 || !is_nothing(many.row(r)[k]));
      }
    }
    return any[i] == 0;
  };
  const bool drop_name = !is_comparison(node.op) || node.as_bool;
  std::vector<Row> rows;
  std::vector<double> cells;
  std::vector<std::uint32_t> at(steps);  // at each step, the row of the one side and 1, or 0
  std::vector<char> matched(steps);
  for (std::uint32_t id = 0; id < ones.size(); ++id) {
    const auto& of_one = ones[id];
    if (of_one.size() > 1) {
      std::fill(at.begin(), at.end(), 0);
      for (const std::uint32_t r : of_one) {
        for (std::size_t i = 0; i < steps; ++i) {
          if (is_nothing(one.row(r)[i])) continue;
          if (at[i] != 0 && !other_side_empty(i)) {
            return Error{
                Code::Invalid,
                "found duplicate series for the match group " + table.part(key_of(one.rows[r])).to_string() + " on the " +
                    (swapped ? "left" : "right") + " hand-side of the operation: [" + shown(one.rows[r])->to_string() + ", " +
                    shown(one.rows[at[i] - 1])->to_string() +
                    "];many-to-many matching not allowed: matching labels must be unique on one side; add labels to on()"};
          }
          at[i] = r + 1;
        }
      }
    }
    std::fill(matched.begin(), matched.end(), '\0');
    std::vector<std::pair<std::size_t, std::vector<char>>> seen;  // by result row of this group, its steps
    for (const std::uint32_t m : manys[id]) {
      const double* from = many.row(m);
      for (const std::uint32_t o : of_one) {
        const double* with = one.row(o);
        std::size_t place = rows.size();  // until there is something to say
        std::vector<char>* met = nullptr;
        for (std::size_t i = 0; i < steps; ++i) {
          if (is_nothing(from[i]) || is_nothing(with[i])) continue;
          if (!grouped) {
            if (matched[i] != 0) {
              return Error{Code::Invalid,
                           "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right); several "
                           "series share " +
                               table.part(key_of(many.rows[m])).to_string()};
            }
            matched[i] = 1;
          }
          if (place == rows.size()) {
            Row made = result_row(node, many.rows[m], one.rows[o], drop_name);
            if (grouped && (manys[id].size() > 1 || of_one.size() > 1)) {
              for (auto& [row, where] : seen) {
                if (*shown(rows[row]) == *shown(made)) {
                  place = row;
                  met = &where;
                  break;
                }
              }
            }
            if (place == rows.size()) {
              rows.push_back(std::move(made));
              BONGSU_TRY_OK(reserve(cells.size() / 2, "a binary operation"));
              cells.resize(cells.size() + steps, nothing());
              if (grouped && (manys[id].size() > 1 || of_one.size() > 1)) {
                seen.emplace_back(place, std::vector<char>(steps));
                met = &seen.back().second;
              }
            }
          }
          if (met != nullptr) {
            if ((*met)[i] != 0) {
              return Error{Code::Invalid,
                           "multiple matches for labels: grouping labels must ensure unique matches; several series become " +
                               shown(rows[place])->to_string()};
            }
            (*met)[i] = 1;
          }
          const double lhs = swapped ? with[i] : from[i];
          const double rhs = swapped ? from[i] : with[i];
          cells[place * steps + i] = combined(node, lhs, rhs, lhs);
        }
      }
    }
  }
  BONGSU_TRY(Grid out, make_grid(std::move(rows), steps));
  out.cells = std::move(cells);
  if (!options_.delayed_names) BONGSU_TRY_OK(join_same(out));
  return out;
}

}  // namespace bongsu::query
