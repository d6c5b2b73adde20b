// SPDX-License-Identifier: Apache-2.0
// Backup, restore and the store commands, as their users run them.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "e2e/daemon.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

struct Expected {
  int code;
  std::string text;  // in what it prints
};

void runs(std::vector<std::string> words, const Expected& expected) {
  std::string line;
  for (const std::string& word : words) line += word + ' ';
  SCOPED_TRACE(line);
  const Ran ran = run(words);
  EXPECT_EQ(expected.code, ran.code) << ran.out << ran.err;
  EXPECT_NE(std::string::npos, (ran.out + ran.err).find(expected.text)) << ran.out << ran.err;
}

Json json_of(const std::vector<std::string>& words) {
  const Ran ran = run(words);
  EXPECT_EQ(0, ran.code) << ran.err;
  return Json::parse(ran.out, nullptr, false);
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(StoreCommands, CarryAStoreFromALivingDaemonToAnother) {
  const Folder folder;
  const auto path = [&](const char* name) { return (folder.path() / name).string(); };
  const std::string data = path("data");
  {
    Daemon demo({"bongsu", "demo", "--data", data, "--http", "127.0.0.1:0", "--syslog-port", "0"});
    ASSERT_TRUE(demo.comes_up()) << demo.printed();
    const std::string url = demo.url();
    ASSERT_TRUE(eventually([&] {
      const Json metrics = demo.ask("/api/v1/devices/core-sw1/metrics");
      return metrics.is_object() && metrics.dump().find("\"device_up\"") != std::string::npos;
    })) << demo.printed();
    EXPECT_EQ("none", demo.ask("/api/v1/backup")["state"]);
    const Json made = json_of({"bongsu", "backup", path("backup"), "--url", url, "--json"});
    EXPECT_EQ("daemon", made["by"]);
    EXPECT_GT(made["samples"], 0);
    EXPECT_EQ("done", demo.ask("/api/v1/backup")["state"]);
    // What is in use is left alone, and it is said what to do.
    runs({"bongsu", "backup", path("backup"), "--url", url}, {1, "not empty"});
    runs({"bongsu", "backup", path("other"), "--url", "http://127.0.0.1:1"}, {1, "no answer"});
    runs({"bongsu", "store", "info", "--data", data}, {1, "bongsu backup"});
    runs({"bongsu", "store", "import", "--data", data, path("none")}, {1, "in use by process"});
    runs({"bongsu", "restore", path("backup"), "--data", data, "--replace"}, {1, "in use by process"});
    demo.send(SIGTERM);
    EXPECT_EQ(0, demo.wait()) << demo.printed();
  }
  runs({"bongsu", "backup", path("stopped"), "--data", data}, {0, "found good"});
  runs({"bongsu", "restore", path("backup"), "--data", data}, {1, "--replace"});
  runs({"bongsu", "restore", path("backup"), "--data", data, "--replace"}, {0, "data.before-"});
  runs({"bongsu", "restore", path("nothing"), "--data", path("new")}, {1, "no backup"});
  runs({"bongsu", "store", "verify", "--data", data}, {0, "nothing is damaged"});
  runs({"bongsu", "store", "info", "--data", path("nothing")}, {1, "no store"});
  runs({"bongsu", "store"}, {2, "subcommand"});
  runs({"bongsu", "store", "export", "--data", data, "--match", "1 + 1"}, {2, "not a selector"});
  runs({"bongsu", "store", "export", "--data", data, "--from", "yesterday"}, {2, "--from"});

  const Json info = json_of({"bongsu", "store", "info", "--data", data, "--json"});
  EXPECT_GT(info["series"], 0);
  EXPECT_GT(info["cardinality"]["series_by_metric"].size(), 0u);
  const Ran points = run({"bongsu", "store", "export", "--data", data, "-o", path("points.jsonl"), "--json"});
  ASSERT_EQ(0, points.code) << points.err;
  const Json exported = Json::parse(points.err)["points"];
  EXPECT_GT(exported, 0);
  EXPECT_GE(info["samples"], exported);  // some may stand twice in a copy of a store at work
  runs({"bongsu", "store", "export", "--data", data, "--events", "-o", path("events.jsonl")}, {0, "events"});
  runs({"bongsu", "store", "export", "--data", data, "--format", "openmetrics", "--match", "device_up"},
       {0, "# TYPE device_up unknown\n"});
  const Json taken =
      json_of({"bongsu", "store", "import", "--data", path("moved"), path("points.jsonl"), path("events.jsonl"), "--json"});
  EXPECT_EQ(exported, taken["points"]);
  const Json moved = json_of({"bongsu", "store", "info", "--data", path("moved"), "--json"});
  // A series that was just made may have no sample yet.
  EXPECT_GE(info["series"], moved["series"]);
  EXPECT_EQ(taken["series"], moved["series"]);
  EXPECT_EQ(exported, moved["samples"]);
  EXPECT_EQ(info["newest"], moved["newest"]);
  EXPECT_EQ(info["events"]["count"], moved["events"]["count"]);
  ASSERT_EQ(0, run({"bongsu", "store", "export", "--data", path("moved"), "-o", path("again.jsonl")}).code);
  EXPECT_EQ(contents_of(path("points.jsonl")), contents_of(path("again.jsonl")));

  // One octet of a table.
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(path("moved"))) {
    if (entry.path().extension() == ".sst" && (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
      largest = entry.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(40);
  const char was = static_cast<char>(file.get());
  file.seekp(40);
  file.put(static_cast<char>(was ^ 1));
  file.close();
  runs({"bongsu", "store", "verify", "--data", path("moved")}, {1, "damaged: file " + largest.filename().string()});
  runs({"bongsu", "backup", path("of-damaged"), "--data", path("moved")}, {1, largest.filename().string()});
  EXPECT_FALSE(std::filesystem::exists(path("of-damaged")));
}

}  // namespace
}  // namespace bongsu::e2e
