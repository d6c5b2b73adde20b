// SPDX-License-Identifier: Apache-2.0
// The disk of the whole daemon runs full and is freed: what it says of it, what it refuses, what goes on.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "e2e/daemon.h"
#include "e2e/switches.h"
#include "small_disk.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

// A line of /metrics: its value, or -1.
double metric(const Daemon& daemon, const std::string& name) {
  const std::string text = "\n" + daemon.text("/metrics");
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

TEST(ServeDisk, SaysThatItIsFullRefusesLogsServesOnAndResumes) {
  const Folder folder;
  const SmallDisk disk(folder / "disk", 96);
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno) << " (needs root)";
  std::filesystem::create_directories(folder / "rules/items");
  folder.write("rules/items/fast.yaml", items_file());
  Switches network;
  network.add("127.77.2.1", "sw1");
  std::string text =
      config_text(folder, "  - {name: sw1, address: \"127.77.2.1:" + std::to_string(network.port()) + "\", ping: false}\n");
  const std::string data = "data: " + (folder.path() / "data").string();
  ASSERT_TRUE(text.starts_with(data));
  text.replace(0, data.size(), "data: " + (folder.path() / "disk/data").string() + "\ndisk: {reserve: 16MiB}");
  Daemon daemon({"bongsu", "serve", "--config", folder.write("bongsu.yaml", text).string()});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const auto notices = [&] {
    const Json status = daemon.ask("/api/v1/status");
    return status.is_object() ? status["notices"].dump() : std::string("no answer");
  };
  const auto has_line = [&](const std::string& word) {
    const Json found = daemon.ask("/api/v1/logs?q=" + word);
    return found.is_object() && found.dump().find(word + " ") != std::string::npos;
  };
  send_datagram(daemon.syslog_port(), "<13>Oct 11 22:14:15 web1 test: before1 it is full");
  ASSERT_TRUE(eventually([&] { return has_line("before1"); })) << daemon.printed();
  EXPECT_EQ(0, metric(daemon, "bongsu_store_disk_state"));

  disk.fill(12 << 20);  // below the reserve
  ASSERT_TRUE(eventually([&] { return metric(daemon, "bongsu_store_disk_state") == 1; })) << notices();
  EXPECT_NE(std::string::npos, notices().find("MiB left (log lines are refused)")) << notices();
  EXPECT_NE(std::string::npos, daemon.text("/").find("MiB left (log lines are refused)"));
  ASSERT_TRUE(eventually([&] {
    send_datagram(daemon.syslog_port(), "<13>Oct 11 22:14:15 web1 test: during1 it is full");
    return metric(daemon, "bongsu_store_refused_total{cause=\"events_disk\"}") > 0;
  }));
  // Alarms come before logs.
  network.set_dead("127.77.2.1", true);
  ASSERT_TRUE(eventually([&] {
    const Json alarms = daemon.ask("/api/v1/alarms");
    return alarms.is_object() && alarms["alarms"].size() == 1;
  })) << notices();

  disk.fill();
  ASSERT_TRUE(eventually([&] { return metric(daemon, "bongsu_store_disk_state") >= 3; })) << notices();
  EXPECT_FALSE(daemon.ready());
  EXPECT_TRUE(has_line("before1")) << "reads go on";
  EXPECT_EQ(1u, daemon.ask("/api/v1/alarms")["alarms"].size());

  disk.free();
  ASSERT_TRUE(eventually([&] { return daemon.ready() && metric(daemon, "bongsu_store_disk_state") == 0; })) << notices();
  EXPECT_EQ("[]", notices());
  ASSERT_TRUE(eventually([&] {
    send_datagram(daemon.syslog_port(), "<13>Oct 11 22:14:15 web1 test: after1 there is room");
    return has_line("after1");
  })) << daemon.printed();
  network.set_dead("127.77.2.1", false);
  EXPECT_TRUE(eventually([&] {
    const Json alarms = daemon.ask("/api/v1/alarms");
    return alarms.is_object() && alarms["alarms"].empty();
  }));
  daemon.send(SIGTERM);
  EXPECT_EQ(0, daemon.wait());
}

}  // namespace
}  // namespace bongsu::e2e
