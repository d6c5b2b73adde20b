// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "syslog/parse.h"

namespace bongsu::syslog {
namespace {

// "key=value" lines of the event's fields.
std::string fields_of(std::string_view text) {
  const std::string datagram = "<38>Oct 11 22:14:15 h " + std::string(text);
  const Time received = time_from_ms(1'795'000'000'000);
  const Event event = to_event(parse(datagram, received), datagram, received);
  std::string out;
  for (const auto& [key, value] : event.fields) out += key + "=" + value + "\n";
  return out;
}

constexpr std::string_view kCefHead =
    "cef.version=0\ncef.device_vendor=V|endor\ncef.device_product=P\\\ncef.device_version=1.0\ncef.signature=100\ncef.name=a "
    "name\n"
    "cef.severity=7\n";

}  // namespace

TEST(SyslogPayload, Cef) {
  EXPECT_EQ(std::string(kCefHead) + "cef.src=192.0.2.1\ncef.msg=two words, a=b\nand more\ncef.empty=\ncef.cs1Label=x\n",
            fields_of(R"(CEF:0|V\|endor|P\\|1.0|100|a name|7|src=192.0.2.1 msg=two words, a\=b\nand more empty= cs1Label=x)"));
  EXPECT_EQ(kCefHead, fields_of(R"(app: CEF:0|V\|endor|P\\|1.0|100|a name|7|)"));
  EXPECT_EQ("", fields_of("CEF:0|V|P|1.0|100|cut off"));
  EXPECT_EQ("", fields_of("CEF: is a format"));
  EXPECT_EQ("", fields_of("app: XCEF:0|V|P|1.0|100|a|7|"));
}

TEST(SyslogPayload, Leef) {
  const std::string head = "leef.vendor=V\nleef.product=P\nleef.product_version=1\nleef.event_id=4624\n";
  EXPECT_EQ("leef.version=1.0\n" + head + "leef.src=a b\nleef.dst=c\n", fields_of("LEEF:1.0|V|P|1|4624|src=a b\tdst=c"));
  EXPECT_EQ("leef.version=2.0\n" + head + "leef.src=a\nleef.dst=c\n", fields_of("LEEF:2.0|V|P|1|4624|^|src=a^dst=c"));
  EXPECT_EQ("leef.version=2.0\n" + head + "leef.src=a\nleef.dst=c\n", fields_of("LEEF:2.0|V|P|1|4624|x7e|src=a~dst=c"));
  EXPECT_EQ("leef.version=1.0\n" + head + "leef.src=a\nleef.dst=c\n", fields_of("LEEF:1.0|V|P|1|4624|src=a|dst=c"));
  EXPECT_EQ("", fields_of("LEEF:1.0|V|P|1"));
}

TEST(SyslogPayload, KeysAndValues) {
  EXPECT_EQ("date=2026-10-11\ndevname=fw 1\ntype=event\nmsg=say \"hi\"\n",
            fields_of(R"(date=2026-10-11 devname="fw 1" type=event msg="say \"hi\"")"));
  EXPECT_EQ("a=1\nb=\nc=3\n", fields_of("app: a=1, b=, c=3; and words"));
  EXPECT_EQ("a=1\nb=2\nc=open end\n", fields_of("app: a=1 b=2 c=\"open end"));
  EXPECT_EQ("", fields_of("app: a=1 b=2"));  // two may be chance
  EXPECT_EQ("", fields_of("app: words first a=1 b=2 c=3"));
}

TEST(SyslogPayload, PanOsAndSnare) {
  EXPECT_EQ("paloalto.receive_time=2026/10/11 22:14:15\npaloalto.serial=0123\npaloalto.type=SYSTEM\npaloalto.subtype=general\n",
            fields_of("1,2026/10/11 22:14:15,0123,SYSTEM,general,0,rest"));
  EXPECT_EQ("", fields_of("1,2026/10/11 22:14:15,0123,SYSTEM"));
  EXPECT_EQ("", fields_of("1,2026"));
  EXPECT_EQ(
      "windows_snare.criticality=1\nwindows_snare.log=Security\nwindows_snare.event_id=4608\nwindows_snare.source=Auditing\n",
      fields_of("MSWinEventLog\t1\tSecurity\t6862\tFri Sep 17\t4608\tAuditing"));
  EXPECT_EQ("", fields_of("MSWinEventLog\t1\tSecurity"));
}

TEST(SyslogPayload, IsBounded) {
  std::string pairs = "app:", cef = "CEF:0|a|b|c|d|e|f|", leef = "LEEF:1.0|a|b|c|d|";
  for (int i = 0; i < 5'000; ++i) {
    const std::string pair = "k" + std::to_string(i) + "=v";
    pairs += " " + pair;
    cef += pair + " ";
    leef += pair + "\t";
  }
  for (const std::string& text : {pairs, cef, leef}) {
    const std::string fields = fields_of(text);
    EXPECT_EQ(256, std::count(fields.begin(), fields.end(), '\n')) << text.substr(0, 20);
  }
}

}  // namespace bongsu::syslog
