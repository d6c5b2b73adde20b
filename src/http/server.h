// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "mib/tree.h"
#include "model/alarm.h"
#include "model/device.h"
#include "model/point.h"
#include "model/severity.h"
#include "model/source.h"
#include "notify/notifier.h"
#include "remedy/engine.h"
#include "rule/engine.h"
#include "rule/spec.h"
#include "snmp/dialect.h"
#include "topology/topology.h"

namespace bongsu::http {

struct ServerOptions {
  std::string listen = "127.0.0.1:8642";  // host:port or [v6]:port, loopback only; port 0 takes any free one
  int workers = 2;                        // threads that run handlers; a connection holds none while it waits
  int query_workers = 4;                  // the same for queries, which may take their time, and the pieces of their answers
  int scrape_workers = 8;                 // the same for /snmp, which waits for devices
  std::size_t queue = 1'024;              // whole requests waiting for a worker; more get 503
  std::size_t query_queue = 256;          // the same for queries, and for scrapes
  std::size_t connections = 2'000;        // when full, the connection that has waited longest gives its place
  std::size_t per_address = 1'000;        // the same by peer; every local client and proxy is one peer
  std::size_t requests_per_connection = 10'000;
  std::size_t head_octets = 16 * 1024;
  std::size_t head_fields = 100;
  std::size_t path_octets = 2 * 1024;
  std::size_t target_octets = 8 * 1000;  // path and query; cpp-httplib takes 8,192
  std::size_t body_octets = 1024 * 1024;
  std::size_t write_octets = 8 * 1024 * 1024;      // of a body of remote write, or a MIB file
  std::size_t bodies_octets = 16 * 1024 * 1024;    // of all bodies under way; more get 503
  std::size_t answers_octets = 256 * 1024 * 1024;  // of all answers being sent; the slowest reader gives its place
  Millis head_time{5'000};                         // from a request's first octet (or the accept) to the end of its head
  Millis body_time{10'000};
  Millis write_time{10'000};  // for a whole answer, or for a piece of a big one
  Millis idle_time{75'000};   // between two requests
  Millis stop_time{2'000};    // for answers under way when the server stops
};

// The last backup of the store.
struct BackupState {
  std::string state = "none";  // "none", "running", "done", "failed"
  std::string dir{};
  std::string step{};  // of one that is running
  double share = 0;    // of the work that is done, 0..1
  std::string error{};
  std::optional<Time> started{}, ended{};
  std::uint64_t series = 0, samples = 0, logs = 0, events = 0, octets = 0;  // in one that is done
};

// A watch item, and how its last judgement went.
struct RuleState {
  std::shared_ptr<const rule::ItemSpec> item;
  std::optional<Time> judged{};
  bool failing = false;  // its expression could not be evaluated
};

// What one reading of a device gave.
struct ScrapedValue {
  std::string metric;
  Labels labels;
  double value = 0;
  std::string help;
};
struct Scraped {
  std::vector<ScrapedValue> rows;
  double seconds = 0;
  std::size_t failed = 0;  // tables that gave nothing
};

// Where samples of remote write go; both or neither.
struct WriteSink {
  std::function<Result<SeriesId>(const Labels&)> series{};
  // Gives how many of them were left out, too old or too far ahead.
  std::function<Result<std::size_t>(std::span<const Point>)> append{};
};

// A MIB file that was kept.
struct MibAdded {
  std::filesystem::path file;             // or the folder, of a name with '/': what the answer tells of
  std::shared_ptr<const mib::Tree> tree;  // with it; nothing when it was not to be loaded yet
  std::vector<std::string> devices;       // whose vendor's numbers its modules name
};

// A profile that the loaded MIB modules suggest for a device.
struct Proposed {
  std::string profile;
  std::string yaml;  // empty: nothing
  std::size_t groups = 0, series = 0;
  std::vector<std::string> notes;
};

// What one device has beyond what is read of it, as it was when somebody looked.
struct Survey {
  struct Subtree {
    Oid oid;
    std::string name;  // empty: no loaded module names it
    std::size_t values = 0;
    bool proposed = false;  // the proposal would read some of them
  };
  std::string device;
  Oid sys_object_id;
  std::string os;
  Time at;
  std::size_t values = 0;  // that were looked at
  std::string profile;     // that the loaded modules propose; empty: none
  std::size_t series = 0;  // that it would give
  std::vector<Subtree> unused;
};

// How an alarm is taken.
struct Taking {
  std::string note;
  std::optional<Time> until{};  // ends by itself
  bool until_worse = false;     // ends when the level rises
};

// An item, person, route or remedy as files say it and as it was set here.
struct Entry {
  std::string name;
  std::string value;  // JSON: all of it, scalars as texts
  std::string here;   // JSON: what was set here; empty for nothing
};
struct EntryChange {
  std::vector<std::string> notes;  // what a file keeps, what would be an alarm now; lines for a person
};

// One link of a drill's way from the device to whoever is told, and back.
struct DrillLink {
  std::string link;   // "device", "data", "rule", "suppression", "remedy", "route", "receipt", "recovery"
  std::string what;   // a name: of the device, the item, the route; "ops by mail"
  std::string state;  // "ok", "broken", "waits" (for somebody's hours, or for an answer), "left out"
  std::string text;
};
struct Drill {
  std::uint64_t id = 0;
  std::string device, item;  // both empty: everybody whom a route or a channel reaches
  Time started;
  std::optional<Time> ended{};
  bool good = false;  // it has ended, and no link is broken
  std::vector<DrillLink> links;
};
struct DrillWish {
  std::string device, item;
  std::optional<Severity> level{};  // nothing: the worst that the item has
};

// What is known of a metric beside its name.
struct MetricInfo {
  std::string type;  // "counter", "gauge"; empty when nothing is known
  std::string help;
  std::string unit;
};

// What is shown. All of it is called from worker threads and must outlive the server.
struct Sources {
  const Clock& clock;
  Metrics& metrics;
  const DeviceSource& devices;
  const AlarmSource& alarms;
  const EventReader& events;
  const PointSource& points;
  std::function<Status()> ready;                      // for /readyz: what is not ready yet, in words
  std::function<std::vector<std::string>()> notices;  // "disk full: ...": top of the page, and /api/v1/status
  // Each may be empty: its route is then not served. Errors go to the client with a status that fits their Code.
  std::function<Status(std::uint64_t id, const Taking& taking)> acknowledge;
  std::function<Status(std::uint64_t id, std::string_view note)> unacknowledge;
  // What was learned of a device's SNMP; nothing where nothing was.
  std::function<std::optional<snmp::Dialect>(std::string_view device)> dialect;
  // Begins a backup into the folder; how far it is.
  std::function<Status(std::string_view dir)> back_up{};
  std::function<BackupState()> backup{};
  std::function<std::vector<RuleState>()> rules{};  // by name
  std::function<std::vector<rule::Engine::WindowState>()> maintenance{};
  std::function<Result<std::string>(rule::Window)> begin_maintenance{};  // gives its name
  std::function<Status(const std::string& name)> end_maintenance{};
  std::function<std::shared_ptr<const std::vector<rule::ItemSpec>>()> items{};  // as configured, those switched off too
  std::function<MetricInfo(const std::string& metric)> describe{};
  // Channels that notices leave by; a test message, which waits for the service's answer; what routes did about an alarm.
  std::function<std::vector<notify::ChannelState>()> channels{};
  std::function<Status(std::string_view channel, std::string_view person)> test_channel{};
  std::function<std::vector<std::string>(const Alarm&)> explain_notices{};
  // Remedies: how they fare, their runs (newest first; of an alarm, oldest first), what a script would get, and what somebody
  // wants of them. Those that change something wait until it is kept. All or none.
  struct Remedies {
    std::function<std::vector<remedy::RemedyState>()> list{};
    std::function<std::vector<remedy::Run>()> runs{};
    std::function<std::vector<remedy::Run>(std::uint64_t alarm)> runs_of{};
    std::function<Result<remedy::Order>(const std::string& remedy, const Alarm& alarm)> show{};
    std::function<Result<std::uint64_t>(const std::string& remedy, const Alarm& alarm)> order{};
    std::function<Status(std::uint64_t run, bool yes)> approve{};
    std::function<Status(const std::string& remedy)> resume{};
  } remedies{};
  // What is set while running: `part` is "items", "people", "routes" or "remedies". Lists all entries by name; sets one as a file
  // would say it, in JSON or YAML, or takes away what was set here (no body); a dry run alone checks. May wait. Errors: Invalid
  // (each mistake a line), NotFound (not set here), Io.
  std::function<Result<std::vector<Entry>>(std::string_view part)> entries{};
  std::function<Result<EntryChange>(std::string_view part, const std::string& name, std::optional<std::string> body,
                                    bool dry_run)>
      set_entry{};
  // Begins a drill; one at a time. All that are known, newest first. Errors: NotFound, Invalid, Refused (another is under way),
  // Unavailable.
  std::function<Result<Drill>(const DrillWish&)> begin_drill{};
  std::function<std::vector<Drill>()> drills{};
  std::function<std::vector<notify::PersonState>()> people{};  // when each was reached
  WriteSink write{};
  // Asks a configured device, by name or address, for what the module (a profile; empty: all that match) knows. May wait for
  // it. Errors: NotFound (no such device or module), and of the device.
  std::function<Result<Scraped>(std::string_view target, std::string_view module, std::stop_token gone)> scrape{};
  // The MIB modules. Keeps a file, or an archive, of that name and loads it. May wait. Errors: Invalid (name, or nothing that
  // could be read in it), and of compile().
  std::function<std::shared_ptr<const mib::Tree>()> mibs{};
  std::function<Result<MibAdded>(std::string_view name, std::string_view octets, bool load)> add_mib{};
  // Takes away what was added by that name, of a file, folder, archive or module; gives the files. Errors: NotFound, Refused
  // (not one that was added), Invalid (a profile names an object of it).
  std::function<Result<std::vector<std::string>>(std::string_view name)> remove_mib{};
  // Looks at a configured device and proposes; may wait, as scrape(). Keeps a profile, as a file of rules/profiles/ says it,
  // and uses it from now on; gives its name. Error: Invalid, with the first mistake in it.
  std::function<Result<Proposed>(std::string_view device, std::stop_token gone)> propose{};
  std::function<Result<std::string>(std::string_view yaml)> accept_profile{};
  std::function<std::vector<Survey>()> surveys{};  // by device
  std::function<topology::View()> topology{};
  Millis lookback{300'000};  // how old a sample may be and still count as the value now
  std::string version;
  SteadyTime started;
};

// The API and the status page. Boost.Beast reads and bounds every request in one thread of its own; whole requests go to
// cpp-httplib's routes on worker threads. Thread: start and end it in the same one.
class Server {
 public:
  // Listens when it returns. Errors: Invalid (address), Denied (not loopback), Unavailable (port in use).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Sources sources);
  // Stops accepting, lets answers under way end (stop_time at most), then joins every thread.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::uint16_t port() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bongsu::http
