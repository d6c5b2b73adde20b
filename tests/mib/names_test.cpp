// SPDX-License-Identifier: Apache-2.0
#include "base_modules.h"

namespace bongsu::mib {
namespace {

using namespace std::string_literals;

Oid oid(std::string_view text) { return *Oid::parse(text); }

TEST(Names, ResolveAndComeBack) {
  const auto both = [](std::string_view name, std::string_view numbers) {
    SCOPED_TRACE(name);
    const auto got = base_tree()->resolve(name);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(numbers, got->to_string());
    EXPECT_EQ(name, base_tree()->name_of(*got));
  };
  both("IF-MIB::ifName.3", "1.3.6.1.2.1.31.1.1.1.1.3");
  both("SNMPv2-MIB::sysUpTime.0", "1.3.6.1.2.1.1.3.0");
  both("SNMPv2-MIB::system", "1.3.6.1.2.1.1");
  both("IF-MIB::ifRcvAddressStatus.2.\"00:1b:2c\"", "1.3.6.1.2.1.31.1.4.1.2.2.3.0.27.44");
  both("HOST-RESOURCES-MIB::hrStorageUsed.36", "1.3.6.1.2.1.25.2.3.1.6.36");
}

TEST(Names, ResolveTakesEveryUsualForm) {
  const auto gives = [](std::string_view name, std::string_view numbers) {
    SCOPED_TRACE(name);
    const auto got = base_tree()->resolve(name);
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(numbers, got->to_string());
  };
  gives("ifName.3", "1.3.6.1.2.1.31.1.1.1.1.3");
  gives(" sysUpTime.0 ", "1.3.6.1.2.1.1.3.0");
  gives(".1.3.6.1", "1.3.6.1");
  gives("1.3.6.1.4.1.8072", "1.3.6.1.4.1.8072");
  gives("enterprises.8072", "1.3.6.1.4.1.8072");
  gives("iso.3.6.1", "1.3.6.1");
  gives("iso.org.6", "1.3.6");
  gives("linkDown", "1.3.6.1.6.3.1.1.5.3");
  gives("DISMAN-EVENT-MIB::sysUpTimeInstance", "1.3.6.1.2.1.1.3.0");
  gives("ifStackStatus.0.1", "1.3.6.1.2.1.31.1.2.1.3.0.1");
  gives("ifRcvAddressStatus.2.3.0.27.44", "1.3.6.1.2.1.31.1.4.1.2.2.3.0.27.44");
}

TEST(Names, RefusalNamesWhatWasMeant) {
  const auto refuses = [](std::string_view name, Code code, std::string_view part) {
    SCOPED_TRACE(name);
    const auto got = base_tree()->resolve(name);
    ASSERT_FALSE(got);
    EXPECT_EQ(code, got.error().code);
    EXPECT_NE(std::string::npos, got.error().text.find(part)) << got.error().text;
  };
  refuses("ifNmae.3", Code::NotFound, "did you mean ifName?");
  refuses("IF-MBI::ifName", Code::NotFound, "did you mean IF-MIB?");
  refuses("IF-MIB::ifNmae", Code::NotFound, "did you mean ifName?");
  refuses("", Code::Invalid, "empty");
  refuses("::ifName", Code::Invalid, "MODULE::name");
  refuses("ifName.", Code::Invalid, "empty");
  refuses("ifName.3..4", Code::Invalid, "empty");
  refuses("ifName.x", Code::Invalid, "'x'");
  refuses("ifName.4294967296", Code::Invalid, "32 bits");
  refuses("ifName.\"abc", Code::Invalid, "closing");
  refuses("ifName.\"abc\"x", Code::Invalid, "dot");
  refuses("1.3.x", Code::Invalid, "1.3.x");
}

TEST(Names, OfObjectsStandInTextsForAPerson) {
  const auto says = [](const char* words, const char* text) { EXPECT_EQ(words, base_tree()->with_names(text)); };
  says("no answer to GET of SNMPv2-MIB::sysUpTime.0 and 1 more", "no answer to GET of 1.3.6.1.2.1.1.3.0 and 1 more");
  says("(IF-MIB::ifName.3, IF-MIB::ifName.4).", "(1.3.6.1.2.1.31.1.1.1.1.3, 1.3.6.1.2.1.31.1.1.1.1.4).");
  says("SNMPv2-MIB::sysUpTime.0: x", "1.3.6.1.2.1.1.3.0: x");
  says("11.3.6.1.2.1.1 of v1.3.6.1.2 at 10.1.3.6", "11.3.6.1.2.1.1 of v1.3.6.1.2 at 10.1.3.6");
  says("", "");
  EXPECT_EQ("GET of 1.3.6.1.2.1.1.3.0", Tree::empty()->with_names("GET of 1.3.6.1.2.1.1.3.0"));
}

TEST(Names, UnknownNumbersStayNumbers) {
  EXPECT_EQ("SNMPv2-SMI::enterprises.99999.1", base_tree()->name_of(oid("1.3.6.1.4.1.99999.1")));
  EXPECT_EQ("9.9", base_tree()->name_of(oid("9.9")));
  EXPECT_EQ("", base_tree()->name_of(Oid()));
  EXPECT_EQ("1.3.6.1", Tree::empty()->name_of(oid("1.3.6.1")));
  EXPECT_FALSE(Tree::empty()->resolve("ifName"));
  // A suffix that does not fit the INDEX is shown as it came.
  EXPECT_EQ("IF-MIB::ifName.3.4", base_tree()->name_of(oid("1.3.6.1.2.1.31.1.1.1.1.3.4")));
  EXPECT_EQ("IF-MIB::ifRcvAddressStatus.2.9.1", base_tree()->name_of(oid("1.3.6.1.2.1.31.1.4.1.2.2.9.1")));
}

TEST(Names, AnObjectTellsWhatItIs) {
  const auto object = base_tree()->find("IF-MIB::ifOperStatus");
  ASSERT_TRUE(object);
  EXPECT_EQ("ifOperStatus", object->name);
  EXPECT_EQ("IF-MIB", object->module);
  EXPECT_EQ(Kind::Column, object->kind);
  EXPECT_EQ(Syntax::Integer, object->type);
  EXPECT_EQ(Access::ReadOnly, object->access);
  EXPECT_EQ(DefStatus::Current, object->status);
  EXPECT_EQ(oid("1.3.6.1.2.1.2.2.1.8"), object->oid());
  ASSERT_EQ(7u, object->enums().size());
  EXPECT_EQ("up", object->enums()[0].label);
  EXPECT_EQ(7, object->enums()[6].value);
  ASSERT_EQ(1u, object->index().size());
  EXPECT_EQ("ifIndex", object->index()[0].name);
  EXPECT_EQ("ifEntry", object->parent()->name);
  EXPECT_EQ(Kind::Row, object->parent()->kind);
  EXPECT_EQ(Kind::Table, object->parent()->parent()->kind);

  const auto name = base_tree()->find("ifName");
  ASSERT_TRUE(name);
  EXPECT_EQ("255a", name->hint);
  EXPECT_EQ("DisplayString", name->convention);
  EXPECT_EQ("ifEntry", name->augments()->name);
  ASSERT_EQ(1u, name->index().size());  // through AUGMENTS
  EXPECT_EQ("ifIndex", name->index()[0].name);

  const auto down = base_tree()->find("linkDown");
  ASSERT_TRUE(down);
  EXPECT_EQ(Kind::Notification, down->kind);
  ASSERT_EQ(3u, down->objects().size());
  EXPECT_EQ("ifAdminStatus", down->objects()[1].name);
  EXPECT_EQ("ifAdminStatus", base_tree()->at(down->objects()[1].object).name);

  const auto speed = base_tree()->find("hrStorageAllocationUnits");
  ASSERT_TRUE(speed);
  EXPECT_EQ("Bytes", speed->units);
  ASSERT_EQ(1u, speed->ranges().size());
  EXPECT_EQ(2147483647, speed->ranges()[0].high);
}

TEST(Format, FollowsTheSyntax) {
  const auto shows = [](std::string_view name, const Value& value, const std::string& text) {
    SCOPED_TRACE(name);
    const auto at = base_tree()->resolve(name);
    ASSERT_TRUE(at) << at.error().text;
    EXPECT_EQ(text, base_tree()->format(*at, value));
  };
  shows("ifOperStatus.1", Value::of_integer(1), "up(1)");
  shows("ifOperStatus.1", Value::of_integer(99), "99");
  shows("ifType.1", Value::of_integer(6), "ethernetCsmacd(6)");
  shows("ifPhysAddress.1", Value::of_octets("\x00\x1b\x2c\x3d\x4e\x5f"s), "00:1b:2c:3d:4e:5f");
  shows("ifPhysAddress.1", Value::of_octets(""), "");
  shows("sysDescr.0", Value::of_octets("Linux web1"), "Linux web1");
  shows("sysDescr.0", Value::of_octets("Windows\0\0"s), "Windows");
  shows("sysDescr.0", Value::of_octets("a\x01"s), "61:01");
  shows("sysUpTime.0", Value::of_number(ValueType::TimeTicks, 4200), "(4200) 0:00:42.00");
  shows("sysUpTime.0", Value::of_number(ValueType::TimeTicks, 8640000 + 366123), "(9006123) 1 day, 1:01:01.23");
  shows("sysObjectID.0", Value::of_oid(oid("1.3.6.1.2.1.25.2.1.2")), "HOST-RESOURCES-TYPES::hrStorageRam");
  shows("hrStorageAllocationUnits.1", Value::of_integer(4096), "4096 Bytes");
  shows("hrSystemDate.0", Value::of_octets("\x07\xea\x0b\x17\x01\x02\x03\x04+\x09\x00"s), "2026-11-23,1:2:3.4,+9:0");
  shows("ifInOctets.1", Value::of_number(ValueType::Counter32, 7), "7");
  shows("ifHCInOctets.1", Value::of_number(ValueType::Counter64, UINT64_MAX), "18446744073709551615");
  shows("ifName.1", Value{.type = ValueType::NoSuchInstance}, "noSuchInstance");
  shows("1.3.9.9", Value::of_octets("text"), "text");
}

TEST(IndexLabels, DecodeEachPart) {
  const auto gives = [](std::string_view name, const IndexLabels& labels) {
    SCOPED_TRACE(name);
    const auto at = base_tree()->resolve(name);
    ASSERT_TRUE(at) << at.error().text;
    std::size_t used = 0;
    const auto object = base_tree()->find(at->arcs(), &used);
    ASSERT_TRUE(object);
    const auto got = base_tree()->index_labels(*object, at->suffix(used));
    ASSERT_TRUE(got);
    EXPECT_EQ(labels, *got);
  };
  gives("ifName.3", {{"ifIndex", "3"}});
  gives("ifRcvAddressType.2.\"00:1b:2c\"", {{"ifIndex", "2"}, {"ifRcvAddressAddress", "00:1b:2c"}});
  gives("ifStackStatus.0.7", {{"ifStackHigherLayer", "0"}, {"ifStackLowerLayer", "7"}});
  const auto column = *base_tree()->find("ifName");
  EXPECT_FALSE(base_tree()->index_labels(column, {}));
  const std::uint32_t two[] = {3, 4};
  EXPECT_FALSE(base_tree()->index_labels(column, two));
  EXPECT_FALSE(base_tree()->index_labels(*base_tree()->find("sysDescr"), std::span(two).first(1)));
}

}  // namespace
}  // namespace bongsu::mib
