// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "e2e/daemon.h"
#include "interop/snmpd.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

std::string at(const interop::Snmpd& snmpd) { return "127.0.0.1:" + std::to_string(snmpd.port()); }

}  // namespace

TEST(Commands, GetAndWalkReadLikeNetSnmp) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const Ran get = run({"bongsu", "get", at(**snmpd), "-v", "2c", "-c", "public", "sysObjectID.0", "SNMPv2-MIB::sysServices.0"});
  EXPECT_EQ(0, get.code) << get.err;
  EXPECT_NE(std::string::npos, get.out.find("SNMPv2-MIB::sysObjectID.0 = OID: NET-SNMP-TC::linux\n")) << get.out;
  EXPECT_NE(std::string::npos, get.out.find("SNMPv2-MIB::sysServices.0 = INTEGER: ")) << get.out;
  for (const char* version : {"1", "2c"}) {
    const Ran walk = run({"bongsu", "walk", at(**snmpd), "-v", version, "IF-MIB::ifDescr"});
    EXPECT_EQ(0, walk.code) << walk.err;
    EXPECT_NE(std::string::npos, walk.out.find("IF-MIB::ifDescr.1 = STRING: lo\n")) << walk.out;
  }
  const Ran missing = run({"bongsu", "get", at(**snmpd), "IF-MIB::ifDescr.99999"});
  EXPECT_EQ(1, missing.code);
  EXPECT_NE(std::string::npos, missing.out.find("no such instance")) << missing.out;
}

TEST(Commands, GetSaysWhatWasMeant) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const auto hint = [&](const std::string& asked, const std::string& text) {
    SCOPED_TRACE(asked);
    const Ran get = run({"bongsu", "get", at(**snmpd), "-c", "public", "sysUpTime.0", asked});
    EXPECT_EQ(1, get.code);
    EXPECT_NE(std::string::npos, get.out.find("SNMPv2-MIB::sysUpTime.0 = Timeticks: ")) << get.out;  // had all the same
    EXPECT_NE(std::string::npos, get.err.find(text)) << get.err;
  };
  hint("sysDescr", "did you mean sysDescr.0?");
  hint("IF-MIB::ifDescr", "IF-MIB::ifDescr is a column, with a value in each row: did you mean IF-MIB::ifDescr.1");
  hint("1.3.6.1.2.1.1", "1.3.6.1.2.1.1 has no value of its own; what is below it is read by bongsu walk");
  const Ran instance = run({"bongsu", "get", at(**snmpd), "-c", "public", "IF-MIB::ifDescr.99999"});
  EXPECT_EQ(1, instance.code);
  EXPECT_EQ(std::string::npos, instance.err.find("did you mean")) << instance.err;
}

TEST(Commands, NumericPrintsNamesAndOidValuesAsNumbers) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const Ran get = run({"bongsu", "get", at(**snmpd), "-c", "public", "--numeric", "sysObjectID.0"});
  EXPECT_EQ(0, get.code) << get.err;
  EXPECT_EQ(".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.8072.3.2.10\n", get.out);
  const Ran walk = run({"bongsu", "walk", at(**snmpd), "-c", "public", "--numeric", "IF-MIB::ifDescr"});
  EXPECT_EQ(0, walk.code) << walk.err;
  EXPECT_EQ(0U, walk.out.find(".1.3.6.1.2.1.2.2.1.2.1 = STRING: lo\n")) << walk.out;
}

TEST(Commands, CollectFindsTheServer) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const Ran collect = run({"bongsu", "collect", at(**snmpd), "-v", "2c", "-c", "public", "--json"});
  ASSERT_EQ(0, collect.code) << collect.err;
  const Json found = Json::parse(collect.out);
  std::set<std::string> names;
  for (const Json& metric : found["metrics"]) names.insert(metric["name"]);
  for (const char* name : {"cpu_usage_percent", "memory_used_percent", "storage_used_percent", "interface_receive_bytes_total",
                           "load1", "device_uptime_seconds"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_EQ("linux", found["os"]);
  // Of hundreds of profiles those that match or nearly do; the others are a number.
  const Ran explain = run({"bongsu", "collect", at(**snmpd), "-c", "public", "--once", "--explain"});
  EXPECT_NE(std::string::npos, explain.out.find("matched")) << explain.out;
  EXPECT_NE(std::string::npos, explain.out.find(" profiles for other devices; --explain --all lists them")) << explain.out;
  EXPECT_EQ(std::string::npos, explain.out.find("does not begin with 1.3.6.1.4.1.9")) << explain.out;
}

TEST(Commands, SayWhatIsWrong) {
  const auto says = [](std::vector<std::string> words, int code, const std::string& text) {
    SCOPED_TRACE(words.size() > 1 ? words[1] : "");
    const Ran ran = run(words);
    EXPECT_EQ(code, ran.code);
    EXPECT_NE(std::string::npos, (ran.err + ran.out).find(text)) << ran.out << ran.err;
  };
  says({"bongsu"}, 2, "subcommand");
  says({"bongsu", "sevre"}, 2, "did you mean \"serve\"?");
  says({"bongsu", "--help"}, 0, "serve");
  says({"bongsu", "--version"}, 0, "0.");
  says({"bongsu", "get", "127.0.0.1:1", "-t", "0.1", "-r", "0", "sysUpTime.0"}, 1, "127.0.0.1");
  says({"bongsu", "get", "127.0.0.1", "ifDescrr.1"}, 2, "ifDescr");
  says({"bongsu", "walk", "127.0.0.1:99999", "system"}, 2, "not a host");
  for (const char* command : {"get", "set", "walk", "collect"}) {
    const auto asks = [&](const char* host, std::vector<std::string> more, const std::string& text) {
      std::vector<std::string> words{"bongsu", command, host};
      if (std::string_view(command) != "collect") words.push_back("sysUpTime.0");
      if (std::string_view(command) == "set") words.insert(words.end(), {"s", "x"});
      words.insert(words.end(), more.begin(), more.end());
      says(words, 2, text);
    };
    asks("127.0.0.1:99999", {}, "not a host");
    asks("127.0.0.1", {"-v", "3"}, "give -u");
    asks("127.0.0.1", {"-v", "3", "-u", "nms", "-a", "SHA3", "-A", "authentic"}, "SHA3");
    asks("127.0.0.1", {"-v", "3", "-u", "nms", "-a", "SHA", "-A", "short"}, "8");
    asks("127.0.0.1", {"-v", "3", "-u", "nms", "-a", "SHA", "-A", "authentic", "-l", "authPriv"}, "authPriv");
  }
  says({"bongsu", "status", "--url", "http://127.0.0.1:1"}, 1, "bongsu serve");
  says({"bongsu", "logs", "--severity", "foo"}, 2, "\"foo\" is no severity");
  says({"bongsu", "walk", "127.0.0.1", "--tiemout", "3"}, 2, "--tiemout: did you mean --timeout?");
  says({"bongsu", "alarms", "--devcie=core"}, 2, "--devcie: did you mean --device?");
  says({"bongsu", "alarms", "ack", "7", "--for", "soon"}, 2, "--for: \"soon\" is no duration");
  says({"bongsu", "alarms", "ack"}, 2, "id is required");
  says({"bongsu", "check", "/nonexistent/bongsu.yaml"}, 1, "/nonexistent/bongsu.yaml");
}

TEST(Commands, CheckNamesWhatIsWrongInAMibModule) {
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "mibs");
  folder.write("mibs/BROKEN-MIB.txt",
               "BROKEN-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM SNMPv2-SMI;\nbroken OBJECT IDENTIFIER ::= { nowhere 1 "
               "}\nEND\n");
  const Ran check = run({"bongsu", "check", folder.write("bongsu.yaml", "mibs: [mibs]\n").string()});
  EXPECT_EQ(1, check.code) << check.out << check.err;
  EXPECT_NE(std::string::npos, check.out.find("BROKEN-MIB.txt:3:")) << check.out;
}

TEST(Commands, CheckNamesWhatARemedyCannotWrite) {
  const Folder folder;
  const auto remedy = [&](const std::string& object) {
    return run({"bongsu", "check",
                folder
                    .write("remedies.yaml", "remedies: {port-up: {set: {object: \"" + object +
                                                ".${ifIndex}\", value: up}, on: {item: interface_down}}}\n")
                    .string()});
  };
  EXPECT_EQ(0, remedy("IF-MIB::ifAdminStatus").code);
  const Ran unknown = remedy("IF-MIB::ifAdminStatuss");
  EXPECT_EQ(1, unknown.code);
  EXPECT_NE(std::string::npos, unknown.out.find("remedy \"port-up\": set: ")) << unknown.out;
  EXPECT_NE(std::string::npos, unknown.out.find("ifAdminStatus")) << unknown.out;
  EXPECT_EQ(1, remedy("IF-MIB::ifMtu").code) << "no number";
}

TEST(Commands, MibNeedsOfTheConfigurationItsFoldersAlone) {
  const Folder folder;
  const std::string config = folder.write("bongsu.yaml", "bogus: 1\n").string();
  const Ran show = run({"bongsu", "mib", "show", "ifName", "--config", config});
  EXPECT_EQ(0, show.code) << show.err;
  EXPECT_NE(std::string::npos, show.err.find("has faults (see bongsu check)")) << show.err;
  const Ran lint = run({"bongsu", "mib", "lint", "IF-MBI", "--config", config});
  EXPECT_EQ(1, lint.code);
  EXPECT_NE(std::string::npos, lint.err.find("the loaded module IF-MIB is in ")) << lint.err;
}

TEST(Commands, CheckNamesASystemThatNoDeviceHas) {
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "rules/items");
  const auto check = [&](const std::string& device_os, const std::string& item_os) {
    folder.write("rules/items/mine.yaml", "- item: mine\n  expr: v\n  levels: {danger: 1}\n  for: {os: [" + item_os + "]}\n");
    return run({"bongsu", "check",
                folder
                    .write("bongsu.yaml",
                           "rules: [rules]\ncredentials: {public: {version: 2c, community: public}}\n"
                           "devices:\n  - {name: d1, address: 127.0.0.1, os: " +
                               device_os + "}\n")
                    .string()});
  };
  const Ran wrong = check("linux", "linux, windos");
  EXPECT_EQ(1, wrong.code);
  EXPECT_NE(std::string::npos, wrong.out.find("mine.yaml:4:21: no system is called \"windos\"; did you mean \"windows\"?"))
      << wrong.out;
  // Of a device it is a hint: a user may name a system that only items of their own know.
  const Ran hint = check("cisco-ios", "cisco-ios");
  EXPECT_EQ(0, hint.code) << hint.out;
  EXPECT_NE(std::string::npos,
            hint.out.find("bongsu.yaml:4:5: os of device \"d1\": no system is called \"cisco-ios\"; did you mean \"ios\"?"))
      << hint.out;
  const Ran right = check("Linux", "ios");
  EXPECT_EQ(0, right.code);
  EXPECT_EQ(std::string::npos, right.out.find("no system")) << right.out;
}

TEST(Commands, PingAnswersForLoopback) {
  const Ran ping = run({"bongsu", "ping", "127.0.0.1", "127.1.2.3", "-c", "2", "-i", "0.01", "--json"});
  if (ping.code != 0 && ping.err.find("CAP_NET_RAW") != std::string::npos) GTEST_SKIP() << "no right to ping here: " << ping.err;
  ASSERT_EQ(0, ping.code) << ping.err;
  const Json answer = Json::parse(ping.out);
  ASSERT_EQ(2U, answer["hosts"].size());
  for (const Json& host : answer["hosts"]) EXPECT_EQ(2, host["received"]) << host.dump();
}

}  // namespace bongsu::e2e
