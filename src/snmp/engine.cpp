// SPDX-License-Identifier: Apache-2.0
#include "snmp/engine.h"

#include <algorithm>

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMostUsers = 4;  // of one device; a reload of the configuration makes new ones

}  // namespace

std::int32_t Engine::time(SteadyTime now) const {
  const std::int64_t passed = std::chrono::duration_cast<std::chrono::seconds>(now - at_).count();
  return static_cast<std::int32_t>(std::min<std::int64_t>(time_ + passed, kLastBoots));
}

void Engine::adopt(Octets id, std::int32_t boots, std::int32_t time, SteadyTime now) {
  forget();
  id_.assign(id.begin(), id.end());
  ++epoch_;
  boots_ = boots;
  time_ = time;
  at_ = now;
}

void Engine::forget() {
  id_.clear();
  keys_.clear();
  authentic_ = false;
  boots_ = time_ = 0;
}

void Engine::reset(std::int32_t boots, std::int32_t time, SteadyTime now) {
  authentic_ = true;
  boots_ = boots;
  time_ = time;
  at_ = now;
}

bool Engine::accept(std::int32_t boots, std::int32_t time_then, SteadyTime now) {
  if (boots == kLastBoots) return false;
  if (!authentic_ || boots > boots_ || (boots == boots_ && time_then > time(now))) {
    reset(boots, time_then, now);
    return true;
  }
  return boots == boots_ && time_then >= time(now) - kWindow.count();
}

LocalKeys& Engine::keys(const std::shared_ptr<const User>& user) {
  for (auto& [whose, keys] : keys_)
    if (whose == user) return keys;
  if (keys_.size() >= kMostUsers) keys_.erase(keys_.begin());
  return keys_.emplace_back(user, user->localized(id_)).second;
}

ReportKind report_kind(std::span<const VarbindView> varbinds) {
  if (varbinds.empty()) return ReportKind::Other;
  const Oid name = varbinds.front().name.to_oid();
  static const Oid kUsmStats{1, 3, 6, 1, 6, 3, 15, 1, 1}, kTargetStats{1, 3, 6, 1, 6, 3, 12, 1};
  if (name.size() < kUsmStats.size()) return ReportKind::Other;
  if (name.starts_with(kUsmStats) && name.size() > kUsmStats.size()) {
    switch (name[kUsmStats.size()]) {
      case 1:
        return ReportKind::SecurityLevel;
      case 2:
        return ReportKind::TimeWindow;
      case 3:
        return ReportKind::UserName;
      case 4:
        return ReportKind::EngineId;
      case 5:
        return ReportKind::Digest;
      case 6:
        return ReportKind::Decryption;
      default:
        return ReportKind::Other;
    }
  }
  // snmpUnavailableContexts, snmpUnknownContexts
  if (name.starts_with(kTargetStats) && (name[kTargetStats.size()] == 4 || name[kTargetStats.size()] == 5))
    return ReportKind::Context;
  return ReportKind::Other;
}

}  // namespace bongsu::snmp
