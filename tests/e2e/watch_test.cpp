// SPDX-License-Identifier: Apache-2.0
// From a clean start, as the READMEs describe it: a real snmpd and a simulated switch, an item through its five levels and back,
// mail, Slack and KakaoTalk, what repairs, a restart in the middle, and what is not watched any more.
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <thread>

#include "e2e/daemon.h"
#include "e2e/mail_server.h"
#include "e2e/switches.h"
#include "interop/snmpd.h"

namespace bongsu::e2e {

using Json = nlohmann::json;
using Said = std::vector<std::string>;

constexpr const char* kDial = "1.3.6.1.4.1.8072.9999.9999.7.0";  // an object of the agent's that whoever may write turns

// Slack's webhook, KakaoTalk with its tokens, and a place that mends what it is told of.
class Services {
 public:
  Services() {
    server_.Post("/slack", [this](const httplib::Request& request, httplib::Response&) {
      const std::lock_guard hold(mutex_);
      slack_.push_back(Json::parse(request.body, nullptr, false).value("text", request.body));
    });
    server_.Post("/oauth/token", [](const httplib::Request& request, httplib::Response& response) {
      if (request.get_param_value("refresh_token") != "REFRESH") response.status = 400;
      response.set_content(R"({"access_token":"ACCESS","expires_in":3600})", "application/json");
    });
    server_.Post("/v2/api/talk/memo/default/send", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard hold(mutex_);
      response.status = request.get_header_value("Authorization") == "Bearer ACCESS" ? 200 : 401;
      const Json sent = Json::parse(request.get_param_value("template_object"), nullptr, false);
      if (response.status == 200) kakao_.push_back(sent.value("text", ""));
    });
    server_.Put("/mend", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard hold(mutex_);
      mended_.push_back(Json::parse(request.body, nullptr, false)["alarm"].value("item", "") + " " +
                        request.get_header_value("Authorization"));
      response.set_content("mended", "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Services() {
    server_.stop();
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  Said slack() const { return copy(slack_); }
  Said kakao() const { return copy(kakao_); }
  Said mended() const { return copy(mended_); }

 private:
  Said copy(const Said& from) const {
    const std::lock_guard hold(mutex_);
    return from;
  }
  httplib::Server server_;
  mutable std::mutex mutex_;
  Said slack_, kakao_, mended_;
  int port_ = 0;
  std::thread thread_;
};

namespace {

// "fatal" of "[fatal] linux1: Dial 55 (limit 50)", "recovered" of an end, and what repaired it behind that.
Said marks(const Said& texts) {
  Said out;
  for (const std::string& text : texts) {
    const std::size_t open = text.find('['), close = text.find(']');
    std::string mark = open == std::string::npos ? text : text.substr(open + 1, close - open - 1);
    for (const char* word : {"Repaired by: ", "복구 조치: "}) {
      const std::size_t at = text.find(word);
      if (at != std::string::npos)
        mark += " by " + text.substr(at + std::string(word).size(), text.find('\n', at) - at - std::string(word).size());
    }
    out.push_back(std::move(mark));
  }
  return out;
}

Said subjects(const Said& mails) {
  Said out;
  for (const std::string& mail : mails) {
    const std::size_t at = mail.find("\nSubject: ");
    out.push_back(at == std::string::npos ? mail : mail.substr(at + 10, mail.find('\n', at + 1) - at - 10));
  }
  return out;
}

}  // namespace

class Watching : public testing::Test {
 protected:
  void SetUp() override {
    if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
    auto started = interop::Snmpd::start(std::string("override -rw ") + kDial + " integer 0\n");
    ASSERT_TRUE(started) << started.error().text;
    snmpd = *std::move(started);
    network.add("127.77.2.1", "sw1");
    folder.write("rules/profiles/dial.yaml", std::string("- profile: dial\n  title: The dial\n  match: {os: linux}\n  collect:\n"
                                                         "    - scalars: dial\n      metrics: {dial: .") +
                                                 kDial + "}\n");
    folder.write("rules/items/dial.yaml",
                 "- item: dial\n  title: {en: Dial, ko: 다이얼}\n  for: {os: [linux]}\n  expr: dial\n  interval: 1s\n"
                 "  levels: {harmless: 10, caution: 20, danger: 30, urgent: 40, fatal: 50}\n  clear: 2\n  flapping: false\n"
                 "- item: ports\n  title: Ports that are up\n  for: {kind: [switch]}\n  interval: 1s\n"
                 "  expr: count by (device) (interface_oper_up{device=\"sw1\"} == 1)\n  below: {danger: 8}\n"
                 "- {item: cpu_usage, interval: 1s}\n- {item: interface_receive_errors, interval: 1s}\n");
  }
  // Turns the dial as anybody could, and waits until the item stands there.
  void turn(const Daemon& daemon, int value, const std::string& level) {
    const Ran set = run({"bongsu", "set", "127.0.0.1:" + std::to_string(snmpd->port()), "-c", "private", std::string(".") + kDial,
                         "i", std::to_string(value)});
    ASSERT_EQ(0, set.code) << set.err;
    EXPECT_TRUE(eventually([&] { return level_of(daemon, "linux1", "dial") == level; })) << level << " at " << value << "\n"
                                                                                         << daemon.printed();
  }
  static std::string level_of(const Daemon& daemon, const std::string& device, const std::string& item) {
    const Json items = daemon.ask("/api/v1/devices/" + device + "/items");
    if (!items.is_object()) return "";
    for (const Json& one : items["items"]) {
      if (one["item"] == item) return one["level"];
    }
    return "none";
  }
  Said serve(const std::string& notices) {
    std::string text = config_text(folder, devices());
    text.insert(text.find("  office:"), "  write: {version: 2c, community: private}\n");
    text.insert(text.find("{interval: 1s") + 1, "credentials: [office], ");
    return {"bongsu", "serve", "--config", folder.write("bongsu.yaml", text + notices).string()};
  }
  std::string devices() const {
    return "  - {name: linux1, address: \"127.0.0.1:" + std::to_string(snmpd->port()) +
           "\", ping: false}\n  - {name: sw1, address: \"127.77.2.1:" + std::to_string(network.port()) + "\", ping: false}\n";
  }
  Folder folder;
  Switches network;
  Services services;
  std::unique_ptr<interop::Snmpd> snmpd;
};

TEST_F(Watching, FiveLevelsAndBackReachWhoTheyShouldAndNobodyElse) {
  std::unique_ptr<MailServer> smtp;
  std::string mail;
  if (MailServer::installed()) {
    smtp = std::make_unique<MailServer>(folder);
    ASSERT_TRUE(smtp->up()) << smtp->printed();
    mail = "  mail: {type: email, smtp: \"127.0.0.1:" + smtp->port() +
           "\", from: bongsu@example.com, tls: if_offered, gather: 0s}\npeople: {ops: {email: ops@example.com}}\n";
  }
  const auto words = serve("channels:\n  slack: {type: slack, url: \"" + services.url() +
                           "/slack\", gather: 0s}\n  talk: {type: kakaotalk, url: \"" + services.url() +
                           "\", user: KEY, token: REFRESH, gather: 0s}\n" + mail + "routes:\n" +
                           (smtp ? "  - {match: {item: dial, level: \">=fatal\"}, to: [ops], via: [mail]}\n" : "") +
                           "  - {match: {item: dial, level: \">=harmless\"}, via: [slack]}\n"
                           "  - {match: {item: dial, level: \">=urgent\"}, via: [talk], recovered: false}\n"
                           "  - {match: {device: sw1}, via: [talk]}\n");
  const Said up{"harmless", "caution", "danger", "urgent", "fatal"};
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] { return level_of(daemon, "linux1", "dial") == "normal"; })) << daemon.printed();
    for (int level = 0; level < 3; ++level) turn(daemon, 15 + 10 * level, up[static_cast<std::size_t>(level)]);
    EXPECT_TRUE(eventually([&] { return services.slack().size() == 3; })) << daemon.printed();
    daemon.send(SIGTERM);
    EXPECT_EQ(0, daemon.wait());
  }
  Daemon daemon(words);  // in the middle: nothing is told again, and nothing is lost
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  EXPECT_TRUE(eventually([&] { return level_of(daemon, "linux1", "dial") == "danger"; })) << daemon.printed();
  turn(daemon, 45, "urgent");
  turn(daemon, 55, "fatal");
  for (const auto& [value, level] : {std::pair{47, "urgent"}, {37, "danger"}, {27, "caution"}, {17, "harmless"}, {5, "normal"}})
    turn(daemon, value, level);
  EXPECT_TRUE(eventually([&] { return services.slack().size() == 6; })) << daemon.printed();
  EXPECT_EQ((Said{"harmless", "caution", "danger", "urgent", "fatal", "recovered"}), marks(services.slack()));
  EXPECT_TRUE(eventually([&] { return services.kakao().size() == 2; })) << daemon.printed();
  EXPECT_EQ((Said{"urgent", "fatal"}), marks(services.kakao()));
  if (smtp) {
    EXPECT_TRUE(eventually([&] { return smtp->mails().size() == 2; })) << daemon.printed();
    EXPECT_EQ((Said{"fatal", "recovered"}), marks(subjects(smtp->mails())));
  }
  // One alarm all the way, and its course is in the events.
  const Json alarms = daemon.ask("/api/v1/alarms?state=all&device=linux1");
  std::size_t dials = 0;
  for (const Json& one : alarms["alarms"]) dials += one["item"] == "dial" ? 1 : 0;
  EXPECT_EQ(1U, dials) << alarms;
}

TEST_F(Watching, WhatRepairsIsNamed) {
  const auto script = folder.write("remedies/plug.sh", "#!/bin/sh\ntouch " + (folder / "plugged").string() + "\n");
  std::filesystem::permissions(script, std::filesystem::perms(0755));
  std::filesystem::permissions(script.parent_path(), std::filesystem::perms(0755));
  Daemon daemon(serve("channels: {slack: {type: slack, url: \"" + services.url() +
                      "/slack\", gather: 0s}}\nroutes: [{match: {item: [dial, ports], level: \">=danger\"}, via: [slack]}]\n"
                      "remedies:\n"
                      "  plug: {run: remedies/plug.sh, on: {item: ports}}\n"
                      "  turn-back: {set: {object: \"." +
                      std::string(kDial) +
                      "\", type: i, value: 1}, credentials: write, on: {item: dial, level: \">=danger\"}}\n"
                      "  call: {http: {url: \"" +
                      services.url() + "/mend\", method: PUT, token: KEY}, on: {item: dial, level: \">=fatal\"}}\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return level_of(daemon, "sw1", "ports") == "normal"; })) << daemon.printed();
  network.set_port("127.77.2.1", 3, false);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder / "plugged"); })) << daemon.printed();
  network.set_port("127.77.2.1", 3, true);
  EXPECT_TRUE(eventually([&] { return services.slack().size() == 2; })) << daemon.printed();
  EXPECT_EQ((Said{"danger", "recovered by plug"}), marks(services.slack()));
  // By SNMP SET: the fault ends by it alone.
  ASSERT_TRUE(eventually([&] { return level_of(daemon, "linux1", "dial") == "normal"; })) << daemon.printed();
  ASSERT_EQ(0, run({"bongsu", "set", "127.0.0.1:" + std::to_string(snmpd->port()), "-c", "private", std::string(".") + kDial, "i",
                    "35"})
                   .code);
  EXPECT_TRUE(eventually([&] { return services.slack().size() == 4; })) << daemon.printed();
  EXPECT_EQ("recovered by turn-back", marks(services.slack()).back());
  const auto runs_of = [&](const std::string& remedy) {
    Json out = Json::array();
    const Json runs = daemon.ask("/api/v1/remedies/runs");
    for (const Json& one : runs["runs"]) {
      if (one["remedy"] == remedy) out.push_back(daemon.ask("/api/v1/remedies/runs/" + one["id"].dump())["run"]);
    }
    return out;
  };
  const Json sets = runs_of("turn-back");
  ASSERT_EQ(1U, sets.size());
  EXPECT_EQ(std::string(".") + kDial + ": was 35, is set to 1\n", sets[0]["output"]);
  // By an HTTP call, which this was not bad enough for; both are for what is worse, one after the other.
  EXPECT_TRUE(services.mended().empty());
  ASSERT_EQ(0, run({"bongsu", "set", "127.0.0.1:" + std::to_string(snmpd->port()), "-c", "private", std::string(".") + kDial, "i",
                    "55"})
                   .code);
  EXPECT_TRUE(eventually([&] { return services.slack().size() == 6; })) << daemon.printed();
  EXPECT_EQ(Said{"dial Bearer KEY"}, services.mended());
  const Json calls = runs_of("call");
  ASSERT_EQ(1U, calls.size());
  EXPECT_EQ("mended", calls[0]["output"]);
  EXPECT_EQ(true, calls[0]["good"]);
  EXPECT_EQ(4U, daemon.ask("/api/v1/events?kind=audit&q=turn-back")["events"].size());
}

TEST_F(Watching, CoverageShowsWhatWasTakenAwayAndSetsItAgain) {
  Daemon daemon(serve(""));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const auto judged = [&](const std::string& device, const std::string& item) {
    return level_of(daemon, device, item) == "normal";
  };
  ASSERT_TRUE(eventually([&] { return judged("linux1", "dial") && judged("sw1", "interface_receive_errors"); }))
      << daemon.printed();
  const auto missing = [&](const std::string& device) {
    Said out;
    const Json found = daemon.ask("/api/v1/coverage?state=all&device=" + device);
    for (const Json& one : found["devices"][0]["missing"]) {
      if (one["why"] == "switched off") out.push_back(one["item"]);
    }
    return out;
  };
  EXPECT_EQ(Said{}, missing("sw1"));
  // One wholly, which is for servers and judged on the switch all the same, and one on the switch alone.
  const auto off = folder.write("off.yaml", "enabled: false\n").string();
  const auto here = folder.write("here.yaml", "overrides: [{match: {device: sw1}, enabled: false}]\n").string();
  EXPECT_EQ(0, run({"bongsu", "overlay", "set", "items", "cpu_usage", off, "--url", daemon.url()}).code);
  EXPECT_EQ(0, run({"bongsu", "overlay", "set", "items", "interface_receive_errors", here, "--url", daemon.url()}).code);
  EXPECT_TRUE(eventually([&] {
    return missing("sw1") == Said({"cpu_usage", "interface_receive_errors"});
  })) << daemon.ask("/api/v1/coverage?state=all");
  const Ran shown = run({"bongsu", "coverage", "--device", "sw1", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, shown.out.find("cpu_usage                 switched off")) << shown.out;
  const Ran tried = run({"bongsu", "coverage", "--set", "--dry-run", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, tried.out.find("interface_receive_errors would be switched on")) << tried.out << tried.err;
  EXPECT_EQ(2U, missing("sw1").size());
  const Ran set = run({"bongsu", "coverage", "--set", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, set.out.find("cpu_usage is switched on")) << set.out << set.err;
  EXPECT_EQ(Said{}, missing("sw1"));
  EXPECT_TRUE(eventually([&] { return judged("sw1", "interface_receive_errors") && judged("sw1", "cpu_usage"); }))
      << daemon.printed();
}

}  // namespace bongsu::e2e
