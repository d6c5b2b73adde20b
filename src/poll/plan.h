// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "mib/tree.h"
#include "model/labels.h"
#include "model/oid.h"
#include "poll/expr.h"
#include "poll/limits.h"
#include "poll/profile.h"
#include "poll/states.h"

namespace bongsu::poll {

// One object that a group reads.
struct Leaf {
  // Count and Sum: one number of a whole column, of which no row is kept.
  enum class Place : std::uint8_t { Scalar, Column, Lookup, Count, Sum };
  Place place = Place::Scalar;
  Oid oid;                            // with .0 for a scalar; of the column otherwise
  std::string name;                   // as the profile wrote it
  std::optional<mib::Object> object;  // nothing for a bare number that no module knows
  bool counter = false;               // kept as a counter: a metric *_total or a delta() reads it
  std::int32_t limit = -1;            // of a counter: the metric whose max_rate bounds it
  bool growth = false;                // a delta() reads it: there is nothing before the second reading
  bool seldom = false;  // read once in half an hour, and when there are new rows: limits alone need it, or a label looks it up
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
  // Of sensors
  bool sensor = false;               // a reading that is a mark of "not available" counts as none
  std::vector<Labels::Pair> labels;  // beside the row's
  std::string part;                  // put behind the row's label `sensor`
  std::vector<State> states;         // of a state: what its raw values mean
  std::optional<Bound> bound;        // of a limit; those of one sensor stand side by side, behind it
  std::uint32_t of = 0;              // of a limit: the sensor's metric
};
// The labels of a row's series without its device: the row's and the metric's own.
Labels series_labels(const Metric& metric, const std::vector<Labels::Pair>& row);
// Two metrics of a group are the same when these are.
std::string series_key(const Metric& metric);
// The state that a raw value or word names; nothing when it is not among them.
const State* find_state(const Metric& metric, const Cell& cell);

// A GroupRule whose names are resolved. What could not be read was left out, with a Finding.
struct Group {
  std::string profile;
  std::string name;
  bool table = false;
  Millis every{0};  // not read more often than this; 0: at each slot
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
  std::vector<NamedExpr> neighbor;
  std::vector<NamedExpr> own;
  bool general = false;  // of a profile for every device: its facts count last
  std::vector<Metric> metrics;
  bool tells() const { return !neighbor.empty() || !own.empty(); }  // of neighbours, or of the device to them
};

struct DeviceProfile {
  std::string name;
  std::string title;
  bool always = false;
  std::vector<Oid> sys_object_id;
  std::shared_ptr<const re2::RE2> sys_descr;
  std::string sys_descr_text;
  std::vector<std::string> os;
  std::vector<std::pair<Oid, std::string>> has;  // object and its name as written
  std::vector<Group> groups;                     // facts from scalars stand in a group of their own, named "device"
};

// Who devices are that say this of themselves.
struct System {
  std::vector<Oid> sys_object_id;  // none: any
  std::shared_ptr<const re2::RE2> sys_descr;
  std::vector<Oid> has;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::pair<std::string, std::shared_ptr<const re2::RE2>>> captures;
};

// All profiles, ready to run; immutable. It keeps the tree that its names were found in.
class ProfileSet {
 public:
  // What is wrong goes to `findings` and costs that part alone.
  static std::shared_ptr<const ProfileSet> compile(const ProfileFiles& files, std::shared_ptr<const mib::Tree> tree,
                                                   std::vector<Finding>& findings);
  static std::shared_ptr<const ProfileSet> compile(std::vector<Profile> profiles, std::shared_ptr<const mib::Tree> tree,
                                                   std::vector<Finding>& findings) {
    ProfileFiles files;
    files.profiles = std::move(profiles);
    return compile(files, std::move(tree), findings);
  }
  const std::vector<DeviceProfile>& profiles() const { return profiles_; }
  const std::vector<System>& systems() const { return systems_; }
  const std::map<std::uint32_t, std::string>& vendors() const { return vendors_; }
  // What the os of a device can be: as systems and profiles say it.
  const std::set<std::string, std::less<>>& os_names() const { return os_names_; }
  // What kind of device the first system of this os that says so is of; empty when none does.
  std::string_view kind_of(std::string_view os) const;
  const mib::Tree& tree() const { return *tree_; }
  // Of all that it was made from: equal ones collect the same.
  std::uint64_t digest() const { return digest_; }

 private:
  std::shared_ptr<const mib::Tree> tree_;
  std::vector<DeviceProfile> profiles_;
  std::vector<System> systems_;
  std::map<std::uint32_t, std::string> vendors_;
  std::set<std::string, std::less<>> os_names_;
  std::uint64_t digest_ = 0;
};

// "percent", "bytes", "seconds", ... by the ending of a metric's name; empty when it tells nothing.
std::string_view unit_of(std::string_view metric);
// Letters, digits, '_' and ':', no digit first, as Prometheus has it.
bool is_metric_name(std::string_view name);

}  // namespace bongsu::poll
