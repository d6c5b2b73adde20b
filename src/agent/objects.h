// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "model/varbind.h"
#include "snmp/ber.h"

namespace bongsu::agent {

// The objects of an agent: a flat array in OID order with names and fixed values encoded beforehand, so that an answer is
// put together by copying. It does not change once made; agents of one make share it. Thread: any.
class ObjectTable {
 public:
  struct Object {
    std::uint32_t octets_at = 0;    // fixed: the whole varbind in BER; moving: its name's content
    std::uint32_t octets_size = 0;  //
    std::uint32_t name_at = 0;      // content octets of the name
    std::uint16_t name_size = 0;
    std::uint16_t column_size = 0;  // of these, the object type; the rest is the instance
    std::uint16_t row = 0;          // moving: which port, disk or processor
    std::uint8_t source = 0;        // moving: what Device::read tells; its numbers are the device's own
    ValueType type = ValueType::Null;
    bool moving = false;
    double weight = 0;  // moving: a rate or share, as the device understands it
  };

  std::size_t size() const { return objects_.size(); }
  const Object& operator[](std::size_t at) const { return objects_[at]; }
  snmp::OidView name(const Object& object) const {
    return snmp::OidView(snmp::Octets(octets_).subspan(object.name_at, object.name_size));
  }
  snmp::Octets varbind(const Object& fixed) const { return snmp::Octets(octets_).subspan(fixed.octets_at, fixed.octets_size); }

  // The object of exactly this name, or size().
  std::size_t find(snmp::OidView name) const;
  // The first object after this name, or size().
  std::size_t after(snmp::OidView name) const;
  // The object that the agent gives after this one, or size(): the neighbour, but where follow_with() said otherwise.
  std::size_t next(std::size_t at) const { return next_.empty() ? at + 1 : next_[at]; }
  bool endless() const { return !endless_.empty(); }
  // In a table without an end: the object that tells the value of the row after `name`, and that row's name; else size().
  std::size_t endless_after(snmp::OidView name, std::vector<std::uint8_t>& next_name) const;
  // Whether there is an object type that `name` could be an instance of; it decides between noSuchInstance and
  // noSuchObject (RFC 3416 section 4.2.1).
  bool has_type_of(snmp::OidView name) const;

  // For agents that do wrong. After the object `at` comes `then`, whatever the order of their names.
  void follow_with(std::size_t at, std::size_t then);
  // The column of object `at`, its last row, never ends: rows with a growing last arc follow, all of its value.
  void make_endless(std::size_t at) { endless_.push_back(at); }

  // Collects objects in any order. Of two objects of one name the last counts. Objects that BER cannot carry (fewer than
  // two arcs, values of a wrong size) are bugs of the caller.
  class Builder {
   public:
    Builder() = default;
    // The objects of `table` as `change` leaves them: one by one, with their names and of those that are fixed their
    // values. False drops one; a moving one that is given a value is fixed from then on.
    using Change = std::function<bool(const Oid& name, ValueType type, Value& value)>;
    Builder(const ObjectTable& table, const Change& change);
    // `instance` arcs at the end of `name` tell the row: 1 for scalars and most tables.
    void fixed(Oid name, Value value, std::size_t instance = 1);
    void moving(Oid name, ValueType type, std::uint8_t source, std::size_t row = 0, double weight = 0);
    ObjectTable build() &&;

   private:
    struct Draft {
      Oid name;
      std::size_t instance = 1;
      Value value;
      Object object;
    };
    std::vector<Draft> drafts_;
  };

 private:
  std::vector<Object> objects_;
  std::vector<std::uint8_t> octets_;
  std::vector<std::uint32_t> slots_;  // open addressing by name: index + 1, 0 is free
  std::vector<std::size_t> next_;     // empty: each is followed by its neighbour
  std::vector<std::size_t> endless_;
};

}  // namespace bongsu::agent
