// SPDX-License-Identifier: Apache-2.0
#include "base_modules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace bongsu::mib {
namespace {

// Debian's libsnmp-base has the modules of Net-SNMP's own agent: ours must name the same numbers.
TEST(BaseModules, AgreeWithNetSnmpTextsOfDebian) {
  const std::filesystem::path theirs = "/usr/share/snmp/mibs";
  if (!std::filesystem::exists(theirs / "UCD-SNMP-MIB.txt")) GTEST_SKIP() << "package libsnmp-base is not installed";
  if (!std::filesystem::exists("/usr/bin/snmptranslate")) GTEST_SKIP() << "package snmp is not installed";
  // The language's modules are ours, since Debian has none; the rest is theirs.
  const Folder language;
  for (const char* module : {"SNMPv2-SMI", "SNMPv2-TC", "SNMPv2-CONF", "SNMPv2-MIB", "HCNUM-TC", "SNMP-FRAMEWORK-MIB"}) {
    std::filesystem::copy_file(kBaseModules / (module + std::string(".txt")), language / (module + std::string(".txt")));
  }
  net::LiveProcesses processes;
  const auto compare = [&](const std::string& module, std::string_view under) {
    SCOPED_TRACE(module);
    const auto outcome =
        processes.run({.program = "/usr/bin/snmptranslate",
                       .arguments = {"-M", language.path().string() + ":" + theirs.string(), "-m", module, "-Tz"},
                       .environment = {"SNMPCONFPATH=/nonexistent", "HOME=/nonexistent"},
                       .input = {},
                       .output_limit = 8U << 20});
    ASSERT_TRUE(outcome) << outcome.error().text;
    ASSERT_EQ(0, outcome->exit_code) << outcome->error_output;
    std::size_t compared = 0;
    for (const std::string_view line : split(outcome->output, '\n')) {  // "name"<tabs>"1.3.6.1"
      const auto words = split(line, '"');
      if (words.size() != 5 || !words[3].starts_with(under) || words[1].find('#') != std::string_view::npos) continue;
      const auto object = base_tree()->find(module + "::" + std::string(words[1]));
      EXPECT_TRUE(object) << words[1];
      if (object) {
        EXPECT_EQ(words[3], object->oid().to_string()) << words[1];
      }
      ++compared;
    }
    EXPECT_GE(compared, 10u);
  };
  compare("UCD-SNMP-MIB", "1.3.6.1.4.1.2021");
  compare("NET-SNMP-MIB", "1.3.6.1.4.1.8072");
  compare("UCD-DISKIO-MIB", "1.3.6.1.4.1.2021.13.15");
  compare("NET-SNMP-TC", "1.3.6.1.4.1.8072.3.2.");
  compare("LM-SENSORS-MIB", "1.3.6.1.4.1.2021.13.16");
  compare("NET-SNMP-EXTEND-MIB", "1.3.6.1.4.1.8072.1.3.2");
}

// Facts of other compilers.
TEST(Corpus, BaseModulesAgreeWithItsFacts) {
  std::ifstream facts(std::string(BONGSU_CORPUS) + "/mibs/objects.jsonl");
  if (!facts)
    GTEST_SKIP() << "no mibs/objects.jsonl in the corpus '" << BONGSU_CORPUS << "'; cmake -DBONGSU_CORPUS=FOLDER gives one";
  const auto modules = base_tree()->modules();
  std::string line;
  std::size_t compared = 0;
  while (std::getline(facts, line)) {
    const auto fact = nlohmann::json::parse(line);
    const std::string module = fact.at("module"), name = fact.at("name");
    // That copy hangs under { lldpExtensions 1 }; what devices answer is at 4795, the publisher's number.
    if (module == "LLDP-EXT-MED-MIB") continue;
    if (std::none_of(modules.begin(), modules.end(), [&](const auto& m) { return m.name == module; })) continue;
    // Conformance is left out of our texts: nothing is collected or named by it.
    const std::string macro = fact.value("macro", "");
    if (macro == "OBJECT-GROUP" || macro == "NOTIFICATION-GROUP" || macro == "MODULE-COMPLIANCE" || name.ends_with("Group"))
      continue;
    SCOPED_TRACE(module + "::" + name);
    const auto object = base_tree()->find(module + "::" + name);
    EXPECT_TRUE(object);
    if (!object) continue;
    ++compared;
    EXPECT_EQ(fact.at("oid").get<std::string>(), object->oid().to_string());
    if (fact.contains("access")) {
      EXPECT_EQ(fact.at("access").get<std::string>(), to_string(object->access));
    }
    if (fact.contains("status")) {
      EXPECT_EQ(fact.at("status").get<std::string>(), to_string(object->status));
    }
    if (fact.contains("tc")) {
      EXPECT_EQ(fact.at("tc").get<std::string>(), object->convention);
    }
    if (fact.contains("display_hint")) {
      EXPECT_EQ(fact.at("display_hint").get<std::string>(), object->hint);
    }
    if (fact.contains("units")) {
      EXPECT_EQ(fact.at("units").get<std::string>(), object->units);
    }
    if (fact.contains("augments")) {
      ASSERT_TRUE(object->augments());
      EXPECT_EQ(fact.at("augments").get<std::string>(), object->augments()->name);
    }
    if (fact.contains("index")) {
      std::vector<std::string> index;
      for (const auto& part : object->index()) index.push_back((part.implied ? "IMPLIED " : "") + std::string(part.name));
      EXPECT_EQ(fact.at("index").get<std::vector<std::string>>(), index);
    }
    if (fact.contains("objects")) {
      std::vector<std::string> objects;
      for (const auto& part : object->objects()) objects.emplace_back(part.name);
      EXPECT_EQ(fact.at("objects").get<std::vector<std::string>>(), objects);
    }
    if (fact.contains("enums")) {
      std::vector<std::pair<std::int64_t, std::string>> expected, got;
      for (const auto& item : fact.at("enums"))
        expected.emplace_back(item.at(1).get<std::int64_t>(), item.at(0).get<std::string>());
      for (const auto& item : object->enums()) got.emplace_back(item.value, item.label);
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(expected, got);
    }
  }
  EXPECT_GT(compared, 30u);
}

}  // namespace
}  // namespace bongsu::mib
