// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mib/tree.h"
#include "model/oid.h"
#include "poll/expr.h"
#include "poll/profile.h"

namespace bongsu::poll {

// One object that a group reads.
struct Leaf {
  enum class Place : std::uint8_t { Scalar, Column, Lookup };
  Place place = Place::Scalar;
  Oid oid;                            // with .0 for a scalar; of the column otherwise
  std::string name;                   // as the profile wrote it
  std::optional<mib::Object> object;  // nothing for a bare number that no module knows
  bool counter = false;               // kept as a counter: a metric *_total or a delta() reads it
  std::int32_t limit = -1;            // of a counter: the metric whose max_rate bounds it
  bool growth = false;                // a delta() reads it: there is nothing before the second reading
  bool names = false;                 // labels, identity or the row filter read it
};

struct NamedExpr {
  std::string name;
  Node value;
};

struct Metric {
  std::string name;
  Node value;
  std::string unit;
  std::optional<Node> max_rate;
  bool counter = false;  // named *_total
};

// A GroupRule whose names are resolved. What could not be read was left out, with a Finding.
struct Group {
  std::string profile;
  std::string name;
  bool table = false;
  std::vector<Leaf> leaves;
  std::optional<Node> where;
  std::vector<NamedExpr> labels;
  struct Identity {
    std::optional<Node> name, descr, alias, mac, type;
  };
  std::optional<Identity> identity;
  std::optional<Node> discontinuity;
  std::vector<std::string> unless;
  std::vector<NamedExpr> device;
  std::vector<Metric> metrics;
};

struct DeviceProfile {
  std::string name;
  std::string title;
  bool always = false;
  std::vector<Oid> sys_object_id;
  std::shared_ptr<const re2::RE2> sys_descr;
  std::string sys_descr_text;
  std::vector<std::pair<Oid, std::string>> has;  // object and its name as written
  std::vector<Group> groups;                     // facts from scalars stand in a group of their own, named "device"
};

// All profiles, ready to run; immutable. It keeps the tree that its names were found in.
class ProfileSet {
 public:
  // What is wrong goes to `findings` and costs that part alone.
  static std::shared_ptr<const ProfileSet> compile(const std::vector<Profile>& profiles, std::shared_ptr<const mib::Tree> tree,
                                                   std::vector<Finding>& findings);
  const std::vector<DeviceProfile>& profiles() const { return profiles_; }
  const mib::Tree& tree() const { return *tree_; }
  // Of all that it was made from: equal ones collect the same.
  std::uint64_t digest() const { return digest_; }

 private:
  std::shared_ptr<const mib::Tree> tree_;
  std::vector<DeviceProfile> profiles_;
  std::uint64_t digest_ = 0;
};

// "percent", "bytes", "seconds", ... by the ending of a metric's name; empty when it tells nothing.
std::string_view unit_of(std::string_view metric);
// Letters, digits, '_' and ':', no digit first, as Prometheus has it.
bool is_metric_name(std::string_view name);

}  // namespace bongsu::poll
