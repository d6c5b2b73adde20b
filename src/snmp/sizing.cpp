// SPDX-License-Identifier: Apache-2.0
#include "snmp/sizing.h"

#include <algorithm>

namespace bongsu::snmp {
namespace {

constexpr Millis kRetryAfter{24 * 3'600'000};
// After silence, which may have been loss, and after so much of it that it was none; twice as long each further time.
constexpr Millis kSilenceAgain{60'000}, kLimitAgain{3'600'000};
constexpr std::uint16_t kMoreThanEver = 501;  // more varbinds than any request asks for
constexpr Millis kLeastTrial{700};

std::uint16_t bounded(std::size_t varbinds) {
  return static_cast<std::uint16_t>(std::clamp<std::size_t>(varbinds, 1, kMoreThanEver));
}

}  // namespace

bool Sizing::searching() const {
  const Dialect& dialect = known_.second.dialect;
  return dialect.too_many > dialect.varbinds + std::max(1, dialect.varbinds / 8);
}

std::size_t Sizing::most() const {
  const Dialect& dialect = known_.second.dialect;
  if (dialect.too_many == 0) return SIZE_MAX;
  if (dialect.varbinds == 0) return std::max(1, dialect.too_many / 2);
  if (!searching()) return dialect.varbinds;
  return static_cast<std::size_t>(std::min(2 * dialect.varbinds, (dialect.varbinds + dialect.too_many) / 2));
}

bool Sizing::trying(std::size_t varbinds) const {
  const Dialect& dialect = known_.second.dialect;
  return dialect.too_many != 0 && dialect.varbinds != 0 && varbinds > dialect.varbinds;
}

void Sizing::learn(std::size_t varbinds) {
  Dialect& dialect = known_.second.dialect;
  if (varbinds <= dialect.varbinds) return;
  dialect.varbinds = bounded(varbinds);
  if (dialect.varbinds >= dialect.too_many) dialect.too_many = kMoreThanEver;
  // Nothing failed but once and in silence, which may have been loss.
  const bool proved = dialect.find(Trait::VarbindLimit) != nullptr || dialect.find(Trait::TooBig) != nullptr;
  if (!searching() && (!proved || dialect.too_many == kMoreThanEver)) {
    dialect.varbinds = dialect.too_many = 0;
    known_.second.silent = 0;
  }
  book_.changed(known_);
}

// As many as failed are answered: it was no limit, or is none any more.
void Sizing::disproved() {
  DialectBook::Entry& entry = known_.second;
  entry.silent = 0;
  entry.failed_size = 0;
  if (std::erase_if(entry.dialect.observations, [](const Observation& seen) { return seen.trait == Trait::VarbindLimit; }) > 0)
    book_.changed(known_);
}

void Sizing::failed(const Size& size, Failure how, const std::string& evidence) {
  DialectBook::Entry& entry = known_.second;
  Dialect& dialect = entry.dialect;
  const std::size_t varbinds = size.varbinds();
  if (varbinds <= 1 && how != Failure::Cut) return;  // less cannot be asked for: it is no limit that failed
  entry.failed_size = bounded(how == Failure::Cut ? varbinds + 1 : varbinds);
  const int proof = dialect.lossy() ? 4 : 2;  // one silence proves nothing, and on a lossy way a few do not
  if (how == Failure::Silent) {
    // None must stay for good: on a lossy way every size is met with silence, in time.
    if (entry.silent < 255) ++entry.silent;
    const int further = std::min(entry.silent < proof ? entry.silent - 1 : entry.silent - proof, 11);
    entry.larger_again =
        clock_.now() + std::min(kRetryAfter, (entry.silent < proof ? kSilenceAgain : kLimitAgain) * (1 << further));
    if (dialect.bulk) dialect.retry = entry.larger_again;
  } else {
    entry.larger_again = {};
    dialect.retry = clock_.now() + kRetryAfter;
  }
  book_.changed(known_);
  if (how == Failure::Cut) {
    dialect.varbinds = bounded(varbinds);
    dialect.too_many = bounded(varbinds + 1);
  } else if (varbinds > dialect.varbinds) {
    dialect.too_many = dialect.too_many == 0 ? bounded(varbinds) : std::min(dialect.too_many, bounded(varbinds));
  } else if (size.rows > 1) {  // so many were answered before: it is the repetitions
    dialect.repetitions = bounded(size.rows / 2);
  } else {
    dialect.too_many = bounded(varbinds);
    dialect.varbinds = 0;
  }
  if (how == Failure::Unfit) return;
  if (how == Failure::TooBig) return book_.note(known_, Trait::TooBig, evidence);
  if (how == Failure::Silent && entry.silent < proof) return;
  book_.note(known_, Trait::VarbindLimit, evidence);
}

bool Sizing::retry() {
  DialectBook::Entry& entry = known_.second;
  Dialect& dialect = entry.dialect;
  const Time now = clock_.now();
  const bool larger = entry.larger_again != Time{} && now >= entry.larger_again;
  const bool all = !larger && dialect.retry != Time{} && now >= dialect.retry;
  if (!larger && !all) return false;
  entry.larger_again = {};
  if (all || dialect.bulk) dialect.retry = dialect.bulk ? Time{} : now + kRetryAfter;
  if (dialect.too_many != 0) {
    if (dialect.too_many != kMoreThanEver) entry.failed_size = dialect.too_many;
    dialect.too_many = kMoreThanEver;
  }
  dialect.repetitions = 0;
  if (all) dialect.in_flight = 0;
  book_.changed(known_);
  return all && !dialect.bulk;
}

void Sizing::bulk_is_useless(Trait trait, std::string evidence) {
  Dialect& dialect = known_.second.dialect;
  dialect.bulk = false;
  dialect.varbinds = dialect.too_many = dialect.repetitions = 0;  // it was GETBULK that failed, whatever its size
  dialect.retry = clock_.now() + kRetryAfter;
  book_.note(known_, trait, std::move(evidence));
  book_.changed(known_);
}

Target Sizing::impatient(const Target& target) const {
  Target out = target;
  const Dialect& known = known_.second.dialect;
  if (known.srtt.count() == 0 || known.lossy()) return out;
  const std::chrono::microseconds wait =
      5 * (std::chrono::microseconds(known.srtt) + 4 * std::chrono::microseconds(known.rttvar));
  out.timeout = std::min(out.timeout, std::max(std::chrono::ceil<Millis>(wait), kLeastTrial));
  out.retries = 0;
  return out;
}

}  // namespace bongsu::snmp
