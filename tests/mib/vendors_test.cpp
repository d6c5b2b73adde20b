// SPDX-License-Identifier: Apache-2.0
// Roots of vendors that Bongsu knows (mibs/README.md).
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "base_modules.h"
#include "mib/scan.h"

namespace bongsu::mib {
namespace {

std::string importer(std::string_view name, std::string_view symbol, std::string_view from) {
  return std::string(name) + " DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, Integer32 FROM SNMPv2-SMI\n  " + std::string(symbol) +
         " FROM " + std::string(from) + ";\n" + "leafOf" + std::string(symbol) +
         " OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION \"d\" ::= { " + std::string(symbol) +
         " 4711 }\nEND\n";
}

std::string number(const Tree& tree, std::string_view name) {
  const auto object = tree.find(name);
  return object ? object->oid().to_string() : std::string("none");
}

constexpr std::string_view kEnterprises = "1.3.6.1.4.1.";
const std::set<std::string> kStandards{"cablelabs", "ieee", "ietf", "mef", "pwg"};
const std::set<std::string> kOfTwo{"WRI-SMI", "XYLAN-BASE-MIB"};  // assign under two enterprises, as published

std::set<std::string> names_of(const Tree& tree) {
  std::set<std::string> names;
  for (const ModuleInfo& module : tree.modules()) names.emplace(module.name);
  return names;
}

TEST(Vendors, ARootIsThereForWhoImportsIt) {
  const Folder folder;
  folder.write("m/a.txt", importer("A-MIB", "jnxExVlan", "JUNIPER-EX-SMI"));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  for (const Problem& problem : report->tree->problems()) ADD_FAILURE() << problem.to_string();
  EXPECT_EQ("1.3.6.1.4.1.2636.3.40.1.5.4711", number(*report->tree, "A-MIB::leafOfjnxExVlan"));
  const auto names = names_of(*report->tree);
  EXPECT_TRUE(names.contains("JUNIPER-SMI")) << "what it imports itself is loaded as well";
  EXPECT_FALSE(names.contains("HP-ICF-OID")) << "nobody asked for it";
}

TEST(Vendors, AUsersOwnRootIsTakenWhole) {
  const Folder folder;
  folder.write("m/a.txt", importer("A-MIB", "jnxMibs", "JUNIPER-SMI"));
  folder.write("m/b.txt", importer("B-MIB", "jnxTraps", "JUNIPER-SMI"));
  folder.write("m/smi.txt",
               "JUNIPER-SMI DEFINITIONS ::= BEGIN\nIMPORTS enterprises FROM SNMPv2-SMI;\n"
               "juniperMIB OBJECT IDENTIFIER ::= { enterprises 7 }\njnxMibs OBJECT IDENTIFIER ::= { juniperMIB 8 }\nEND\n");
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ("1.3.6.1.4.1.7.8.4711", number(*report->tree, "A-MIB::leafOfjnxMibs"));
  EXPECT_EQ("none", number(*report->tree, "B-MIB::leafOfjnxTraps"));
}

TEST(Vendors, ItsNamesAreNobodyElses) {
  const Folder folder;
  folder.write("m/a.txt", importer("A-MIB", "jnxMibs", "JUNIPER-SMI"));
  folder.write("m/b.txt", importer("B-MIB", "jnxTraps", "OTHER-SMI"));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ("none", number(*report->tree, "B-MIB::leafOfjnxTraps"));
}

// Every module: whole, without a problem, each name once, and under one enterprise.
TEST(Vendors, EachIsWhole) {
  const Folder folder;
  std::set<std::string> all;
  std::set<std::string> of_standards;
  std::vector<std::string> unreadable;
  std::string importers;
  for (const auto& file : list_files({std::filesystem::path(kBaseModules) / "vendors"}, unreadable)) {
    const auto text = read_text(file);
    ASSERT_TRUE(text) << text.error().text;
    for (const ScannedModule& module : scan(*text).modules) {
      SCOPED_TRACE(file.filename().string() + " " + module.name);
      EXPECT_TRUE(module.ended);
      EXPECT_TRUE(all.insert(module.name).second) << "stands twice";
      if (kStandards.contains(file.stem().string())) of_standards.insert(module.name);
      ASSERT_FALSE(module.definitions.empty() && module.types.empty());
      const std::string some = module.definitions.empty() ? module.types.begin()->first : module.definitions.begin()->first;
      importers += "I" + std::to_string(all.size()) + "-MIB DEFINITIONS ::= BEGIN IMPORTS enterprises FROM SNMPv2-SMI " + some +
                   " FROM " + module.name + "; i" + std::to_string(all.size()) + " OBJECT IDENTIFIER ::= { enterprises 1 " +
                   std::to_string(all.size()) + " } END\n";
    }
  }
  folder.write("m/all.txt", importers);
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  for (const Problem& problem : report->tree->problems()) ADD_FAILURE() << problem.to_string();
  std::map<std::string, std::set<std::string>, std::less<>> enterprises;  // of a module
  for (std::uint32_t i = 0; i < report->tree->size(); ++i) {
    const Object object = report->tree->at(i);
    const std::string oid = object.oid().to_string();
    if (!all.contains(std::string(object.module)) || object.name.empty()) continue;
    const bool vendors = oid.starts_with(kEnterprises);
    EXPECT_TRUE(vendors || of_standards.contains(std::string(object.module)))
        << object.module << " " << object.name << " " << oid;
    if (vendors) enterprises[std::string(object.module)].insert(oid.substr(0, oid.find('.', kEnterprises.size())));
  }
  for (const auto& [module, numbers] : enterprises) EXPECT_EQ(kOfTwo.contains(module) ? 2u : 1u, numbers.size()) << module;
  for (const ModuleInfo& module : report->tree->modules()) {
    EXPECT_EQ(module.declared, module.objects) << module.name;
    all.erase(std::string(module.name));
  }
  EXPECT_THAT(all, ::testing::IsEmpty());
}

}  // namespace
}  // namespace bongsu::mib
