// SPDX-License-Identifier: Apache-2.0
// The whole binary: real snmpd, simulated agents, real datagrams, kill -9.
#include <gtest/gtest.h>
#include <signal.h>

#include "base/text.h"
#include "e2e/daemon.h"
#include "e2e/switches.h"
#include "interop/snmpd.h"
#include "net/live.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

// A stock item's alarm of a device, or null.
Json alarm_of(const Daemon& daemon, const std::string& device, const std::string& item, const std::string& state = "active") {
  const Json answer = daemon.ask("/api/v1/alarms?state=" + state + "&device=" + device);
  if (!answer.is_object()) return nullptr;
  for (const Json& alarm : answer["alarms"]) {
    if (alarm["item"] == item) return alarm;
  }
  return nullptr;
}

}  // namespace

class Serve : public testing::Test {
 protected:
  Serve() {
    std::filesystem::create_directories(folder.path() / "rules" / "items");
    folder.write("rules/items/fast.yaml", items_file());
  }
  std::vector<std::string> serve(const std::string& devices) {
    return {"bongsu", "serve", "--config", folder.write("bongsu.yaml", config_text(folder, devices)).string()};
  }
  std::string device(const std::string& name, const std::string& address, int port) {
    return "  - {name: " + name + ", address: \"" + address + ":" + std::to_string(port) + "\", ping: false}\n";
  }
  Folder folder;
};

TEST_F(Serve, WatchesRealSnmpdThroughItsDeath) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  Daemon daemon(serve(device("web1", "127.0.0.1", (*snmpd)->port())));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] {
    const Json web1 = daemon.ask("/api/v1/devices/web1");
    return web1.is_object() && web1["device"]["snmp_up"] == true && web1["device"]["info"].value("os", "") == "linux";
  })) << daemon.ask("/api/v1/devices/web1").dump()
      << daemon.printed();
  ASSERT_TRUE(eventually([&] {
    const Json metrics = daemon.ask("/api/v1/devices/web1/metrics");
    return metrics.is_object() && metrics.dump().find("cpu_usage_percent") != std::string::npos &&
           metrics.dump().find("memory_used_percent") != std::string::npos &&
           metrics.dump().find("interface_receive_bytes_total") != std::string::npos;
  })) << daemon.ask("/api/v1/devices/web1/metrics").dump();

  (*snmpd)->stop();
  ASSERT_TRUE(eventually([&] { return alarm_of(daemon, "web1", "device_down").is_object(); })) << daemon.printed();
  EXPECT_EQ("fatal", alarm_of(daemon, "web1", "device_down")["level"]);
  EXPECT_EQ(1, daemon.ask("/api/v1/status")["devices"]["down"]);

  ASSERT_TRUE((*snmpd)->resume());
  ASSERT_TRUE(eventually([&] { return alarm_of(daemon, "web1", "device_down").is_null(); }));
  EXPECT_EQ("recovered", alarm_of(daemon, "web1", "device_down", "all")["state"]);
  daemon.send(SIGTERM);
  EXPECT_EQ(0, daemon.wait()) << daemon.printed();
}

TEST_F(Serve, KeepsTheAlarmOverKillNine) {
  Switches network;
  network.add("127.77.0.1", "sw1");
  network.add("127.77.0.2", "sw2");
  const auto words = serve(device("sw1", "127.77.0.1", network.port()) + device("sw2", "127.77.0.2", network.port()));
  Json before;
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] {
      const Json status = daemon.ask("/api/v1/status");
      return status.is_object() && status["devices"]["up"] == 2;
    })) << daemon.printed();
    network.set_dead("127.77.0.2", true);
    ASSERT_TRUE(eventually([&] { return alarm_of(daemon, "sw2", "device_down").is_object(); })) << daemon.printed();
    before = alarm_of(daemon, "sw2", "device_down");
    daemon.send(SIGKILL);
    ASSERT_EQ(128 + SIGKILL, daemon.wait());
  }
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const Json after = alarm_of(daemon, "sw2", "device_down");
  ASSERT_TRUE(after.is_object()) << daemon.printed();
  for (const char* key : {"id", "level", "since", "state"}) EXPECT_EQ(before[key], after[key]) << key;
  const auto ask = [&](std::vector<std::string> command) {
    command.insert(command.begin(), "bongsu");
    command.insert(command.end(), {"--url", daemon.url()});
    return run(command);
  };
  const std::string id = after["id"].dump();
  EXPECT_EQ("no answer", after["meaning"]);
  EXPECT_NE(std::string::npos, after["asked"].get<std::string>().find("127.77.0.2: ")) << after;
  EXPECT_EQ(0, ask({"alarms", "ack", id, "--note", "on it", "--for", "2h"}).code);
  EXPECT_EQ(true, alarm_of(daemon, "sw2", "device_down")["acknowledged"]);
  EXPECT_NE(std::string::npos, ask({"alarms"}).out.find("active, acknowledged"));
  EXPECT_EQ(0, ask({"alarms", "unack", id}).code);
  const Ran twice = ask({"alarms", "unack", id});
  EXPECT_EQ(1, twice.code);
  EXPECT_EQ("bongsu: alarm " + id + " is not acknowledged\n", twice.err);
  network.set_dead("127.77.0.2", false);
  ASSERT_TRUE(eventually([&] { return alarm_of(daemon, "sw2", "device_down").is_null(); }));
  const Json all = daemon.ask("/api/v1/alarms?state=all&device=sw2");
  std::size_t count = 0;
  for (const Json& alarm : all["alarms"]) count += alarm["item"] == "device_down" ? 1 : 0;
  EXPECT_EQ(1U, count) << all.dump();
}

TEST_F(Serve, FindsWhatWasSentBySyslog) {
  Daemon daemon(serve("  - {name: me, address: localhost, snmp: false, ping: false}\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  send_datagram(daemon.syslog_port(), "<11>Nov 23 10:00:00 db1 kernel: disk sda is <b>failing</b>");
  send_datagram(daemon.syslog_port(), std::string("\xff\xfe garbage \0 zebra", 18));
  const auto found = [&](const std::string& word) {
    const Json answer = daemon.ask("/api/v1/logs?q=" + word);
    return answer.is_object() ? answer["logs"] : Json::array();
  };
  ASSERT_TRUE(eventually([&] { return found("failing").size() == 1 && found("zebra").size() == 1; })) << daemon.printed();
  // The name is looked up beside the start: what comes later has it for certain.
  ASSERT_TRUE(eventually([&] {
    send_datagram(daemon.syslog_port(), "<11>Nov 23 10:00:00 db1 kernel: named");
    const Json named = found("named");
    return !named.empty() && named[0]["device"] == "me";
  })) << daemon.printed();
  EXPECT_EQ("err", found("failing")[0]["syslog_severity"]);
  const Ran logs = run({"bongsu", "logs", "failing", "--url", daemon.url()});
  EXPECT_EQ(0, logs.code) << logs.err;
  EXPECT_NE(std::string::npos, logs.out.find("disk sda is <b>failing</b>")) << logs.out;
}

TEST_F(Serve, ReloadsAndKeepsTheRestWhenTheFileIsBad) {
  Switches network;
  network.add("127.77.0.1", "sw1");
  network.add("127.77.0.2", "sw2");
  const std::string first = device("sw1", "127.77.0.1", network.port());
  Daemon daemon(serve(first));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const auto devices = [&] {
    const Json status = daemon.ask("/api/v1/status");
    return status.is_object() ? status["devices"] : Json::object();
  };
  ASSERT_TRUE(eventually([&] { return devices().value("up", 0) == 1; })) << daemon.printed();
  serve("  - {name: sw1, adress: 127.77.0.1}\n");
  daemon.send(SIGHUP);
  ASSERT_TRUE(eventually([&] { return daemon.printed().find("adress") != std::string::npos; }));
  EXPECT_EQ(1, devices()["total"]);
  serve(first + device("sw2", "127.77.0.2", network.port()));
  daemon.send(SIGHUP);
  EXPECT_TRUE(eventually([&] { return devices().value("up", 0) == 2; })) << daemon.printed();
}

TEST_F(Serve, RefusesASecondDaemonOnTheSameData) {
  const auto words = serve("  - {name: me, address: 127.0.0.1, snmp: false, ping: false}\n");
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const Ran second = run(words);
  EXPECT_EQ(1, second.code);
  EXPECT_NE(std::string::npos, second.err.find("in use by process ")) << second.err;
  EXPECT_TRUE(daemon.running());
}

TEST_F(Serve, NamesThePortThatIsTaken) {
  Daemon daemon(serve("  - {name: me, address: 127.0.0.1, snmp: false, ping: false}\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const std::string page = daemon.url().substr(7);
  const Ran second = run({"bongsu", "serve", "--config", (folder.path() / "bongsu.yaml").string(), "--data",
                          (folder.path() / "other").string(), "--http", page});
  EXPECT_EQ(1, second.code);
  EXPECT_NE(std::string::npos, second.err.find(page)) << second.err;
  EXPECT_NE(std::string::npos, second.err.find("http.listen")) << second.err;
}

TEST_F(Serve, StartsNothingOnABadConfig) {
  const Ran ran = run(serve("  - {name: sw1, adress: 127.77.0.1}\n  - {name: sw1, address: 127.77.0.1, interval: 5}\n"));
  EXPECT_EQ(1, ran.code);
  EXPECT_NE(std::string::npos, ran.err.find("bongsu.yaml:9:")) << ran.err;
  EXPECT_NE(std::string::npos, ran.err.find("did you mean \"address\"?")) << ran.err;
  EXPECT_NE(std::string::npos, ran.err.find("bongsu.yaml:10:")) << ran.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "data"));
}

}  // namespace bongsu::e2e
