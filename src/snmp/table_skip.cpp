// SPDX-License-Identifier: Apache-2.0
// Beyond the places where an agent's order breaks.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "snmp/table.h"

namespace bongsu::snmp {
namespace {

constexpr int kMostSkips = 64;         // in one walk
constexpr std::size_t kMostUpper = 6;  // arcs of an index that are counted up, beyond its last
constexpr std::array<std::uint32_t, 4> kStrides{1, 2, 8, 64};

// No object is Null: an agent that sends a GET back as it came has none.
bool is_object(const ValueView& value) { return value.exists() && value.type != ValueType::Null; }

}  // namespace

// GETNEXT, alone, of the name before the one that cannot be right: the same again is a break in the agent's order; another
// name in order shows that the answer to GETBULK, or to several names at once, was wrong.
void TableWalk::verified(const Answer& answer) {
  const VarbindView& found = answer.varbinds.front();
  plan_ = Plan::Usual;
  if (found.value.exists() && !(found.name > OidView(skip_from_))) {
    if (OidView(skip_from_) == OidView(last(states_[only_]))) {
      begin_skip(only_, found.name, states_[only_].earlier);
      return ask();
    }
    // What came before the break is good: it is asked for again, and stopped at.
    breaks_.push_back({{}, skip_from_, back_to_, {}});
    return ask();
  }
  if (doubted_ != PduType::GetBulk) {
    column_limit_ = 1;
    exchanges_.dialects().note(
        *known_, Trait::WrongObjects,
        fmt::format("GETNEXT of {} names answered {} behind {}, where GETNEXT of that alone answers {}", doubted_names_,
                    OidView(back_to_).to_oid().to_string(), OidView(skip_from_).to_oid().to_string(),
                    found.value.exists() ? found.name.to_oid().to_string() : std::string(to_string(found.value.type))));
    return ask();
  }
  if (found.value.exists() && found.name == OidView(back_to_)) {  // both say so
    plan_ = Plan::Next;
    failed_ = {.type = PduType::GetBulk, .size = {1, 1}, .status = kNoError, .index = 0};
    return ask();
  }
  sizing().bulk_is_useless(
      Trait::BulkWrong,
      fmt::format("GETBULK answered {} behind {}, where GETNEXT answers {}", OidView(back_to_).to_oid().to_string(),
                  OidView(skip_from_).to_oid().to_string(),
                  found.value.exists() ? found.name.to_oid().to_string() : std::string(to_string(found.value.type))));
  ask();
}

void TableWalk::begin_skip(std::uint32_t column, OidView back_to, Octets earlier) {
  only_ = column;
  const Octets from = last(states_[column]);
  skip_from_.assign(from.begin(), from.end());
  back_to_ = std::vector(back_to.octets().begin(), back_to.octets().end());  // which it may be itself
  exchanges_.dialects().note(*known_, Trait::NotIncreasing,
                             fmt::format("GETNEXT of {} was answered with {}, which does not come after it",
                                         OidView(skip_from_).to_oid().to_string(), OidView(back_to_).to_oid().to_string()));
  broke_ = "the agent went back to " + OidView(back_to_).to_oid().to_string();
  past_error_.reset();
  skip_step_ = -1;
  hidden_.clear();
  if (++skips_ > kMostSkips) {
    end_column(column, broke_ + ", as it did too often before");
    plan_ = Plan::Usual;
    return;
  }
  if (!earlier.empty() && OidView(back_to_) > OidView(earlier) && OidView(back_to_) < OidView(skip_from_)) {
    // What it goes back to was passed over before, and is an object that no cell came of.
    candidate_ = hidden_ = back_to_;
    hidden_known_ = false;
    plan_ = Plan::Hidden;
    return;
  }
  next_candidate();
}

// Where the object behind the last name is not to be had: beyond the column of a table, or the object, that it is part of.
void TableWalk::skip_error(std::uint32_t column, std::string what, Code code) {
  only_ = column;
  const Octets from = last(states_[column]);
  skip_from_.assign(from.begin(), from.end());
  broke_ = std::move(what);
  past_error_ = code;
  skip_step_ = -1;
  hidden_.clear();
  if (++skips_ > kMostSkips) end_column(column, broke_, code);
  else next_candidate();
}

// The answer to a GET of what was passed over; none: nothing came.
void TableWalk::take_hidden(const Answer* answer) {
  plan_ = Plan::Usual;
  const bool had = answer != nullptr && answer->error_status == kNoError && answer->varbinds.size() == 1 &&
                   answer->varbinds.front().name == OidView(candidate_) && is_object(answer->varbinds.front().value);
  index_octets_ = {};
  if (had && !emit(only_, answer->varbinds.front())) return finish(std::move(end_));
  if (!had) hidden_.clear();
  if (!hidden_known_) next_candidate();
  ask();
}

// The next name to go on from; where there is none any more, the column ends.
void TableWalk::next_candidate() {
  const Oid from = OidView(skip_from_).to_oid();
  const Columns::Column& column = (*columns_)[only_];
  const std::size_t width = column.oid.size();
  while (true) {
    const auto step = static_cast<std::size_t>(++skip_step_);
    std::vector<std::uint32_t> arcs(from.arcs().begin(), from.arcs().end());
    plan_ = Plan::Skip;
    if (past_error_) {
      const std::size_t up = 1 + step / 2;
      const auto stride = static_cast<std::uint32_t>(1 + step % 2);
      if (up > kMostUpper || arcs.size() <= width + up) break;
      arcs.resize(arcs.size() - up);
      if (arcs.back() > UINT32_MAX - stride) continue;
      arcs.back() += stride;
    } else if (arcs.size() <= width) {  // nothing of the column was had yet
      if (step > 2) break;
      arcs.push_back(step == 0 ? 0 : 1);
      if (step == 1) plan_ = Plan::Exact;
    } else if (step == 0) {
      if (arcs.size() >= Oid::kMaxArcs) continue;
      arcs.push_back(UINT32_MAX);
    } else if (step <= kStrides.size() + 1) {
      const std::uint32_t stride = step == 1 ? 1 : kStrides[step - 2];
      if (step == 1) plan_ = Plan::Exact;
      if (arcs.back() > UINT32_MAX - stride) continue;
      arcs.back() += stride;
    } else {
      const std::size_t up = step - kStrides.size() - 1;  // arcs cut off at the end
      if (up > kMostUpper || arcs.size() <= width + up) break;
      arcs.resize(arcs.size() - up);
      if (arcs.back() == UINT32_MAX) continue;
      ++arcs.back();
    }
    if (auto octets = encode_oid(Oid(std::move(arcs)))) {
      candidate_ = std::move(*octets);
      return;
    }
  }
  plan_ = Plan::Usual;
  candidate_.clear();
  if (past_error_) {
    if (past_error_ == Code::Timeout) remember_silence(false);
    return end_column(only_, broke_, *past_error_);
  }
  remember_break(false, true);
  end_column(only_, broke_ + ", and nothing was found beyond");
}

// Not where answers are lost on the way.
void TableWalk::remember_silence(bool complete) {
  if (dialect().lossy()) return;
  Break seen{.after = OidView(last(states_[only_])).to_oid(), .seen = exchanges_.reactor().clock().now(), .silent = true};
  if (complete) seen.resume = seen.after;
  dialect().keep(std::move(seen));
  exchanges_.dialects().changed(*known_);
}

void TableWalk::remember_break(bool exact, bool ends) {
  if (past_error_) return;  // which may be over next time
  Break seen{.after = OidView(skip_from_).to_oid(), .resume = {}, .exact = exact, .seen = exchanges_.reactor().clock().now()};
  if (!ends) seen.resume = OidView(candidate_).to_oid();
  if (!hidden_.empty()) seen.hidden = OidView(hidden_).to_oid();
  dialect().keep(std::move(seen));
  exchanges_.dialects().changed(*known_);
}

void TableWalk::skipped(const Answer& answer) {
  const bool exact = plan_ == Plan::Exact;
  const bool known = skip_step_ < 0;  // a break remembered from before
  const auto fails = [&] {
    if (known) begin_skip(only_, OidView(back_to_), {});
    else next_candidate();
    ask();
  };
  if (answer.error_status != kNoError && !(answer.error_status == kNoSuchName && !exact)) return fails();
  if (answer.error_status == kNoError && answer.varbinds.size() != 1) return fails();
  const bool none = answer.error_status != kNoError || !answer.varbinds.front().value.exists();
  if (exact) {
    if (none || !is_object(answer.varbinds.front().value) || answer.varbinds.front().name != OidView(candidate_)) return fails();
  } else if (none ||
             (!(*columns_)[only_].holds(answer.varbinds.front().name) && answer.varbinds.front().name > OidView(candidate_))) {
    if (past_error_) {
      if (past_error_ == Code::Timeout) remember_silence(false);
      end_column(only_, broke_, *past_error_);
    } else if (!known) {
      end_.notes.push_back(fmt::format("{} ends at {}, where {}", (*columns_)[only_].oid.to_string(),
                                       OidView(skip_from_).to_oid().to_string(), broke_));
      remember_break(false, true);
    }
    states_[only_].ended = true;
    plan_ = Plan::Usual;
    return ask();
  } else if (!(answer.varbinds.front().name > OidView(candidate_))) {
    return fails();
  }
  const VarbindView& found = answer.varbinds.front();
  if (!known) {
    end_.notes.push_back(fmt::format("{}: behind {} {}; it was gone on with from {}", (*columns_)[only_].oid.to_string(),
                                     OidView(skip_from_).to_oid().to_string(), broke_, OidView(candidate_).to_oid().to_string()));
    if (past_error_) end_.left.push_back({only_, *past_error_});
    remember_break(exact, false);
  }
  plan_ = Plan::Usual;
  index_octets_ = {};
  if (!emit(only_, found)) return finish(std::move(end_));
  keep_last(only_, found.name);
  ask();
}

// Columns that stand before a break go on beyond it. The plan says where one of them needs a request of its own first.
void TableWalk::jump_columns() {
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    if (state.ended || state.jump == SIZE_MAX) continue;
    KnownBreak& known = breaks_[state.jump];
    only_ = i;
    if (!known.seen.hidden.empty() && !std::exchange(known.hidden_had, true)) {
      if (auto octets = encode_oid(known.seen.hidden)) {
        candidate_ = std::move(*octets);
        hidden_known_ = true;
        plan_ = Plan::Hidden;
        return;  // and then beyond the break
      }
    }
    state.jump = SIZE_MAX;
    skip_from_ = known.after;
    back_to_ = known.back_to;
    broke_ = "the agent went back to " + OidView(back_to_).to_oid().to_string();
    past_error_.reset();
    if (known.seen.seen == Time{}) {
      begin_skip(i, OidView(back_to_), known.earlier);
      if (plan_ == Plan::Usual) continue;
      return;
    }
    if (known.seen.resume.empty()) {
      end_column(i, broke_ + ", and nothing was found beyond");
      continue;
    }
    auto octets = encode_oid(known.seen.resume);
    if (!octets) continue;
    candidate_ = std::move(*octets);
    skip_step_ = -1;
    if (known.seen.exact) {
      plan_ = Plan::Exact;
      return;
    }
    keep_last(i, OidView(candidate_));
  }
}

}  // namespace bongsu::snmp
