// SPDX-License-Identifier: Apache-2.0
#include "snmp/engine.h"

#include <algorithm>

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMostUsers = 4;    // of one device; a reload of the configuration makes new ones
constexpr std::int32_t kOvertaken = 10;  // seconds that an answer may be older than one that came before it
constexpr char kRecordVersion = 1;
constexpr std::size_t kRecordHead = 1 + 4 + 4 + 8;  // version, boots, time, at

void put_number(std::string& out, std::uint64_t number, int octets) {
  for (int i = octets - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}
std::uint64_t take_number(std::string_view& in, std::size_t octets) {
  std::uint64_t number = 0;
  for (const char c : in.substr(0, octets)) number = number << 8 | static_cast<std::uint8_t>(c);
  in.remove_prefix(octets);
  return number;
}

}  // namespace

std::string encode(const EngineRecord& record) {
  std::string out(1, kRecordVersion);
  put_number(out, static_cast<std::uint32_t>(record.boots), 4);
  put_number(out, static_cast<std::uint32_t>(record.time), 4);
  put_number(out, static_cast<std::uint64_t>(to_ms(record.at)), 8);
  out.append(record.id.begin(), record.id.end());
  return out;
}

Result<EngineRecord> decode_engine(std::string_view bytes) {
  if (bytes.empty()) return Error{Code::Corrupt, "the record is empty"};
  if (bytes[0] != kRecordVersion)
    return Error{Code::Unsupported, "version " + std::to_string(static_cast<unsigned char>(bytes[0])) + " of the record"};
  if (bytes.size() <= kRecordHead || bytes.size() > kRecordHead + kMostEngineId)
    return Error{Code::Corrupt, "a record of " + std::to_string(bytes.size()) + " octets"};
  bytes.remove_prefix(1);
  EngineRecord out;
  const std::uint64_t boots = take_number(bytes, 4), time = take_number(bytes, 4), at = take_number(bytes, 8);
  if (boots > kLastBoots || time > kLastBoots || at > (UINT64_C(1) << 53))
    return Error{Code::Corrupt, "numbers beyond what an engine has"};
  out.boots = static_cast<std::int32_t>(boots);
  out.time = static_cast<std::int32_t>(time);
  out.at = time_from_ms(static_cast<std::int64_t>(at));
  out.id.assign(bytes.begin(), bytes.end());
  return out;
}

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

void Engine::restore(const EngineRecord& kept, Time wall, SteadyTime now) {
  const auto passed = std::max<std::int64_t>(std::chrono::duration_cast<std::chrono::seconds>(wall - kept.at).count(), 0);
  adopt(kept.id, kept.boots, static_cast<std::int32_t>(std::min<std::int64_t>(kept.time + passed, kLastBoots)), now);
  restored_ = true;
}

EngineRecord Engine::record(Time wall, SteadyTime now) const {
  return {.id = id_, .boots = boots_, .time = time(now), .at = wall};
}

void Engine::forget() {
  id_.clear();
  keys_.clear();
  authentic_ = restored_ = false;
  boots_ = time_ = told_ = 0;
}

bool Engine::went_back(std::int32_t boots, std::int32_t time_then) const {
  return authentic_ && boots == boots_ && time_then < told_ - kOvertaken;
}

void Engine::reset(std::int32_t boots, std::int32_t time, SteadyTime now) {
  authentic_ = true;
  restored_ = false;
  boots_ = boots;
  time_ = told_ = time;
  at_ = now;
}

bool Engine::accept(std::int32_t boots, std::int32_t time_then, SteadyTime now) {
  if (boots == kLastBoots) return false;
  if (!authentic_ || boots > boots_ || (boots == boots_ && time_then > time(now))) {
    reset(boots, time_then, now);
    return true;
  }
  if (boots != boots_ || time_then < time(now) - kWindow.count()) return false;
  told_ = time_then;
  return true;
}

LocalKeys* Engine::keys(const std::shared_ptr<const User>& user) {
  for (auto& [whose, keys] : keys_)
    if (whose == user) return &keys;
  return nullptr;
}

LocalKeys& Engine::keep_keys(const std::shared_ptr<const User>& user, LocalKeys made) {
  if (keys_.size() >= kMostUsers) keys_.erase(keys_.begin());
  return keys_.emplace_back(user, std::move(made)).second;
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
