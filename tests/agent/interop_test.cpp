// SPDX-License-Identifier: Apache-2.0
// Net-SNMP's tools against our agents, over the loopback.
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "base/text.h"
#include "net/live.h"
#include "net/process.h"

namespace bongsu::agent {
namespace {

using namespace std::chrono_literals;

const net::Address kSwitchAt = net::Address::v4(0x7f000101), kRecordingAt = net::Address::v4(0x7f000102),
                   kLargeAt = net::Address::v4(0x7f000103);

std::string rows_of_every_type() {
  return "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.32473.9\n"
         "1.3.6.1.2.1.1.5.0|4|every type\n"
         "1.3.6.1.2.1.2.2.1.6.1|4x|00ff10\n"
         "1.3.6.1.2.1.2.2.1.10.1|65|4294967295\n"
         "1.3.6.1.2.1.2.2.1.10.200|65|7\n"
         "1.3.6.1.2.1.2.2.1.10.70000|65|8\n"
         "1.3.6.1.2.1.4.20.1.1.10.0.0.255|64|10.0.0.255\n"
         "1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n"
         "1.3.6.1.2.1.31.1.1.1.15.1|66|10000\n"
         "1.3.6.1.4.1.32473.1.1.0|2|-2147483648\n"
         "1.3.6.1.4.1.32473.1.2.0|67|8640000\n"
         "1.3.6.1.4.1.32473.1.3.0|68x|9f780442280000\n"
         "1.3.6.1.4.1.32473.1.4294967295.2147483648|2|1\n";
}

constexpr snmp::AuthProtocol kAuth[] = {snmp::AuthProtocol::Md5,    snmp::AuthProtocol::Sha1,   snmp::AuthProtocol::Sha224,
                                        snmp::AuthProtocol::Sha256, snmp::AuthProtocol::Sha384, snmp::AuthProtocol::Sha512};
constexpr snmp::PrivProtocol kPriv[] = {snmp::PrivProtocol::None,   snmp::PrivProtocol::Des,    snmp::PrivProtocol::Aes128,
                                        snmp::PrivProtocol::Aes192, snmp::PrivProtocol::Aes256, snmp::PrivProtocol::Aes192C,
                                        snmp::PrivProtocol::Aes256C};

// One for each pair, named after it, and "plain" without keys.
std::vector<std::shared_ptr<const snmp::User>> users() {
  static const auto kUsers = [] {
    std::vector<std::shared_ptr<const snmp::User>> out;
    snmp::PassPhraseKeys keys;
    out.push_back(*snmp::User::make({.name = "plain"}, keys));
    for (const auto auth : kAuth) {
      for (const auto priv : kPriv) {
        snmp::UserSpec spec{.name = std::string(to_string(auth)) + "_" + std::string(to_string(priv)),
                            .auth = auth,
                            .auth_pass_phrase = Secret("authentic phrase"),
                            .priv = priv,
                            .priv_pass_phrase = Secret("private phrase")};
        auto user = snmp::User::make(spec, keys);
        EXPECT_TRUE(user) << (user ? "" : user.error().text);
        if (user) out.push_back(std::move(*user));
      }
    }
    return out;
  }();
  return kUsers;
}

}  // namespace

class AgentInterop : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* tool : {"snmpwalk", "snmpbulkwalk", "snmpget", "snmpset"}) {
      if (!std::filesystem::exists(std::filesystem::path("/usr/bin") / tool)) {
        GTEST_SKIP() << "/usr/bin/" << tool << " is not installed; apt-get install snmp";
      }
    }
    AgentsSpec spec;
    spec.users = users();
    spec.ipv6 = true;
    auto opened = Agents::open(reactor_, spec);
    if (!opened) {
      six_ = false;
      spec.ipv6 = false;
      opened = Agents::open(reactor_, spec);
    }
    ASSERT_TRUE(opened) << opened.error().text;
    agents_ = std::move(*opened);
    const SteadyTime now = reactor_.clock().steady();
    const auto shape = Synthetic::shape({.kind = Kind::Switch, .ports = 24});
    agents_->add(kSwitchAt, std::make_unique<Synthetic>(shape, Identity{}, now));
    agents_->add(net::Address::loopback(net::Address::Family::V6), std::make_unique<Synthetic>(shape, Identity{}, now));
    recording_ = Recording::parse(rows_of_every_type());
    ASSERT_EQ(0U, recording_.skipped);
    agents_->add(kRecordingAt, std::make_unique<RecordedDevice>(RecordedDevice::shape(recording_), now));
  }
  void TearDown() override { reactor_.stop(); }

  net::Outcome run(const std::string& tool, std::vector<std::string> arguments) {
    if (!std::exchange(started_, true)) reactor_.start("agents");
    net::Command command;
    command.program = "/usr/bin/" + tool;
    command.arguments = std::move(arguments);
    command.environment = {"MIBS=", "SNMPCONFPATH=/nonexistent", "SNMP_PERSISTENT_DIR=" + testing::TempDir()};
    command.output_limit = 64U << 20;
    auto outcome = net::LiveProcesses().run(command);
    EXPECT_TRUE(outcome) << outcome.error().text;
    return outcome ? std::move(*outcome) : net::Outcome{};
  }
  std::string at(const net::Address& address) const { return net::Endpoint{address, agents_->port()}.to_string(); }
  // "OID = type: value" lines, without Net-SNMP's remark at the end of the tree.
  std::vector<std::string> walk(const std::string& tool, const std::string& version, const std::string& peer,
                                std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"-v", version, "-c", "public", "-t", "2", "-r", "3", "-On", "-OU"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {peer, ".1"});
    const net::Outcome outcome = run(tool, std::move(arguments));
    EXPECT_EQ(0, outcome.exit_code) << outcome.error_output;
    std::vector<std::string> out;
    for (const std::string_view line : split(outcome.output, '\n')) {
      if (line.starts_with('.') && line.find("No more variables") == std::string_view::npos) out.emplace_back(line);
    }
    return out;
  }
  static std::vector<std::string> names(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    for (const std::string& line : lines) out.push_back(line.substr(1, line.find(' ') - 1));
    return out;
  }
  static std::vector<std::string> names(const Recording& recording, bool v1) {
    std::vector<std::string> out;
    for (const Varbind& object : recording.objects) {
      if (!v1 || object.value.type != ValueType::Counter64) out.push_back(object.oid.to_string());
    }
    return out;
  }

  net::LiveReactor reactor_;
  std::unique_ptr<Agents> agents_;
  Recording recording_;
  bool six_ = true;
  bool started_ = false;
};

TEST_F(AgentInterop, WalksGiveARecordingAsItIs) {
  const auto whole = names(recording_, false);
  const auto by_next = walk("snmpwalk", "2c", at(kRecordingAt));
  EXPECT_EQ(whole, names(by_next));
  EXPECT_EQ(by_next, walk("snmpbulkwalk", "2c", at(kRecordingAt)));
  EXPECT_EQ(by_next, walk("snmpbulkwalk", "2c", at(kRecordingAt), {"-Cr100"}));
  const auto in_v1 = walk("snmpwalk", "1", at(kRecordingAt));
  EXPECT_EQ(names(recording_, true), names(in_v1));
  EXPECT_EQ((std::vector<std::string>{
                ".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.32473.9",
                ".1.3.6.1.2.1.1.5.0 = STRING: \"every type\"",
                ".1.3.6.1.2.1.2.2.1.6.1 = Hex-STRING: 00 FF 10 ",
                ".1.3.6.1.2.1.2.2.1.10.1 = Counter32: 4294967295",
                ".1.3.6.1.2.1.2.2.1.10.200 = Counter32: 7",
                ".1.3.6.1.2.1.2.2.1.10.70000 = Counter32: 8",
                ".1.3.6.1.2.1.4.20.1.1.10.0.0.255 = IpAddress: 10.0.0.255",
                ".1.3.6.1.2.1.31.1.1.1.6.1 = Counter64: 18446744073709551615",
                ".1.3.6.1.2.1.31.1.1.1.15.1 = Gauge32: 10000",
                ".1.3.6.1.4.1.32473.1.1.0 = INTEGER: -2147483648",
                ".1.3.6.1.4.1.32473.1.2.0 = Timeticks: (8640000) 1 day, 0:00:00.00",
                ".1.3.6.1.4.1.32473.1.3.0 = Opaque: Float: 42.000000",
                ".1.3.6.1.4.1.32473.1.4294967295.2147483648 = INTEGER: 1",
            }),
            by_next);
}

TEST_F(AgentInterop, WalksOfASwitchHaveEveryObjectInEachVersion) {
  const auto by_next = names(walk("snmpwalk", "2c", at(kSwitchAt)));
  EXPECT_EQ(agents_->device(kSwitchAt)->objects().size(), by_next.size());
  EXPECT_EQ(by_next, names(walk("snmpbulkwalk", "2c", at(kSwitchAt), {"-Cr50"})));
  EXPECT_EQ(by_next.size() - 24 * 8, walk("snmpwalk", "1", at(kSwitchAt)).size());
}

TEST_F(AgentInterop, WalksOverIpv6) {
  if (!six_) GTEST_SKIP() << "no IPv6 on this machine";
  const auto lines = walk("snmpbulkwalk", "2c", "udp6:" + at(net::Address::loopback(net::Address::Family::V6)));
  EXPECT_EQ(agents_->device(kSwitchAt)->objects().size(), lines.size());
}

TEST_F(AgentInterop, WalksALargeRecordingToItsEnd) {
  std::string rows;
  for (int i = 1; i <= 78'000; ++i) {
    rows +=
        "1.3.6.1.4.1.32473.2.1." + std::to_string(1 + i / 20'000) + "." + std::to_string(i * 7) + "|4|a value of some length\n";
  }
  const Recording large = Recording::parse(rows);
  agents_->add(kLargeAt, std::make_unique<RecordedDevice>(RecordedDevice::shape(large), reactor_.clock().steady()));
  EXPECT_EQ(names(large, false), names(walk("snmpbulkwalk", "2c", at(kLargeAt), {"-Cr60"})));
}

TEST_F(AgentInterop, SaysWhatIsMissingAndRefusesToSet) {
  const auto get = [&](const std::string& version, const std::string& name) {
    return run("snmpget", {"-v", version, "-c", "public", "-On", at(kRecordingAt), name});
  };
  EXPECT_NE(std::string::npos, get("2c", ".1.3.6.1.2.1.1.5.7").output.find("No Such Instance"));
  EXPECT_NE(std::string::npos, get("2c", ".1.3.6.1.2.1.77.1.0").output.find("No Such Object"));
  EXPECT_NE(std::string::npos, get("1", ".1.3.6.1.2.1.77.1.0").error_output.find("noSuchName"));
  EXPECT_EQ(".1.3.6.1.2.1.1.5.0 = STRING: \"every type\"\n", get("1", ".1.3.6.1.2.1.1.5.0").output);
  const auto past = run("snmpgetnext", {"-v", "2c", "-c", "public", "-On", at(kRecordingAt), ".1.3.6.1.5"});
  EXPECT_NE(std::string::npos, past.output.find("No more variables left")) << past.output;
  const auto set = run("snmpset", {"-v", "2c", "-c", "public", at(kRecordingAt), ".1.3.6.1.2.1.1.5.0", "s", "mine"});
  EXPECT_NE(0, set.exit_code);
  EXPECT_NE(std::string::npos, set.error_output.find("notWritable")) << set.error_output;
  const auto stranger =
      run("snmpget", {"-v", "2c", "-c", "wrong", "-t", "0.2", "-r", "0", at(kRecordingAt), ".1.3.6.1.2.1.1.5.0"});
  EXPECT_NE(std::string::npos, stranger.error_output.find("Timeout")) << stranger.error_output;
}

TEST_F(AgentInterop, VersionThreeWithEachPairOfProtocols) {
  const auto get = [&](const std::vector<std::string>& credentials) {
    std::vector<std::string> arguments{"-v3", "-Oqv", "-r1", "-t2"};
    arguments.insert(arguments.end(), credentials.begin(), credentials.end());
    arguments.insert(arguments.end(), {at(kRecordingAt), "1.3.6.1.2.1.1.5.0"});
    return run("snmpget", std::move(arguments));
  };
  EXPECT_EQ("\"every type\"\n", get({"-u", "plain", "-l", "noAuthNoPriv"}).output);
  for (const auto& user : users()) {
    if (user->level() == snmp::SecurityLevel::NoAuthNoPriv) continue;
    std::vector<std::string> credentials{
        "-u", user->name(),      "-l", std::string(to_string(user->level())), "-a", std::string(to_string(user->auth())),
        "-A", "authentic phrase"};
    if (user->priv() != snmp::PrivProtocol::None)
      credentials.insert(credentials.end(), {"-x", std::string(to_string(user->priv())), "-X", "private phrase"});
    const auto outcome = get(credentials);
    EXPECT_EQ("\"every type\"\n", outcome.output) << user->name() << ": " << outcome.error_output;
  }
}

TEST_F(AgentInterop, VersionThreeWalksAreThoseOfVersionTwo) {
  const std::vector<std::string> credentials{"-v3",           "-u", "SHA-256_AES-128",  "-l", "authPriv", "-a",
                                             "SHA-256",       "-A", "authentic phrase", "-x", "AES",      "-X",
                                             "private phrase"};
  const auto walk_of = [&](const std::string& tool, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-On", "-t2", at(kRecordingAt), "1.3"});
    return run(tool, std::move(arguments)).output;
  };
  const std::string two = walk_of("snmpbulkwalk", {"-v2c", "-c", "public"});
  EXPECT_GT(two.size(), 500U);
  EXPECT_EQ(two, walk_of("snmpbulkwalk", credentials));
  EXPECT_EQ(two, walk_of("snmpwalk", credentials));
}

TEST_F(AgentInterop, VersionThreeTellsWhatIsWrong) {
  const auto says = [&](const std::string& what, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-v3", "-r0", "-t1"});
    arguments.insert(arguments.end(), {at(kRecordingAt), "1.3.6.1.2.1.1.5.0"});
    const auto outcome = run("snmpget", std::move(arguments));
    EXPECT_NE(0, outcome.exit_code);
    EXPECT_NE(std::string::npos, (outcome.error_output + outcome.output).find(what)) << outcome.error_output << outcome.output;
  };
  const std::string user = "SHA-256_AES-128";
  says("Unknown user name", {"-u", "nobody", "-l", "noAuthNoPriv"});
  says("Authentication failure", {"-u", user, "-l", "authNoPriv", "-a", "SHA-256", "-A", "another phrase"});
  says("Unsupported security level", {"-u", "MD5_" + std::string(to_string(snmp::PrivProtocol::None)), "-l", "authPriv", "-a",
                                      "MD5", "-A", "authentic phrase", "-x", "DES", "-X", "private phrase"});
  says("authorizationError", {"-u", user, "-l", "authNoPriv", "-a", "SHA-256", "-A", "authentic phrase"});
  says("Timeout", {"-u", user, "-l", "authPriv", "-a", "SHA-256", "-A", "authentic phrase", "-x", "AES", "-X", "another phrase"});
}

}  // namespace bongsu::agent
