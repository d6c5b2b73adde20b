// SPDX-License-Identifier: Apache-2.0
#include "snmp/sizing.h"

#include <algorithm>

namespace bongsu::snmp {
namespace {

constexpr Millis kRetryAfter{24 * 3'600'000};
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

void Sizing::failed(const Size& size, Failure how, const std::string& evidence) {
  Dialect& dialect = known_.second.dialect;
  const std::size_t varbinds = size.varbinds();
  if (varbinds <= 1 && how != Failure::Cut) return;  // less cannot be asked for: it is no limit that failed
  dialect.retry = clock_.now() + kRetryAfter;
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
  if (how == Failure::Silent) {
    // One silence proves nothing, and on a lossy way a few do not.
    if (known_.second.silent < 255) ++known_.second.silent;
    if (known_.second.silent < (dialect.lossy() ? 4 : 2)) return;
  }
  book_.note(known_, Trait::VarbindLimit, evidence);
}

bool Sizing::retry() {
  Dialect& dialect = known_.second.dialect;
  if (dialect.retry == Time{} || clock_.now() < dialect.retry) return false;
  dialect.retry = dialect.bulk ? Time{} : clock_.now() + kRetryAfter;
  if (dialect.too_many != 0) {
    dialect.too_many = kMoreThanEver;
    known_.second.silent = 0;
  }
  dialect.repetitions = 0;
  dialect.in_flight = 0;
  book_.changed(known_);
  return !dialect.bulk;
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
