// SPDX-License-Identifier: Apache-2.0
// How far an answer to GETBULK is believed, and what no answer means.
#include <fmt/format.h>

#include <algorithm>

#include "snmp/table.h"

namespace bongsu::snmp {
namespace {

constexpr int kMostLeaps = 64;              // that one walk asks GETNEXT about
constexpr int kLooks = 1, kLossyLooks = 3;  // at what is silent, beyond the first
constexpr int kStrikes = 2;                 // a row can come or go between two requests
constexpr Millis kHeardLately{600'000}, kLeastQuick{500};

std::string text_of(OidView name) { return name.octets().empty() ? "nothing" : name.to_oid().to_string(); }

}  // namespace

// Whether `name` is not what comes next by one more in the first arc that differs, and begins another part of the tree: as
// where a column, a table or a group follows another one with a gap between their numbers.
bool TableWalk::leaps(OidView before, OidView name) const {
  if (leaps_ >= kMostLeaps) return false;
  const Oid from = before.to_oid(), to = name.to_oid();
  std::size_t same = 0;
  while (same < from.size() && same < to.size() && from[same] == to[same]) ++same;
  if (same == to.size() || same + 1 == to.size()) return false;
  if (same == from.size()) return end_.cells == 0 && to[same] > 1;  // the first object below the root
  return to[same] - from[same] > 1;
}

// GETNEXT answered behind the last name; a leap was to the name in leap_.
void TableWalk::confirmed(OidView found) {
  const std::vector<std::uint8_t> claimed = std::exchange(leap_, {});
  if (found == OidView(claimed)) {
    known_->second.bulk_strikes = 0;
    return;
  }
  strike(fmt::format("GETBULK answered {} behind {}, where GETNEXT answers {}", text_of(OidView(claimed)),
                     OidView(last(states_[0])).to_oid().to_string(), text_of(found)));
}

// The first row of the first answer to GETBULK, which is not taken yet.
void TableWalk::begin_proof(const Answer& answer) {
  proof_.clear();
  for (std::size_t i = 0; i < std::min(asked_.size(), answer.varbinds.size()); ++i) {
    const VarbindView& varbind = answer.varbinds[i];
    auto& name = proof_.emplace_back();
    if (varbind.value.exists() && verdicts_[i] != 0) name.assign(varbind.name.octets().begin(), varbind.name.octets().end());
  }
  leap_.clear();
  ++proofs_;
  proof_of_ = asked_;
  plan_ = Plan::Prove;
}

// Whether its GETNEXT is of any use.
bool TableWalk::bears_out(const Answer& answer) {
  return std::all_of(answer.varbinds.begin(), answer.varbinds.end(), [](const VarbindView& found) {
    return found.value.exists() || found.value.type == ValueType::EndOfMibView;
  });
}

// Nothing can bear it out: what it answers is checked as ever.
void TableWalk::unproved() {
  known_->second.bulk_proved = true;
  leaps_ = kMostLeaps;
  plan_ = Plan::Usual;
  ask();
}

void TableWalk::proved(const std::vector<OidView>& found) {
  const std::vector<std::vector<std::uint8_t>> claimed = std::exchange(proof_, {});
  for (std::size_t i = 0; i < std::min(found.size(), claimed.size()); ++i) {
    if (found[i] == OidView(claimed[i])) continue;
    return strike(fmt::format("GETBULK answered {} behind {}, where GETNEXT answers {}", text_of(OidView(claimed[i])),
                              OidView(last(states_[asked_[i]])).to_oid().to_string(), text_of(found[i])));
  }
  known_->second.bulk_proved = true;
  known_->second.bulk_strikes = 0;
}

void TableWalk::strike(const std::string& evidence) {
  if (++known_->second.bulk_strikes < kStrikes) return;
  known_->second.bulk_strikes = 0;
  sizing().bulk_is_useless(Trait::BulkWrong, evidence);
}

// Whether the device answered of late, and its pulse was not missed since: then it is worth while to ask what silence means.
bool TableWalk::alive() const {
  const SteadyTime heard = known_->second.heard;
  return heard != SteadyTime{} && (heard >= started_ || exchanges_.reactor().clock().steady() - heard < kHeardLately);
}

// Whether most first tries get no answer in time, whatever they ask for: then the size of one is not the cause.
bool TableWalk::answers_late() const {
  constexpr int kAsked = 8;
  const DialectBook::Entry& seen = known_->second;
  return seen.alone >= kAsked && 2 * seen.alone_lost > seen.alone;
}

// One try, for about as long as its answers take.
Target TableWalk::quick() const {
  Target out = target_;
  if (dialect().loses()) return out;
  out.retries = 0;
  const std::chrono::microseconds wait = std::max<std::chrono::microseconds>({5 * end_.rtt, usual_wait_, kLeastQuick});
  if (end_.rtt.count() > 0 || usual_wait_.count() > 0) out.timeout = std::min(out.timeout, std::chrono::ceil<Millis>(wait));
  return out;
}

// All tries passed: is it the device, or what it was asked for?
void TableWalk::doubt_silence(Error error) {
  silence_ = std::move(error);
  suspect_ = asked_[0];
  suspect_alone_ = asked_.size() == 1;
  failed_ = {.type = type_, .size = size_, .status = kSilent, .index = 1};
  plan_ = Plan::Pulse;
  ask();
}

// It answers, so it was the question: if that is not answered again, for it may have had less luck.
void TableWalk::pulse_heard() {
  if (suspect_alone_ && looks_ < (dialect().loses() ? kLossyLooks : kLooks)) {
    ++looks_;
    failed_ = {.type = PduType::GetNext, .size = {1, 1}, .status = kSilent, .index = 1};
    only_ = suspect_;
    plan_ = Plan::Alone;
  } else if (suspect_alone_) {
    leave_silent(suspect_);
  } else {
    only_ = suspect_;
    plan_ = Plan::Alone;
  }
  ask();
}

void TableWalk::leave_silent(std::uint32_t column) {
  plan_ = Plan::Usual;
  forget_limits();
  ++silences_;
  looks_ = 0;
  if (!refusal_) refusal_ = *silence_;
  // The table's last row is no place to look for a cause: the agent falls silent over what comes behind the column.
  const Octets at = last(states_[column]);
  const std::size_t prefix = (*columns_)[column].prefix.size();
  if (!last_index_.empty() && at.size() > prefix && std::ranges::equal(at.subspan(prefix), last_index_)) {
    only_ = column;
    remember_silence(true);
    states_[column].ended = true;
    return;
  }
  const Oid behind = OidView(at).to_oid();
  exchanges_.dialects().note(
      *known_, Trait::SilentObject,
      fmt::format("no answer to GETNEXT of {}, while that of 1.3.6.1.2.1.1 is answered", behind.to_string()));
  skip_error(column, "the agent gave no answer, while it answers other requests", Code::Timeout);
}

// The search for a limit was misled: an object was it, and not the size of what was asked.
void TableWalk::forget_limits() {
  dialect().varbinds = varbinds_before_;
  dialect().too_many = too_many_before_;
  dialect().repetitions = repetitions_before_;
  known_->second.silent = 0;
  if (!limited_before_)
    std::erase_if(dialect().observations, [](const Observation& seen) { return seen.trait == Trait::VarbindLimit; });
}

// Whether nothing was answered behind its last name in a walk before; the column is left then.
bool TableWalk::known_silent(std::uint32_t column) {
  const OidView at(last(states_[column]));
  const auto known = std::find_if(silent_.begin(), silent_.end(), [&](const auto& seen) { return OidView(seen.after) == at; });
  if (known == silent_.end()) return false;
  if (known->complete) {
    states_[column].ended = true;
    return true;
  }
  if (!refusal_)
    refusal_ = Error{Code::Timeout, fmt::format("{}: no answer to GETNEXT of {} in a walk before, while others are answered; it "
                                                "is asked for again within the hour",
                                                who(target_), at.to_oid().to_string())};
  end_column(column, "the agent gave no answer in a walk before, while it answered others; it is asked again within the hour",
             Code::Timeout);
  return true;
}

}  // namespace bongsu::snmp
