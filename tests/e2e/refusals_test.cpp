// SPDX-License-Identifier: Apache-2.0
// Each way in which a real snmpd refuses who asks: every command and the daemon say which of user, authentication, privacy,
// context, level, community and transport is wrong, and what to do. The agent is set up right first and changed then, as
// happens in life, so that the gaps have their cause, too.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <sstream>
#include <thread>

#include "e2e/daemon.h"
#include "interop/snmpd.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;
using interop::Snmpd;
using testing::AllOf;
using testing::HasSubstr;

const std::string kAuth = " SHA-256 \"authentic phrase\"", kPriv = " AES \"private phrase\"";

struct Row {
  std::string name;  // of the device, its credentials, and its user or community
  // Of credentials, the first word being the version: "2c", "1", or "3 LEVEL [CONTEXT]".
  std::string asks;
  std::string before, after;                  // lines of snmpd.conf: while it works, and when it refuses
  std::string gap;                            // the cause; empty: it never worked, so no series has a gap
  std::vector<std::string> says{};            // all in one text
  std::string finding = "wrong_credentials";  // of doctor
};

std::string user(const std::string& name, const std::string& keys, const std::string& level) {
  return "createUser " + name + keys + "\nrouser " + name + " " + level + "\n";
}

std::vector<Row> rows() {
  const std::string authentication = "check the protocol (SHA-256) and pass phrase for authentication of credentials";
  const std::string privacy = "check the protocol (AES-128) and pass phrase for privacy of credentials";
  const std::string v2c =
      "com2sec newer 127.0.0.1 v1-refused\ngroup newer v2c newer\nview all included .1\n"
      "access newer \"\" v2c noauth exact all none none\n";
  return {
      {"user",
       "3 authPriv",
       user("user", kAuth + kPriv, "priv"),
       "",
       "auth",
       {"the agent does not know user \"user\"", "check the user of credentials"}},
      {"auth-phrase",
       "3 authPriv",
       user("auth-phrase", kAuth + kPriv, "priv"),
       user("auth-phrase", " SHA-256 \"another phrase\"" + kPriv, "priv"),
       "auth",
       {"finds the authentication of user \"auth-phrase\" wrong", authentication}},
      {"auth-protocol",
       "3 authNoPriv",
       user("auth-protocol", kAuth, "auth"),
       user("auth-protocol", " SHA-512 \"authentic phrase\"", "auth"),
       "auth",
       {"finds the authentication of user \"auth-protocol\" wrong", authentication}},
      {"priv-phrase",
       "3 authPriv",
       user("priv-phrase", kAuth + kPriv, "auth"),
       user("priv-phrase", kAuth + " AES \"another phrase\"", "auth"),
       "auth",
       {"user \"priv-phrase\"", "cannot decrypt", privacy}},
      {"priv-protocol",
       "3 authPriv",
       user("priv-protocol", kAuth + kPriv, "auth"),
       user("priv-protocol", kAuth + " DES \"private phrase\"", "auth"),
       "auth",
       {"user \"priv-protocol\"", "cannot decrypt", privacy}},
      {"context",
       "3 authPriv nowhere",
       user("context", kAuth + kPriv, "auth"),
       user("context", kAuth + kPriv, "auth"),
       "",
       {"no context \"nowhere\"", "check the context of credentials"}},
      {"level-low",
       "3 authNoPriv",
       user("level-low", kAuth + kPriv, "auth"),
       user("level-low", kAuth + kPriv, "priv"),
       "auth",
       {"authorizationError", "refuse user \"level-low\" at level authNoPriv", "check the level of credentials"}},
      {"level-high",
       "3 authPriv",
       user("level-high", kAuth + kPriv, "priv"),
       user("level-high", kAuth, "auth"),
       "auth",
       {"does not take authPriv from user \"level-high\"", "check the level of credentials"}},
      {"community", "2c", "rocommunity community 127.0.0.1\n", "", "timeout", {"no answer", "community", "version"}},
      {"v1-refused",
       "1",
       "rocommunity v1-refused 127.0.0.1\n",
       v2c,
       "timeout",
       {"no answer", "community", "version"},
       "some_credentials"},
  };
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::vector<std::string> options(const Row& row) {
  const auto words = words_of(row.asks);
  if (words[0] != "3") return {"-v", words[0], "-c", row.name};
  std::vector<std::string> out{"-v", "3", "-u", row.name, "-l", words[1], "-a", "SHA-256", "-A", "authentic phrase"};
  if (words[1] == "authPriv") out.insert(out.end(), {"-x", "AES-128", "-X", "private phrase"});
  if (words.size() > 2) out.insert(out.end(), {"-n", words[2]});
  return out;
}

std::string credentials(const Row& row) {
  const auto words = words_of(row.asks);
  if (words[0] != "3") return "  " + row.name + ": {version: " + words[0] + ", community: " + row.name + "}\n";
  std::string out =
      "  " + row.name + ": {version: 3, user: " + row.name + ", auth: {protocol: SHA-256, password: authentic phrase}";
  if (words[1] == "authPriv") out += ", priv: {protocol: AES-128, password: private phrase}";
  if (words.size() > 2) out += ", context: " + words[2];
  return out + "}\n";
}

std::string config(const Folder& folder, const std::vector<Row>& all, int port) {
  std::string out = "data: " + (folder.path() / "data").string() +
                    "\nhttp: {listen: \"127.0.0.1:0\"}\nsyslog: {udp: [\"127.0.0.1:0\"]}\ncredentials:\n";
  for (const Row& row : all) out += credentials(row);
  out += "  office: {version: 2c, community: public}\ndefaults: {interval: 2s, timeout: 400ms, retries: 1}\ndevices:\n";
  const std::string address = "address: \"127.0.0.1:" + std::to_string(port) + "\"";
  for (const Row& row : all)
    out += "  - {name: " + row.name + ", " + address + ", ping: false, credentials: [" + row.name + "]}\n";
  return out + "  - {name: by-tcp, " + address + ", transport: tcp, ping: false, credentials: [office]}\n";
}

std::string error_of(const Daemon& daemon, const std::string& device) {
  const Json answer = daemon.ask("/api/v1/devices/" + device);
  return answer.is_object() ? answer["device"].value("error", "") : "";
}

std::set<std::string> gaps(const Daemon& daemon, const std::string& device) {
  std::set<std::string> out;
  const Json answer = daemon.ask("/api/v1/devices/" + device + "/metrics?limit=1000");
  if (!answer.is_object()) return out;
  for (const Json& metric : answer["metrics"])
    if (metric.contains("gap")) out.insert(metric["gap"]);
  return out;
}

bool holds_all(const std::string& text, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return text.find(part) != std::string::npos; });
}

bool works(const Daemon& daemon, const std::string& device) {
  return daemon.ask("/api/v1/devices/" + device + "/metrics?limit=1000").dump().find("uptime_seconds") != std::string::npos;
}

}  // namespace

TEST(Refusals, EachSaysWhatIsWrongAndWhatToDo) {
  if (!Snmpd::program()) GTEST_SKIP() << "snmpd is not installed (Debian package snmpd)";
  const std::vector<Row> all = rows();
  std::string before, after;
  for (const Row& row : all) before += row.before, after += row.after;
  auto started = Snmpd::start(before);
  ASSERT_TRUE(started) << started.error().text;
  Snmpd& snmpd = **started;
  const Folder folder;
  Daemon daemon({"bongsu", "serve", "--config", folder.write("bongsu.yaml", config(folder, all, snmpd.port())).string()});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  for (const Row& row : all)
    EXPECT_TRUE(row.gap.empty() || eventually([&] { return works(daemon, row.name); }))
        << row.name << ": " << error_of(daemon, row.name);
  EXPECT_TRUE(eventually([&] { return works(daemon, "by-tcp"); })) << error_of(daemon, "by-tcp");

  snmpd.stop();
  ASSERT_TRUE(snmpd.resume(after));
  const std::string host = snmpd.v4().to_string();
  const std::vector<std::vector<std::string>> commands{{"get", "sysUpTime.0"}, {"walk", "system"}, {"collect"}, {"doctor"}};
  std::vector<Ran> ran(all.size() * commands.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (std::size_t at; (at = next++) < ran.size();) {
        const auto& command = commands[at % commands.size()];
        std::vector<std::string> words{"bongsu", command[0], host};
        words.insert(words.end(), command.begin() + 1, command.end());
        const auto more = options(all[at / commands.size()]);
        words.insert(words.end(), more.begin(), more.end());
        words.insert(words.end(), {"-t", "0.4", "-r", "1"});
        ran[at] = run(words);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  for (std::size_t at = 0; at < ran.size(); ++at) {
    const Row& row = all[at / commands.size()];
    const std::string& command = commands[at % commands.size()][0];
    SCOPED_TRACE(command + " " + row.name);
    const Ran& one = ran[at];
    EXPECT_EQ(1, one.code) << one.err;
    const std::string& text = command == "doctor" ? one.out : one.err;
    for (const std::string& part : row.says) EXPECT_THAT(text, HasSubstr(part));
    if (command == "doctor") {
      EXPECT_THAT(text, HasSubstr(row.finding));
    }
  }
  for (const Row& row : all) {
    SCOPED_TRACE("daemon " + row.name);
    EXPECT_TRUE(eventually([&] { return holds_all(error_of(daemon, row.name), row.says); })) << error_of(daemon, row.name);
    if (row.gap.empty()) continue;
    EXPECT_TRUE(eventually([&] { return gaps(daemon, row.name) == std::set<std::string>{row.gap}; }))
        << testing::PrintToString(gaps(daemon, row.name)) << error_of(daemon, row.name);
  }
  EXPECT_EQ("", error_of(daemon, "by-tcp"));  // the connection was made anew

  snmpd.stop();
  const std::string closed = "check that its agent listens on TCP at this port";
  for (const auto& command : commands) {
    std::vector<std::string> words{"bongsu", command[0], "tcp:" + host};
    words.insert(words.end(), command.begin() + 1, command.end());
    words.insert(words.end(), {"-t", "0.4", "-r", "0"});
    const Ran one = run(words);
    EXPECT_EQ(1, one.code);
    EXPECT_THAT(command[0] == "doctor" ? one.out : one.err, AllOf(HasSubstr("refused"), HasSubstr(closed))) << command[0];
    if (command[0] == "doctor") {
      EXPECT_THAT(one.out, HasSubstr("port_closed"));
    }
  }
  EXPECT_TRUE(eventually([&] {
    return holds_all(error_of(daemon, "by-tcp"), {"refused", closed});
  })) << error_of(daemon, "by-tcp");
  EXPECT_TRUE(eventually([&] { return gaps(daemon, "by-tcp") == std::set<std::string>{"unreachable"}; }));
}

}  // namespace bongsu::e2e
