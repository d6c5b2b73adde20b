// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace bongsu::poll {

// Where something was written; lines and columns count from 1, 0 when it was made in a program.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;
};

// A text with its place: an expression (poll/expr.h), an object's name, a pattern.
struct Text {
  std::string text;
  Where at;
};

// For which devices a profile is. Every condition given must hold; of a list, one; of sysObjectID and os, either. Without any it
// is for none.
struct Match {
  bool always = false;
  std::vector<Text> sys_object_id;  // prefixes, as numbers or names
  std::optional<Text> sys_descr;    // RE2, found anywhere in the text
  std::vector<Text> os;             // names of operating systems, as the systems say
  std::vector<Text> has;            // objects: one instance in or under any of them answers
};

struct MetricRule {
  std::string name;
  Where at;
  Text value;
  std::string unit;              // empty: as the metric's name says
  std::optional<Text> max_rate;  // of a counter: the growth per second that is possible at all
};

// What a value of a sensor of class "state" means, in the vendor's word.
struct StateRule {
  std::int64_t value = 0;
  std::string word;
};

struct NamedText {
  std::string name;
  Where at;
  Text value;
};

// One sensor of each row: a metric sensor_value, or sensor_state where its class is "state", with labels class and unit,
// and a sensor_limit, with one more label, for each limit that the device gives for it.
struct SensorRule {
  std::string kind;  // its class: "temperature", "state", ...
  Where at;
  Text value;
  std::string name;               // of the label `sensor`, behind the row's own where there is one
  std::string unit;               // empty: as usual for the class
  std::vector<StateRule> states;  // empty: as the object's enumeration says
  std::vector<NamedText> limits;  // by names of bounds (poll/limits.h), in the value's unit
};

// Weights of a scored match, for rows whose index moves: each is an expression; an absent one does not count.
struct IdentityRule {
  std::optional<Text> name, descr, alias, mac, type;
};

// What is read together, as one transaction: scalars, or the rows of one or more tables with a common index.
struct GroupRule {
  std::string name;
  Where at;
  bool table = false;
  Millis every{0};  // not read more often than this; 0: at each slot
  Where every_at;
  std::optional<Text> under;      // what numbers in this group that are no whole OIDs begin with
  std::vector<NamedText> let;     // names for expressions of this group
  std::optional<Text> where;      // rows for which it is true; all when absent
  std::vector<NamedText> labels;  // a row without its first label is left out
  std::optional<IdentityRule> identity;
  std::optional<Text> discontinuity;  // its change resets the row's counters (ifCounterDiscontinuityTime)
  std::vector<Text> unless;           // metrics: left out when another group of the device gives one of them
  std::vector<NamedText> device;      // facts about the device, from the first row that has them
  std::vector<NamedText> neighbor;    // whom the device sees there: protocol, port, chassis, name, address, remote_port
  std::vector<NamedText> own;         // what others may know the device by: chassis, mac, address, name
  std::vector<MetricRule> metrics;
  std::vector<SensorRule> sensors;
};

// What to collect from which device, and how it becomes canonical.
struct Profile {
  std::string name;
  std::string title;
  Where at;
  Match match;
  std::vector<NamedText> device;  // facts: os, kind, vendor, model, version, serial, location, ...
  std::vector<GroupRule> groups;
};

// Who devices are that say this of themselves.
struct SystemRule {
  Where at;
  std::vector<Text> sys_object_id;           // prefixes; none: any
  std::optional<Text> sys_descr;             // RE2
  std::vector<Text> has;                     // objects of which one answers; none: any
  std::map<std::string, std::string> facts;  // os, title, kind, vendor, model
  std::map<std::string, Text> captures;      // version, model: RE2 whose first group is found in sysDescr
};

// All that the files of a folder `profiles` say.
struct ProfileFiles {
  std::vector<Profile> profiles;
  std::vector<SystemRule> systems;               // of two that fit equally well the first counts
  std::map<std::uint32_t, std::string> vendors;  // by enterprise number
};

// What is wrong with a profile, for a person: what, and what to do.
struct Finding {
  Where at;
  std::string text;
};

}  // namespace bongsu::poll
