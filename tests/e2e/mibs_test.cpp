// SPDX-License-Identifier: Apache-2.0
// MIB modules that are added while the daemon runs, and while it does not.
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/daemon.h"
#include "interop/snmpd.h"
#include "zip.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

std::string acme(const std::string& name, int number) {
  return name + "-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE, Integer32 FROM SNMPv2-SMI;\n" + name +
         "Heat OBJECT-TYPE SYNTAX Integer32 UNITS \"celsius\" MAX-ACCESS Read-Only STATUS current DESCRIPTION \"d\"\n  ::= { "
         "enterprises 99999 " +
         std::to_string(number) + " }\nEND\n";
}

}  // namespace

class Mibs : public testing::Test {
 protected:
  Mibs() {
    config = folder.write("bongsu.yaml", "data: " + (folder / "data").string() +
                                             "\nhttp: {listen: \"127.0.0.1:0\"}\nsyslog: {udp: []}\nmibs: [" +
                                             (folder / "own").string() + "]\n");
    std::filesystem::create_directories(folder / "own");
  }
  Ran add(const Daemon* daemon, const std::string& path) {
    std::vector<std::string> words{"bongsu", "mib", "add", "--config", config, path};
    if (daemon) words.insert(words.end(), {"--url", daemon->url()});
    else words.insert(words.end(), {"--data", (folder / "data").string()});
    return run(words);
  }
  Ran remove(const Daemon* daemon, const std::string& name) {
    std::vector<std::string> words{"bongsu", "mib", "remove", "--config", config, name};
    if (daemon) words.insert(words.end(), {"--url", daemon->url()});
    else words.insert(words.end(), {"--data", (folder / "data").string()});
    return run(words);
  }
  Folder folder;
  std::string config;
};

TEST_F(Mibs, AreAddedWhileTheDaemonRuns) {
  {
    Daemon daemon({"bongsu", "serve", "--config", config});
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    EXPECT_TRUE(daemon.ask("/api/v1/mibs?q=acme")["modules"].empty());
    EXPECT_FALSE(daemon.ask("/api/v1/mibs?q=IF-MIB")["modules"].empty());

    const Ran file = add(&daemon, folder.write("acme.mib", acme("acme", 1)));
    EXPECT_EQ(0, file.code) << file.err;
    EXPECT_NE(std::string::npos, file.out.find("added/acme.mib:3:66: warning: MAX-ACCESS 'Read-Only' is read as read-only\n"))
        << file.out;
    EXPECT_NE(std::string::npos,
              file.out.find("1 module: 1 whole, 1 of 1 object kept; 0 errors, 1 warning\nloaded by the daemon"))
        << file.out;
    EXPECT_EQ("1.3.6.1.4.1.99999.1", daemon.ask("/api/v1/mibs/acme-MIB")["objects"][0]["oid"]);

    folder.write("vendor/two.mib", acme("two", 2));
    folder.write("vendor/deep/bundle.zip", ZipWriter().add("three.mib", acme("three", 3)).done());
    const Ran tree = add(&daemon, folder / "vendor");
    EXPECT_EQ(0, tree.code) << tree.err;
    EXPECT_NE(std::string::npos, tree.out.find("2 modules: 2 whole")) << tree.out;
    EXPECT_EQ("1.3.6.1.4.1.99999.3", daemon.ask("/api/v1/mibs/three-MIB")["objects"][0]["oid"]);

    EXPECT_EQ(0, add(&daemon, folder.write("acme.mib", acme("acme", 7))).code);  // a newer file of that name
    EXPECT_EQ("1.3.6.1.4.1.99999.7", daemon.ask("/api/v1/mibs/acme-MIB")["objects"][0]["oid"]);

    const Ran bad = add(&daemon, folder.write("letter.txt", "Dear customer"));
    EXPECT_EQ(1, bad.code);
    EXPECT_NE(std::string::npos, bad.err.find("no MIB module")) << bad.err;
    EXPECT_EQ(400, daemon.post("/api/v1/mibs?name=..%2Fescape", acme("e", 9)));
    EXPECT_FALSE(std::filesystem::exists(folder / "data/mibs/added/letter.txt"));
    EXPECT_TRUE(daemon.running());

    EXPECT_EQ(0, add(&daemon, folder.write("four.mib", acme("four", 4))).code);
    const Ran gone = remove(&daemon, "four-MIB");  // by its module
    EXPECT_EQ("removed four.mib\n", gone.out) << gone.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "data/mibs/added/four.mib"));
    EXPECT_TRUE(daemon.ask("/api/v1/mibs?q=four")["modules"].empty());
    EXPECT_FALSE(daemon.ask("/api/v1/mibs?q=acme")["modules"].empty());
    const Ran stock = remove(&daemon, "IF-MIB");
    EXPECT_EQ(1, stock.code);
    EXPECT_NE(std::string::npos, stock.err.find("was not added, it is read from ")) << stock.err;
    const Ran none = remove(&daemon, "../escape");
    EXPECT_EQ(1, none.code);
    EXPECT_NE(std::string::npos, none.err.find("nothing was added as \"../escape\"")) << none.err;
    daemon.send(SIGTERM);
    EXPECT_EQ(0, daemon.wait());
  }
  Daemon again({"bongsu", "serve", "--config", config});
  ASSERT_TRUE(again.comes_up()) << again.printed();
  for (const char* module : {"acme-MIB", "two-MIB", "three-MIB"})
    EXPECT_TRUE(again.ask("/api/v1/mibs/" + std::string(module)).is_object()) << module;
}

TEST_F(Mibs, AreKeptForADaemonThatDoesNotRun) {
  const Ran added = add(nullptr, folder.write("acme.mib", acme("acme", 1)));
  EXPECT_EQ(0, added.code) << added.err;
  EXPECT_NE(std::string::npos, added.out.find("kept in " + (folder / "data/mibs/added").string())) << added.out;
  const Ran show = run({"bongsu", "mib", "show", "--config", config, "acmeHeat"});
  EXPECT_EQ(0, show.code) << show.err;
  EXPECT_NE(std::string::npos, show.out.find("units        celsius\n")) << show.out;
  EXPECT_EQ(1, add(nullptr, folder / "nothing").code);

  folder.write("vendor/deep/bundle.zip", ZipWriter().add("three.mib", acme("three", 3)).done());
  EXPECT_EQ(0, add(nullptr, folder / "vendor").code);
  EXPECT_EQ("removed vendor/deep/bundle.zip\n", remove(nullptr, "three-MIB").out);  // its archive, and empty folders
  EXPECT_FALSE(std::filesystem::exists(folder / "data/mibs/added/vendor"));
  EXPECT_EQ("removed acme.mib\n", remove(nullptr, "acme.mib").out);
  EXPECT_EQ(1, remove(nullptr, "acme.mib").code);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "data/mibs/added"));
}

// What Net-SNMP's own modules say of snmpd and no stock profile reads, taken while the daemon runs.
TEST_F(Mibs, ProposeAProfileThatIsUsedAtOnce) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const std::string address = "127.0.0.1:" + std::to_string((*snmpd)->port());
  folder.write("bongsu.yaml",
               "data: " + (folder / "data").string() + "\nhttp: {listen: \"127.0.0.1:0\"}\nsyslog: {udp: []}\n" +
                   "credentials: {c: {version: 2c, community: public}}\n" +
                   "defaults: {interval: 2s, timeout: 1s, credentials: [c]}\ndevices:\n  - {name: web1, address: \"" + address +
                   "\", ping: false}\n");
  Daemon daemon({"bongsu", "serve", "--config", config});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  const Ran shown = run({"bongsu", "profile", "propose", "--config", config, "--url", daemon.url(), "web1"});
  EXPECT_EQ(0, shown.code) << shown.err;
  EXPECT_EQ(0U, shown.out.find("# SPDX-License-Identifier: Apache-2.0\n# Proposed from what web1 answers")) << shown.out;
  EXPECT_NE(std::string::npos, shown.out.find("- profile: proposed-8072\n")) << shown.out;
  EXPECT_NE(std::string::npos, shown.out.find("        ssRawContexts_total: UCD-SNMP-MIB::ssRawContexts.0\n")) << shown.out;
  // It was looked through at first contact, by nobody's wish.
  const auto unread = [&] { return daemon.ask("/api/v1/coverage?device=web1"); };
  EXPECT_TRUE(eventually([&] { return unread()["unused"].size() == 1; })) << unread();
  EXPECT_EQ("proposed-8072", unread()["unused"][0]["profile"]);
  EXPECT_NE(std::string::npos, unread().dump().find("\"UCD-SNMP-MIB::systemStats\"")) << unread();
  EXPECT_NE(std::string::npos, run({"bongsu", "coverage", "--url", daemon.url()}).out.find("profile propose web1 --accept"));
  const Ran direct = run({"bongsu", "profile", "propose", "--config", config, address, "-c", "public"});
  EXPECT_NE(std::string::npos, direct.out.find("ssRawContexts_total")) << direct.out << direct.err;

  const Ran accepted = run({"bongsu", "profile", "propose", "--config", config, "--url", daemon.url(), "web1", "--accept"});
  EXPECT_EQ(0, accepted.code) << accepted.err;
  EXPECT_TRUE(std::filesystem::exists(folder / "data/accepted/profiles/proposed-8072.yaml"));
  EXPECT_TRUE(eventually([&] {
    const Json metrics = daemon.ask("/api/v1/devices/web1/metrics?limit=1000");
    return metrics.is_object() && metrics.dump().find("ssRawContexts_total") != std::string::npos;
  })) << daemon.printed();
  // Proposed again it is the same, though it is read by now.
  const Ran again = run({"bongsu", "profile", "propose", "--config", config, "--url", daemon.url(), "web1"});
  EXPECT_NE(std::string::npos, again.out.find("ssRawContexts_total")) << again.out << again.err;
  EXPECT_EQ(400, daemon.post("/api/v1/profiles", R"({"profile":"- profile: x\n  match: {never: 1}\n"})"));
  EXPECT_FALSE(std::filesystem::exists(folder / "data/accepted/profiles/x.yaml"));
  const Ran check = run({"bongsu", "check", config});
  EXPECT_EQ(0, check.code) << check.out;
}

TEST_F(Mibs, LintReadsLikeACompiler) {
  const std::string file = folder.write("broken.mib",
                                        "B-MIB DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE FROM SNMPv2-SMI;\n"
                                        "b OBJECT IDENTIFIER ::= { enterprises 7 }\n"
                                        "\tc OBJECT IDENTIFIER ::= { nobody 1 }\nEND\n");
  const Ran lint = run({"bongsu", "mib", "lint", "--config", config, file});
  EXPECT_EQ(1, lint.code);
  EXPECT_EQ(file + ":1:1: error: module B-MIB: 1 of 2 names kept\n     1 | B-MIB DEFINITIONS ::= BEGIN\n       | ^~~~~\n" +  //
                file + ":3:27: warning: enterprises is used without an import; taken from SNMPv2-SMI\n" +
                "     3 | b OBJECT IDENTIFIER ::= { enterprises 7 }\n       |                           ^~~~~~~~~~~\n" + file +
                ":4:28: error: c is left out: its parent nobody is defined nowhere that is loaded\n" +
                "     4 |  c OBJECT IDENTIFIER ::= { nobody 1 }\n       |                            ^~~~~~\n" +
                "1 module: 0 whole, 1 of 2 objects kept; 2 errors, 1 warning\n",
            lint.out);
}

}  // namespace bongsu::e2e
