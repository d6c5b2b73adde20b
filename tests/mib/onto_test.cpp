// SPDX-License-Identifier: Apache-2.0
// One more file compiles itself, what it imports and who waited for it; the rest is taken from the image at hand.
#include <gmock/gmock.h>

#include <map>

#include "base_modules.h"
#include "mib/json.h"

namespace bongsu::mib {
namespace {

std::string text_of(std::string_view name, std::string_view imports, std::string_view body) {
  return std::string(name) +
         " DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, MODULE-IDENTITY, Integer32, enterprises FROM SNMPv2-SMI\n" +
         "  TEXTUAL-CONVENTION FROM SNMPv2-TC\n  " + std::string(imports) + ";\n" + std::string(body) + "END\n";
}
std::string a_leaf(std::string_view name, std::string_view where, std::string_view syntax = "Integer32") {
  return std::string(name) + " OBJECT-TYPE SYNTAX " + std::string(syntax) +
         " MAX-ACCESS read-only STATUS current DESCRIPTION \"d\" ::= { " + std::string(where) + " }\n";
}

// All that can be asked of a tree, in an order that does not depend on how it was made.
std::multimap<std::string, std::string> dump(const Tree& tree) {
  std::multimap<std::string, std::string> out;
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    const Object object = tree.at(i);
    if (object.name.empty()) continue;
    std::string line;
    JsonWriter json(line);
    append_object(json, object, true);
    const auto named = tree.find(std::string(object.module).append("::").append(object.name));
    const auto plain = tree.find(object.name);
    line += " found " + (named ? named->oid().to_string() : "none") + " plain " + (plain ? std::string(plain->module) : "none");
    out.emplace(std::string(object.module).append("::").append(object.name), line);
  }
  for (const ModuleInfo& module : tree.modules()) {
    out.emplace("module " + std::string(module.name), std::string(module.file) + " " + std::to_string(module.declared) + " " +
                                                          std::to_string(module.objects) + " " +
                                                          std::string(module.last_updated));
  }
  for (const Problem& problem : tree.problems()) out.emplace("problem", problem.to_string());
  return out;
}

class Onto : public ::testing::Test {
 protected:
  void SetUp() override {
    folder.write("m/a.txt", text_of("A-MIB", "",
                                    "Shade ::= TEXTUAL-CONVENTION DISPLAY-HINT \"d-2\" STATUS current DESCRIPTION \"\" "
                                    "SYNTAX Integer32 (0..7)\na OBJECT IDENTIFIER ::= { enterprises 7 }\n" +
                                        a_leaf("aLeaf", "a 1", "Shade") + a_leaf("shared", "a 2")));
    folder.write("m/waits.txt", text_of("WAITS-MIB", "root FROM ROOT-MIB", a_leaf("waitsLeaf", "root 5")));
    folder.write("m/later.txt", text_of("LATER-MIB", "waitsLeaf FROM WAITS-MIB", a_leaf("laterLeaf", "waitsLeaf 9")));
    const auto first = compile_into(folder, {kBaseModules, folder / "m"});
    ASSERT_TRUE(first) << first.error().text;
    before = first->tree;
  }

  Result<CompileReport> again() { return compile_into(folder, {kBaseModules, folder / "m"}); }

  // The image at hand says what one says that is made of nothing.
  void expect_as_new(const CompileReport& report) {
    std::filesystem::remove(folder / "mibs.img");
    const auto fresh = again();
    ASSERT_TRUE(fresh);
    EXPECT_FALSE(fresh->added);
    EXPECT_EQ(dump(*fresh->tree), dump(*report.tree));
    EXPECT_EQ(fresh->tree->content_key(), report.tree->content_key());
  }

  const Folder folder;
  std::shared_ptr<const Tree> before;
};

TEST_F(Onto, OneMoreFileIsAllThatIsCompiled) {
  folder.write("m/more/b.txt", text_of("B-MIB", "a, Shade FROM A-MIB",
                                       a_leaf("bLeaf", "a 3", "Shade") + a_leaf("shared", "a 4") +
                                           "bTable OBJECT-TYPE SYNTAX SEQUENCE OF BEntry MAX-ACCESS not-accessible STATUS "
                                           "current DESCRIPTION \"d\" ::= { a 5 }\nbEntry OBJECT-TYPE SYNTAX BEntry MAX-ACCESS "
                                           "not-accessible STATUS current DESCRIPTION \"d\" INDEX { aLeaf } ::= { bTable 1 }\n" +
                                           a_leaf("bColumn", "bEntry 1", "INTEGER { one(1), two(2) }")));
  const auto report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->added);
  EXPECT_EQ("1.3.6.1.4.1.7.3", report->tree->find("B-MIB::bLeaf")->oid().to_string());
  EXPECT_EQ("Shade", report->tree->find("bLeaf")->convention);
  EXPECT_EQ("d-2", report->tree->find("bLeaf")->hint);
  EXPECT_FALSE(before->find("bLeaf"));
  const auto once_more = again();
  ASSERT_TRUE(once_more);
  EXPECT_TRUE(once_more->reused);
  expect_as_new(*report);
}

TEST_F(Onto, WhoWaitedForItComesToLife) {
  EXPECT_FALSE(before->find("waitsLeaf"));
  folder.write("m/root.txt", text_of("ROOT-MIB", "", "root OBJECT IDENTIFIER ::= { enterprises 8 }\n"));
  const auto report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->added);
  ASSERT_TRUE(report->tree->find("laterLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.8.5.9", report->tree->find("laterLeaf")->oid().to_string());
  for (const Problem& problem : report->tree->problems()) ADD_FAILURE() << problem.to_string();
  expect_as_new(*report);
}

TEST_F(Onto, AVendorsRootComesWithIt) {
  folder.write("m/c.txt", text_of("C-MIB", "jnxMibs FROM JUNIPER-SMI", a_leaf("cLeaf", "jnxMibs 4711")));
  const auto report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->added);
  EXPECT_EQ("1.3.6.1.4.1.2636.3.4711", report->tree->find("cLeaf")->oid().to_string());
  expect_as_new(*report);
}

TEST_F(Onto, FaultsOfTheNewFileAreTold) {
  folder.write("m/d.txt",
               text_of("D-MIB", "nowhere FROM NO-MIB", a_leaf("dLeaf", "nowhere 1") + a_leaf("dGood", "enterprises 9")));
  const auto report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->added);
  EXPECT_TRUE(report->tree->find("dGood"));
  EXPECT_GT(report->tree->problems().size(), before->problems().size());
  expect_as_new(*report);
}

// What may change the meaning of what is loaded is compiled whole.
TEST_F(Onto, ARevisionAChangeAndALossAreCompiledWhole) {
  folder.write("m/n/a.txt", text_of("A-MIB", "", "a OBJECT IDENTIFIER ::= { enterprises 17 }\n"));
  auto report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->added);
  folder.write("m/n/a.txt", text_of("A-MIB", "", "a OBJECT IDENTIFIER ::= { enterprises 18 }\n"));
  folder.write("m/n/e.txt", text_of("E-MIB", "", a_leaf("eLeaf", "enterprises 19")));
  report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->added);
  EXPECT_TRUE(report->tree->find("eLeaf"));
  std::filesystem::remove(folder / "m" / "a.txt");
  folder.write("m/n/f.txt", text_of("F-MIB", "", a_leaf("fLeaf", "enterprises 20")));
  report = again();
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->added);
  EXPECT_FALSE(report->tree->find("aLeaf"));
  EXPECT_TRUE(report->tree->find("fLeaf"));
}

}  // namespace
}  // namespace bongsu::mib
