// SPDX-License-Identifier: Apache-2.0
// Notices of the whole daemon: a real SMTP server, a webhook that keeps what it gets, and kill -9 in between.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "e2e/daemon.h"
#include "e2e/hook.h"
#include "e2e/mail_server.h"
#include "e2e/switches.h"

namespace bongsu::e2e {

using Json = nlohmann::json;

class Notices : public testing::Test {
 protected:
  Notices() {
    std::filesystem::create_directories(folder.path() / "rules" / "items");
    folder.write("rules/items/fast.yaml", items_file());
    network.add("127.77.1.1", "sw1");
    network.add("127.77.1.2", "sw2");
  }
  std::vector<std::string> serve(const std::string& notices) {
    std::string devices;
    for (const char* name : {"1", "2"})
      devices += std::string("  - {name: sw") + name + ", address: \"127.77.1." + name + ":" + std::to_string(network.port()) +
                 "\", ping: false, tags: {site: s" + name + "}}\n";
    return {"bongsu", "serve", "--config", folder.write("bongsu.yaml", config_text(folder, devices) + notices).string()};
  }
  static bool all_up(const Daemon& daemon) {
    const Json status = daemon.ask("/api/v1/status");
    return status.is_object() && status["devices"]["up"] == 2;
  }
  std::string hook_config() const {
    return "channels: {hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
           "/hook\", gather: 0s}}\nroutes: [{via: [hook]}]\n";
  }
  // A script for sw2, and what makes it run on its fall.
  std::string remedy(const std::string& body, const std::string& more = "") {
    const auto file = folder.write("remedies/revive.sh", "#!/bin/sh\n" + body);
    std::filesystem::permissions(file, std::filesystem::perms(0755));
    std::filesystem::permissions(file.parent_path(), std::filesystem::perms(0755));
    return "remedies: {revive: {run: remedies/revive.sh, timeout: 1h, on: {item: device_down, device: sw2}" + more + "}}\n";
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Folder folder;
  Switches network;
  Hook hook;
};

TEST_F(Notices, NameTheScriptThatRepaired) {
  const std::string got = (folder / "got").string();
  const auto words = serve(hook_config() + remedy("echo \"mending $BONGSU_DEVICE at $BONGSU_ADDRESS\"\ncat > " + got +
                                                  ".new\nmv " + got + ".new " + got + "\n"));
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  network.set_dead("127.77.1.1", true);  // nobody mends it
  network.set_dead("127.77.1.2", true);
  ASSERT_TRUE(eventually([&] { return !read("got").empty(); })) << daemon.printed();
  const Json alarm = Json::parse(read("got"), nullptr, false);
  ASSERT_TRUE(alarm.is_object()) << read("got");
  EXPECT_EQ("sw2", alarm["alarm"]["device"]);
  EXPECT_EQ("s2", alarm["device"]["tags"]["site"]);
  const std::string id = alarm["alarm"]["id"].dump();
  const auto run_of = [&] { return daemon.ask("/api/v1/alarms/" + id)["remedies"][0]; };
  ASSERT_TRUE(eventually([&] { return run_of()["state"] == "done"; })) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return hook.told().size() >= 2; })) << daemon.printed();
  network.set_dead("127.77.1.1", false);
  network.set_dead("127.77.1.2", false);
  ASSERT_TRUE(eventually([&] { return hook.told().size() >= 4; })) << daemon.printed();
  std::vector<std::string> told = hook.repaired();
  std::sort(told.begin(), told.end());
  EXPECT_EQ((std::vector<std::string>{"sw1 by ", "sw2 by revive"}), told);
  EXPECT_EQ("mending sw2 at 127.77.1.2\n", run_of()["output"]);
  EXPECT_TRUE(run_of()["good"]);
  const Ran list = run({"bongsu", "remedies", "list", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, list.out.find("1 of 3")) << list.out << list.err;
  const Ran shown = run({"bongsu", "remedies", "show", run_of()["id"].dump(), "--url", daemon.url()});
  EXPECT_NE(std::string::npos, shown.out.find("good, ended with 0")) << shown.out << shown.err;
  const Ran dry = run({"bongsu", "remedies", "run", "revive", id, "--dry-run", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, dry.out.find("BONGSU_DEVICE=sw2")) << dry.out << dry.err;
  const Ran late = run({"bongsu", "remedies", "run", "revive", id, "--url", daemon.url()});
  EXPECT_EQ(1, late.code);
  EXPECT_NE(std::string::npos, late.err.find("has recovered")) << late.err;
  const Json audit = daemon.ask("/api/v1/events?kind=audit&q=remedy");
  ASSERT_TRUE(audit.is_object());
  EXPECT_EQ(2U, audit["events"].size()) << audit;
}

// A drill goes the way of a fault, from the rule to the receipt and back, and leaves nothing behind; a broken link has a name.
TEST_F(Notices, AreRehearsed) {
  const std::string got = (folder / "got").string();
  Daemon daemon(serve("channels:\n  hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
                      "/hook\", gather: 0s}\n  dead: {type: webhook, url: \"http://127.0.0.1:1/\", gather: 0s}\n"
                      "routes: [{match: {device: sw2}, via: [hook]}]\n" +
                      remedy("touch " + got + "\n")));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  ASSERT_TRUE(eventually([&] {
    const Json items = daemon.ask("/api/v1/devices/sw2/items");
    return items.is_object() && items.dump().find("device_down") != std::string::npos;
  })) << daemon.printed();
  const auto untried = [&] { return daemon.ask("/api/v1/coverage")["channels"].size(); };
  EXPECT_EQ(2U, untried());
  const auto drill = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"bongsu", "drill", "--url", daemon.url()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Ran well = drill({"--device", "sw2", "--item", "device_down"});
  EXPECT_EQ(0, well.code) << well.out << well.err;
  for (const char* row :
       {"suppression", "a true fault would run it; a drill runs nothing", "route 1", "receipt", "recovery", "every link holds"})
    EXPECT_NE(std::string::npos, well.out.find(row)) << row << "\n" << well.out;
  EXPECT_EQ((std::vector<std::string>{"raised sw2 device_down", "recovered sw2 device_down"}), hook.told());
  EXPECT_EQ((std::vector<bool>{true, true}), hook.drills());
  EXPECT_EQ(1U, untried());
  const Ran nobody = drill({"--device", "sw1", "--item", "device_down"});
  EXPECT_EQ(1, nobody.code);
  EXPECT_NE(std::string::npos, nobody.out.find("nobody is told: route 1: not for it: the device is sw1, it wants sw2"))
      << nobody.out;
  const Ran all = drill({"--all"});
  EXPECT_EQ(1, all.code);
  EXPECT_NE(std::string::npos, all.out.find("rooms that no route speaks to")) << all.out;
  EXPECT_NE(std::string::npos, all.out.find("Could")) << all.out;  // what libcurl says of nobody there
  EXPECT_EQ(4U, hook.told().size());
  EXPECT_EQ(1, drill({"--device", "sw9", "--item", "device_down"}).code);
  EXPECT_EQ(2, drill({}).code);
  // Nothing of it is in what is counted or was run.
  EXPECT_EQ(0U, daemon.ask("/api/v1/alarms?state=all")["alarms"].size());
  EXPECT_EQ(0U, daemon.ask("/api/v1/remedies/runs")["runs"].size());
  EXPECT_EQ("", read("got"));
  const std::string metrics = daemon.text("/metrics");
  EXPECT_EQ(std::string::npos, metrics.find("bongsu_notices_total")) << metrics;
  EXPECT_EQ(0U, daemon.ask("/api/v1/events?kind=alarm")["events"].size());
  EXPECT_EQ(3U, daemon.ask("/api/v1/events?kind=audit&q=drill")["events"].size());
}

TEST_F(Notices, GoThroughAProgram) {
  const std::string got = (folder / "got").string();
  const auto file = folder.write("remedies/siren.sh", "#!/bin/sh\n[ \"$BONGSU_LEVEL\" = fatal ] && cat >> " + got + "\n");
  std::filesystem::permissions(file, std::filesystem::perms(0755));
  std::filesystem::permissions(file.parent_path(), std::filesystem::perms(0755));
  Daemon daemon(
      serve("channels: {siren: {type: program, run: siren.sh, gather: 0s}}\nroutes: [{via: [siren], recovered: false}]\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  network.set_dead("127.77.1.2", true);
  EXPECT_TRUE(eventually([&] { return !read("got").empty(); })) << daemon.printed();
  EXPECT_EQ("device_down", Json::parse(read("got"))["notices"][0]["alarm"]["item"]);
}

// Items, routes and people are set over HTTP, hold at once, and are there after kill -9; what is wrong changes nothing.
TEST_F(Notices, AreSetUpWhileTheDaemonRuns) {
  const auto words = serve("channels: {hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
                           "/hook\", gather: 0s}}\n");
  const std::string answers =
      R"({"title": "Answers", "expr": "snmp_up", "below": {"danger": 1}, "interval": "1s", "page": true})";
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
    EXPECT_EQ(400, daemon.put("/api/v1/items/answers", R"({"expr": "snmp_up"})"));
    EXPECT_EQ(400, daemon.put("/api/v1/routes/all", R"({"via": ["hok"]})"));
    EXPECT_EQ(404, daemon.put("/api/v1/items/answers", ""));
    EXPECT_EQ(200, daemon.put("/api/v1/items/answers?dry_run=true", answers));
    EXPECT_TRUE(daemon.ask("/api/v1/items/answers").is_null());
    EXPECT_EQ(200, daemon.put("/api/v1/items/answers", answers));
    EXPECT_EQ(400, daemon.put("/api/v1/items/device_down", R"({"interval": "five"})"));  // though the file says another
    EXPECT_EQ(200, daemon.put("/api/v1/items/device_down", R"({"enabled": "false", "interval": "5s"})"));
    EXPECT_EQ(200, daemon.put("/api/v1/routes/all", R"({"via": ["hook"], "match": {"item": "answers"}})"));
    EXPECT_EQ(200, daemon.put("/api/v1/people/boss", R"({"phone": "+82 10 0000 0000"})"));
    EXPECT_EQ("1s", daemon.ask("/api/v1/items/device_down")["entry"]["value"]["interval"]);  // of the file, which wins
    EXPECT_EQ("+82 10 0000 0000", daemon.ask("/api/v1/people")["entries"][0]["here"]["phone"]);
    network.set_dead("127.77.1.2", true);
    EXPECT_TRUE(eventually([&] { return hook.told() == std::vector<std::string>{"raised sw2 answers"}; })) << daemon.printed();
    EXPECT_NE(std::string::npos, daemon.text("/").find("worst 2 of 2"));
    daemon.send(SIGKILL);
    daemon.wait();
  }
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  EXPECT_EQ("hook", daemon.ask("/api/v1/routes/all")["entry"]["value"]["via"][0]);
  EXPECT_EQ(200, daemon.put("/api/v1/people/boss", ""));
  EXPECT_TRUE(daemon.ask("/api/v1/people/boss").is_null());
  network.set_dead("127.77.1.2", false);
  // The beginning may have gone again: nobody can know what of it arrived before kill -9.
  EXPECT_TRUE(eventually([&] {
    const auto told = hook.told();
    return !told.empty() && told.back() == "recovered sw2 answers";
  })) << daemon.printed();
  EXPECT_EQ(0, run({"bongsu", "check", (folder.path() / "bongsu.yaml").string()}).code);
}

// The command says what the API says, and sets what the API sets.
TEST_F(Notices, TheOverlayHasACommand) {
  Daemon daemon(serve(""));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const auto overlay = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"bongsu", "overlay"});
    words.insert(words.end(), {"--url", daemon.url()});
    return run(words);
  };
  const std::string mine = folder.write("mine.yaml", "title: Mine\nexpr: snmp_up\nbelow: {danger: 1}\n").string();
  const std::string wrong = folder.write("wrong.yaml", "levels: {dangre: 1}\n").string();
  const Ran bad = overlay({"set", "items", "mine", wrong});
  EXPECT_EQ(1, bad.code);
  EXPECT_NE(std::string::npos, bad.err.find("did you mean \"danger\"")) << bad.err;
  EXPECT_EQ(0, overlay({"set", "items", "mine", mine, "--dry-run"}).code);
  EXPECT_EQ(1, overlay({"show", "items", "mine"}).code);
  const Ran set = overlay({"set", "items", "mine", mine});
  EXPECT_EQ(0, set.code) << set.err;
  EXPECT_NE(std::string::npos, set.out.find("mine is set\n")) << set.out;
  EXPECT_NE(std::string::npos, overlay({"show", "items", "mine"}).out.find("expr: snmp_up\n"));
  const Ran boss = overlay({"set", "people", "boss", folder.write("boss.yaml", "phone: \"+82 10 0000 0000\"\n").string()});
  EXPECT_EQ(0, boss.code) << boss.err;
  const Ran list = overlay({"list", "--set-here"});
  EXPECT_NE(std::string::npos, list.out.find("items   mine  below, expr, title")) << list.out << list.err;
  EXPECT_NE(std::string::npos, list.out.find("boss")) << list.out;
  EXPECT_EQ(std::string::npos, list.out.find("cpu_usage")) << list.out;
  EXPECT_NE(std::string::npos, overlay({"list", "items"}).out.find("cpu_usage"));
  EXPECT_EQ(1, overlay({"remove", "items", "cpu_usage"}).code);
  EXPECT_EQ(0, overlay({"remove", "items", "mine"}).code);
  EXPECT_EQ(1, overlay({"show", "items", "mine"}).code);
  EXPECT_EQ(2, overlay({"show", "thing", "mine"}).code);
  EXPECT_NE(std::string::npos, overlay({"set", "items", "cpu_usge", mine, "--dry-run"}).err.find("did you mean \"cpu_usage\"?"));

  // A name that nobody has is told with the nearest one, whoever is asked.
  const auto says = [&](std::vector<std::string> words, int code, const std::string& text) {
    words.insert(words.begin(), "bongsu");
    words.insert(words.end(), {"--url", daemon.url()});
    const Ran ran = run(words);
    EXPECT_EQ(code, ran.code) << words[1] << ran.err;
    EXPECT_NE(std::string::npos, ran.err.find(text)) << words[1] << ": " << ran.out << ran.err;
  };
  const std::string name = daemon.ask("/api/v1/devices")["devices"][0]["name"];
  const std::string slip = name + "x", meant = "\"" + slip + "\"; did you mean \"";
  says({"alarms", "--device", slip}, 1, "no device is named " + meant);
  says({"logs", "--device", slip}, 1, "no device is named " + meant);
  says({"coverage", "--device", slip}, 1, "no device is named " + meant);
  says({"rules", "test", "cpu_usge", "--since", "1h"}, 1, "did you mean \"cpu_usage\"?");
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  says({"query", "snmp_upp"}, 0, "no metric is named \"snmp_upp\"; did you mean \"snmp_up\"?");
  says({"maintenance", "add", "--device", slip, "--from", "2096-12-01 02:00", "--for", "2h"}, 0,
       "no device is named \"" + slip + "\" now; did you mean ");
  says({"maintenance", "add", "--item", "cpu_usage", "--for", "2h"}, 0, "");
  const Ran windows = run({"bongsu", "maintenance", "list", "--url", daemon.url()});
  EXPECT_NE(std::string::npos, windows.out.find("begins in ")) << windows.out;
  EXPECT_NE(std::string::npos, windows.out.find("open ")) << windows.out;
}

TEST_F(Notices, TheFirstScriptRunsAfterAReload) {
  const std::string pids = (folder / "pids").string();
  const auto words = serve("");
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  serve(remedy("echo $$ >> " + pids + "\n"));
  daemon.send(SIGHUP);
  ASSERT_TRUE(eventually([&] {
    const Json remedies = daemon.ask("/api/v1/remedies");
    return remedies.is_object() && remedies["remedies"].size() == 1;
  })) << daemon.printed();
  network.set_dead("127.77.1.2", true);
  EXPECT_TRUE(eventually([&] {
    const Json runs = daemon.ask("/api/v1/remedies/runs?state=done");
    return runs.is_object() && runs["runs"].size() == 1 && runs["runs"][0]["good"] == true;
  })) << daemon.printed();
  EXPECT_NE("", read("pids"));
}

TEST_F(Notices, NoScriptRunsTwiceOverKillNine) {
  const std::string pids = (folder / "pids").string();
  const auto words = serve(remedy("echo $$ >> " + pids + "\nexec sleep 1000\n", ", approval: true"));
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
    network.set_dead("127.77.1.2", true);
    ASSERT_TRUE(eventually([&] {
      const Json runs = daemon.ask("/api/v1/remedies/runs?state=waiting");
      return runs.is_object() && runs["runs"].size() == 1;
    })) << daemon.printed();
    daemon.send(SIGKILL);
    EXPECT_EQ(128 + SIGKILL, daemon.wait());
  }
  pid_t script = 0;
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    EXPECT_EQ("", read("pids"));
    const Ran approved = run({"bongsu", "remedies", "approve", "1", "--url", daemon.url()});
    EXPECT_EQ(0, approved.code) << approved.err;
    ASSERT_TRUE(eventually([&] { return !read("pids").empty() && read("pids").back() == '\n'; })) << daemon.printed();
    script = static_cast<pid_t>(std::stol(read("pids")));
    daemon.send(SIGKILL);
    EXPECT_EQ(128 + SIGKILL, daemon.wait());
  }
  // The runner saw the daemon go, and ended what it ran.
  EXPECT_TRUE(eventually([&] { return kill(script, 0) != 0; }));
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] {
    const Json runs = daemon.ask("/api/v1/remedies/runs?state=unknown");
    return runs.is_object() && runs["runs"].size() == 1;
  })) << daemon.printed();
  EXPECT_EQ(std::to_string(script) + "\n", read("pids"));
}

TEST_F(Notices, ReachTheirChannelOnceOverKillNine) {
  const auto words = serve("channels: {hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
                           "/hook\", gather: 0s}}\nroutes: [{match: {tags: {site: s2}}, via: [hook]}]\n");
  hook.answer(503);
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
    network.set_dead("127.77.1.1", true);
    network.set_dead("127.77.1.2", true);
    // It was tried, and refused: it is kept.
    ASSERT_TRUE(eventually([&] {
      const Json channels = daemon.ask("/api/v1/channels");
      return channels.is_object() && !channels["channels"][0]["last_failed"].is_null();
    })) << daemon.printed();
    daemon.send(SIGKILL);
    EXPECT_EQ(128 + SIGKILL, daemon.wait());
  }
  EXPECT_EQ(std::vector<std::string>{}, hook.told());
  hook.answer(200);
  {
    Daemon daemon(words);
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    ASSERT_TRUE(eventually([&] { return !hook.told().empty(); })) << daemon.printed();
    daemon.send(SIGKILL);
    EXPECT_EQ(128 + SIGKILL, daemon.wait());
  }
  Daemon daemon(words);
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  network.set_dead("127.77.1.1", false);
  network.set_dead("127.77.1.2", false);
  ASSERT_TRUE(eventually([&] { return hook.told().size() >= 2 && hook.told().back() == "recovered sw2 device_down"; }))
      << daemon.printed();
  std::vector<std::string> told = hook.told();
  // Killed between the service's answer and its keeping, it may go twice; the key says so. sw1 has no route.
  told.erase(std::unique(told.begin(), told.end()), told.end());
  EXPECT_EQ((std::vector<std::string>{"raised sw2 device_down", "recovered sw2 device_down"}), told);
  const Json alarms = daemon.ask("/api/v1/alarms?state=all&device=sw1");
  ASSERT_TRUE(alarms.is_object());
  const Ran explained = run({"bongsu", "notify", "explain", alarms["alarms"][0]["id"].dump(), "--url", daemon.url()});
  EXPECT_EQ("route 1: not for it: the tag site is \"s1\", it wants s2\n", explained.out);
}

TEST_F(Notices, MailGoesThroughARealServer) {
  if (!MailServer::installed()) GTEST_SKIP() << "python3-aiosmtpd is not installed";
  const MailServer smtp(folder);
  ASSERT_TRUE(smtp.up()) << smtp.printed();
  Daemon daemon(serve("channels: {mail: {type: email, smtp: \"127.0.0.1:" + smtp.port() +
                      "\", from: bongsu@example.com, tls: if_offered, gather: 0s}}\n"
                      "people: {ops: {email: ops@example.com}}\n"
                      "routes: [{match: {device: sw1}, to: [ops], via: [mail]}]\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  ASSERT_TRUE(eventually([&] { return all_up(daemon); })) << daemon.printed();
  network.set_dead("127.77.1.1", true);
  ASSERT_TRUE(eventually([&] { return smtp.mails().size() == 1; })) << daemon.printed() << smtp.printed();
  const std::string mail = smtp.mails()[0];
  EXPECT_TRUE(mail.starts_with("bongsu@example.com ['ops@example.com']\n")) << mail;
  EXPECT_NE(std::string::npos, mail.find("Subject: [fatal] sw1: Device down: no answer\r\n")) << mail;
  EXPECT_EQ(0, run({"bongsu", "notify", "test", "mail", "--to", "ops", "--url", daemon.url()}).code);
  EXPECT_TRUE(eventually([&] { return smtp.mails().size() == 2; }));
  const Ran nobody = run({"bongsu", "notify", "test", "mail", "--url", daemon.url()});
  EXPECT_EQ(1, nobody.code);
  EXPECT_NE(std::string::npos, nobody.err.find("nobody to send to")) << nobody.err;
}

// STARTTLS to a server that wants a login; and why no mail goes where there is none, or the wrong one, or a stranger answers.
TEST_F(Notices, MailGoesEncryptedAndByName) {
  if (!MailServer::installed()) GTEST_SKIP() << "python3-aiosmtpd is not installed";
  if (!std::filesystem::exists("/usr/bin/openssl")) GTEST_SKIP() << "openssl is not installed";
  const std::string key = (folder / "key.pem").string(), ca = (folder / "ca.pem").string();
  Daemon maker({"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2", "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", ca});
  ASSERT_EQ(0, maker.wait()) << maker.printed();
  const std::string both = folder.write("both.pem", read("ca.pem") + read("key.pem")).string();
  const MailServer plain(folder, "-plain", both, "LOGIN"), login(folder, "-login", both, "PLAIN"), bare(folder, "-bare");
  ASSERT_TRUE(plain.up() && login.up() && bare.up()) << plain.printed() << login.printed() << bare.printed();
  folder.write("right", "s3cret\n");
  folder.write("wrong", "secret\n");
  const auto channel = [](const std::string& name, const MailServer& server, const std::string& more) {
    return "  " + name + ": {type: email, smtp: \"127.0.0.1:" + server.port() + "\", from: bongsu@example.com" + more + "}\n";
  };
  const std::string user = ", user: bongsu, password: {file: ", trusted = "}, ca: ca.pem";
  Daemon daemon(serve("channels:\n" + channel("plain", plain, user + "right" + trusted) +
                      channel("login", login, user + "right" + trusted) + channel("guess", plain, user + "wrong" + trusted) +
                      channel("nobody", plain, ", ca: ca.pem") + channel("stranger", plain, user + "right}") +
                      channel("bare", bare, ", ca: ca.pem") + "people: {ops: {email: ops@example.com}}\n"));
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const auto says = [&](const std::string& name) {
    const Ran ran = run({"bongsu", "notify", "test", name, "--to", "ops", "--url", daemon.url()});
    EXPECT_EQ(ran.err.empty() ? 0 : 1, ran.code) << name;
    return ran.err;
  };
  for (const auto& [name, server] : {std::pair("plain", &plain), std::pair("login", &login)}) {
    EXPECT_EQ("", says(name));
    ASSERT_EQ(1U, server->mails().size()) << server->printed();
    EXPECT_TRUE(server->mails()[0].starts_with("bongsu@example.com ['ops@example.com']\nover TLS as bongsu\n"))
        << server->mails()[0];
  }
  const auto refuses = [&](const std::string& name, const std::string& why) {
    const std::string said = says(name);
    EXPECT_NE(std::string::npos, said.find(why)) << name << ": " << said;
  };
  refuses("guess", "535");
  refuses("nobody", "530");
  refuses("stranger", "certificate");
  refuses("bare", "STARTTLS");
  EXPECT_EQ(1U, plain.mails().size());
  EXPECT_EQ(0U, bare.mails().size());
}

}  // namespace bongsu::e2e
