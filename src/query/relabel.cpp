// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "model/marker.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

bool is_word_character(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// What these functions may make of one label, and ask of one expression: nothing that devices say is as long.
constexpr std::size_t kMostLabelOctets = 64 << 10;
constexpr int kMostGroups = 100;

// $1, ${1}, $name, ${name}, $$ in a replacement; what the expression does not have is empty. Ends soon after the most octets.
std::string expand(std::string_view text, const re2::RE2& regex, std::span<const re2::StringPiece> groups) {
  std::string out;
  while (!text.empty() && out.size() <= kMostLabelOctets) {
    const std::size_t mark = text.find('$');
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    text.remove_prefix(mark + 1);
    if (!text.empty() && text[0] == '$') {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    std::string_view name;
    std::size_t taken = 0;
    if (!text.empty() && text[0] == '{') {
      const std::size_t end = text.find('}');
      if (end != std::string_view::npos) {
        name = text.substr(1, end - 1);
        taken = end + 1;
      }
    } else {
      while (taken < text.size() && is_word_character(text[taken])) ++taken;
      name = text.substr(0, taken);
    }
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_word_character)) {
      out += '$';
      continue;
    }
    text.remove_prefix(taken);
    std::size_t group = groups.size();
    if (const auto number = parse_unsigned(name)) {
      group = static_cast<std::size_t>(*number);
    } else if (const auto at = regex.NamedCapturingGroups().find(std::string(name)); at != regex.NamedCapturingGroups().end()) {
      group = static_cast<std::size_t>(at->second);
    }
    if (group < groups.size()) out.append(groups[group].data(), groups[group].size());
  }
  return out;
}

// Parts of a name at which digits begin or end: "cpu12" sorts behind "cpu2".
std::size_t chunk_of(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t end = 1;
  while (end < text.size() && digit(text[end]) == digit(text[0])) ++end;
  return end;
}

// As people count: numbers within by their value. Negative, zero or positive.
int natural_order(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (!a.empty() && !b.empty()) {
    std::string_view left = a.substr(0, chunk_of(a)), right = b.substr(0, chunk_of(b));
    a.remove_prefix(left.size());
    b.remove_prefix(right.size());
    if (digit(left[0]) && digit(right[0])) {
      std::string_view x = left, y = right;
      while (x.size() > 1 && x[0] == '0') x.remove_prefix(1);
      while (y.size() > 1 && y[0] == '0') y.remove_prefix(1);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int order = x.compare(y); order != 0) return order;
      if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
      continue;
    }
    if (const int order = left.compare(right); order != 0) return order;
  }
  return a.empty() ? (b.empty() ? 0 : -1) : 1;
}

Status check_label(std::string_view function, std::string_view which, const std::string& name) {
  if (!name.empty() && is_valid_utf8(name)) return {};
  return Error{Code::Invalid, "invalid " + std::string(which) + " label name in " + std::string(function) +
                                  "(): " + escape_terminal(name) + "; give a name in UTF-8"};
}

}  // namespace

// The value under `target`; a name that is set is there to stay.
Status Evaluation::set_label(Row& row, const std::string& target, const std::string& value) {
  if (value.size() > kMostLabelOctets) {
    return Error{Code::Limit, "label " + escape_terminal(target.substr(0, 100)) + " would be longer than " +
                                  std::to_string(kMostLabelOctets) + " octets; put less into it"};
  }
  const bool delayed = options_.delayed_names;
  Labels labels = delayed ? *row.labels : *shown(row);
  labels.set(target, value);
  std::size_t octets = sizeof(Labels);
  for (const auto& [name, text] : labels) octets += sizeof(Labels::Pair) + name.size() + text.size();
  made_labels_ += octets;
  BONGSU_TRY_OK(alive());
  BONGSU_TRY_OK(reserve(made_labels_ / sizeof(Sample), "the labels that it makes"));
  row = {std::make_shared<const Labels>(std::move(labels)), delayed && row.nameless && target != kMetricName};
  return {};
}

Result<Grid> Evaluation::label_replace(const Call& node, const Steps& steps) {
  const std::string& target = text_of(*node.args[1]);
  const std::string& replacement = text_of(*node.args[2]);
  const std::string& source = text_of(*node.args[3]);
  const std::string& pattern = text_of(*node.args[4]);
  const re2::RE2 regex("(?s:" + pattern + ")", re2::RE2::Quiet);
  if (!regex.ok()) {
    return Error{Code::Invalid, "invalid regular expression in label_replace(): " + escape_terminal(pattern) + "; " +
                                    escape_terminal(regex.error()) + "; write it in RE2's syntax"};
  }
  if (regex.NumberOfCapturingGroups() > kMostGroups) {
    return Error{Code::Limit, "the regular expression in label_replace() has " + std::to_string(regex.NumberOfCapturingGroups()) +
                                  " groups and " + std::to_string(kMostGroups) +
                                  " are the most; write (?:...) where nothing is taken out"};
  }
  BONGSU_TRY_OK(check_label("label_replace", "destination", target));
  BONGSU_TRY(Grid input, grid(*node.args[0], steps));
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  for (Row& row : input.rows) {
    const std::string_view value = hides_name(row) && source == kMetricName ? std::string_view() : row.labels->get(source);
    if (!regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                     static_cast<int>(groups.size())))
      continue;
    const std::string text = expand(replacement, regex, groups);
    if (row.labels->get(target) == text && !row.nameless) continue;
    BONGSU_TRY_OK(set_label(row, target, text));
  }
  BONGSU_TRY_OK(join_same(input).context("label_replace"));
  return input;
}

Result<Grid> Evaluation::label_join(const Call& node, const Steps& steps) {
  const std::string& target = text_of(*node.args[1]);
  const std::string& separator = text_of(*node.args[2]);
  for (std::size_t i = 3; i < node.args.size(); ++i) BONGSU_TRY_OK(check_label("label_join", "source", text_of(*node.args[i])));
  BONGSU_TRY_OK(check_label("label_join", "destination", target));
  BONGSU_TRY(Grid input, grid(*node.args[0], steps));
  for (Row& row : input.rows) {
    std::string text;
    for (std::size_t i = 3; i < node.args.size() && text.size() <= kMostLabelOctets; ++i) {
      if (i > 3) text += separator;
      const std::string& source = text_of(*node.args[i]);
      if (!hides_name(row) || source != kMetricName) text += row.labels->get(source);
    }
    BONGSU_TRY_OK(set_label(row, target, text));
  }
  BONGSU_TRY_OK(join_same(input).context("label_join"));
  return input;
}

void Evaluation::sort(const Call& node, Grid& grid) const {
  if (grid.steps != 1) return;  // only an instant has an order to show
  std::vector<std::size_t> order;
  for (std::size_t r = 0; r < grid.rows.size(); ++r) {
    if (!is_nothing(grid.cells[r])) order.push_back(r);
  }
  const bool down = node.function->name.ends_with("_desc");
  if (node.function->name.starts_with("sort_by_label")) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
      const Labels &a = *grid.rows[x].labels, &b = *grid.rows[y].labels;
      for (std::size_t i = 1; i < node.args.size(); ++i) {
        const int by = natural_order(a.get(text_of(*node.args[i])), b.get(text_of(*node.args[i])));
        if (by != 0) return down ? by > 0 : by < 0;
      }
      return down ? b < a : a < b;
    });
  } else {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
      const double a = grid.cells[x], b = grid.cells[y];
      if (std::isnan(b)) return !std::isnan(a);
      return down ? a > b : a < b;
    });
  }
  std::vector<Row> rows;
  std::vector<double> cells;
  for (const std::size_t r : order) {
    rows.push_back(std::move(grid.rows[r]));
    cells.push_back(grid.cells[r]);
  }
  grid.rows = std::move(rows);
  grid.cells = std::move(cells);
}

// info(v, {data="labels"}): adds to each series the labels of the info series of its job and instance.
Result<Grid> Evaluation::info(const Call& node, const Steps& steps) {
  static constexpr std::string_view kIdentity[] = {"instance", "job"};
  BONGSU_TRY(Grid base, grid(*node.args[0], steps));
  std::vector<Matcher> names, data;
  if (node.args.size() > 1) {
    for (const Matcher& matcher : std::get<Selector>(node.args[1]->node).matchers)
      (matcher.name == kMetricName ? names : data).push_back(matcher);
  }
  const std::vector<Matcher> wanted_names = names;
  if (names.empty()) names.push_back({Matcher::Op::Equal, std::string(kMetricName), "target_info"});
  std::map<const Matcher*, re2::RE2> expressions;
  for (const auto* some : {&names, &data}) {
    for (const Matcher& matcher : *some) expressions.try_emplace(&matcher, matcher.value, re2::RE2::Quiet);
  }
  const auto holds = [&](const Matcher& matcher, std::string_view value) {
    switch (matcher.op) {
      case Matcher::Op::Equal:
        return value == matcher.value;
      case Matcher::Op::NotEqual:
        return value != matcher.value;
      default:
        return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), expressions.at(&matcher)) ==
               (matcher.op == Matcher::Op::Regex);
    }
  };
  const auto ignored = [&](const Row& row) {  // is an info series itself
    const bool asked = node.args.size() < 2 || !wanted_names.empty();
    return asked && std::all_of(names.begin(), names.end(), [&](const Matcher& m) { return holds(m, row.labels->metric()); });
  };
  // One reading of all info series of the jobs and instances at hand.
  std::vector<Matcher> matchers = names;
  matchers.insert(matchers.end(), data.begin(), data.end());
  bool identified = false;
  for (const std::string_view label : kIdentity) {
    std::map<std::string, bool, std::less<>> values;
    for (const Row& row : base.rows) {
      if (!ignored(row) && row.labels->has(label)) values.emplace(row.labels->get(label), true);
    }
    if (values.empty()) continue;
    identified = true;
    constexpr std::size_t kMostNamed = 1'000;  // of more, all are read
    if (values.size() > kMostNamed) continue;
    Matcher matcher{Matcher::Op::Regex, std::string(label), {}};
    for (const auto& [value, there] : values) matcher.value += (matcher.value.empty() ? "" : "|") + re2::RE2::QuoteMeta(value);
    if (values.size() == 1) matcher = {Matcher::Op::Equal, std::string(label), values.begin()->first};
    matchers.push_back(std::move(matcher));
  }
  std::vector<Series> infos;
  Shift shift;
  if (identified) {
    // Info series are read at the times of the first selector within.
    const Expr* first = &strip(*node.args[0]);
    std::function<const Selector*(const Expr&)> find = [&](const Expr& expr) -> const Selector* {
      if (const auto* selector = std::get_if<Selector>(&expr.node)) return selector;
      if (const auto* range = std::get_if<RangeSelector>(&expr.node)) return &range->selector;
      if (const auto* inner = std::get_if<Subquery>(&expr.node)) return find(*inner->inner);
      if (const auto* inner = std::get_if<Unary>(&expr.node)) return find(*inner->inner);
      if (const auto* inner = std::get_if<Paren>(&expr.node)) return find(*inner->inner);
      if (const auto* inner = std::get_if<Aggregate>(&expr.node)) return find(*inner->inner);
      if (const auto* inner = std::get_if<Binary>(&expr.node)) {
        const Selector* left = find(*inner->left);
        return left != nullptr ? left : find(*inner->right);
      }
      if (const auto* inner = std::get_if<Call>(&expr.node)) {
        for (const ExprPtr& arg : inner->args) {
          if (const Selector* found = find(*arg)) return found;
        }
      }
      return nullptr;
    };
    if (const Selector* selector = find(*first)) shift = selector->shift;
    BONGSU_TRY(infos, source_.select(matchers, shifted(shift, steps.from) - lookback_ + Millis(1), shifted(shift, steps.last()),
                                     options_.limits));
  }
  // Info series by metric name and identity.
  struct Known {
    std::vector<const Series*> series;
  };
  std::map<std::string, std::map<std::string, Known>> by_name;
  const auto identity = [&](const Labels& labels) {
    std::string key;
    for (const std::string_view label : kIdentity) key += std::string(labels.get(label)) + '\xff';
    return key;
  };
  for (const Series& series : infos)
    by_name[std::string(series.labels->metric())][identity(*series.labels)].series.push_back(&series);
  const auto newest = [&](const Series& series, Time at) -> const Sample* {
    auto after =
        std::upper_bound(series.samples.begin(), series.samples.end(), at, [](Time t, const Sample& s) { return t < s.at; });
    if (after == series.samples.begin() || (after - 1)->at <= at - lookback_ || is_marker((after - 1)->value)) return nullptr;
    return &*(after - 1);
  };
  const bool all_may_be_empty = std::all_of(data.begin(), data.end(), [&](const Matcher& m) { return holds(m, ""); });
  std::vector<Row> rows;
  std::vector<double> cells;
  std::map<std::pair<std::size_t, Labels>, std::size_t> made;  // by row of the base and labels added
  for (std::size_t r = 0; r < base.rows.size(); ++r) {
    if (ignored(base.rows[r])) {
      rows.push_back(base.rows[r]);
      cells.insert(cells.end(), base.row(r), base.row(r) + steps.count);
      continue;
    }
    const std::string key = identity(*base.rows[r].labels);
    for (std::size_t i = 0; i < steps.count; ++i) {
      if (is_nothing(base.row(r)[i])) continue;
      Labels added;
      bool any = false;
      for (const auto& [name, known] : by_name) {
        const auto at = known.find(key);
        if (at == known.end()) continue;
        const Series* best = nullptr;
        const Sample* best_sample = nullptr;
        for (const Series* series : at->second.series) {
          const Sample* sample = newest(*series, shifted(shift, steps.at(i)));
          if (sample == nullptr || (best != nullptr && sample->at < best_sample->at)) continue;
          if (best != nullptr && sample->at == best_sample->at) {
            return Error{Code::Invalid, "found duplicate series for info metric: existing " + best->labels->to_string() + " @ " +
                                            std::to_string(to_ms(sample->at)) + ", new " + series->labels->to_string() + " @ " +
                                            std::to_string(to_ms(sample->at)) + "; select one of them in the second argument"};
          }
          best = series;
          best_sample = sample;
        }
        if (best == nullptr) continue;
        any = true;
        for (const auto& [label, value] : *best->labels) {
          if (label == kMetricName || base.rows[r].labels->has(label)) continue;
          const bool asked =
              data.empty() || std::any_of(data.begin(), data.end(), [&, l = &label](const Matcher& m) { return m.name == *l; });
          if (!asked) continue;
          if (added.has(label) && added.get(label) != value)
            return Error{Code::Invalid, "conflicting label: " + label + "; name the info metric in the second argument"};
          added.set(label, value);
        }
      }
      if (!any && !all_may_be_empty) continue;
      const auto [place, is_new] = made.try_emplace({r, added}, rows.size());
      if (is_new) {
        Labels labels = *base.rows[r].labels;
        for (const auto& [label, value] : added) labels.set(label, value);
        rows.push_back({std::make_shared<const Labels>(std::move(labels)), base.rows[r].nameless});
        cells.resize(cells.size() + steps.count, nothing());
      }
      cells[place->second * steps.count + i] = base.row(r)[i];
    }
  }
  BONGSU_TRY(Grid out, make_grid(std::move(rows), steps.count));
  out.cells = std::move(cells);
  BONGSU_TRY_OK(join_same(out).context("info"));
  return out;
}

}  // namespace bongsu::query
