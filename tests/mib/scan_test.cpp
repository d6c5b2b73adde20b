// SPDX-License-Identifier: Apache-2.0
#include "mib/scan.h"

#include <gmock/gmock.h>

namespace bongsu::mib {
namespace {

TEST(Scan, FindsModulesImportsAndPlaces) {
  const std::string text =
      "some words around it\n"
      "A-MIB { iso org(3) } DEFINITIONS ::= BEGIN -- \"no string here\n"
      "IMPORTS enterprises, mib-2 FROM SNMPv2-SMI\n"
      "  X FROM B-MIB;\n"
      "aMIB MODULE-IDENTITY LAST-UPDATED \"9912312359Z\"\n"
      "  DESCRIPTION \"END of\n it\" ::= { enterprises 1 }\n"
      "  aObject OBJECT-TYPE SYNTAX X ::= { aMIB 1 }\n"
      "aNode OBJECT IDENTIFIER ::= { aMIB 2 }\n"
      "OBJECT-TYPE MACRO ::= BEGIN x ::= y END\n"
      "AType ::= INTEGER\n"
      "END\n"
      "B-MIB DEFINITIONS ::= BEGIN bNode OBJECT IDENTIFIER ::= { aMIB 3 }";
  const ScannedFile file = scan(text);
  ASSERT_EQ(2u, file.modules.size());
  const ScannedModule& a = file.modules[0];
  EXPECT_EQ("A-MIB", a.name);
  EXPECT_EQ(2u, a.place.line);
  EXPECT_EQ(1u, a.place.column);
  EXPECT_TRUE(a.ended);
  EXPECT_TRUE(a.smi_v2);
  EXPECT_EQ("9912312359Z", a.last_updated);
  ASSERT_EQ(3u, a.imports.size());
  EXPECT_EQ("mib-2", a.imports[1].symbol);
  EXPECT_EQ("SNMPv2-SMI", a.imports[1].module);
  EXPECT_EQ("X", a.imports[2].symbol);
  EXPECT_EQ(4u, a.imports[2].place.line);
  EXPECT_EQ(3u, a.imports[2].place.column);
  EXPECT_EQ(3u, a.definitions.size());
  EXPECT_EQ(8u, a.definitions.at("aObject").line);
  EXPECT_EQ(3u, a.definitions.at("aObject").column);
  EXPECT_TRUE(a.types.contains("AType"));
  EXPECT_EQ("A-MIB", text.substr(a.begin, 5));
  EXPECT_EQ("END", text.substr(a.end - 3, 3));
  EXPECT_FALSE(file.modules[1].ended);
  EXPECT_EQ(text.size(), file.modules[1].end);
  EXPECT_EQ(0u, file.open_quote.line);
}

TEST(Scan, NamesTheQuoteThatNothingCloses) {
  const ScannedFile file = scan("A-MIB DEFINITIONS ::= BEGIN\n a OBJECT-TYPE DESCRIPTION \"open\n END\n");
  EXPECT_EQ(2u, file.open_quote.line);
  EXPECT_EQ(28u, file.open_quote.column);
}

TEST(Scan, FindsNamesInsideOids) {
  const ScannedFile file = scan(
      "A-MIB DEFINITIONS ::= BEGIN\n"
      "a OBJECT IDENTIFIER ::= { iso org(3) vendor (9) products(1) 7 }\n"
      "b OBJECT IDENTIFIER ::= { a last(3) }\n"
      "C ::= INTEGER { up(1), down(2) }\n"
      "d OBJECT IDENTIFIER ::= { a between(4) 5 }\n"
      "END");
  ASSERT_EQ(1u, file.modules.size());
  EXPECT_THAT(file.modules[0].labels, ::testing::ElementsAre("between", "org", "products", "vendor"));
}

TEST(Scan, TakesAnything) {
  for (const std::string_view text :
       {"", "\"", "-", "--", "DEFINITIONS", "} DEFINITIONS", "X DEFINITIONS", "X DEFINITIONS ::= BEGIN IMPORTS",
        "X DEFINITIONS ::= BEGIN IMPORTS a FROM", "X DEFINITIONS ::= BEGIN END END END", "\xff\xfe\x00\x01"}) {
    SCOPED_TRACE(text);
    EXPECT_LE(scan(text).modules.size(), 1u);
  }
}

TEST(Scan, SortsYearsOfTwoDigits) {
  EXPECT_LT(sortable_time("9912312359Z"), sortable_time("200001010000Z"));
  EXPECT_LT(sortable_time(""), sortable_time("9912312359Z"));
}

}  // namespace
}  // namespace bongsu::mib
