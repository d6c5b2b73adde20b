// SPDX-License-Identifier: Apache-2.0
// What is known of the SNMPv3 engine behind one endpoint, and what its reports say. Kept by endpoint and never by engine
// ID: devices with equal IDs and different clocks are common.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "snmp/codec.h"
#include "snmp/secured.h"
#include "snmp/usm.h"

namespace bongsu::snmp {

// What outlives a restart: a value of the StateStore (src/snmp/FORMAT.md). Keys do not.
struct EngineRecord {
  static constexpr std::string_view kTable = "engines";  // the key is the endpoint as text
  std::vector<std::uint8_t> id;
  std::int32_t boots = 0;
  std::int32_t time = 0;  // seconds since its boot
  Time at{};              // when that was
  friend bool operator==(const EngineRecord&, const EngineRecord&) = default;
};
std::string encode(const EngineRecord& record);
// Errors: Corrupt, Unsupported (written by a later version).
Result<EngineRecord> decode_engine(std::string_view bytes);

// Thread: one.
class Engine {
 public:
  static constexpr std::chrono::seconds kWindow{150};  // RFC 3414 section 2.2.3

  bool known() const { return !id_.empty(); }
  Octets id() const { return id_; }
  std::uint32_t epoch() const { return epoch_; }  // of its ID: another one after each adopt()
  std::int32_t boots() const { return boots_; }
  std::int32_t time(SteadyTime now) const;       // seconds since its boot
  bool authentic() const { return authentic_; }  // whether an authentic message vouches for boots and time
  bool restored() const { return restored_; }    // whether nothing of it was heard since restore()

  // From discovery, which nobody vouches for: the clock is a guess to send with, and the first authentic message sets it.
  void adopt(Octets id, std::int32_t boots, std::int32_t time, SteadyTime now);
  // As it was kept by an earlier process; `wall` is now. Nobody vouches for it.
  void restore(const EngineRecord& record, Time wall, SteadyTime now);
  EngineRecord record(Time wall, SteadyTime now) const;
  // An answer was taken.
  void heard() { restored_ = false; }
  // Its ID holds no more; its keys go with it.
  void forget();
  // The clock of an authentic message, if it is newer than ours; false when the message is outside of the time window
  // (RFC 3414 section 3.2 (7 b)).
  bool accept(std::int32_t boots, std::int32_t time, SteadyTime now);
  // Whether an authentic message with this clock shows that the engine began anew, or its clock was set back: it is earlier
  // than in the one before by more than answers can overtake each other. accept() takes it within the time window.
  bool went_back(std::int32_t boots, std::int32_t time) const;
  // The clock of an authentic message whose msgID shows that it is fresh, also when it goes back: agents lose theirs.
  void reset(std::int32_t boots, std::int32_t time, SteadyTime now);
  // The user's keys for this engine; nothing before keep_keys().
  LocalKeys* keys(const std::shared_ptr<const User>& user);
  LocalKeys& keep_keys(const std::shared_ptr<const User>& user, LocalKeys keys);

 private:
  std::vector<std::uint8_t> id_;
  std::uint32_t epoch_ = 0;
  bool authentic_ = false;
  bool restored_ = false;
  std::int32_t boots_ = 0, time_ = 0;
  std::int32_t told_ = 0;  // the engine's time in the last message that was accepted
  SteadyTime at_{};        // when time_ was
  std::vector<std::pair<std::shared_ptr<const User>, LocalKeys>> keys_;
};

// What a REPORT is about (RFC 3414 section 5, RFC 3412 section 5, RFC 3413 section 4.1.2).
enum class ReportKind : std::uint8_t {
  SecurityLevel,
  TimeWindow,
  UserName,
  EngineId,
  Digest,
  Decryption,
  Context,
  Other,
};
ReportKind report_kind(std::span<const VarbindView> varbinds);

}  // namespace bongsu::snmp
