// SPDX-License-Identifier: Apache-2.0
#include "snmp/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMaxColumns = 200;
// Of one request, so that it fits a frame, and of the answer asked for.
constexpr std::size_t kColumnsAtOnce = 50, kVarbindsAtOnce = 500;
constexpr int kBulkSilences = 2, kLossyBulkSilences = 4;  // in a row, before GETBULK is of no use
constexpr std::size_t kSmallBulk = 1;
constexpr Millis kSlow{5'000};
constexpr Millis kBreakAgain{24 * 3'600'000}, kSilentAgain{3'600'000};
constexpr std::size_t kEndlessPart = 16;  // of the limits, for a table that never ended before
// What an answer is commonly cut to: a frame, and the least that RFC 3417 asks for. No varbind limit shows in those.
constexpr std::size_t kFrame = 1'200, kLeastMessage = 484, kReserve = 60;
constexpr int kCutsBelieved = 3;
constexpr int kMostProofs = 2;                                        // in one walk
constexpr std::size_t kMessageOverhead = 160, kVarbindOverhead = 10;  // of a request, v3 included

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

void TableWalk::start(const Target& target, std::shared_ptr<const Columns> columns, const WalkLimits& limits, CellSink sink,
                      WalkDone done) {
  known_ = &exchanges_.dialects().known(target.endpoint);
  target_ = target;
  columns_ = std::move(columns);
  limits_ = limits;
  sink_ = std::move(sink);
  done_ = std::move(done);
  started_ = exchanges_.reactor().clock().steady();
  end_ = {};
  refusal_.reset();
  column_limit_ = std::min(columns_->size(), kColumnsAtOnce);
  plan_ = Plan::Usual;
  halved_ = cuts_ = skips_ = silences_ = looks_ = bulk_silences_ = leaps_ = proofs_ = 0;
  cut_at_ = 0;
  troubled_ = endless_ = false;
  silence_.reset();
  leap_.clear();
  last_index_.clear();
  states_.assign(columns_->size(), State{});
  lasts_.clear();
  for (std::size_t i = 0; i < columns_->size(); ++i) {
    const auto& octets = (*columns_)[i].start;
    states_[i].last_at = static_cast<std::uint32_t>(lasts_.size());
    states_[i].last_size = static_cast<std::uint32_t>(octets.size());
    lasts_.insert(lasts_.end(), octets.begin(), octets.end());
  }
  breaks_.clear();
  silent_.clear();
  varbinds_before_ = dialect().varbinds;
  too_many_before_ = dialect().too_many;
  repetitions_before_ = dialect().repetitions;
  usual_wait_ = 2 * std::chrono::microseconds(dialect().srtt) + 8 * std::chrono::microseconds(dialect().rttvar);
  limited_before_ = dialect().find(Trait::VarbindLimit) != nullptr;
  if (sizing().retry() && !v1()) {
    plan_ = Plan::SmallBulk;
    only_ = 0;
    failed_ = {.type = PduType::GetBulk, .size = {1, kSmallBulk}, .status = kSilent};
  }
  if (!dialect().breaks.empty()) {
    const Time now = exchanges_.reactor().clock().now();
    std::erase_if(dialect().breaks, [&](const Break& old) {
      return now - old.seen >= (old.silent ? kSilentAgain : kBreakAgain) || now < old.seen;
    });
    for (const Break& seen : dialect().breaks) {
      auto octets = encode_oid(seen.after);
      if (octets && seen.silent) silent_.push_back({std::move(*octets), !seen.resume.empty()});
      else if (octets) breaks_.push_back({seen, std::move(*octets), {}, {}});
    }
  }
  if (const SlowTable* slow = dialect().slow.empty() ? nullptr : dialect().slow_table((*columns_)[0].oid);
      slow != nullptr && slow->endless) {
    limits_.requests = std::max<std::size_t>(limits_.requests / kEndlessPart, 1);
    limits_.octets = std::max<std::size_t>(limits_.octets / kEndlessPart, 1);
    limits_.cells = std::max<std::size_t>(limits_.cells / kEndlessPart, 1);
  }
  ask();
}

Sizing TableWalk::sizing() { return {exchanges_.dialects(), *known_, exchanges_.reactor().clock()}; }

bool TableWalk::v1() const {
  return !target_.credentials || target_.credentials->version == Version::V1 || known_->second.dialect.v1;
}

bool TableWalk::may_bulk() const { return !v1() && known_->second.dialect.bulk; }

void TableWalk::ask() {
  if (end_.requests >= limits_.requests) return beyond_limit(fmt::format("{} requests", end_.requests));
  if (end_.octets >= limits_.octets) return beyond_limit(fmt::format("{} octets", end_.octets));
  if (end_.requests > 0 && exchanges_.reactor().clock().steady() >= started_ + limits_.time)
    return beyond_limit(format_duration(limits_.time), Trait::SlowTable);
  if (!choose()) {
    if (end_.cells == 0 && refusal_) return finish(std::move(*refusal_));
    return finish(std::move(end_));
  }
  Ask ask;
  ask.type = type_;
  ask.max_repetitions = type_ == PduType::GetBulk ? static_cast<std::int32_t>(size_.rows) : 0;
  ask.varbinds = names_;
  ask.known = known_;
  const bool trial = plan_ == Plan::SmallBulk || plan_ == Plan::Skip || plan_ == Plan::Exact || plan_ == Plan::Hidden ||
                     (plan_ == Plan::Usual && sizing().trying(size_.varbinds()));
  // Where some columns were silent, the others are not waited for as long.
  const bool look = plan_ == Plan::Alone && looks_ > 0;
  const bool hasty = plan_ == Plan::Pulse || look || (silences_ > 0 && (trial || !states_[asked_[0]].heard));
  ask.reducible = !trial && !hasty && plan_ != Plan::Prove;
  ++end_.requests;
  Target whom = hasty ? quick() : trial ? sizing().impatient(target_) : target_;
  if (look || bulk_silences_ > 0) whom.retries = target_.retries;
  exchanges_.request(whom, ask, [this](Result<Answer> result) { answered(std::move(result)); });
}

// The columns and kind of the next request; false when nothing is left.
bool TableWalk::choose() {
  if (plan_ == Plan::Usual && !breaks_.empty()) jump_columns();
  names_.clear();
  asked_.clear();
  const auto one = [&](PduType type, OidView name, std::size_t rows) {
    type_ = type;
    size_ = {1, rows};
    asked_.push_back(only_);
    names_.push_back({name, {}});
    return true;
  };
  if (plan_ == Plan::Alone || plan_ == Plan::SmallBulk) {
    while (only_ < states_.size() && states_[only_].ended) ++only_;
    if (only_ == states_.size()) plan_ = Plan::Usual;
  }
  switch (plan_) {
    case Plan::Alone:
      return one(PduType::GetNext, OidView(last(states_[only_])), 1);
    case Plan::SmallBulk:
      return one(PduType::GetBulk, OidView(last(states_[only_])), kSmallBulk);
    case Plan::Verify:
      return one(PduType::GetNext, OidView(skip_from_), 1);
    case Plan::Skip:
      return one(PduType::GetNext, OidView(candidate_), 1);
    case Plan::Exact:
    case Plan::Hidden:
      return one(PduType::GetRequest, OidView(candidate_), 1);
    case Plan::Confirm:
      return one(PduType::GetNext, OidView(last(states_[only_])), 1);
    case Plan::Prove:
      type_ = PduType::GetNext;
      asked_ = proof_of_;
      size_ = {asked_.size(), 1};
      for (const std::uint32_t column : asked_) names_.push_back({OidView(last(states_[column])), {}});
      return true;
    case Plan::Pulse: {
      static const std::vector<std::uint8_t> kSystem = *encode_oid(Oid{1, 3, 6, 1, 2, 1, 1});
      type_ = PduType::GetNext;
      size_ = {1, 1};
      names_.push_back({OidView(kSystem), {}});
      return true;
    }
    default:
      return choose_usual();
  }
}

bool TableWalk::choose_usual() {
  const bool bulk = may_bulk() && plan_ != Plan::Next;
  const std::size_t bound = std::max<std::size_t>(sizing().most(), 1);
  std::size_t most = std::min(column_limit_, bound);
  if (plan_ == Plan::HalfBulk) most = std::max<std::size_t>(cut_at_ / 2, 1);
  std::size_t room = dialect().message_octets == 0 ? SIZE_MAX : std::max<std::size_t>(dialect().message_octets, kMessageOverhead);
  if (room != SIZE_MAX) room -= kMessageOverhead;
  // As one of them was silent, others may be, too: each is asked for alone at first.
  const bool unheard = silences_ > 0 && std::any_of(states_.begin(), states_.end(),
                                                    [](const State& state) { return !state.ended && !state.heard; });
  if (unheard) most = 1;
  for (std::uint32_t i = 0; i < states_.size() && asked_.size() < most; ++i) {
    if (states_[i].ended || (!silent_.empty() && known_silent(i))) continue;
    if (unheard && states_[i].heard) continue;
    const std::size_t octets = states_[i].last_size + kVarbindOverhead;
    if (!asked_.empty() && octets > room) break;
    room -= std::min(room, octets);
    asked_.push_back(i);
    names_.push_back({OidView(last(states_[i])), {}});
  }
  if (asked_.empty()) return false;
  type_ = bulk ? PduType::GetBulk : PduType::GetNext;
  size_ = {asked_.size(), 1};
  if (!bulk) return true;
  std::size_t rows = static_cast<std::size_t>(std::clamp(target_.max_repetitions, 1, 127));
  if (dialect().repetitions > 0) rows = std::min<std::size_t>(rows, dialect().repetitions);
  rows = std::clamp<std::size_t>(kVarbindsAtOnce / asked_.size(), 1, rows);
  size_.rows = std::clamp<std::size_t>(bound / asked_.size(), 1, rows);
  return true;
}

// For evidence: what was asked.
std::string TableWalk::described() const {
  std::string out(to_string(type_));
  if (!asked_.empty()) out += fmt::format(" of {}", OidView(names_[0].name).to_oid().to_string());
  if (size_.names > 1) out += fmt::format(" and {} more", size_.names - 1);
  if (type_ == PduType::GetBulk) out += fmt::format(" with {} repetitions, {} varbinds in all", size_.rows, size_.varbinds());
  return out;
}

void TableWalk::answered(Result<Answer> result) {
  for (State& state : states_) state.newest = state.first = OidView();  // of an answer that is gone
  if (plan_ != Plan::Confirm) leap_.clear();
  if (!result) return silent(std::move(result).error());
  if (plan_ == Plan::Pulse) return pulse_heard();
  looks_ = bulk_silences_ = 0;
  end_.octets += result->octets;
  end_.rtt = std::max(end_.rtt, result->rtt);
  if (result->sendings > 1) troubled_ = true;
  if (plan_ == Plan::Verify && result->error_status == kNoError && !result->varbinds.empty()) return verified(*result);
  if (plan_ == Plan::Skip || plan_ == Plan::Exact) return skipped(*result);
  if (plan_ == Plan::Hidden) return take_hidden(&*result);
  if (result->fault != ber::Fault::None) return refused(kUnreadable, 0);
  if (result->reduced) return reduced(*result);
  if (result->error_status != kNoError) return refused(std::max(result->error_status, kUnreadable + 1), result->error_index);
  if (result->varbinds.empty()) return refused(kEmpty, 0);
  if ((plan_ == Plan::Prove || plan_ == Plan::Confirm) && !bears_out(*result)) return unproved();
  accepted(*result);
}

void TableWalk::silent(Error error) {
  troubled_ = true;
  if (error.code != Code::Timeout) return finish(std::move(error));
  if (plan_ == Plan::Pulse) {
    known_->second.heard = {};
    return finish(std::move(*silence_));
  }
  if (plan_ == Plan::SmallBulk && dialect().bulk && ++bulk_silences_ < (dialect().loses() ? kLossyBulkSilences : kBulkSilences))
    return ask();
  if (plan_ == Plan::SmallBulk) {
    sizing().bulk_is_useless(Trait::BulkIgnored, fmt::format("no answer to {}, while GETNEXT is answered", described()));
    plan_ = Plan::Usual;
    return ask();
  }
  if (plan_ == Plan::Hidden) return take_hidden(nullptr);
  if (plan_ == Plan::Skip || plan_ == Plan::Exact) {
    next_candidate();
    return ask();
  }
  if (plan_ == Plan::Usual && sizing().trying(size_.varbinds())) {
    sizing().failed(size_, Failure::Silent,
                    fmt::format("no answer to {}, while {} varbinds are answered", described(), dialect().varbinds));
    return ask();
  }
  if (plan_ == Plan::Prove) return unproved();
  if (!alive()) return finish(std::move(error));
  doubt_silence(std::move(error));
}

// The whole was not answered, its first name alone was.
void TableWalk::reduced(const Answer& answer) {
  troubled_ = true;
  failed_ = {.type = type_, .size = size_, .status = kSilent, .index = 0};
  const std::string what = described();
  only_ = asked_[0];
  states_[only_].heard = true;
  asked_.resize(1);
  names_.resize(1);
  type_ = PduType::GetNext;
  size_ = {1, 1};
  if (answer.error_status == kNoError && !answer.varbinds.empty() && check(answer)) {
    if (!take(answer)) return finish(std::move(end_));
    keep_lasts();
  }
  if (v1() && failed_.type == PduType::GetBulk) {
    plan_ = Plan::Usual;  // and so it has none
  } else if (failed_.type == PduType::GetBulk) {
    plan_ = Plan::SmallBulk;
  } else {
    sizing().failed(failed_.size, Failure::Silent, fmt::format("no answer to {}, while one of them alone is answered", what));
    sizing().succeeded({1, 1});
    plan_ = Plan::Usual;
  }
  ask();
}

std::string TableWalk::told(std::int32_t status) {
  switch (status) {
    case kSilent:
      return "no answer";
    case kEmpty:
      return "an answer without any object";
    case kUnreadable:
      return "an answer that cannot be read";
    default:
      return error_status_name(status);
  }
}

// What it says of the size of the request.
Failure TableWalk::meaning(std::int32_t status) {
  if (status == kSilent) return Failure::Silent;
  return status == kNoSuchName || status == kUnreadable ? Failure::Unfit : Failure::Refused;
}

// An error to the request under way, or an answer without any object that can be read.
void TableWalk::refused(std::int32_t status, std::int32_t index) {
  const std::string what = fmt::format("{} to {}", told(status), described());
  const bool bulk = type_ == PduType::GetBulk;
  if (plan_ == Plan::Prove) return unproved();
  if (plan_ == Plan::SmallBulk) {  // is it GETBULK, or the object?
    failed_ = {.type = type_, .size = size_, .status = status, .index = index};
    plan_ = Plan::Alone;
    return ask();
  }
  if (status == kTooBig && size_.varbinds() > 1) {
    sizing().failed(size_, Failure::TooBig, what);
    plan_ = Plan::Usual;
    return ask();
  }
  if (status == kEmpty) exchanges_.dialects().note(*known_, Trait::EmptyAnswer, what);
  if (status == kNoSuchName && !v1()) exchanges_.dialects().note(*known_, Trait::WrongError, what);
  if (plan_ == Plan::Usual && sizing().trying(size_.varbinds())) {
    sizing().failed(size_, meaning(status), fmt::format("{}, while {} varbinds are answered", what, dialect().varbinds));
    return ask();
  }
  if (bulk) {
    // Is it GETBULK, so much at once, or an object?
    failed_ = {.type = type_, .size = size_, .status = status, .index = index};
    plan_ = Plan::Next;
    return ask();
  }
  if (size_.names > 1) {
    const bool named = index >= 1 && static_cast<std::size_t>(index) <= asked_.size();
    if (named && status == kNoSuchName) {  // v1: that one has no next object, and the others stand
      states_[asked_[static_cast<std::size_t>(index) - 1]].ended = true;
      plan_ = Plan::Usual;
      return ask();
    }
    if (plan_ != Plan::Next) failed_ = {.type = type_, .size = size_, .status = status, .index = index};
    failed_.index = index;
    only_ = asked_[named ? static_cast<std::size_t>(index) - 1 : 0];
    plan_ = Plan::Alone;
    return ask();
  }
  // It does not say which: each is asked for alone.
  if (plan_ == Plan::Alone && failed_.index == 0 && failed_.size.names > 1) column_limit_ = 1;
  plan_ = Plan::Usual;
  refuse_column(asked_[0], status);
  ask();
}

void TableWalk::refuse_column(std::uint32_t column, std::int32_t status) {
  if (status == kEmpty) return end_column(column, told(status));
  if (status == kNoSuchName) {  // no next object; some agents say so in v2c too
    states_[column].ended = true;
    return;
  }
  forget_limits();
  const bool denied = status == kNoAccess || status == kAuthorizationError, unreadable = status == kUnreadable;
  const Code code = denied ? Code::Denied : unreadable ? Code::Invalid : Code::Refused;
  if (!refusal_)
    refusal_ = Error{code, fmt::format("{}: the agent gave {} for {}{}", who(target_), told(status),
                                       OidView(last(states_[column])).to_oid().to_string(),
                                       denied && target_.credentials ? ": " + rights_advice(*target_.credentials) : "")};
  skip_error(column, "the agent gave " + told(status), code);
}

void TableWalk::refuse_bulk() {
  sizing().bulk_is_useless(Trait::BulkRefused,
                           fmt::format("{} to GETBULK of one object, while GETNEXT is answered", told(failed_.status)));
}

void TableWalk::accepted(const Answer& answer) {
  if (!check(answer)) return ask();  // and the plan says how to go on
  for (const std::uint32_t column : asked_) states_[column].heard = true;
  if (type_ == PduType::GetBulk && !known_->second.bulk_proved && plan_ == Plan::Usual && size_.rows > 1 &&
      proofs_ < kMostProofs) {
    begin_proof(answer);
    return ask();
  }
  if (!take(answer)) return finish(std::move(end_));
  if (end_.cells > limits_.cells) {
    keep_lasts();
    return beyond_limit(fmt::format("{} objects", limits_.cells));
  }
  const Plan was = plan_;
  plan_ = Plan::Usual;
  switch (was) {
    case Plan::Next:
      // It was not the objects: GETBULK, or so much at once.
      if (failed_.size.varbinds() > 1) {
        only_ = asked_[0];
        plan_ = Plan::SmallBulk;
      } else {
        refuse_bulk();
      }
      break;
    case Plan::SmallBulk:
      if (failed_.status == kSilent && !dialect().bulk) {
        dialect().bulk = true;  // it is of use again
        exchanges_.dialects().changed(*known_);
      } else if (failed_.size.names > 1 || failed_.size.rows > kSmallBulk) {  // else it was no more, and only luckier
        sizing().failed(
            failed_.size, meaning(failed_.status),
            fmt::format("{} to a GETBULK of {} names with {} repetitions, {} varbinds in all, while one of {} is answered",
                        told(failed_.status), failed_.size.names, failed_.size.rows, failed_.size.varbinds(), kSmallBulk));
        sizing().succeeded({1, kSmallBulk});
      }
      break;
    case Plan::Alone:
      if (failed_.type == PduType::GetBulk && failed_.size.varbinds() == 1) {
        refuse_bulk();
        break;
      }
      if (failed_.index > 0 || failed_.status != kNoSuchName)
        sizing().failed({failed_.size.names, 1}, meaning(failed_.status),
                        fmt::format("{} to a GETNEXT of {} names, while one of them alone is answered", told(failed_.status),
                                    failed_.size.names));
      else column_limit_ = 1;
      sizing().succeeded({1, 1});
      break;
    case Plan::Usual:
    case Plan::HalfBulk:
      if (answer.sendings > 1 && type_ == PduType::GetBulk && static_cast<std::size_t>(answer.repetitions) < size_.rows &&
          answer.varbinds.size() <= size_.names * static_cast<std::size_t>(answer.repetitions)) {
        const Size small{size_.names, static_cast<std::size_t>(answer.repetitions)};
        if (answers_late()) break;
        if (++halved_ >= (dialect().lossy() ? 6 : 2)) {
          halved_ = 0;
          sizing().failed(size_, Failure::Silent,
                          fmt::format("no answer to {}, while {} varbinds are answered", described(), small.varbinds()));
          sizing().succeeded(small);
        }
        break;
      }
      halved_ = 0;
      sizing().succeeded(size_);
      plan_ = was;
      cut_short(answer);
      break;
    case Plan::Confirm:
      confirmed(states_[asked_[0]].leaves ? states_[asked_[0]].beyond : states_[asked_[0]].newest);
      break;
    case Plan::Prove: {
      std::vector<OidView> found;
      for (const std::uint32_t column : asked_) found.push_back(states_[column].leaves ? OidView() : states_[column].newest);
      proved(found);
      break;
    }
    default:
      break;
  }
  keep_lasts();
  if (!leap_.empty() && plan_ == Plan::Usual) {
    only_ = 0;
    plan_ = Plan::Confirm;
  }
  ask();
}

// An answer with fewer varbinds than asked for, and not for want of room: the agent takes no more at once, or its GETBULK
// is a GETNEXT.
void TableWalk::cut_short(const Answer& answer) {
  const bool half = plan_ == Plan::HalfBulk;
  plan_ = Plan::Usual;
  const std::size_t got = answer.varbinds.size();
  if (got >= size_.varbinds()) {
    cuts_ = 0;
    return;
  }
  for (const std::uint32_t column : asked_)
    if (states_[column].leaves || states_[column].ended) return;
  // What octets bound is cut to other numbers of varbinds when their sizes differ by more than one of them.
  DialectBook::Entry& entry = known_->second;
  const auto octets = static_cast<std::uint16_t>(std::min<std::size_t>(answer.octets, UINT16_MAX));
  if (entry.cut_at != got) {
    entry.cut_at = static_cast<std::uint16_t>(std::min<std::size_t>(got, UINT16_MAX));
    entry.cut_least = entry.cut_most = octets;
  }
  entry.cut_least = std::min(entry.cut_least, octets);
  entry.cut_most = std::max(entry.cut_most, octets);
  const std::size_t with_one_more = octets + octets / got;
  const bool spread = std::size_t{entry.cut_most} - entry.cut_least > entry.cut_most / got;
  if (!spread && (with_one_more > kFrame || (octets <= kLeastMessage && with_one_more > kLeastMessage - kReserve))) {
    cuts_ = 0;
    return;
  }
  if (half) {
    if (got == asked_.size() && size_.rows > 1)
      return sizing().bulk_is_useless(
          Trait::BulkWrong,
          fmt::format("one varbind for each name in answer to {}, and so to one of {} names before", described(), cut_at_));
    cuts_ = kCutsBelieved;
  } else if (got != cut_at_) {
    cut_at_ = got;
    cuts_ = 1;
  } else {
    ++cuts_;
  }
  if (cuts_ < (type_ == PduType::GetBulk ? kCutsBelieved : 2)) return;
  cuts_ = 0;
  if (!half && type_ == PduType::GetBulk && got == asked_.size() && size_.rows > 1) {
    if (got > 1) plan_ = Plan::HalfBulk;
    return;
  }
  sizing().failed({cut_at_, 1}, Failure::Cut,
                  fmt::format("{} varbinds ({} octets) in answer to {}", got, answer.octets, described()));
}

// Whether every name of the answer is where it must be; what is a cell goes into verdicts_, what ends a column into
// State::leaves. False: the plan says how to find out what is wrong, and nothing of the answer is taken.
bool TableWalk::check(const Answer& answer) {
  for (const std::uint32_t column : asked_) {
    State& state = states_[column];
    state.newest = state.first = state.before = state.beyond = OidView();
    state.leaves = false;
    state.jump = SIZE_MAX;
  }
  verdicts_.assign(answer.varbinds.size(), 0);
  std::size_t at = 0;
  for (std::size_t i = 0; i < answer.varbinds.size(); ++i) {
    const std::uint32_t number = asked_[at];
    if (++at == asked_.size()) at = 0;
    State& state = states_[number];
    if (type_ != PduType::GetBulk && i >= asked_.size()) break;
    if (state.jump != SIZE_MAX) continue;
    const VarbindView& varbind = answer.varbinds[i];
    const OidView before = state.newest.octets().empty() ? OidView(last(state)) : state.newest;
    if (!varbind.value.exists()) {
      if (!state.leaves && varbind.value.type != ValueType::EndOfMibView) no_next(varbind.value.type);
      state.leaves = true;
      continue;
    }
    const bool inside = (*columns_)[number].holds(varbind.name);
    const bool rises = varbind.name > before;
    if (limits_.confirm && rises && type_ == PduType::GetBulk && !state.leaves && leaps(before, varbind.name)) {
      leap_.assign(varbind.name.octets().begin(), varbind.name.octets().end());
      ++leaps_;
      return true;
    }
    if (state.leaves) {
      if (rises && inside) return doubt(number, before, varbind.name);  // it ended, and goes on
      continue;
    }
    if (rises && !inside) {
      state.leaves = true;
      state.beyond = varbind.name;
      continue;
    }
    if (rises) {
      verdicts_[i] = 1;
      if (state.first.octets().empty()) state.first = varbind.name;
      state.before = before;
      state.newest = varbind.name;
      continue;
    }
    // Out of order.
    if (const std::size_t jump = known_break(before); jump != SIZE_MAX) {
      state.jump = jump;
      breaks_[jump].back_to.assign(varbind.name.octets().begin(), varbind.name.octets().end());
      const Octets earlier = state.newest.octets().empty() ? Octets(state.earlier) : state.before.octets();
      breaks_[jump].earlier.assign(earlier.begin(), earlier.end());
      continue;
    }
    return doubt(number, before, varbind.name);
  }
  for (const std::uint32_t number : asked_) {
    State& state = states_[number];
    if (state.beyond.octets().empty() || asked_.size() == 1 || !lies_beyond(number, state.beyond)) continue;
    return doubt(number, state.newest.octets().empty() ? OidView(last(state)) : state.newest, state.beyond);
  }
  return true;
}

// `name` cannot be what comes behind `before`. False, for check().
bool TableWalk::doubt(std::uint32_t column, OidView before, OidView name) {
  only_ = column;
  for (const std::uint32_t other : asked_) states_[other].jump = SIZE_MAX;  // nothing of the answer is taken
  if (type_ != PduType::GetBulk && asked_.size() == 1) {
    begin_skip(column, name, states_[column].earlier);
    return false;
  }
  skip_from_.assign(before.octets().begin(), before.octets().end());
  back_to_.assign(name.octets().begin(), name.octets().end());
  doubted_ = type_;
  doubted_names_ = size_.names;
  plan_ = Plan::Verify;
  return false;
}

// Behind a name there is the next one, or endOfMibView (RFC 3416 section 4.2.2).
void TableWalk::no_next(ValueType type) {
  const std::function<std::string()> text = [&] {
    return fmt::format("{} in answer to {}, where the next object or endOfMibView is due", to_string(type), described());
  };
  exchanges_.dialects().note(*known_, Trait::EmptyAnswer, text);
}

std::size_t TableWalk::known_break(OidView after) const {
  for (std::size_t i = 0; i < breaks_.size(); ++i)
    if (OidView(breaks_[i].after) == after) return i;
  return SIZE_MAX;
}

// Whether the end that an answer tells of a column is untrue: it names an object that has another one of the same answer
// before it.
bool TableWalk::lies_beyond(std::uint32_t column, OidView name) const {
  for (const std::uint32_t other : asked_) {
    if (other == column || states_[other].first.octets().empty() || !(*columns_)[other].holds(name)) continue;
    const OidView before = states_[column].newest.octets().empty() ? OidView(last(states_[column])) : states_[column].newest;
    if (states_[other].first < name && states_[other].first > before) return true;
  }
  return false;
}

// False when the sink has enough.
bool TableWalk::take(const Answer& answer) {
  index_octets_ = {};
  std::size_t at = 0;
  for (std::size_t i = 0; i < answer.varbinds.size(); ++i) {
    const std::uint32_t column = asked_[at];
    if (++at == asked_.size()) at = 0;
    if (verdicts_[i] != 0 && !emit(column, answer.varbinds[i])) return false;
  }
  return true;
}

// Mostly of one or two octets: a call would take longer than to look.
static bool same_index(Octets a, Octets b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = a.size(); i > 0; --i)
    if (a[i - 1] != b[i - 1]) return false;
  return true;
}

bool TableWalk::emit(std::uint32_t number, const VarbindView& varbind) {
  const Columns::Column& column = (*columns_)[number];
  const Octets tail = varbind.name.octets().subspan(column.prefix.size());
  if (column.prefix.empty()) {
    const Oid whole = varbind.name.to_oid();
    const auto arcs = whole.suffix(column.oid.size());
    index_.assign(arcs.begin(), arcs.end());
    index_octets_ = {};
  } else if (!same_index(tail, index_octets_)) {
    index_.clear();
    OidView::append_arcs(tail, index_);
    index_octets_ = tail;
  }
  ++end_.cells;
  return sink_(Cell{number, index_, varbind.name, varbind.value});
}

void TableWalk::keep_lasts() {
  for (const std::uint32_t column : asked_) {
    State& state = states_[column];
    if (state.leaves) {
      const Octets octets = state.newest.octets().empty() ? last(state) : state.newest.octets();
      const std::size_t prefix = (*columns_)[column].prefix.size();
      if (octets.size() > prefix) last_index_.assign(octets.begin() + static_cast<std::ptrdiff_t>(prefix), octets.end());
      state.ended = true;
    }
    state.leaves = false;
  }
  next_lasts_.clear();
  for (State& state : states_) {
    if (state.ended) continue;
    const Octets octets = state.newest.octets().empty() ? last(state) : state.newest.octets();
    if (!state.newest.octets().empty()) state.earlier.assign(state.before.octets().begin(), state.before.octets().end());
    state.last_at = static_cast<std::uint32_t>(next_lasts_.size());
    state.last_size = static_cast<std::uint32_t>(octets.size());
    next_lasts_.insert(next_lasts_.end(), octets.begin(), octets.end());
    state.newest = state.first = state.before = OidView();
  }
  lasts_.swap(next_lasts_);
}

void TableWalk::keep_last(std::uint32_t column, OidView name) {
  const std::vector<std::uint8_t> octets(name.octets().begin(), name.octets().end());
  for (State& state : states_) state.newest = state.before = OidView();
  states_[column].newest = OidView(octets);
  asked_.clear();
  keep_lasts();
}

void TableWalk::end_column(std::uint32_t column, std::string note, Code code) {
  const State& state = states_[column];
  end_.notes.push_back(
      fmt::format("{} was left at {}: {}", (*columns_)[column].oid.to_string(), OidView(last(state)).to_oid().to_string(), note));
  states_[column].ended = true;
  end_.left.push_back({column, code});
}

void TableWalk::beyond_limit(const std::string& what, Trait trait) {
  std::size_t open = 0;
  std::uint32_t first = 0;
  for (std::uint32_t i = static_cast<std::uint32_t>(states_.size()); i-- > 0;) {
    if (states_[i].ended) continue;
    ++open;
    first = i;
  }
  const std::string root = (*columns_)[first].oid.to_string();
  const std::string text = fmt::format("the walk of {} took {} after {} objects and was ended", root, what, end_.cells);
  end_.cut = true;
  endless_ = trait == Trait::EndlessTable;
  exchanges_.dialects().note(*known_, trait, text);
  if (open == states_.size())
    return finish(Error{Code::Limit, fmt::format("{}: {}; raise the limit, or walk less at once", target_.name, text)});
  for (std::uint32_t i = 0; i < states_.size(); ++i)
    if (!states_[i].ended) end_column(i, fmt::format("it did not end within {}", what), Code::Limit);
  finish(std::move(end_));
}

void TableWalk::finish(Result<WalkEnd> result) {
  const Oid& root = (*columns_)[0].oid;
  const auto took = std::chrono::duration_cast<Millis>(exchanges_.reactor().clock().steady() - started_);
  if (endless_ || (took >= kSlow && (result || result.error().code == Code::Limit))) {
    dialect().keep(SlowTable{root, took, endless_, exchanges_.reactor().clock().now()});
    if (!endless_ && !troubled_ && result && !result->cut)
      exchanges_.dialects().note(*known_, Trait::SlowTable,
                                 fmt::format("{} took {} for {} objects in {} requests", root.to_string(), format_duration(took),
                                             result->cells, result->requests));
    exchanges_.dialects().changed(*known_);
  } else if (result && !dialect().slow.empty() && took < kSlow / 2 && dialect().slow_table(root) != nullptr) {
    std::erase_if(dialect().slow, [&](const SlowTable& table) { return table.root == root; });
    exchanges_.dialects().changed(*known_);
  }
  // What is called may start this walk anew.
  const WalkDone done = std::move(done_);
  sink_ = nullptr;
  columns_.reset();
  target_.credentials.reset();
  done(std::move(result));
}

}  // namespace bongsu::snmp
