// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "config/overlay.h"
#include "config/yaml.h"
#include "net/address.h"
#include "notify/spec.h"
#include "remedy/spec.h"
#include "rule/window.h"
#include "snmp/target.h"
#include "snmp/usm.h"

namespace bongsu::config {

// bongsu.yaml as plain values, checked. Paths are absolute or relative to the working directory; in the file they are
// relative to the file.
struct Retention {
  Millis raw = std::chrono::days(30);
  Millis five_minutes = std::chrono::days(180);  // windows of samples
  Millis hours = std::chrono::days(3 * 365);
  Millis logs = std::chrono::days(30);
  Millis events = std::chrono::days(365);
  friend bool operator==(const Retention&, const Retention&) = default;
};

enum class SnmpVersion : std::uint8_t { V1, V2c, V3 };

struct Credential {
  std::string name;
  SnmpVersion version = SnmpVersion::V2c;
  Secret community;                          // v1, v2c
  snmp::UserSpec user;                       // v3
  std::optional<snmp::SecurityLevel> level;  // v3; nothing: the highest that the user's keys allow
  std::string context;                       // v3; the name, empty for the default one
  std::string context_engine;                // v3; octets, empty for the agent's own
};

struct Polling {
  Millis interval{60'000};
  Millis timeout{2'000};  // of one request
  int retries = 2;        // after the first request
  Millis ping_interval{10'000};
};

struct DeviceConfig {
  std::string name;
  std::string host;  // IP address or name, without the port
  std::uint16_t port = 161;
  snmp::Transport transport = snmp::Transport::Udp;
  std::vector<net::Network> reply_from;  // addresses that its answers come from beside its own
  std::map<std::string, std::string> tags;
  std::string os;                                   // empty: what the device says of itself
  std::vector<std::string> credentials;             // to be tried in this order; the defaults are filled in; empty without SNMP
  Polling polling;                                  // the defaults are filled in
  std::optional<std::vector<std::string>> parents;  // names of devices on the way to it; nothing: as the topology tells
  bool snmp = true;
  bool ping = true;
  Place place;
};

// Who runs the scripts of remedies.
struct RunnerConfig {
  std::filesystem::path scripts;  // the only folder that they are in
  std::filesystem::path socket;   // of a runner that is there; empty: serve starts its own
  std::string user;               // that our own runs them as; empty: as itself
  friend bool operator==(const RunnerConfig&, const RunnerConfig&) = default;
};

struct MainConfig {
  std::filesystem::path data = "/var/lib/bongsu";
  net::Endpoint http{net::Address::loopback(net::Address::Family::V4), 8642};
  std::vector<net::Endpoint> syslog_udp{{net::Address::any(net::Address::Family::V4), 514}};  // empty: not asked to listen
  bool syslog_named = false;                                      // the file says where; if not, another port may do
  std::vector<std::filesystem::path> mibs{"/etc/bongsu/mibs"};    // the user's own, beside the stock ones
  std::vector<std::filesystem::path> rules{"/etc/bongsu/rules"};  // likewise; the defaults need not be there
  Retention retention;
  std::uint64_t memory = 0;        // octets that the store may take; 0: its own choice
  std::uint64_t disk_reserve = 0;  // octets of the disk that the store leaves alone; 0: its own choice
  bool sync_points = true;         // `sync: flush`; false for `sync: system`
  Millis lookback{0};              // of queries and rules; 0: see lookback_of
  std::vector<Credential> credentials;
  Polling defaults;
  std::vector<std::string> default_credentials;  // without the key: every credential in file order
  std::vector<DeviceConfig> devices;             // in file order
  notify::Spec notices;                          // people, groups, channels, routes
  std::vector<rule::Window> maintenance;         // in file order
  remedy::Spec remedies;
  RunnerConfig runner;
  std::string topology_root;  // name of the device that stands next to Bongsu; empty: who owns the default gateway's address
};

// How old a sample may be and still count as the value now: as the file says; else five minutes, as Prometheus does, or two and a
// half times the longest interval at which a device is polled.
Millis lookback_of(const MainConfig& config);

// What holds with no file at all: nothing is watched, and it listens.
MainConfig default_config();

// Reads and checks the whole file, with what was set while running beneath it. On any problem nothing is given; all of them are
// in `problems`.
std::optional<MainConfig> read_main(const std::filesystem::path& file, Problems& problems, const Overlay& overlay = {});
// What a file with faults says all the same: a command that needs a folder or two of it need not stop at a fault elsewhere. What
// cannot be read is as by default.
MainConfig read_what_can_be(const std::filesystem::path& file, Problems& problems);
// As read_main, for text that stands for `file`.
std::optional<MainConfig> parse_main(std::string_view text, const std::filesystem::path& file, Problems& problems,
                                     const Overlay& overlay = {});

}  // namespace bongsu::config
