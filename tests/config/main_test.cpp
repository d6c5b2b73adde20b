// SPDX-License-Identifier: Apache-2.0
#include "config/main.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/text.h"

namespace bongsu::config {
namespace {

using namespace std::chrono_literals;

struct GoldenCase {
  std::string name, yaml, expected;
};

std::vector<GoldenCase> golden_cases(const std::string& file) {
  std::ifstream in(file);
  std::vector<GoldenCase> cases;
  bool lines = false;
  for (std::string row; std::getline(in, row);) {
    if (row.starts_with("== ")) {
      cases.push_back({row.substr(3), "", ""});
      lines = false;
    } else if (cases.empty()) {
      continue;  // the note at the top
    } else if (row == "--") {
      lines = true;
    } else {
      (lines ? cases.back().expected : cases.back().yaml) += row + "\n";
    }
  }
  return cases;
}

MainConfig parse(std::string_view text) {
  Problems problems;
  auto config = parse_main(text, "etc/bongsu.yaml", problems);
  for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
  return config ? std::move(*config) : MainConfig();
}

}  // namespace

TEST(MainConfig, ErrorsAreTheGoldenOnes) {
  const auto cases = golden_cases(BONGSU_SOURCE_DIR "/tests/config/main_errors.txt");
  ASSERT_GT(cases.size(), 15U);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.name);
    Problems problems;
    EXPECT_FALSE(parse_main(golden.yaml, "bongsu.yaml", problems));
    std::string lines;
    for (const std::string& line : problems.lines()) {
      EXPECT_TRUE(line.starts_with("bongsu.yaml:")) << line;
      lines += line.substr(line.find(':') + 1) + "\n";
    }
    EXPECT_EQ(golden.expected, lines);
  }
}

TEST(MainConfig, AFaultElsewhereCostsNoFolder) {
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "mine");
  Problems problems;
  const MainConfig config = read_what_can_be(folder.write("b.yaml", "bogus: 1\nmibs: [mine]\ndata: d\n"), problems);
  EXPECT_EQ(1U, problems.size());
  EXPECT_EQ(std::vector{folder.path() / "mine"}, config.mibs);
  EXPECT_EQ(folder.path() / "d", config.data);
  EXPECT_EQ(default_config().data, read_what_can_be(folder.write("c.yaml", "{"), problems).data);
}

TEST(MainConfig, EveryKeyHasADefault) {
  for (const MainConfig& config : {parse(""), default_config()}) {
    EXPECT_EQ("/var/lib/bongsu", config.data);
    EXPECT_EQ("127.0.0.1:8642", config.http.to_string());
    ASSERT_EQ(1U, config.syslog_udp.size());
    EXPECT_EQ("0.0.0.0:514", config.syslog_udp[0].to_string());
    EXPECT_TRUE(config.devices.empty());
    EXPECT_EQ(60s, config.defaults.interval);
    EXPECT_EQ(10s, config.defaults.ping_interval);
    EXPECT_EQ(std::chrono::days(30), config.retention.raw);
    EXPECT_EQ(std::chrono::days(180), config.retention.five_minutes);
    EXPECT_EQ(std::chrono::days(3 * 365), config.retention.hours);
    EXPECT_EQ(5min, lookback_of(config));
  }
}

TEST(MainConfig, LooksBackOverMoreThanTwoPolls) {
  const std::string known = "credentials: {office: {version: 2c, community: public}}\n";
  EXPECT_EQ(5min, lookback_of(parse(known + "defaults: {interval: 2m}\ndevices: [{name: a, address: 192.0.2.1}]")));
  const std::string slow = known + "devices: [{name: a, address: 192.0.2.1}, {name: b, address: 192.0.2.2, interval: 5m}]\n";
  EXPECT_EQ(750s, lookback_of(parse(slow)));
  EXPECT_EQ(90s, lookback_of(parse(slow + "lookback: 90s")));
}

TEST(MainConfig, ReadsTheWholeFile) {
  const MainConfig config = parse(R"(
data: data
http: {listen: "[::1]:9000"}
syslog: {udp: ["127.0.0.1:0", "127.0.0.1:0", "[::1]:5514"]}
mibs: [/]
retention: {raw: 7d, 5m: 60d, 1h: 1y, logs: 1w}
memory: 512MiB
disk: {reserve: 1GiB}
sync: system
credentials:
  office: {version: 2c, community: public}
  old: {version: 1, community: {env: PATH}}
  core: {version: 3, user: nms, auth: {protocol: SHA-256, password: "authentic1"}, priv: {protocol: AES, password: {env: PATH}}, context: vrf, level: authNoPriv, context_engine: "80:00:1f:88:04"}
defaults: {interval: 30s, timeout: 1s, retries: 1, credentials: [old, office], ping: {interval: 5s}}
devices:
  - {name: web1, address: "2001:db8::5", credentials: office, os: linux, parents: [core-sw1]}
  - {name: core-sw1, address: 192.0.2.10, tags: {site: seoul, role: core}, interval: 10s, transport: tcp, reply_from: [192.0.2.0/28, "2001:db8::1"]}
  - {name: 웹2, address: "[2001:db8::6]:1161", snmp: false, ping: {interval: 2s}}
  - {name: web3, address: web3.example.com:1161, ping: false, timeout: 3s, retries: 0, parents: []}
topology: {root: core-sw1}
)");
  EXPECT_EQ("etc/data", config.data);
  EXPECT_EQ("[::1]:9000", config.http.to_string());
  EXPECT_EQ(3U, config.syslog_udp.size());
  EXPECT_EQ(std::vector<std::filesystem::path>{"/"}, config.mibs);
  EXPECT_EQ(std::chrono::days(7), config.retention.raw);
  EXPECT_EQ(std::chrono::days(60), config.retention.five_minutes);
  EXPECT_EQ(std::chrono::days(365), config.retention.hours);
  EXPECT_EQ(std::chrono::days(7), config.retention.logs);
  EXPECT_EQ(512ULL << 20, config.memory);
  EXPECT_EQ(1ULL << 30, config.disk_reserve);
  EXPECT_FALSE(config.sync_points);
  ASSERT_EQ(3U, config.credentials.size());
  const Credential& v3 = config.credentials[2];
  EXPECT_EQ(SnmpVersion::V3, v3.version);
  EXPECT_EQ("nms", v3.user.name);
  EXPECT_EQ(snmp::AuthProtocol::Sha256, v3.user.auth);
  EXPECT_EQ("authentic1", v3.user.auth_pass_phrase.reveal());
  EXPECT_EQ(snmp::PrivProtocol::Aes128, v3.user.priv);
  EXPECT_FALSE(v3.user.priv_pass_phrase.empty());
  EXPECT_EQ("vrf", v3.context);
  EXPECT_EQ(snmp::SecurityLevel::AuthNoPriv, v3.level);
  EXPECT_EQ(std::string("\x80\x00\x1f\x88\x04", 5), v3.context_engine);
  EXPECT_EQ("public", config.credentials[0].community.reveal());
  EXPECT_EQ(SnmpVersion::V1, config.credentials[1].version);
  EXPECT_FALSE(config.credentials[1].community.empty());
  ASSERT_EQ(4U, config.devices.size());
  EXPECT_EQ(snmp::Transport::Tcp, config.devices[1].transport);
  ASSERT_EQ(2U, config.devices[1].reply_from.size());
  EXPECT_EQ("192.0.2.0/28", config.devices[1].reply_from[0].to_string());
  EXPECT_EQ("2001:db8::1", config.devices[1].reply_from[1].to_string());
  EXPECT_EQ(snmp::Transport::Udp, config.devices[0].transport);
  const DeviceConfig& web1 = config.devices[0];
  EXPECT_EQ("2001:db8::5", web1.host);
  EXPECT_EQ(161, web1.port);
  EXPECT_EQ(std::vector<std::string>{"office"}, web1.credentials);
  EXPECT_EQ(std::vector<std::string>{"core-sw1"}, web1.parents);
  EXPECT_EQ(std::nullopt, config.devices[1].parents);  // whatever the topology tells
  EXPECT_EQ(std::vector<std::string>(), config.devices[3].parents);
  EXPECT_EQ("core-sw1", config.topology_root);
  EXPECT_EQ("linux", web1.os);
  EXPECT_EQ(30s, web1.polling.interval);
  EXPECT_EQ(5s, web1.polling.ping_interval);
  EXPECT_EQ(16, web1.place.line);
  const DeviceConfig& core = config.devices[1];
  EXPECT_EQ((std::map<std::string, std::string>{{"role", "core"}, {"site", "seoul"}}), core.tags);
  EXPECT_EQ((std::vector<std::string>{"old", "office"}), core.credentials);
  EXPECT_EQ(10s, core.polling.interval);
  EXPECT_EQ(1s, core.polling.timeout);
  const DeviceConfig& web2 = config.devices[2];
  EXPECT_EQ("2001:db8::6", web2.host);
  EXPECT_EQ(1161, web2.port);
  EXPECT_FALSE(web2.snmp);
  EXPECT_TRUE(web2.ping);
  EXPECT_TRUE(web2.credentials.empty());
  EXPECT_EQ(2s, web2.polling.ping_interval);
  const DeviceConfig& web3 = config.devices[3];
  EXPECT_EQ("web3.example.com", web3.host);
  EXPECT_EQ(1161, web3.port);
  EXPECT_FALSE(web3.ping);
  EXPECT_EQ(0, web3.polling.retries);
}

TEST(MainConfig, ReadsRotasAndLocalChannels) {
  const auto config = parse(R"(
people: {kim: {ntfy: kim}, lee: {ntfy: lee}}
groups: {team: [lee]}
rotas:
  night: {turns: [kim, team], every: 1d, from: 2026-01-05 09:00, zone: Asia/Seoul,
          swaps: [{from: 2026-02-01 09:00, until: 2026-02-02 09:00, who: lee}]}
channels:
  push: {type: ntfy}
  log: {type: syslog, to: "loghost:1514"}
  nms: {type: inform, to: "[2001:db8::1]:162", community: secret, oid: 1.3.6.1.4.1.99999}
  duty: {type: pagerduty, token: key}
routes: [{to: [night], via: [push]}, {via: [log, nms]}]
)");
  const notify::Rota& night = config.notices.rotas.at("night");
  EXPECT_EQ((std::vector<std::string>{"kim", "team"}), night.turns);
  EXPECT_EQ(1440, night.every_minutes);
  EXPECT_EQ(parse_time("2026-02-01T00:00:00Z").value(), night.swaps[0].from);
  EXPECT_EQ("loghost:1514", config.notices.channels.at("log").url.reveal());
  EXPECT_EQ("secret", config.notices.channels.at("nms").token.reveal());
  EXPECT_EQ(7'200, config.notices.channels.at("duty").per_hour);
  const auto refuses = [](const std::string& text, const std::string& why) {
    Problems problems;
    EXPECT_FALSE(parse_main("people: {kim: {ntfy: kim}}\n" + text, "bongsu.yaml", problems));
    ASSERT_EQ(1U, problems.size()) << text;
    EXPECT_NE(std::string::npos, problems.lines()[0].find(why)) << problems.lines()[0];
  };
  refuses("rotas: {a: {turns: [kin], from: 2026-01-05 09:00}}", "no person or group \"kin\"; did you mean \"kim\"?");
  refuses("rotas: {a: {turns: [], from: 2026-01-05 09:00}}", "turns names nobody");
  refuses("rotas: {a: {turns: [kim], from: 2026-01-05T09:00:00Z}}", "on the clock of zone");
  refuses("rotas: {a: {turns: [kim], from: 2026-01-05 09:00, every: 90s}}", "whole minutes from 1h");
  refuses("rotas: {kim: {turns: [kim], from: 2026-01-05 09:00}}", "a person or group, too");
  refuses("channels: {x: {type: program, run: ../x}}", "name of a file in the folder of scripts");
  refuses("channels: {x: {type: program, run: nothing.sh}}", "is not there, or cannot be executed");
  refuses("channels: {x: {type: trap, to: \"a:b:c\"}}", "to:");
  refuses("channels: {x: {type: trap, to: a, oid: x}}", "oid:");
  refuses("channels: {x: {type: fcm, token: \"{}\"}}", "the JSON of a service account (it has no project_id)");
}

TEST(MainConfig, WhatIsSetLiesBeneathTheFile) {
  const std::string file = R"(
channels: {hook: {type: webhook, url: "http://127.0.0.1:1/"}, push: {type: ntfy, room: all}}
people: {ops: {ntfy: ops-topic}}
routes: [{via: [hook]}, {name: night, via: [hook]}]
)";
  Problems problems;
  Overlay overlay;
  ASSERT_TRUE(overlay.set(Part::People, "ops", "{ntfy: other, language: ko}", "ops", problems));
  ASSERT_TRUE(overlay.set(Part::People, "boss", "{ntfy: boss}", "boss", problems));
  ASSERT_TRUE(overlay.set(Part::Routes, "night", "{via: [push]}", "night", problems));
  ASSERT_TRUE(overlay.set(Part::Routes, "late", "{to: [boss], via: [push]}", "late", problems));
  auto config = parse_main(file, "bongsu.yaml", problems, overlay);
  ASSERT_TRUE(config) << problems.lines()[0];
  EXPECT_EQ("ops-topic", config->notices.people.at("ops").addresses.at("ntfy"));
  EXPECT_EQ(notify::Language::Korean, config->notices.people.at("ops").language);
  ASSERT_EQ(3U, config->notices.routes.size());
  EXPECT_EQ(std::vector<std::string>{"hook"}, config->notices.routes[1].via);
  EXPECT_EQ("late", config->notices.routes[2].name);
  // As the file's own mistakes, at their places.
  ASSERT_TRUE(overlay.set(Part::Routes, "late", "{to: [bos],\n via: [push]}", "body", problems));
  ASSERT_TRUE(overlay.set(Part::Remedies, "fix", "{run: remedies/none.sh, on: {item: x}}", "fix", problems));
  EXPECT_FALSE(parse_main(file, "bongsu.yaml", problems, overlay));
  ASSERT_EQ(2U, problems.size());
  EXPECT_EQ("body:1:6: to: no person, group or rota \"bos\"; did you mean \"boss\"?", problems.lines()[0]);
  EXPECT_TRUE(problems.lines()[1].starts_with("fix:1:7: remedy \"fix\": ")) << problems.lines()[1];
  EXPECT_TRUE(parse_main("", "bongsu.yaml", problems, {}));
}

TEST(MainConfig, ReadsMaintenance) {
  const auto windows = parse(R"(maintenance:
  - {name: patches, match: {tags: {site: seoul}, item: [cpu_usage, "mem*"]}, hours: "Sun 02:00-04:00", zone: Asia/Seoul}
  - {name: move, match: {device: web*, labels: {interface: eth0}}, from: 2026-12-01 02:00, until: 2026-12-01 06:00, zone: Asia/Seoul, note: rack}
)")
                           .maintenance;
  ASSERT_EQ(2U, windows.size());
  EXPECT_EQ("patches", windows[0].name);
  EXPECT_TRUE(windows[0].in_file);
  EXPECT_EQ((std::vector<std::string>{"cpu_usage", "mem*"}), windows[0].match.items);
  EXPECT_TRUE(windows[0].open(parse_time("2026-11-28T17:30:00Z").value()));
  EXPECT_FALSE(windows[0].open(parse_time("2026-11-28T19:30:00Z").value()));
  EXPECT_EQ("rack", windows[1].note);
  EXPECT_EQ(parse_time("2026-11-30T17:00:00Z").value(), windows[1].from);
  EXPECT_EQ(parse_time("2026-11-30T21:00:00Z").value(), windows[1].until);
}

TEST(MainConfig, MaintenanceNamesWhatIsWrong) {
  const auto refuses = [](const std::string& text, const std::string& said) {
    SCOPED_TRACE(text);
    Problems problems;
    EXPECT_FALSE(parse_main("maintenance: " + text, "bongsu.yaml", problems));
    ASSERT_FALSE(problems.empty());
    EXPECT_NE(std::string::npos, problems.lines()[0].find(said)) << problems.lines()[0];
  };
  refuses("{}", "must be a list");
  refuses("[{name: x, match: {}, hours: Sun}]", "it names nothing");
  refuses("[{name: x, match: {device: a}}]", "it has no end");
  refuses("[{name: x, match: {device: a, level: danger}, hours: Sun}]", "level is not for maintenance");
  refuses("[{name: x, match: {device: a}, from: soon, hours: Sun}]", "not a time: \"soon\"");
  refuses("[{name: x, match: {device: a}, from: 2026-12-02, until: 2026-12-01}]", "ends before it begins");
  refuses("[{name: x, match: {device: a}, hours: Sun}, {name: x, match: {device: b}, hours: Sun}]", "are called \"x\"");
}

TEST(MainConfig, AnEmptyListOfListenersIsTaken) { EXPECT_TRUE(parse("syslog: {udp: []}").syslog_udp.empty()); }

TEST(MainConfig, WithoutDefaultsEveryCredentialIsTriedInOrder) {
  const MainConfig config = parse(
      "credentials: {b: {version: 2c, community: x}, a: {version: 1, community: y}}\n"
      "devices: [{name: d, address: host}]\n");
  EXPECT_EQ((std::vector<std::string>{"b", "a"}), config.devices.at(0).credentials);
}

TEST(MainConfig, NamesTheFileThatCannotBeRead) {
  Problems problems;
  EXPECT_FALSE(read_main("/nowhere/bongsu.yaml", problems));
  EXPECT_EQ(std::vector<std::string>{"/nowhere/bongsu.yaml: cannot be read; check that it is a file, there and readable"},
            problems.lines());
}

}  // namespace bongsu::config
