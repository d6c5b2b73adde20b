// SPDX-License-Identifier: Apache-2.0
#include "snmp/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMaxColumns = 200;
// Of one request, so that it fits a frame, and of the answer asked for.
constexpr std::size_t kColumnsAtOnce = 50, kVarbindsAtOnce = 500;

}  // namespace

bool Columns::Column::holds(OidView name) const {
  if (!prefix.empty()) return name.starts_with(OidView(prefix));
  if (first_arc == UINT32_MAX) return true;
  const std::uint8_t first = name.octets()[0];
  const std::uint32_t arc = (first & 0x80) != 0 ? 2 : std::min<std::uint32_t>(first / 40, 2);
  return arc == first_arc;
}

Result<std::shared_ptr<const Columns>> Columns::make(const std::vector<Oid>& oids) {
  if (oids.empty() || oids.size() > kMaxColumns)
    return Error{Code::Invalid, fmt::format("{} columns asked for; 1 to {} can be walked at once", oids.size(), kMaxColumns)};
  const auto out = std::make_shared<Columns>();
  for (const Oid& oid : oids) {
    Column& column = out->columns_.emplace_back();
    column.oid = oid;
    if (oid.size() >= 2) {
      BONGSU_TRY(column.prefix, encode_oid(oid));
      column.start = column.prefix;
    } else {
      // BER needs two arcs: 1 is asked for as 1.0, and the whole tree as 0.0, which no agent has objects at.
      if (!oid.empty()) column.first_arc = oid[0];
      BONGSU_TRY(column.start, encode_oid(Oid{oid.empty() ? 0 : oid[0], 0}));
    }
  }
  return std::shared_ptr<const Columns>(out);
}

void TableWalk::start(const Target& target, std::shared_ptr<const Columns> columns, Learned& learned, const WalkLimits& limits,
                      CellSink sink, WalkDone done) {
  target_ = target;
  columns_ = std::move(columns);
  learned_ = &learned;
  limits_ = limits;
  sink_ = std::move(sink);
  done_ = std::move(done);
  deadline_ = exchanges_.reactor().clock().steady() + limits.time;
  end_ = {};
  refusal_.reset();
  column_limit_ = std::min(columns_->size(), kColumnsAtOnce);
  states_.assign(columns_->size(), State{});
  lasts_.clear();
  for (std::size_t i = 0; i < columns_->size(); ++i) {
    const auto& octets = (*columns_)[i].start;
    states_[i].last_at = static_cast<std::uint32_t>(lasts_.size());
    states_[i].last_size = static_cast<std::uint32_t>(octets.size());
    lasts_.insert(lasts_.end(), octets.begin(), octets.end());
  }
  ask();
}

void TableWalk::ask() {
  const auto beyond = [this](std::string_view what) {
    finish(Error{Code::Limit,
                 fmt::format("{}: the walk of {} took {} after {} objects and was ended; raise the limit, or walk less at once",
                             target_.name, (*columns_)[asked_.empty() ? 0 : asked_[0]].oid.to_string(), what, end_.cells)});
  };
  if (end_.requests >= limits_.requests) return beyond(fmt::format("{} requests", end_.requests));
  if (end_.octets >= limits_.octets) return beyond(fmt::format("{} octets", end_.octets));
  if (end_.requests > 0 && exchanges_.reactor().clock().steady() >= deadline_) return beyond(format_duration(limits_.time));
  std::size_t most = column_limit_;
  if (learned_->max_varbinds > 0) most = std::min(most, learned_->max_varbinds);
  asked_.clear();
  names_.clear();
  for (std::uint32_t i = 0; i < states_.size() && asked_.size() < most; ++i) {
    if (states_[i].ended) continue;
    asked_.push_back(i);
    names_.push_back({OidView(last(states_[i])), {}});
  }
  if (asked_.empty()) {
    if (end_.cells == 0 && refusal_) return finish(std::move(*refusal_));
    return finish(std::move(end_));
  }
  Ask ask{.type = PduType::GetNext, .varbinds = names_};
  if (target_.credentials && target_.credentials->version != Version::V1) {
    ask.type = PduType::GetBulk;
    std::size_t rows = static_cast<std::size_t>(std::clamp(target_.max_repetitions, 1, 127));
    rows = std::clamp<std::size_t>(kVarbindsAtOnce / asked_.size(), 1, rows);
    if (learned_->max_varbinds > 0) rows = std::clamp<std::size_t>(learned_->max_varbinds / asked_.size(), 1, rows);
    ask.max_repetitions = static_cast<std::int32_t>(rows);
  }
  ++end_.requests;
  exchanges_.request(target_, ask, [this](Result<Answer> result) { answered(std::move(result)); });
}

void TableWalk::answered(Result<Answer> result) {
  if (!result) return finish(std::move(result).error());
  end_.octets += result->octets;
  end_.rtt = std::max(end_.rtt, result->rtt);
  if (result->error_status != kNoError) return refused(*result);
  if (result->varbinds.empty()) {
    for (const std::uint32_t column : asked_) end_column(column, "an answer without any object");
    return ask();
  }
  if (!take(*result)) return finish(std::move(end_));
  if (end_.cells > limits_.cells)
    return finish(
        Error{Code::Limit, fmt::format("{}: more than {} objects in one walk; walk less at once", target_.name, limits_.cells)});
  keep_lasts();
  ask();
}

void TableWalk::refused(const Answer& answer) {
  if (answer.error_status == kTooBig) {
    const std::size_t now =
        names_.size() * (target_.credentials->version == Version::V1 ? 1 : static_cast<std::size_t>(target_.max_repetitions));
    const std::size_t bound = learned_->max_varbinds > 0 ? std::min(learned_->max_varbinds, now) : now;
    if (bound > 1) {
      learned_->max_varbinds = bound / 2;
      return ask();
    }
  }
  const bool end_of_v1 = answer.error_status == kNoSuchName;  // no next object; some agents say so in v2c too
  if (answer.error_index < 1 || static_cast<std::size_t>(answer.error_index) > asked_.size()) {
    if (asked_.size() > 1) {  // which one? ask for each alone
      column_limit_ = 1;
      return ask();
    }
  }
  const std::size_t at = asked_.size() > 1 ? static_cast<std::size_t>(answer.error_index) - 1 : 0;
  const std::uint32_t column = asked_[at];
  if (end_of_v1) {
    states_[column].ended = true;
  } else {
    const std::string name = error_status_name(answer.error_status);
    const bool denied = answer.error_status == kNoAccess || answer.error_status == kAuthorizationError;
    if (!refusal_)
      refusal_ = Error{denied ? Code::Denied : Code::Refused,
                       fmt::format("{} ({}): the agent answered {} for {}", target_.name, target_.endpoint.to_string(), name,
                                   OidView(names_[at].name).to_oid().to_string())};
    end_column(column, "the agent answered " + name);
  }
  ask();
}

// False when the sink has enough.
bool TableWalk::take(const Answer& answer) {
  index_octets_ = {};
  for (const std::uint32_t column : asked_) states_[column].newest = OidView();
  std::size_t at = 0;
  for (const VarbindView& varbind : answer.varbinds) {
    const std::uint32_t column = asked_[at];
    if (++at == asked_.size()) at = 0;
    if (!states_[column].ended && !take_one(column, varbind)) return false;
  }
  return true;
}

bool TableWalk::take_one(std::size_t number, const VarbindView& varbind) {
  State& state = states_[number];
  const Columns::Column& column = (*columns_)[number];
  if (!varbind.value.exists() || !column.holds(varbind.name)) {
    state.ended = true;
    return true;
  }
  const OidView before = state.newest.octets().empty() ? OidView(last(state)) : state.newest;
  if (!(varbind.name > before)) {
    end_column(number, "the agent went back to " + varbind.name.to_oid().to_string());
    return true;
  }
  state.newest = varbind.name;
  const Octets tail = varbind.name.octets().subspan(column.prefix.size());
  if (column.prefix.empty()) {
    const Oid whole = varbind.name.to_oid();
    const auto arcs = whole.suffix(column.oid.size());
    index_.assign(arcs.begin(), arcs.end());
    index_octets_ = {};
  } else if (tail.size() != index_octets_.size() || std::memcmp(tail.data(), index_octets_.data(), tail.size()) != 0) {
    index_.clear();
    OidView::append_arcs(tail, index_);
    index_octets_ = tail;
  }
  ++end_.cells;
  return sink_(Cell{number, index_, varbind.name, varbind.value});
}

void TableWalk::keep_lasts() {
  next_lasts_.clear();
  for (State& state : states_) {
    if (state.ended) continue;
    const Octets octets = state.newest.octets().empty() ? last(state) : state.newest.octets();
    state.last_at = static_cast<std::uint32_t>(next_lasts_.size());
    state.last_size = static_cast<std::uint32_t>(octets.size());
    next_lasts_.insert(next_lasts_.end(), octets.begin(), octets.end());
    state.newest = OidView();
  }
  lasts_.swap(next_lasts_);
}

void TableWalk::end_column(std::size_t column, std::string note) {
  states_[column].ended = true;
  const State& state = states_[column];
  const OidView at = state.newest.octets().empty() ? OidView(last(state)) : state.newest;
  end_.notes.push_back(fmt::format("{} was left at {}: {}", (*columns_)[column].oid.to_string(), at.to_oid().to_string(), note));
}

void TableWalk::finish(Result<WalkEnd> result) {
  // What is called may start this walk anew.
  const WalkDone done = std::move(done_);
  sink_ = nullptr;
  columns_.reset();
  target_.credentials.reset();
  done(std::move(result));
}

}  // namespace bongsu::snmp
