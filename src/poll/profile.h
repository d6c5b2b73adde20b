// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// For which devices a profile is. Every condition given must hold; of a list, one. Without any it is for none.
struct Match {
  bool always = false;
  std::vector<Text> sys_object_id;  // prefixes, as numbers or names
  std::optional<Text> sys_descr;    // RE2, found anywhere in the text
  std::vector<Text> has;            // objects: one instance in or under any of them answers
};

struct MetricRule {
  std::string name;
  Where at;
  Text value;
  std::string unit;              // empty: as the metric's name says
  std::optional<Text> max_rate;  // of a counter: the growth per second that is possible at all
};

struct NamedText {
  std::string name;
  Where at;
  Text value;
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
  std::vector<NamedText> let;     // names for expressions of this group
  std::optional<Text> where;      // rows for which it is true; all when absent
  std::vector<NamedText> labels;  // a row without its first label is left out
  std::optional<IdentityRule> identity;
  std::optional<Text> discontinuity;  // its change resets the row's counters (ifCounterDiscontinuityTime)
  std::vector<Text> unless;           // metrics: left out when another group of the device gives one of them
  std::vector<NamedText> device;      // facts about the device, from the first row that has them
  std::vector<MetricRule> metrics;
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

// What is wrong with a profile, for a person: what, and what to do.
struct Finding {
  Where at;
  std::string text;
};

}  // namespace bongsu::poll
