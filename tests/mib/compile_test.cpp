// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base_modules.h"

namespace bongsu::mib {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kHead =
    " DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE, MODULE-IDENTITY, Integer32, Unsigned32 FROM SNMPv2-SMI;\n";

std::string module(std::string_view name, std::string_view body) {
  return std::string(name) + std::string(kHead) + std::string(body) + "\nEND\n";
}

std::string leaf(std::string_view name, std::string_view where, std::string_view syntax = "Integer32") {
  return std::string(name) + " OBJECT-TYPE SYNTAX " + std::string(syntax) +
         " MAX-ACCESS read-only STATUS current DESCRIPTION \"d\" ::= { " + std::string(where) + " }\n";
}

// The problems of a compile as lines, with the folder's own path taken away.
std::string problems_of(const CompileReport& report, const Folder& folder) {
  std::string out;
  for (const Problem& problem : report.tree->problems()) {
    std::string line = problem.to_string();
    for (auto at = line.find(folder.path().string() + "/"); at != std::string::npos; at = line.find(folder.path().string() + "/"))
      line.erase(at, folder.path().string().size() + 1);
    out += line + "\n";
  }
  return out;
}

TEST(Compile, BaseModulesHaveNoProblem) {
  for (const Problem& problem : base_tree()->problems()) ADD_FAILURE() << problem.to_string();
  EXPECT_GE(base_tree()->modules().size(), 14u);
  for (const ModuleInfo& info : base_tree()->modules()) EXPECT_EQ(info.declared, info.objects) << info.name;
}

TEST(Compile, DoesNothingTwice) {
  const Folder folder;
  folder.write("m/a.txt", module("A-MIB", leaf("aLeaf", "enterprises 7")));
  const auto first = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_FALSE(first->reused);
  EXPECT_TRUE(first->tree->find("A-MIB::aLeaf"));
  const auto second = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->reused);
  folder.write("m/a.txt", module("A-MIB", leaf("aLeef", "enterprises 7")));
  const auto third = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(third);
  EXPECT_FALSE(third->reused);
  EXPECT_TRUE(third->tree->find("A-MIB::aLeef"));
  EXPECT_FALSE(third->tree->find("aLeaf"));
  EXPECT_TRUE(first->tree->find("aLeaf"));  // who still holds the old tree keeps it whole
  EXPECT_EQ(2, std::distance(std::filesystem::directory_iterator(folder.path()), {})) << "the image and m/ alone are left";
}

TEST(Compile, AnImageOfAnotherFormatIsMadeAnew) {
  const Folder folder;
  folder.write("m/a.txt", module("A-MIB", leaf("aLeaf", "enterprises 7")));
  ASSERT_TRUE(compile_into(folder, {kBaseModules, folder / "m"}));
  std::filesystem::path image;
  for (const auto& one : std::filesystem::directory_iterator(folder.path()))
    if (one.is_regular_file()) image = one.path();
  {
    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);
    file.put(static_cast<char>(image_version() + 1));
    ASSERT_TRUE(file.flush());
  }
  EXPECT_EQ(Code::Unsupported, Tree::open(image).error().code);
  const auto anew = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(anew) << anew.error().text;
  EXPECT_FALSE(anew->reused);
  EXPECT_TRUE(anew->tree->find("A-MIB::aLeaf"));
}

TEST(Compile, TheNewestRevisionIsMeantAndOlderOnesNameWhatItDoesNot) {
  const Folder folder;
  const auto dated = [](std::string_view when, std::string_view name, std::string_view number) {
    return module("A-MIB", "a MODULE-IDENTITY LAST-UPDATED \"" + std::string(when) +
                               "\" ORGANIZATION \"o\" CONTACT-INFO \"c\" DESCRIPTION \"d\" ::= { enterprises 7 }\n" +
                               leaf(name, "a 1 " + std::string(number)) + leaf("moved", "a 2 " + std::string(number)) +
                               leaf("kept", "a 3"));
  };
  folder.write("m/1.txt", dated("9912312359Z", "oldLeaf", "1"));
  folder.write("m/2.txt", dated("200001010000Z", "newLeaf", "2"));
  folder.write("m/3.txt", dated("199812312359Z", "olderLeaf", "3"));
  folder.write("m/4.txt", dated("200001010000Z", "newLeaf", "2"));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  const auto number = [&](std::string_view name) {
    const auto object = report->tree->find(name);
    return object ? object->oid().to_string() : std::string("none");
  };
  EXPECT_EQ("1.3.6.1.4.1.7.1.2", number("A-MIB::newLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.1.1", number("A-MIB::oldLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.1.3", number("olderLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.2.2", number("A-MIB::moved"));
  EXPECT_EQ("1.3.6.1.4.1.7.2.2", number("moved"));
  EXPECT_EQ("1.3.6.1.4.1.7.3", number("kept"));
  EXPECT_EQ("A-MIB::moved", report->tree->name_of(*Oid::parse("1.3.6.1.4.1.7.2.3")));
  std::vector<std::string> files;
  for (const ModuleInfo& info : report->tree->modules()) {
    if (info.name == "A-MIB") files.push_back(std::filesystem::path(info.file).filename().string());
  }
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("1.txt", "2.txt", "3.txt"));
  EXPECT_EQ(
      "m/1.txt:1:1: warning: module A-MIB is taken from m/2.txt, which is newer; this one names what that one does not\n"
      "m/3.txt:1:1: warning: module A-MIB is taken from m/2.txt, which is newer; this one names what that one does not\n"
      "m/4.txt:1:1: warning: module A-MIB is taken from m/2.txt\n",
      problems_of(*report, folder));
}

// A name that stands inside an OID is a name as any other, for its own module and for the vendor's others whose root is not
// there.
TEST(Compile, NamesInsideAnOidAreKnown) {
  const Folder folder;
  const auto importer = [](std::string_view name, std::string_view symbol, std::string_view body) {
    return std::string(name) + " DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, Integer32 FROM SNMPv2-SMI\n  " +
           std::string(symbol) + " FROM ROOT-MIB;\n" + std::string(body) + "END\n";
  };
  folder.write("v/model.txt",
               module("MODEL-MIB",
                      "model OBJECT IDENTIFIER ::= { iso(1) org(3) dod(6) internet(1) private(4) enterprises(1) vendor(7)\n"
                      "  products(1) boxes(2) 29 }\nlast OBJECT IDENTIFIER ::= { enterprises vendor(7) other(3) }\n" +
                          leaf("modelLeaf", "model 1") + leaf("ownLeaf", "boxes 30")));
  folder.write("v/sister.txt", importer("SISTER-MIB", "boxes", leaf("sisterLeaf", "boxes 31")));
  folder.write("v/last.txt", importer("LAST-MIB", "other", leaf("lastLeaf", "other 31")));
  folder.write("v/cards.txt", module("CARDS-MIB", "cards OBJECT IDENTIFIER ::= { enterprises 7 9 }\n"));
  folder.write("v/card.txt", module("CARD-MIB", "card OBJECT IDENTIFIER ::= { enterprises vendor(7) cards(8) 1 }\n"));
  folder.write("v/defined.txt", importer("DEFINED-MIB", "cards", leaf("definedLeaf", "cards 1")));
  folder.write("w/far.txt", importer("FAR-MIB", "boxes", leaf("farLeaf", "boxes 32")));
  const auto report = compile_into(folder, {kBaseModules, folder / "v", folder / "w"});
  ASSERT_TRUE(report) << report.error().text;
  const auto number = [&](std::string_view name) {
    const auto object = report->tree->find(name);
    return object ? object->oid().to_string() : std::string("none");
  };
  EXPECT_EQ("1.3.6.1.4.1.7.1.2.29.1", number("modelLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.1.2.30", number("ownLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.1.2.31", number("sisterLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.3", number("last"));
  EXPECT_EQ("1.3.6.1.4.1.7.9.1", number("definedLeaf"));  // what is defined goes before what stands inside an OID
  EXPECT_EQ("none", number("lastLeaf"));                  // "other" is another word for "last" alone
  EXPECT_EQ("none", number("farLeaf"));                   // another vendor's folder
  const std::string problems = problems_of(*report, folder);
  EXPECT_THAT(problems, HasSubstr("v/sister.txt:3:3: warning: boxes is not in module ROOT-MIB, which is not loaded; taken from "
                                  "MODEL-MIB"));
}

// A folder holds the same module for several products, told apart by their numbers.
TEST(Compile, AnotherProductsRootIsNotTaken) {
  const Folder folder;
  const auto importer = [](std::string_view name, std::string_view from, std::string_view body) {
    return std::string(name) +
           " DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, Integer32, enterprises FROM SNMPv2-SMI\n  box FROM " +
           std::string(from) + ";\n" + std::string(body) + "END\n";
  };
  folder.write("m/121.txt", module("BOX-121-MIB", "box OBJECT IDENTIFIER ::= { enterprises 7 121 }\n"));
  folder.write("m/110-traps.txt",
               importer("BOX-110-TRAPS-MIB", "BOX-110-MIB", leaf("trapLeaf", "box 1") + leaf("trapFree", "enterprises 7 1")));
  folder.write("m/traps.txt", importer("BOX-TRAPS-MIB", "BOX-ROOT", leaf("boxLeaf", "box 2")));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_FALSE(report->tree->find("trapLeaf"));
  EXPECT_TRUE(report->tree->find("trapFree"));
  ASSERT_TRUE(report->tree->find("boxLeaf"));
  EXPECT_EQ("1.3.6.1.4.1.7.121.2", report->tree->find("boxLeaf")->oid().to_string());
  const std::string problems = problems_of(*report, folder);
  EXPECT_THAT(problems, HasSubstr("m/110-traps.txt:3:3: imported module BOX-110-MIB is not there"));
  EXPECT_THAT(problems,
              HasSubstr("m/traps.txt:3:3: warning: box is not in module BOX-ROOT, which is not loaded; taken from BOX-121-MIB"));
}

TEST(Compile, UnsignedRangesKeepTheirBounds) {
  const Folder folder;
  folder.write("m/a.txt", module("A-MIB", leaf("aWhole", "enterprises 7 1", "Unsigned32 (0..4294967295)") +
                                              leaf("aHigh", "enterprises 7 2", "Unsigned32 (3000000000..4000000000)") +
                                              leaf("aBelow", "enterprises 7 3", "Integer32 (-5..-1)") +
                                              leaf("aTwo", "enterprises 7 4", "Integer32 (1..2 | 10..20)")));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  const auto range = [&](std::string_view name, std::size_t i) {
    const auto ranges = report->tree->find(name)->ranges();
    return i < ranges.size() ? std::pair(ranges[i].low, ranges[i].high) : std::pair<std::int64_t, std::int64_t>(-99, -99);
  };
  using Pair = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(Pair(0, 4294967295), range("aWhole", 0));
  EXPECT_EQ(Pair(3000000000, 4000000000), range("aHigh", 0));
  EXPECT_EQ(Pair(-5, -1), range("aBelow", 0));
  EXPECT_EQ(Pair(1, 2), range("aTwo", 0));
  EXPECT_EQ(Pair(10, 20), range("aTwo", 1));
}

TEST(Compile, IndexForms) {
  const Folder folder;
  const auto column = [](std::string_view name, std::string_view where, std::string_view syntax) {
    return leaf(name, where, syntax);
  };
  folder.write("m/a.txt",
               "A-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE, Integer32, Unsigned32, IpAddress FROM SNMPv2-SMI\n"
               " InetAddress, InetAddressType FROM INET-ADDRESS-MIB\n DisplayString, MacAddress FROM SNMPv2-TC;\n"
               "aTable OBJECT-TYPE SYNTAX SEQUENCE OF AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\" ::= { "
               "enterprises 7 }\n"
               "aEntry OBJECT-TYPE SYNTAX AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\"\n"
               "  INDEX { aNumber, aText, aMac, aIp, aInetType, aInet, aOid, IMPLIED aRest } ::= { aTable 1 }\n"
               "AEntry ::= SEQUENCE { aNumber Integer32 }\n" +
                   column("aNumber", "aEntry 1", "INTEGER { one(1), two(2) }") + column("aText", "aEntry 2", "DisplayString") +
                   column("aMac", "aEntry 3", "MacAddress") + column("aIp", "aEntry 4", "IpAddress") +
                   column("aInetType", "aEntry 5", "InetAddressType") + column("aInet", "aEntry 6", "InetAddress") +
                   column("aOid", "aEntry 7", "OBJECT IDENTIFIER") + column("aRest", "aEntry 8", "DisplayString") + "END\n");
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  const Tree& tree = *report->tree;
  const std::string numbers = "1.3.6.1.4.1.7.1.8.2.3.100.34.102.0.27.44.61.78.95.10.0.0.1.1.4.127.0.0.1.2.1.3.120.121";
  const std::string name = "A-MIB::aRest.two.\"d\\\"f\".'00:1b:2c:3d:4e:5f'.10.0.0.1.ipv4.\"127.0.0.1\".2.1.3.'xy'";
  EXPECT_EQ(name, tree.name_of(*Oid::parse(numbers)));
  const auto back = tree.resolve(name);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(numbers, back->to_string());
  const IndexLabels labels = {{"aNumber", "two"},    {"aText", "d\"f"},      {"aMac", "00:1b:2c:3d:4e:5f"}, {"aIp", "10.0.0.1"},
                              {"aInetType", "ipv4"}, {"aInet", "127.0.0.1"}, {"aOid", "SNMPv2-SMI::org"},   {"aRest", "xy"}};
  EXPECT_EQ(labels, *tree.index_labels(*tree.find("aRest"), Oid::parse(numbers)->suffix(9)));
}

TEST(Compile, EveryFaultHasItsPlace) {
  const Folder folder;
  folder.write("m/garbage.txt", std::string("\x7f"
                                            "ELF\0\1\2\xff\"",
                                            9));
  folder.write("m/import.txt",
               "I-MIB DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, enterprises FROM SNMPv2-SMI\n        noSuch FROM NO-SUCH-MIB\n "
               "       ifNmae FROM IF-MIB;\n" +
                   leaf("iLeaf", "enterprises 7") + "END\n");
  folder.write("m/orphan.txt", module("O-MIB", leaf("oLeaf", "enterprises 8") + leaf("oLost", "oNowhere 1")));
  folder.write(
      "m/syntax.txt",
      module(
          "S-MIB",
          leaf("sBefore", "enterprises 9") +
              "sBad OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS sometimes STATUS current DESCRIPTION \"\" ::= { enterprises 10 }\n" +
              leaf("sAfter", "enterprises 11")));
  folder.write("m/open.txt", module("U-MIB",
                                    "uLeaf OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current\n  DESCRIPTION "
                                    "\"never closed ::= { enterprises 12 }\n"));
  folder.write("m/ring.txt", module("R-MIB", leaf("rOne", "rTwo 1") + leaf("rTwo", "rOne 1")));
  folder.write("m/noend.txt", "N-MIB" + std::string(kHead) + leaf("nLeaf", "enterprises 13"));
  const auto report = compile_into(folder, {kBaseModules, folder / "m", folder / "nowhere"});
  ASSERT_TRUE(report) << report.error().text;
  const std::string problems = problems_of(*report, folder);
  EXPECT_THAT(problems, HasSubstr("nowhere: No such file or directory; check the path"));
  EXPECT_THAT(problems, HasSubstr("m/garbage.txt: warning: no MIB module found"));
  EXPECT_THAT(problems, HasSubstr("m/import.txt:3:9: imported module NO-SUCH-MIB is not there"));
  EXPECT_THAT(problems, HasSubstr("m/import.txt:4:9: imported name ifNmae is not in module IF-MIB"));
  EXPECT_THAT(problems, HasSubstr("m/orphan.txt:4:94: oLost is left out: its parent oNowhere is defined nowhere"));
  EXPECT_THAT(problems, HasSubstr("m/orphan.txt:1:1: module O-MIB: 1 of 2 names kept"));
  EXPECT_THAT(problems, HasSubstr("m/syntax.txt:4:"));
  EXPECT_THAT(problems, HasSubstr("m/open.txt:4:15: the text that starts here has no closing"));
  EXPECT_THAT(problems, HasSubstr("m/ring.txt:1:1: module R-MIB: 0 of 2 names kept"));
  EXPECT_THAT(problems, HasSubstr("m/noend.txt:1:1: warning: module N-MIB has no END"));
  for (const std::string_view name : {"iLeaf", "oLeaf", "nLeaf", "ifName"}) EXPECT_TRUE(report->tree->find(name)) << name;
  for (const std::string_view name : {"oLost", "rOne"}) EXPECT_FALSE(report->tree->find(name)) << name;
}

// The middle module's parent is lost, so what its importers hang under it is lost too, though another module has an object of
// the same name that the parser would take.
TEST(Compile, WhatHangsUnderALostParentIsLeftOutNotMoved) {
  const Folder folder;
  const auto importer = [](std::string_view name, std::string_view from, std::string_view symbol, std::string_view body) {
    return std::string(name) + " DEFINITIONS ::= BEGIN\nIMPORTS OBJECT-TYPE, Integer32, enterprises FROM SNMPv2-SMI\n  " +
           std::string(symbol) + " FROM " + std::string(from) + ";\n" + std::string(body) + "END\n";
  };
  folder.write("m/middle.txt",
               importer("MIDDLE-MIB", "GONE-MIB", "goneRoot",
                        "products OBJECT IDENTIFIER ::= { goneRoot 1 }\n" + leaf("middleFree", "enterprises 7 1")));
  folder.write("m/leafs.txt", importer("LEAFS-MIB", "MIDDLE-MIB", "products",
                                       "model OBJECT IDENTIFIER ::= { products 5 }\n" + leaf("modelLeaf", "model 1") +
                                           leaf("leafFree", "enterprises 7 2")));
  folder.write("m/last.txt",
               importer("LAST-MIB", "LEAFS-MIB", "model", leaf("lastLeaf", "model 2") + leaf("lastFree", "enterprises 7 3")));
  folder.write("other/other.txt", module("OTHER-MIB", "products OBJECT IDENTIFIER ::= { enterprises 8 }\n"));
  const auto report = compile_into(folder, {kBaseModules, folder / "other", folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  for (const std::string_view name : {"middleFree", "leafFree", "lastFree", "OTHER-MIB::products"})
    EXPECT_TRUE(report->tree->find(name)) << name;
  for (const std::string_view name : {"MIDDLE-MIB::products", "model", "modelLeaf", "lastLeaf"})
    EXPECT_FALSE(report->tree->find(name)) << name;
  const std::string problems = problems_of(*report, folder);
  EXPECT_THAT(problems, HasSubstr("m/middle.txt:3:3: imported module GONE-MIB is not there"));
  EXPECT_THAT(problems, HasSubstr("m/middle.txt:4:34: products is left out: its parent goneRoot is defined nowhere"));
  EXPECT_THAT(problems,
              HasSubstr("m/leafs.txt:4:31: model is left out: its parent products of module MIDDLE-MIB hangs nowhere itself"));
  EXPECT_THAT(problems, HasSubstr("lastLeaf is left out: its parent model of module LEAFS-MIB hangs nowhere itself"));
  EXPECT_THAT(problems, HasSubstr("m/middle.txt:1:1: module MIDDLE-MIB: 1 of 2 names kept"));
  EXPECT_THAT(problems, HasSubstr("m/leafs.txt:1:1: module LEAFS-MIB: 1 of 3 names kept"));
}

// The type is lost, the object is not: its OID, its table and what the text still says of it stay.
TEST(Compile, AnUnknownConventionCostsNoObject) {
  const Folder folder;
  folder.write("m/a.txt",
               "A-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE, Integer32 FROM SNMPv2-SMI\n"
               " GoneType, gonePort FROM GONE-TC-MIB;\n"
               "aTable OBJECT-TYPE SYNTAX SEQUENCE OF AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\" ::= { "
               "enterprises 7 }\n"
               "aEntry OBJECT-TYPE SYNTAX AEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\"\n"
               "  INDEX { gonePort, aNumber } ::= { aTable 1 }\n"
               "AEntry ::= SEQUENCE { aNumber GoneType, aState NeverImported }\n" +
                   leaf("aNumber", "aEntry 1", "GoneType") + leaf("aState", "aEntry 2", "NeverImported (0..5)") +
                   leaf("aKnown", "aEntry 3") + "END\n");
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  const Tree& tree = *report->tree;
  for (const std::string_view name : {"aNumber", "aState", "aKnown"}) {
    const auto object = tree.find(name);
    ASSERT_TRUE(object) << name;
    EXPECT_EQ(Kind::Column, object->kind) << name;
    EXPECT_EQ(Access::ReadOnly, object->access) << name;
    EXPECT_EQ(name == "aKnown" ? Syntax::Integer : Syntax::None, object->type) << name;
    ASSERT_EQ(2u, object->index().size()) << name;
    EXPECT_EQ("gonePort", object->index()[0].name);
  }
  EXPECT_EQ("1.3.6.1.4.1.7.1.2", tree.find("aState")->oid().to_string());
  EXPECT_EQ("GoneType", tree.find("aNumber")->convention);
  const std::string problems = problems_of(*report, folder);
  EXPECT_THAT(problems, HasSubstr("GONE-TC-MIB is not there"));
  EXPECT_THAT(problems, HasSubstr("type NeverImported is neither defined nor imported"));
}

TEST(Compile, AChainOfFiveThousandIsCutWhereOidsEnd) {
  const Folder folder;
  std::string text = "n0 OBJECT IDENTIFIER ::= { enterprises 7 }\n";
  for (int i = 1; i < 5'000; ++i)
    text += "n" + std::to_string(i) + " OBJECT IDENTIFIER ::= { n" + std::to_string(i - 1) + " 1 }\n";
  folder.write("m/deep.txt", module("DEEP-MIB", text));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_TRUE(report->tree->find("n121"));
  EXPECT_EQ(128u, report->tree->find("n121")->oid().size());
  EXPECT_FALSE(report->tree->find("n122"));
  EXPECT_TRUE(report->tree->find("ifName"));
}

TEST(Compile, TakesCrlfLatin1AndSeveralModulesInAFile) {
  const Folder folder;
  std::string text =
      module("A-MIB", leaf("aLeaf", "enterprises 7") + "a_under OBJECT IDENTIFIER ::= { enterprises 70 } -- a -- note\n") +
      module("B-MIB",
             "bLeaf OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION \"Gr\xfc\xdf"
             "e\" ::= { enterprises 8 }");
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.insert(at, "\r");
  text.erase(text.size() - 2);
  folder.write("m/a.txt", text);
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ("", problems_of(*report, folder));
  EXPECT_TRUE(report->tree->find("A-MIB::aLeaf"));
  EXPECT_TRUE(report->tree->find("A-MIB::a_under"));
  ASSERT_TRUE(report->tree->find("B-MIB::bLeaf"));
  EXPECT_EQ(
      "Gr\xc3\xbc\xc3\x9f"
      "e",
      report->tree->find("B-MIB::bLeaf")->description);
}

// A compiler that ends as it is told.
class Ends final : public net::Processes {
 public:
  explicit Ends(net::Outcome outcome) : outcome_(std::move(outcome)) {}
  Result<net::Outcome> run(const net::Command&) override { return outcome_; }

 private:
  net::Outcome outcome_;
};

TEST(Compile, ADeadCompilerIsAnErrorAndTheOldImageStays) {
  const Folder folder;
  ASSERT_TRUE(compile_into(folder, {kBaseModules}));
  const auto says = [&](net::Outcome outcome, Code code, std::string_view part) {
    Ends processes(std::move(outcome));
    const auto report =
        compile(processes,
                {.folders = {kBaseModules, folder.write("a.txt", "x")}, .image = folder / "mibs.img", .compiler = kMibCompiler});
    ASSERT_FALSE(report);
    EXPECT_EQ(code, report.error().code);
    EXPECT_THAT(report.error().text, HasSubstr(std::string(part)));
  };
  says({.signal = 11}, Code::Unavailable, "signal 11");
  says({.exit_code = 1, .error_output = "first\nno space\n"}, Code::Unavailable, "status 1: no space");
  says({.signal = 9, .timed_out = true}, Code::Timeout, "too long");
  EXPECT_TRUE(Tree::open(folder / "mibs.img"));
}

TEST(Compile, WhatCannotStartIsAnError) {
  const Folder folder;
  net::LiveProcesses processes;
  const auto none = compile(processes, {.folders = {}, .image = folder / "i", .compiler = kMibCompiler});
  ASSERT_FALSE(none);
  EXPECT_EQ(Code::Invalid, none.error().code);
  EXPECT_FALSE(compile(processes, {.folders = {kBaseModules}, .image = folder / "i", .compiler = folder / "no-compiler"}));
  EXPECT_FALSE(compile(processes, {.folders = {kBaseModules}, .image = folder / "no/such/folder/i", .compiler = kMibCompiler}));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace bongsu::mib
