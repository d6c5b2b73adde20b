// SPDX-License-Identifier: Apache-2.0
// What each command of the binary does. They print for a person, or JSON with json = true, and return the exit code:
// 0 ok, 1 a finding or a failure, 2 usage. Thread: the main one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace bongsu::app {

struct ServeOptions {
  std::optional<std::string> config;  // file; nothing for /etc/bongsu/bongsu.yaml, else ./bongsu.yaml, else defaults
  std::optional<std::string> data;
  std::optional<std::string> http;
  bool alone = false;             // without a supervisor
  std::optional<int> supervised;  // under one: the pipe to it
  std::string because;            // how the daemon before this one ended
};
int serve(const ServeOptions& options);

struct DemoOptions {
  std::string data = "./data";
  std::string http = "127.0.0.1:8642";
  std::uint16_t syslog_port = 5514;
  std::uint64_t seed = 1;
};
int demo(const DemoOptions& options);

struct CheckOptions {
  std::optional<std::string> config;
  bool json = false;
};
int check(const CheckOptions& options);

// How a device is asked; letters as Net-SNMP's tools name them.
struct SnmpOptions {
  std::string host;                  // name or address, with :port where it is not 161, tcp: in front for TCP
  std::string version;               // -v; empty: 3 where a user is given, else 2c
  std::string community = "public";  // -c
  std::string user;                  // -u, v3
  std::string level;                 // -l; empty: the highest that the keys given allow
  std::string auth_protocol;         // -a
  std::string auth_pass_phrase;      // -A
  std::string priv_protocol;         // -x
  std::string priv_pass_phrase;      // -X
  std::string context;               // -n
  double timeout_seconds = 2;        // -t
  int retries = 2;                   // -r
  std::vector<std::string> mibs;     // -M folders beside the stock ones
  bool json = false;
};
inline constexpr std::size_t kRowsOfAColumn = 10'000;
struct GetOptions {
  SnmpOptions snmp;
  std::vector<std::string> oids;
  bool numeric = false;               // OIDs as numbers
  std::size_t rows = kRowsOfAColumn;  // walk: of one column, which is ended behind them
};
int get(const GetOptions& options);
int set(const GetOptions& options);  // oids: OID, type and value, and again
int walk(const GetOptions& options);

struct CollectOptions {
  SnmpOptions snmp;
  std::vector<std::string> rules;  // folders with profiles/ of one's own
  bool explain = false;
  bool all = false;           // explain: of every profile
  bool once = false;          // no second reading of what needs two
  double time_seconds = 300;  // for all of it
};
int collect(const CollectOptions& options);

struct ProposeOptions {
  SnmpOptions snmp;                   // host may be a device's name in the configuration
  std::optional<std::string> config;  // as for serve
  std::string url;                    // of the daemon; empty: where the configuration says that it listens
  bool accept = false;
};
int propose(const ProposeOptions& options);

struct DoctorOptions {
  SnmpOptions snmp;                   // host may be a device's name in the configuration
  std::optional<std::string> config;  // as for serve; none is needed
  std::string url;                    // of the daemon; empty: where the configuration says that it listens
  std::vector<std::string> rules;     // folders with profiles/ of one's own
  double time_seconds = 60;           // for the whole examination
  // What of `snmp` was said, and so goes before the configuration.
  bool credentials_given = false;
  bool timeout_given = false;
  bool retries_given = false;
};
int doctor(const DoctorOptions& options);

struct PingOptions {
  std::vector<std::string> hosts;
  int count = 3;
  double interval_seconds = 1;
  double timeout_seconds = 2;
  bool json = false;
};
int ping(const PingOptions& options);

// Which data: of a configuration (as for serve) unless a folder is named.
struct DataOptions {
  std::optional<std::string> config;
  std::optional<std::string> data;
  bool json = false;
};
struct BackupOptions {
  DataOptions data;
  std::string dir;
  std::string url;  // of the daemon; empty: where the configuration says that it listens
};
int backup(const BackupOptions& options);
struct RestoreOptions {
  DataOptions data;
  std::string dir;
  bool replace = false;
};
int restore(const RestoreOptions& options);

// What is in a data directory that no daemon uses.
struct StoreOptions {
  DataOptions data;
  int top = 10;
};
int store_info(const StoreOptions& options);
int store_verify(const StoreOptions& options);
struct ExportOptions {
  DataOptions data;
  std::string match;  // a selector such as {device="db1"}; empty for every series
  std::string from, to;
  std::string format = "jsonl";  // or openmetrics
  std::string output;            // file; empty for standard output
  bool events = false;
};
int store_export(const ExportOptions& options);
struct ImportOptions {
  DataOptions data;
  std::vector<std::string> files;  // "-" for standard input
};
int store_import(const ImportOptions& options);

// What the loaded MIB modules say. `words`: of list parts of names, of show and tree objects, of lint paths.
struct MibOptions {
  std::optional<std::string> config;  // as for serve; its folders of modules are loaded
  std::vector<std::string> mibs;      // -M further folders
  std::vector<std::string> words;
  int depth = 128;  // levels of tree
  bool json = false;
};
int mib_list(const MibOptions& options);
int mib_show(const MibOptions& options);
int mib_tree(const MibOptions& options);
int mib_dump(const MibOptions& options);  // one JSON object a line
int mib_lint(const MibOptions& options);
struct MibAddOptions {
  MibOptions mib;                   // words: files, folders, archives
  std::string url;                  // of the daemon; empty: where the configuration says that it listens
  std::optional<std::string> data;  // where no daemon answers
};
int mib_add(const MibAddOptions& options);
int mib_remove(const MibAddOptions& options);  // words: as they were added, or modules

// Asking the running daemon.
struct AskOptions {
  std::string url = "http://127.0.0.1:8642";
  bool json = false;
};
int status(const AskOptions& options);
struct AlarmsOptions {
  AskOptions ask;
  bool all = false;
  std::string level;
  std::string device;
};
int alarms(const AlarmsOptions& options);
struct AcknowledgeOptions {
  AskOptions ask;
  std::vector<std::uint64_t> alarms;  // ids
  std::string note;
  std::string span;          // how long it holds; empty: until the alarm ends
  bool until_worse = false;  // ends when the level rises
  bool back = false;         // take it back
};
int acknowledge(const AcknowledgeOptions& options);
struct LogsOptions {
  AskOptions ask;
  std::vector<std::string> words;
  std::string device;
  std::string severity;
  std::string since = "1h";
  int limit = 100;
};
int logs(const LogsOptions& options);
int notify_channels(const AskOptions& options);
struct NotifyTestOptions {
  AskOptions ask;
  std::string channel;
  std::string person;  // empty: the channel's own room
};
int notify_test(const NotifyTestOptions& options);
struct NotifyExplainOptions {
  AskOptions ask;
  std::uint64_t alarm = 0;
};
int notify_explain(const NotifyExplainOptions& options);
struct MaintenanceOptions {
  AskOptions ask;
  std::vector<std::string> devices, items, tags, labels;
  std::string name, note, from, until, span, hours, zone;
};
int maintenance_add(const MaintenanceOptions& options);
int maintenance_list(const AskOptions& options);
struct MaintenanceEndOptions {
  AskOptions ask;
  std::string name;
};
int maintenance_end(const MaintenanceEndOptions& options);
struct RulesTestOptions {
  AskOptions ask;
  std::vector<std::string> names;    // files of scripts; with `since` watch items
  std::vector<std::string> folders;  // of rules, after the stock ones
  std::string since;                 // replay that much of what is stored
  std::string data;                  // of this data directory; empty: of the running daemon
  std::string config;                // with `data`: the configuration, for the devices' tags; empty: none
};
int rules_test(const RulesTestOptions& options);
struct CoverageOptions {
  AskOptions ask;
  bool all = false;
  bool set = false;      // switch on what is switched off
  bool dry_run = false;  // say what that would be
  std::string device;
};
int coverage(const CoverageOptions& options);
int topology(const AskOptions& options);  // who is connected with whom
// Items, people, routes and remedies set while the daemon runs.
struct OverlayOptions {
  AskOptions ask;
  std::string part;  // "items", "people", "routes" or "remedies"
  std::string name;
  std::string file;       // to set; "-" for standard input
  bool set_here = false;  // of a list: those alone
  bool dry_run = false;
};
int overlay_list(const OverlayOptions& options);
int overlay_show(const OverlayOptions& options);
int overlay_set(const OverlayOptions& options);
int overlay_remove(const OverlayOptions& options);
struct DrillOptions {
  AskOptions ask;
  std::string device, item, level;
  bool all = false;  // every route and channel
};
int drill(const DrillOptions& options);
int remedies_list(const AskOptions& options);
struct RemedyRunsOptions {
  AskOptions ask;
  std::string state;  // empty: all
  int limit = 20;
};
int remedies_runs(const RemedyRunsOptions& options);
struct RemedyShowOptions {
  AskOptions ask;
  std::uint64_t run = 0;
};
int remedies_show(const RemedyShowOptions& options);
int remedies_approve(const RemedyShowOptions& options, bool yes);
struct RemedyRunOptions {
  AskOptions ask;
  std::string remedy;
  std::uint64_t alarm = 0;
  bool dry_run = false;
};
int remedies_run(const RemedyRunOptions& options);
int remedies_resume(const RemedyRunOptions& options);
struct QueryOptions {
  AskOptions ask;
  std::string expr;
  std::string time;   // empty: now
  std::string range;  // back from there; empty: at one time
  std::string step;   // of a range; empty: a sixtieth of it
  bool csv = false;
};
int query(const QueryOptions& options);

}  // namespace bongsu::app
