// SPDX-License-Identifier: Apache-2.0
// The supervisor of `bongsu serve`: what dies is started again, and what cannot be opened is told.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "e2e/daemon.h"
#include "e2e/hook.h"
#include "e2e/switches.h"

namespace bongsu::e2e {

using Json = nlohmann::json;

class Supervised : public testing::Test {
 protected:
  Supervised() {
    std::filesystem::create_directories(folder.path() / "rules" / "items");
    folder.write("rules/items/fast.yaml", items_file());
  }
  std::vector<std::string> serve() {
    const std::string notices = "channels: {hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
                                "/hook\"}}\nroutes: [{match: {tags: {site: s2}}, via: [hook]}]\n";
    return {"bongsu", "serve", "--config", folder.write("bongsu.yaml", config_text(folder, "") + notices).string()};
  }
  // Ends the daemon under the supervisor, and waits for the next.
  static bool dies_and_comes_back(Daemon& daemon) {
    const pid_t before = daemon.child();
    if (before <= 0 || kill(before, SIGABRT) != 0) return false;
    return eventually([&] { return daemon.child() > 0 && daemon.child() != before && daemon.ready(); });
  }
  Folder folder;
  Hook hook;
};

TEST_F(Supervised, ADaemonThatDiesIsStartedAgain) {
  Daemon daemon(serve());
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(dies_and_comes_back(daemon)) << daemon.printed();
  EXPECT_TRUE(daemon.printed().find("the daemon was ended by signal 6 (Aborted); it is started again in 1s") != std::string::npos)
      << daemon.printed();
  const Json events = daemon.ask("/api/v1/events");
  ASSERT_TRUE(events.is_object() && !events["events"].empty()) << events;
  EXPECT_EQ("Bongsu was started again: the daemon was ended by signal 6 (Aborted). Nothing was watched in between.",
            events["events"][0]["text"]);
  EXPECT_EQ("danger", events["events"][0]["severity"]);
  EXPECT_TRUE(hook.told().empty());
  daemon.send(SIGTERM);
  EXPECT_EQ(0, daemon.wait());
}

TEST_F(Supervised, OneThatDiesAgainAndAgainIsToldOnce) {
  Daemon daemon(serve());
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(dies_and_comes_back(daemon)) << daemon.printed();
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  EXPECT_EQ(std::vector<std::string>{"raised " + std::string(host) + " bongsu"}, hook.told());
  daemon.send(SIGTERM);
  EXPECT_EQ(0, daemon.wait());
}

TEST_F(Supervised, AStoreThatCannotBeOpenedIsTold) {
  {
    Daemon daemon(serve());
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    daemon.send(SIGTERM);
    EXPECT_EQ(0, daemon.wait());
  }
  std::filesystem::remove(folder.path() / "data/CURRENT");
  std::filesystem::create_directories(folder.path() / "data/CURRENT/taken");
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  Daemon daemon(serve());
  EXPECT_EQ(1, daemon.wait()) << daemon.printed();
  EXPECT_EQ(std::vector<std::string>{"raised " + std::string(host) + " bongsu"}, hook.told()) << daemon.printed();
  // Whatever starts it anew each second: nobody is told each second.
  Daemon again(serve());
  EXPECT_EQ(1, again.wait()) << again.printed();
  EXPECT_EQ(1U, hook.told().size());
  // Its end is told by the one that comes up, and what happens after that is new.
  std::filesystem::remove_all(folder.path() / "data/CURRENT");
  {
    Daemon mended(serve());
    ASSERT_TRUE(mended.comes_up()) << mended.printed();
    EXPECT_TRUE(eventually([&] { return hook.told().size() == 2; })) << mended.printed();
    mended.send(SIGTERM);
    EXPECT_EQ(0, mended.wait());
  }
  ASSERT_EQ(2U, hook.told().size());
  EXPECT_EQ("recovered " + std::string(host) + " bongsu", hook.told()[1]);
  std::filesystem::remove(folder.path() / "data/CURRENT");
  std::filesystem::create_directories(folder.path() / "data/CURRENT/taken");
  Daemon once_more(serve());
  EXPECT_EQ(1, once_more.wait()) << once_more.printed();
  EXPECT_EQ(3U, hook.told().size());
}

TEST_F(Supervised, WhatAFileSaysWrongIsForWhoeverStartedIt) {
  folder.write("bongsu.yaml", "datta: /tmp\n");
  Daemon daemon({"bongsu", "serve", "--config", (folder.path() / "bongsu.yaml").string()});
  EXPECT_EQ(1, daemon.wait());
  EXPECT_NE(std::string::npos, daemon.printed().find("data")) << daemon.printed();
  EXPECT_TRUE(hook.told().empty());
}

TEST_F(Supervised, TheDaemonEndsWithItsSupervisor) {
  Daemon daemon(serve());
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const pid_t child = daemon.child();
  ASSERT_GT(child, 0);
  daemon.send(SIGKILL);
  EXPECT_EQ(128 + SIGKILL, daemon.wait());
  EXPECT_TRUE(eventually([&] { return kill(child, 0) != 0; }));
}

}  // namespace bongsu::e2e
