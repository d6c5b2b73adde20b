// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/device.h"
#include "net/address.h"

namespace bongsu::agent {

// What an agent does wrong, as agents in the field do; any of it together. Nothing of it by default.
struct Misbehaviour {
  // Of too many varbinds: those of the request, or of the answer that GETBULK asks for.
  enum class Over : std::uint8_t { Cut, TooBig, GenErr, Silent };
  struct Cap {
    std::size_t varbinds = 0;
    Over over = Over::Cut;
  };
  std::optional<Cap> cap;
  std::size_t too_big_above = 0;  // octets; 0: none. GETBULK too, which should be cut

  enum class Bulk : std::uint8_t { Right, Silent, GenErr, AsNext, ByColumn };
  Bulk bulk = Bulk::Right;

  // In the middle of each column of a subtree with at least three rows.
  enum class Order : std::uint8_t {
    Swap,     // two rows in the wrong order
    Loop,     // back to the first row
    Same,     // the same row again and again
    Endless,  // behind the last row (of any number) further ones, without end
  };
  struct Disorder {
    Order order;
    Oid subtree;
  };
  std::vector<Disorder> disorder;

  bool no_64_bits = false;                // neither ifXTable nor Counter64
  std::vector<Oid> texts;                 // subtrees whose counters and gauges are strings
  bool wrong_request_id = false;          // one more than asked
  bool foreign = false;                   // answers come from `from`
  std::optional<net::Address> from;       // none: the address asked with its second octet (IPv6: the eighth) one larger
  std::optional<std::size_t> cut_octets;  // missing at the end of each answer; 0: half of it
  bool v1_only = false;
  std::size_t max_size = 0;  // octets of the largest answer, told as msgMaxSize; 0: as the agent has it

  struct Slow {
    Oid subtree;
    Millis answer{0};  // more for each answer that has an object of it
    Millis walk{0};    // more for all objects of it together
  };
  std::vector<Slow> slow;
  double loss = 0;  // share of requests that are not answered, 0..1
  bool twice = false;
  Millis late{0};
  Millis alone{0};  // takes so long for a request, and ignores what comes meanwhile

  // v3
  std::vector<std::uint8_t> engine_id;  // empty: one of its own
  Millis boots_reset{0};                // each so long its engine starts anew, as if for the first time: engineBoots is 1
  Millis engine_change{0};              // another engine ID each so long

  // "NAME[=VALUE][,NAME...]", by the names of misbehaviours(). Error: Invalid, with what to write.
  static Result<Misbehaviour> parse(std::string_view text);
  bool in_tables() const { return no_64_bits || !texts.empty() || !disorder.empty(); }
};

// One thing that can be asked for.
struct MisbehaviourName {
  std::string_view name;
  std::string_view value;  // what stands behind '='; in brackets where it may be left out
  std::string_view help;
};
std::span<const MisbehaviourName> misbehaviours();
// One agent of each, for a lab: what parse() takes.
std::vector<std::string> lab_misbehaviours();

// `table` as an agent with this misbehaviour has it.
ObjectTable altered(const ObjectTable& table, const Misbehaviour& misbehaviour);

// A device with another's values in a table that altered() made of its own.
class AlteredDevice final : public Device {
 public:
  AlteredDevice(std::unique_ptr<Device> device, std::shared_ptr<const ObjectTable> table)
      : device_(std::move(device)), table_(std::move(table)) {}
  const ObjectTable& objects() const override { return *table_; }
  void set_moment(SteadyTime now) override { device_->set_moment(now); }
  snmp::ValueView read(const ObjectTable::Object& object) const override { return device_->read(object); }
  void restart(SteadyTime now) override { device_->restart(now); }
  std::optional<Millis> uptime() const override { return device_->uptime(); }

 private:
  const std::unique_ptr<Device> device_;
  const std::shared_ptr<const ObjectTable> table_;
};

}  // namespace bongsu::agent
