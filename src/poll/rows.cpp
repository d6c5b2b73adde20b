// SPDX-License-Identifier: Apache-2.0
#include "poll/rows.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"

namespace bongsu::poll {
namespace {

constexpr std::size_t kMaxLabel = 256;  // octets of device text in a label
constexpr Millis kLimitsStand = std::chrono::minutes(4);
constexpr Millis kLeastApart{5'000};  // what would have to be read more often than this between polls is left alone

bool has_value(const Value& value) { return value.exists() && value.type != ValueType::Null; }

bool is_counter(ValueType type) {
  return type == ValueType::Counter32 || type == ValueType::Counter64 || type == ValueType::Gauge32 ||
         type == ValueType::Integer || type == ValueType::TimeTicks;
}

// One row of `data` under the eyes of expressions.
class DataRow final : public RowView {
 public:
  // `values` has a place for each leaf.
  DataRow(const mib::Tree& tree, const Group& group, const GroupData& data, const GroupData::Row* row,
          std::span<const Value*> values, SeldomState& seldom)
      : tree_(tree), group_(group), data_(data), row_(row), values_(values), seldom_(&seldom) {
    std::fill(values_.begin(), values_.end(), nullptr);
    for (const auto& [leaf, value] : data.scalars) {
      if (has_value(value)) values_[leaf] = &value;
    }
    for (std::size_t i = 0; row && i < data.asked.size() && i < row->values.size(); ++i) {
      if (has_value(row->values[i])) values_[data.asked[i]] = &row->values[i];
    }
  }
  void with(const RowState* state) { state_ = state; }
  // Of limits: what says that there is none is none (poll/limits.h).
  void for_limits(bool on) { for_limits_ = on; }
  const Value* value(std::uint32_t leaf) const { return values_[leaf]; }

  Reading read(std::uint32_t leaf) const override {
    Reading reading{.value = values_[leaf], .counter = {}, .growth = {}};
    if (for_limits_ && reading.value && is_no_limit(*reading.value)) reading.value = nullptr;
    reading.fetched = data_.left_out.empty() || !data_.left_out[leaf];
    if (reading.value && state_ && group_.leaves[leaf].counter && is_counter(reading.value->type)) {
      reading.counter = static_cast<double>(state_->counters[leaf].total);
      reading.growth = state_->growth[leaf];
    }
    return reading;
  }
  const Value* find(std::uint32_t leaf, std::span<const std::uint32_t> index) const override {
    // What is read seldom stands as it was read last.
    const bool fresh = !group_.leaves[leaf].seldom || data_.whole;
    const auto& from = fresh ? data_.lookups : seldom_->lookups;
    const auto table = from.find(leaf);
    if (table == from.end()) return nullptr;
    const auto at = table->second.find(std::vector(index.begin(), index.end()));
    if (at == table->second.end() || !has_value(at->second)) return nullptr;
    if (fresh && group_.leaves[leaf].seldom) seldom_->lookups[leaf].insert_or_assign(at->first, at->second);
    return for_limits_ && is_no_limit(at->second) ? nullptr : &at->second;
  }
  std::optional<GapCause> lacks(std::uint32_t leaf) const override {
    const auto at = data_.lacking.find(leaf);
    return at == data_.lacking.end() ? std::nullopt : std::optional(at->second);
  }
  std::span<const std::uint32_t> index() const override {
    return row_ ? std::span(row_->index) : std::span<const std::uint32_t>();
  }
  std::string show(std::uint32_t leaf, const Value& value) const override {
    std::string text = tree_.format(group_.leaves[leaf].object, value, false);
    // "up(1)": the word alone is what a label wants.
    if (const auto open = text.rfind('('); value.type == ValueType::Integer && open != std::string::npos && open > 0)
      text.resize(open);
    return text;
  }
  std::optional<std::string> index_part(int part) const override {
    for (const Leaf& leaf : group_.leaves) {
      if (leaf.place != Leaf::Place::Column || !leaf.object || !row_) continue;
      const auto labels = tree_.index_labels(*leaf.object, row_->index);
      if (labels && part >= 0 && static_cast<std::size_t>(part) < labels->size())
        return (*labels)[static_cast<std::size_t>(part)].second;
      return std::nullopt;
    }
    return std::nullopt;
  }

 private:
  const mib::Tree& tree_;
  const Group& group_;
  const GroupData& data_;
  const GroupData::Row* row_;
  std::span<const Value*> values_;
  SeldomState* seldom_;
  const RowState* state_ = nullptr;
  bool for_limits_ = false;
};

std::string clean_text(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  text = to_valid_utf8(trim(text));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() > kMaxLabel) {
    std::size_t end = kMaxLabel;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
  }
  return std::string(trim(text));
}

class GroupEvaluation {
 public:
  GroupEvaluation(const mib::Tree& tree, const Group& group, GroupState& state, const GroupData& data, const Moment& moment)
      : tree_(tree), group_(group), state_(state), data_(data), moment_(moment) {}

  Outcome run() {
    if (state_.used.empty()) state_.used.assign(group_.leaves.size(), false);
    note_seldom();
    schedule_limits();
    const std::size_t rows = group_.table ? data_.rows.size() : 1;
    fresh_.reserve(rows);
    values_.resize(rows * group_.leaves.size());
    limits_.resize(rows * group_.metrics.size());
    out_.emissions.reserve(rows * group_.metrics.size());
    if (group_.table) {
      for (const auto& row : data_.rows) admit(&row);
    } else {
      admit(nullptr);
    }
    uptime_ = compare(state_.uptime, moment_.uptime);
    match();
    for (Fresh& row : fresh_) prepare(row);
    if (uptime_ == Uptime::Restarted) hear_witnesses();
    else if (const double more = slept(state_.uptime, moment_.uptime); more > 0) set_back(more);
    for (Fresh& row : fresh_) judge(row);
    state_.apart = Millis(0);
    for (std::size_t i = 0; i < fresh_.size(); ++i) look_ahead(fresh_[i], *state_.rows[i]);
    std::move(hidden_.begin(), hidden_.end(), std::back_inserter(state_.rows));
    out_.changed |= !state_.read || uptime_ == Uptime::Restarted || uptime_ == Uptime::Jumped;
    state_.uptime = moment_.uptime;
    state_.read = true;
    state_.at = moment_.at;
    state_.stamp = moment_.stamp;
    state_.once.resize(group_.leaves.size());
    for (std::size_t leaf = 0; leaf < state_.once.size(); ++leaf) {
      if (state_.used[leaf]) state_.once[leaf] = true;
      else if (state_.once[leaf] && !data_.rows.empty()) state_.used[leaf] = true;
    }
    // A table without rows, as an agent that has just started may have, tells nothing of what will be needed.
    if (std::find(state_.used.begin(), state_.used.end(), true) == state_.used.end()) state_.used.clear();
    return std::move(out_);
  }

 private:
  struct Fresh {
    DataRow view;
    RowKey key;
    std::vector<Labels::Pair> labels;
    std::unique_ptr<RowState> state{};
    bool held = false;
    std::span<std::optional<double>> limits{};  // by metric: its max_rate
  };
  struct Witnesses {
    bool began_at_zero = false;
    bool went_on = false;
  };

  // Which rows what is read seldom is known of from now on.
  void note_seldom() {
    SeldomState& seldom = state_.seldom;
    seldom.restless = data_.whole && seldom.at && has_new_rows(state_, data_);
    if (!data_.whole) return;
    seldom.at = moment_.at;
    seldom.rows = row_hashes(data_);
    for (std::uint32_t leaf = 0; leaf < group_.leaves.size(); ++leaf) {
      if (!data_.lacking.contains(leaf)) seldom.lookups.erase(leaf);
    }
  }

  Cell value_of(const Node& node, const RowView& row) {
    trace_.clear();
    Cell cell = evaluate(node, row, trace_);
    out_.missed |= trace_.missed;
    for (const std::uint32_t leaf : trace_.used) state_.used[leaf] = true;
    for (const std::uint32_t leaf : trace_.looked_up) state_.used[leaf] = true;
    return cell;
  }
  std::string text_of(const std::optional<Node>& node, const RowView& row) {
    return node ? clean_text(to_text(value_of(*node, row))) : std::string();
  }

  void admit(const GroupData::Row* row) {  // nullptr: the scalars
    const std::size_t place = fresh_.size();
    const auto values = std::span(values_).subspan(place * group_.leaves.size(), group_.leaves.size());
    Fresh fresh{DataRow(tree_, group_, data_, row, values, state_.seldom), {}, {}};
    fresh.limits = std::span(limits_).subspan(place * group_.metrics.size(), group_.metrics.size());
    fresh.labels.reserve(group_.labels.size());
    const bool wanted = !group_.where || is_true(value_of(*group_.where, fresh.view));
    bool in_doubt = !wanted && trace_.lacks;
    if (!wanted && !in_doubt) return;
    if (row) fresh.key.index = row->index;
    bool named = true;
    for (const NamedExpr& label : group_.labels) {
      std::string text = clean_text(to_text(value_of(label.value, fresh.view)));
      in_doubt |= trace_.lacks.has_value();
      named &= !text.empty() || &label != &group_.labels.front();
      if (!text.empty()) fresh.labels.emplace_back(label.name, std::move(text));
    }
    if (group_.identity) {
      fresh.key.name = text_of(group_.identity->name, fresh.view);
      fresh.key.descr = text_of(group_.identity->descr, fresh.view);
      fresh.key.alias = text_of(group_.identity->alias, fresh.view);
      if (group_.identity->mac) fresh.key.mac = to_text(value_of(*group_.identity->mac, fresh.view));
      fresh.key.type = text_of(group_.identity->type, fresh.view);
    }
    const RowState* before = in_doubt && row ? row_at(row->index) : nullptr;
    if (before == nullptr && (!wanted || !named)) return;
    if (before != nullptr) {
      fresh.key = before->key;
      fresh.labels = before->labels;
      if (!group_.identity) fresh.key.name.clear();  // match() makes it of the labels
    }
    fresh_.push_back(std::move(fresh));
  }

  // Where the agent fails at a column that tells which row it is, it is the one that stood there before.
  const RowState* row_at(const std::vector<std::uint32_t>& index) const {
    const auto at =
        std::find_if(state_.rows.begin(), state_.rows.end(), [&](const auto& row) { return row->key.index == index; });
    return at == state_.rows.end() ? nullptr : at->get();
  }
  // Why a row that is not there may exist all the same: the agent failed in every column.
  std::optional<GapCause> lacks_rows() const {
    if (data_.asked.empty()) return std::nullopt;
    for (const std::uint32_t leaf : data_.asked)
      if (!data_.lacking.contains(leaf)) return std::nullopt;
    return data_.lacking.find(data_.asked.front())->second;
  }

  // Rows whose labels are the same get their index as one more: they could not be told apart.
  void tell_twins_apart() {
    std::unordered_map<std::string, int> seen;
    std::vector<std::string> words;
    for (const Fresh& row : fresh_) {
      std::string word;
      for (const auto& [name, value] : row.labels) word += name + '\x1f' + value + '\x1e';
      ++seen[word];
      words.push_back(std::move(word));
    }
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      if (seen[words[i]] > 1) fresh_[i].labels.emplace_back("index", dotted(fresh_[i].key.index));
    }
  }

  void match() {
    if (!group_.identity) {  // a row is what its labels say
      for (Fresh& row : fresh_) {
        for (const auto& [name, value] : row.labels) row.key.name += value + '\x1f';
      }
      tell_twins_apart();
    }
    if (nothing_moved()) {
      for (std::size_t n = 0; n < fresh_.size(); ++n) {
        fresh_[n].state = std::move(state_.rows[n]);
        adopt_labels(fresh_[n]);
      }
      settle_clashes();
      state_.rows.clear();
      return;
    }
    std::vector<RowKey> known, now;
    for (const auto& row : state_.rows) known.push_back(row->key);
    for (const Fresh& row : fresh_) now.push_back(row.key);
    const RowMatches matches = match_rows(known, now, uptime_ == Uptime::Restarted || uptime_ == Uptime::Jumped);
    for (const std::size_t doubt : matches.ambiguous) {
      RowState& old = *state_.rows[doubt];
      out_.notices.push_back("table " + group_.name + ": more than one row could be '" +
                             (old.labels.empty() ? "" : old.labels[0].second) + "' now; its series ends with a gap");
      mark(old, gap_marker(GapCause::Ambiguous));
      out_.gone.push_back(std::move(state_.rows[doubt]));
    }
    for (std::size_t n = 0; n < fresh_.size(); ++n) {
      Fresh& row = fresh_[n];
      if (matches.now[n].kind == RowMatch::Kind::Known) {
        row.state = std::move(state_.rows[matches.now[n].known]);
        adopt_labels(row);
      } else {
        row.state = std::make_unique<RowState>();
        row.state->labels = row.labels;
        out_.changed = true;
        row.held = matches.now[n].kind == RowMatch::Kind::Ambiguous;
      }
      if (row.state->key.index != row.key.index) row.state->ahead.clear();  // which was read at its old place
      row.state->key = std::move(row.key);
    }
    settle_clashes();
    const auto hidden = lacks_rows();
    for (auto& old : state_.rows) {
      if (!old) continue;
      if (!hidden) {
        leave(std::move(old));
        continue;
      }
      mark(*old, gap_marker(*hidden));
      hidden_.push_back(std::move(old));
    }
    state_.rows.clear();
  }

  // The usual poll, for which match_rows() would find each row at its place.
  bool nothing_moved() const {
    if (uptime_ == Uptime::Restarted || uptime_ == Uptime::Jumped || fresh_.size() != state_.rows.size()) return false;
    for (std::size_t n = 0; n < fresh_.size(); ++n) {
      if (fresh_[n].key.index != state_.rows[n]->key.index || !fresh_[n].key.same_thing(state_.rows[n]->key)) return false;
    }
    return true;
  }

  // A label that holds the row's index stays as it was first seen: the series follows the thing, and its index is the one
  // label that may move without the thing changing. Every other change of a label is a change of the thing's name.
  void adopt_labels(Fresh& row) {
    if (row.labels == row.state->labels) return;
    std::vector<Labels::Pair> next = row.labels;
    for (std::size_t i = 0; i < next.size(); ++i) {
      for (const auto& [name, value] : row.state->labels) {
        if (name == next[i].first && holds_index(name)) next[i].second = value;
      }
    }
    if (next == row.state->labels) return;
    out_.changed = true;
    mark(*row.state, stale_marker());
    auto old = std::make_unique<RowState>();
    old->labels = row.state->labels;
    old->series = row.state->series;
    for (Emission& emission : out_.emissions) {
      if (emission.row == row.state.get()) emission.row = old.get();
    }
    out_.gone.push_back(std::move(old));
    row.state->labels = std::move(next);
    for (SeriesState& series : row.state->series) series = SeriesState{};
  }
  bool holds_index(std::string_view name) const {
    for (const NamedExpr& label : group_.labels) {
      if (label.name == name) return label.value.op == Node::Op::Index;
    }
    return false;
  }

  // Two rows must never write to one series: an index that is kept may be another row's new one.
  void settle_clashes() {
    const auto hash = [](const RowState* row) {
      std::uint64_t sum = kHashSeed;
      for (const auto& [name, value] : row->labels) sum = hash_bytes(value, sum) ^ 0xff;
      return static_cast<std::size_t>(sum);
    };
    const auto same = [](const RowState* a, const RowState* b) { return a->labels == b->labels; };
    std::unordered_set<const RowState*, decltype(hash), decltype(same)> owners(fresh_.size(), hash, same);
    for (Fresh& row : fresh_) {
      if (row.held || owners.insert(row.state.get()).second) continue;
      row.held = true;
      out_.notices.push_back("table " + group_.name + ": two rows are called '" +
                             (row.state->labels.empty() ? "" : row.state->labels[0].second) + "'; the one at index " +
                             dotted(row.state->key.index) + " is left out");
    }
  }

  void mark(RowState& row, double marker) {
    for (std::uint32_t metric = 0; metric < row.series.size(); ++metric) {
      SeriesState& series = row.series[metric];
      if (!series.live && !(series.gap && !gap_cause(marker))) continue;
      out_.emissions.push_back({.row = &row, .metric = metric, .value = marker, .leaf = {}});
      series.live = false;
      series.gap = gap_cause(marker);
    }
  }
  void leave(std::unique_ptr<RowState> row) {
    out_.changed = true;
    mark(*row, stale_marker());
    out_.gone.push_back(std::move(row));
  }

  void prepare(Fresh& row) {
    RowState& state = *row.state;
    state.counters.resize(group_.leaves.size());
    state.growth.assign(group_.leaves.size(), std::nullopt);
    state.gaps.assign(group_.leaves.size(), std::nullopt);
    state.resets.assign(group_.leaves.size(), false);
    state.series.resize(group_.metrics.size());
    if (row.held) return;
    for (std::size_t metric = 0; metric < group_.metrics.size(); ++metric) {
      if (const auto& rate = group_.metrics[metric].max_rate) row.limits[metric] = to_number(value_of(*rate, row.view));
    }
  }

  // Every counter object of a row that has a value: (leaf, type, raw, max_rate).
  template <class Visit>
  void each_counter(const Fresh& row, Visit visit) const {
    for (std::uint32_t leaf = 0; leaf < group_.leaves.size(); ++leaf) {
      const Value* value = row.view.value(leaf);
      if (!value || !group_.leaves[leaf].counter || !is_counter(value->type)) continue;
      const std::uint64_t raw = value->type == ValueType::Integer ? static_cast<std::uint32_t>(value->integer) : value->number;
      const ValueType type = value->type == ValueType::Counter64 ? ValueType::Counter64 : ValueType::Counter32;
      const auto limit = group_.leaves[leaf].limit;
      visit(leaf, type, raw, limit >= 0 ? row.limits[static_cast<std::size_t>(limit)] : std::nullopt);
    }
  }
  Witnesses ask(const Fresh& row, const Reader& reader) const {
    Witnesses found;
    each_counter(row, [&](std::uint32_t leaf, ValueType type, std::uint64_t raw, std::optional<double> rate) {
      const Witness word = witness(row.state->counters[leaf], type, raw, reader, rate);
      found.began_at_zero |= word == Witness::BeganAtZero;
      found.went_on |= word == Witness::WentOn;
    });
    return found;
  }

  // sysUpTime tells that the agent restarted; whether the counters did, tell the counters of all rows together.
  void hear_witnesses() {
    const Reader reader = restarted_reader();
    for (const Fresh& row : fresh_) {
      if (row.held) continue;
      const Witnesses found = ask(row, reader);
      witnesses_.began_at_zero |= found.began_at_zero;
      witnesses_.went_on |= found.went_on;
    }
  }
  Reader restarted_reader() const {
    const double since = moment_.uptime.ticks / 100.0 + std::chrono::duration<double>(moment_.at - moment_.uptime.at).count();
    return {.at = moment_.at, .restart = Restart::Doubt, .since = since, .doubt = GapCause::Reboot};
  }
  // More time passed than our steady clock saw.
  void set_back(double more) {
    const auto by = std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(more));
    for (Fresh& row : fresh_) {
      row.state->ahead.clear();  // before or after it slept?
      for (CounterState& counter : row.state->counters) counter.at -= by;
    }
  }

  void judge(Fresh& row) {
    RowState& state = *row.state;
    if (!row.held) {
      count(row);
      row.view.with(&state);
      for (std::uint32_t metric = 0; metric < group_.metrics.size(); ++metric) {
        if (!group_.metrics[metric].bound) emit(metric, row, state);
      }
      if (has_limits_) tell_limits(row, state);
    }
    for (const NamedExpr& fact : group_.device) {
      const bool known =
          std::any_of(out_.facts.begin(), out_.facts.end(), [&](const auto& have) { return have.first == fact.name; });
      if (known) continue;
      std::string text = clean_text(to_text(value_of(fact.value, row.view)));
      if (!text.empty()) out_.facts.emplace_back(fact.name, std::move(text));
    }
    tell(row);
    row.view.with(nullptr);
    state_.rows.push_back(std::move(row.state));
  }

  // Of whom the device sees there, and of the device itself.
  void tell(const Fresh& row) {
    Neighbor neighbor;
    for (const NamedExpr& one : group_.neighbor) {
      std::string text = clean_text(to_text(value_of(one.value, row.view)));
      std::string& part = one.name == "protocol"  ? neighbor.protocol
                          : one.name == "port"    ? neighbor.port
                          : one.name == "chassis" ? neighbor.chassis
                          : one.name == "name"    ? neighbor.name
                          : one.name == "address" ? neighbor.address
                                                  : neighbor.remote_port;
      part = std::move(text);
    }
    if (neighbor != Neighbor{}) out_.neighbors.push_back(std::move(neighbor));
    if (!moment_.own) return;
    for (const NamedExpr& one : group_.own) {
      std::string text = clean_text(to_text(value_of(one.value, row.view)));
      if (text.empty()) continue;
      const auto kind = one.name == "chassis"   ? Identifier::Kind::Chassis
                        : one.name == "mac"     ? Identifier::Kind::Mac
                        : one.name == "address" ? Identifier::Kind::Address
                                                : Identifier::Kind::Name;
      out_.own.push_back({kind, std::move(text)});
    }
  }

  // What happened to this row's counters as a whole.
  Reader reader_of(Fresh& row) {
    Reader reader{.at = moment_.at};
    Witnesses heard;
    if (uptime_ == Uptime::Restarted) {
      reader = restarted_reader();
      heard = witnesses_;
    } else if (uptime_ == Uptime::Jumped) {
      reader.restart = Restart::Doubt;
      reader.doubt = GapCause::Discontinuity;
    }
    if (group_.discontinuity) {
      const Cell cell = value_of(*group_.discontinuity, row.view);
      const std::string now = to_text(cell);
      const bool moved = row.state->discontinuity && *row.state->discontinuity != now;
      row.state->discontinuity = now;
      if (moved && reader.restart == Restart::None) {
        const auto ticks = to_number(cell);  // sysUpTime then (RFC 2863)
        const double age = ticks && moment_.uptime.known ? (moment_.uptime.ticks - *ticks) / 100 : -1;
        reader.restart = Restart::Doubt;
        reader.doubt = GapCause::Discontinuity;
        reader.since = age >= 0 ? age + std::chrono::duration<double>(moment_.at - moment_.uptime.at).count()
                                : std::chrono::duration<double>(moment_.at.time_since_epoch()).count();
        heard = ask(row, reader);
        heard.went_on = false;  // it says that they are others: then at zero, or at a height of no meaning
      }
    }
    if (heard.began_at_zero != heard.went_on) reader.restart = heard.began_at_zero ? Restart::Reset : Restart::None;
    return reader;
  }

  void count(Fresh& row) {
    RowState& state = *row.state;
    const Reader reader = reader_of(row);
    if (reader.restart != Restart::None) state.ahead.clear();
    each_counter(row, [&](std::uint32_t leaf, ValueType type, std::uint64_t raw, std::optional<double> rate) {
      const std::uint64_t offset = state.counters[leaf].total - state.counters[leaf].raw;
      const auto ahead = std::find_if(state.ahead.begin(), state.ahead.end(), [&](const Ahead& one) { return one.leaf == leaf; });
      if (ahead != state.ahead.end()) state.counters[leaf] = ahead->counter;
      CounterStep taken = step(state.counters[leaf], type, raw, reader, rate);
      if (ahead != state.ahead.end()) {
        if (!taken.gap) taken.gap = ahead->gap;
        if (taken.growth) *taken.growth += ahead->growth;
        taken.reset |= ahead->reset;
      }
      out_.changed |= offset != state.counters[leaf].total - state.counters[leaf].raw;
      state.growth[leaf] = taken.growth;
      state.gaps[leaf] = taken.gap;
      state.resets[leaf] = taken.reset;
    });
  }

  // What of the row is to be read again before the next poll.
  void look_ahead(const Fresh& row, RowState& state) {
    state.ahead.clear();
    if (row.held || moment_.interval <= Millis(0)) return;
    each_counter(row, [&](std::uint32_t leaf, ValueType type, std::uint64_t, std::optional<double> rate) {
      const CounterState& counter = state.counters[leaf];
      if (type != ValueType::Counter32 || !state_.used[leaf] || !rate || !(*rate > 0) || counter.line_speed_lies()) return;
      const Millis apart = longest_apart(*rate);
      if (apart < kLeastApart || apart >= moment_.interval * 11 / 10) return;
      state.ahead.push_back({.leaf = leaf, .rate = *rate, .counter = counter});
      state_.apart = state_.apart == Millis(0) ? apart : std::min(state_.apart, apart);
    });
  }

  // Gives a value or a gap; neither where nothing is to be stored now.
  SeriesStep count_series(std::uint32_t index, const Fresh& row, RowState& state, double computed) {
    std::uint64_t source = 0;
    bool reset = false, kept = false, believed = true;
    for (const std::uint32_t leaf : trace_.used) {
      if (state.gaps[leaf]) return {.gap = state.gaps[leaf]};
      source |= std::uint64_t{1} << leaf % 64;
      if (!state.counters[leaf].known()) continue;
      (state.resets[leaf] ? reset : kept) = true;
      believed &= !state.counters[leaf].line_speed_lies();
    }
    SeriesHeight& height = state.series[index].height;
    const double base = height.base;
    const SeriesStep taken =
        step(height, computed, source, reset && !kept, believed ? row.limits[index] : std::nullopt, moment_.stamp, state_.read);
    out_.changed |= base != height.base;
    return taken;
  }

  // A value that is not listed is worth a look.
  static std::optional<double> severity_of(const Metric& metric, const Cell& cell) {
    if (cell.index() == 0) return std::nullopt;
    const State* state = find_state(metric, cell);
    return static_cast<double>(bongsu::to_number(state ? state->severity : Severity::Caution));
  }
  // The largest and the smallest number stand for "not available" with nearly all vendors.
  static bool is_mark(const Value* value) {
    if (value == nullptr) return false;
    if (value->type == ValueType::Integer) return value->integer == INT32_MAX || value->integer == INT32_MIN;
    return value->type == ValueType::Gauge32 && (value->number == UINT32_MAX || value->number == INT32_MAX);
  }

  void emit(std::uint32_t index, const Fresh& row, RowState& state) {
    const Metric& metric = group_.metrics[index];
    const SeriesState& series = state.series[index];
    const Cell cell = value_of(metric.value, row.view);
    std::optional<double> value = metric.states.empty() ? to_number(cell) : severity_of(metric, cell);
    const std::optional<GapCause> lacks = trace_.lacks;
    std::optional<GapCause> gap;
    std::optional<std::uint32_t> first;
    if (!trace_.used.empty()) first = trace_.used.front();
    if (metric.sensor && first && is_mark(row.view.value(*first))) value.reset();
    if (value && metric.counter) {
      const SeriesStep taken = count_series(index, row, state, *value);
      if (!taken.value && !taken.gap) return;
      value = taken.value;
      gap = taken.gap;
    }
    if (!value && !gap && series.live) gap = lacks.value_or(GapCause::NoSuchObject);
    put(index, state, value, gap, first);
  }

  // A value, else a gap where its cause is new.
  void put(std::uint32_t index, RowState& state, std::optional<double> value, std::optional<GapCause> gap,
           std::optional<std::uint32_t> first) {
    SeriesState& series = state.series[index];
    if (gap) {
      if (series.gap != gap) out_.emissions.push_back({.row = &state, .metric = index, .value = gap_marker(*gap), .leaf = first});
      series.live = false;
      series.gap = gap;
    } else if (value) {
      out_.emissions.push_back({.row = &state, .metric = index, .value = *value, .leaf = first});
      series.live = true;
      series.gap.reset();
    }
  }

  // The limits of one sensor: those of the group's metrics from `first` to before `end`.
  struct LimitsRead {
    std::array<std::optional<std::uint32_t>, kBounds> leaves{};
    std::array<bool, kBounds> changed{};
  };
  LimitsRead read_limits(std::uint32_t first, std::uint32_t end, Fresh& row, RowState& state) {
    LimitsRead out;
    row.view.for_limits(true);
    Limits given;
    for (std::uint32_t index = first; index < end; ++index) {
      const auto bound = static_cast<std::size_t>(*group_.metrics[index].bound);
      std::optional<double> value = to_number(value_of(group_.metrics[index].value, row.view));
      if (!trace_.used.empty()) out.leaves[bound] = trace_.used.front();
      if (!value && trace_.lacks) value = state.limits[index];  // the agent failed there: it stands as it was
      given[bound] = value;
    }
    row.view.for_limits(false);
    const auto kind = std::find_if(group_.metrics[first].labels.begin(), group_.metrics[first].labels.end(),
                                   [](const Labels::Pair& label) { return label.first == "class"; });
    const Limits meant = believable(given, kind == group_.metrics[first].labels.end() ? std::string_view() : kind->second);
    for (std::uint32_t index = first; index < end; ++index) {
      const auto bound = static_cast<std::size_t>(*group_.metrics[index].bound);
      out.changed[bound] = state.limits[index] != meant[bound];
      state.limits[index] = meant[bound];
    }
    return out;
  }

  void tell_limits(Fresh& row, RowState& state) {
    state.limits.resize(group_.metrics.size());
    state.limited.resize(group_.metrics.size());
    for (std::uint32_t first = 0, end = 0; first < group_.metrics.size(); first = std::max(end, first + 1)) {
      const auto ours = [&](std::uint32_t index) {
        return index < group_.metrics.size() && group_.metrics[index].bound &&
               group_.metrics[index].of == group_.metrics[first].of;
      };
      for (end = first; ours(end);) ++end;
      if (end == first) continue;
      const std::uint32_t sensor = group_.metrics[first].of;
      const bool valued = state.series[sensor].live;
      LimitsRead read;
      if (data_.whole && valued) read = read_limits(first, end, row, state);
      if (data_.whole) state.limited[sensor] = valued;
      else if (valued && !state.limited[sensor]) state_.seldom.at.reset();  // it had no value when they were read
      for (std::uint32_t index = first; index < end; ++index) {
        const auto bound = static_cast<std::size_t>(*group_.metrics[index].bound);
        const SeriesState& series = state.series[index];
        const auto limit = valued && state.limited[sensor] ? state.limits[index] : std::nullopt;
        if (!limit && !series.live) continue;
        if (limit && series.live && !telling_limits_ && !read.changed[bound]) continue;
        put(index, state, limit, limit ? std::nullopt : std::optional(GapCause::NoSuchObject), read.leaves[bound]);
      }
    }
  }

  // Limits hardly change: it is enough to tell them so often that a query, which looks five minutes back, finds them.
  void schedule_limits() {
    has_limits_ =
        std::any_of(group_.metrics.begin(), group_.metrics.end(), [](const Metric& one) { return one.bound.has_value(); });
    const auto& told = state_.limits_told;
    telling_limits_ = !told || moment_.stamp < *told || moment_.stamp + moment_.interval - *told >= kLimitsStand;
    if (has_limits_ && telling_limits_) state_.limits_told = moment_.stamp;
  }

  const mib::Tree& tree_;
  const Group& group_;
  GroupState& state_;
  const GroupData& data_;
  const Moment& moment_;
  Uptime uptime_ = Uptime::Unknown;
  Witnesses witnesses_;                        // of a restart
  std::vector<const Value*> values_;           // of all rows, by leaf
  std::vector<std::optional<double>> limits_;  // of all rows, by metric
  std::vector<Fresh> fresh_;
  std::vector<std::unique_ptr<RowState>> hidden_;  // rows that the agent failed to show
  bool has_limits_ = false;
  bool telling_limits_ = false;  // also those that are as they were
  Trace trace_;
  Outcome out_;
};

}  // namespace

Outcome evaluate_group(const mib::Tree& tree, const Group& group, GroupState& state, const GroupData& data,
                       const Moment& moment) {
  return GroupEvaluation(tree, group, state, data, moment).run();
}

void read_ahead(GroupState& state, const GroupData& data, SteadyTime at) {
  for (const auto& row : state.rows) {
    if (row->ahead.empty()) continue;
    const auto found = std::lower_bound(data.rows.begin(), data.rows.end(), row->key.index,
                                        [](const GroupData::Row& one, const auto& index) { return one.index < index; });
    if (found == data.rows.end() || found->index != row->key.index) continue;
    for (std::size_t i = 0; i < data.asked.size() && i < found->values.size(); ++i) {
      const auto ahead =
          std::find_if(row->ahead.begin(), row->ahead.end(), [&](const Ahead& one) { return one.leaf == data.asked[i]; });
      if (ahead == row->ahead.end() || found->values[i].type != ahead->counter.type) continue;
      const CounterStep taken = step(ahead->counter, ahead->counter.type, found->values[i].number, {.at = at}, ahead->rate);
      if (taken.gap && !ahead->gap) ahead->gap = taken.gap;
      ahead->growth += taken.growth.value_or(0);
      ahead->reset |= taken.reset;
    }
  }
}

std::vector<bool> ahead_leaves(const Group& group, const GroupState& state) {
  std::vector<bool> leaves(group.leaves.size(), false);
  for (const auto& row : state.rows) {
    for (const Ahead& one : row->ahead) leaves[one.leaf] = true;
  }
  return leaves;
}

std::vector<Emission> mark_gap(const Group& group, GroupState& state, GapCause cause) {
  std::vector<Emission> emissions;
  for (const auto& row : state.rows) {
    for (std::uint32_t metric = 0; metric < row->series.size() && metric < group.metrics.size(); ++metric) {
      SeriesState& series = row->series[metric];
      if (!series.live && (!series.gap || series.gap == cause)) continue;
      emissions.push_back({.row = row.get(), .metric = metric, .value = gap_marker(cause), .leaf = {}});
      series.live = false;
      series.gap = cause;
    }
  }
  return emissions;
}

Outcome mark_stale(const Group& group, GroupState& state) {
  Outcome out;
  for (auto& row : state.rows) {
    for (std::uint32_t metric = 0; metric < row->series.size() && metric < group.metrics.size(); ++metric) {
      if (!row->series[metric].live && !row->series[metric].gap) continue;
      out.emissions.push_back({.row = row.get(), .metric = metric, .value = stale_marker(), .leaf = {}});
    }
    out.gone.push_back(std::move(row));
  }
  state.rows.clear();
  return out;
}

Oid emission_oid(const Group& group, const Emission& emission) {
  if (!emission.leaf) return {};
  const Leaf& leaf = group.leaves[*emission.leaf];
  return leaf.place == Leaf::Place::Column ? leaf.oid + std::span<const std::uint32_t>(emission.row->key.index) : leaf.oid;
}

}  // namespace bongsu::poll
