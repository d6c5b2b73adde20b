// SPDX-License-Identifier: Apache-2.0
#include "syslog/parse.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bongsu::syslog {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

const Time kReceived = *parse_time("2026-11-23T00:00:00Z");

std::string parse_time_text(const Message& message) {
  return message.time ? format_time(std::chrono::floor<Millis>(*message.time)) : "none";
}

// "pri time host app[process] id | text" with "-" for what is absent, "?" in front when there is a doubt.
std::string told(std::string_view datagram, Time received = kReceived) {
  const Message m = parse(datagram, received);
  const auto word = [](std::string_view text) { return text.empty() ? "-"s : std::string(text); };
  return (m.clean ? ""s : "? "s) + (m.pri ? std::to_string(*m.pri) : "-") + " " + parse_time_text(m) + " " + word(m.host) + " " +
         word(m.app) + "[" + word(m.process) + "] " + word(m.message_id) + " | " + std::string(m.text);
}

}  // namespace

TEST(SyslogParse, Rfc3164AndItsRelatives) {
  const auto says = [](std::string_view expected, std::string_view datagram) {
    SCOPED_TRACE(datagram);
    EXPECT_EQ(expected, told(datagram));
  };
  // The examples of RFC 3164 section 5.4.
  says("34 2026-10-11T22:14:15Z mymachine su[-] - | 'su root' failed for lonvick on /dev/pts/8",
       "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8");
  says("? 13 2026-02-05T17:32:18Z 10.0.0.99 -[-] - | Use the BFG!", "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!");
  says("165 1987-08-24T05:34:00Z mymachine myproc[10] - | %% It's time to make the do-nuts.",
       "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time to make the do-nuts.");
  says("? - none - -[-] - | Use the BFG!", "Use the BFG!");
  // Parts that are missing.
  says("? - 2026-10-11T22:14:15Z h app[1] - | no PRI", "Oct 11 22:14:15 h app[1]: no PRI");
  says("? 38 none - app[1] - | no time", "<38>app[1]: no time");
  says("? 38 2026-10-11T22:14:15Z - app[-] - | no host", "<38>Oct 11 22:14:15 app: no host");
  says("? 38 2026-10-11T22:14:15Z h -[-] - | last message repeated 3 times",
       "<38>Oct 11 22:14:15 h last message repeated 3 times");
  says("? 38 2026-10-11T22:14:15Z h -[-] - | ", "<38>Oct 11 22:14:15 h");
  says("? 38 2026-10-11T22:14:15Z h -[-] - | text", "<38>Oct 11 22:14:15 h  text");
  says("? 38 none - -[-] - | just text", "<38>just text");
  says("? 38 none - -[-] - | ", "<38>");
  says("? - none - -[-] - | ", "");
  // Tags.
  says("38 2026-10-11T22:14:15Z h sshd(pam_unix)[12750] - | x", "<38>Oct 11 22:14:15 h sshd(pam_unix)[12750]: x");
  says("38 2026-10-11T22:14:15Z h postfix/smtpd[-] - | x", "<38>Oct 11 22:14:15 h postfix/smtpd: x");
  says("38 2026-10-11T22:14:15Z h tag5[-] - | msgnum:5", "<38>Oct 11 22:14:15 h tag5:msgnum:5");
  says("38 2026-10-11T22:14:15Z h app[-] - | empty pid", "<38>Oct 11 22:14:15 h app[]: empty pid");
  says("? 38 2026-10-11T22:14:15Z h -[-] - | [1]: pid alone", "<38>Oct 11 22:14:15 h [1]: pid alone");
  says("? 134 2026-10-11T22:14:15Z h -[-] - | CEF:0|V|P|1|100|name|7|src=1",
       "<134>Oct 11 22:14:15 h CEF:0|V|P|1|100|name|7|src=1");
  says("38 2026-10-11T22:14:15Z h app[1] - | aix", "<38>Oct 11 22:14:15 Message forwarded from h: app[1]: aix");
  says("27 2026-10-11T22:14:15Z k1,f09fc26f4419,v4.0.54 switch[-] - | TRAPMGR: Cold Start",
       "<27>Oct 11 22:14:15 k1,f09fc26f4419,v4.0.54 switch: TRAPMGR: Cold Start");  // Ubiquiti
  says("? 14 2026-10-11T22:14:15Z pa1 -[-] - | 1,2026/10/11 22:14:15,0123,SYSTEM",
       "<14>Oct 11 22:14:15 pa1 1,2026/10/11 22:14:15,0123,SYSTEM");
  // PRI.
  says("? - none - -[-] - | <192>Oct 11 22:14:15 h app: x", "<192>Oct 11 22:14:15 h app: x");
  says("? - none - -[-] - | <1000>x", "<1000>x");
  says("? - none - -[-] - | <>x", "<>x");
  says("? - none - -[-] - | <16", "<16");
  says("191 2026-10-11T22:14:15Z h app[-] - | x", "<191>Oct 11 22:14:15 h app: x");
  says("? 0 2026-10-11T22:14:15Z h app[-] - | x", "<000>Oct 11 22:14:15 h app: x");
}

TEST(SyslogParse, TimesOfDevices) {
  const auto says = [](std::string_view expected, std::string_view stamp) {
    const std::string datagram = "<38>" + std::string(stamp) + " h app[1]: x";
    SCOPED_TRACE(datagram);
    const std::string got = told(datagram);
    EXPECT_EQ("38 " + std::string(expected) + " h app[1] - | x", got);
  };
  says("2026-10-11T22:14:15Z", "Oct 11 22:14:15");
  says("2026-10-01T22:14:15Z", "Oct  1 22:14:15");
  says("2026-10-01T22:14:15Z", "OCT 01 22:14:15");
  says("2026-10-11T02:14:15Z", "Oct 11  2:14:15");
  says("2026-10-11T22:14:15.123Z", "Oct 11 22:14:15.123");
  says("2026-10-11T22:14:15.123Z", "Oct 11 22:14:15,123456");
  says("2020-10-11T22:14:15Z", "Oct 11 2020 22:14:15");
  says("2020-10-11T22:14:15Z", "Oct 11 22:14:15 2020");
  says("2020-10-11T22:14:15Z", "2020 Oct 11 22:14:15");
  says("2020-10-11T22:14:15Z", "11 Oct 2020 22:14:15");
  says("2020-10-11T22:14:15Z", "Sun Oct 11 22:14:15 2020");
  says("2020-10-11T22:14:15Z", "Oct 11 22:14:15 UTC 2020");
  says("2026-10-11T22:14:15Z", "Oct 11 22:14:15 KST");
  says("2026-10-11T13:14:15Z", "Oct 11 22:14:15 +09:00");
  says("2026-10-11T13:14:15Z", "Oct 11 22:14:15 +0900");
  says("2026-10-11T22:14:15Z", "Oct 11 22:14:15:");
  says("2026-10-11T22:14:15.123Z", "*Oct 11 22:14:15.123:");
  says("2026-10-11T22:14:15Z", ".Oct 11 22:14:15:");
  says("2026-10-11T22:14:15Z", ": Oct 11 22:14:15");
  says("2026-10-11T22:14:15Z", "000045: Oct 11 22:14:15");
  says("2026-10-11T22:14:15Z", "2026-10-11T22:14:15Z");
  says("2026-10-11T13:14:15.123Z", "2026-10-11T22:14:15.123+09:00");
  says("2026-10-11T13:14:15Z", "2026-10-11T22:14:15+0900");
  says("2026-10-11T22:14:15Z", "2026-10-11 22:14:15");
  says("2026-10-11T22:14:15Z", "2026/10/11 22:14:15");
  says("2026-10-11T22:14:15Z", "1791756855");
  says("2026-10-11T22:14:15.250Z", "1791756855.25");
}

TEST(SyslogParse, WhatIsNoTimeIsText) {
  for (const std::string_view text :
       {"Oct 32 22:14:15 h app: x", "Oct  0 22:14:15 h app: x", "Foo 11 22:14:15 h app: x", "October 11 22:14:15 h app: x",
        "Feb 29 2026 22:14:15 h app: x", "Oct 11 24:14:15 h app: x", "Oct 11 22:14 h app: x", "10/11/2026 22:14:15 h app: x"}) {
    SCOPED_TRACE(text);
    const Message message = parse("<38>" + std::string(text), kReceived);
    EXPECT_FALSE(message.time);
    EXPECT_FALSE(message.clean);
    EXPECT_EQ(38, message.pri);
  }
}

TEST(SyslogParse, TheYearIsTheLatestThatFits) {
  const auto says = [](std::string_view expected, std::string_view stamp, std::string_view received) {
    SCOPED_TRACE(stamp);
    EXPECT_EQ(expected, parse_time_text(parse("<38>" + std::string(stamp) + " h app: x", *parse_time(received))));
  };
  says("2025-12-31T23:59:58Z", "Dec 31 23:59:58", "2026-01-01T00:00:01Z");  // sent before midnight
  says("2027-01-01T00:00:02Z", "Jan  1 00:00:02", "2026-12-31T23:59:59Z");  // a clock that is fast
  says("2026-01-08T00:00:00Z", "Jan  8 00:00:00", "2026-01-01T00:00:00Z");
  says("2025-01-08T00:00:01Z", "Jan  8 00:00:01", "2026-01-01T00:00:00Z");
  says("2025-06-30T12:00:00Z", "Jun 30 12:00:00", "2026-01-01T00:00:00Z");
  says("2028-02-29T12:00:00Z", "Feb 29 12:00:00", "2028-03-01T00:00:00Z");
  says("2024-02-29T12:00:00Z", "Feb 29 12:00:00", "2025-01-01T00:00:00Z");
  says("2024-02-29T12:00:00Z", "Feb 29 12:00:00", "2026-06-01T00:00:00Z");
  says("2096-02-29T12:00:00Z", "Feb 29 12:00:00", "2104-01-01T00:00:00Z");
}

TEST(SyslogParse, NetworkDevices) {
  const auto says = [](std::string_view expected, std::string_view datagram) {
    SCOPED_TRACE(datagram);
    EXPECT_EQ(expected, told(datagram));
  };
  says("189 2026-10-11T22:14:15.123Z - -[-] LINK-3-UPDOWN | %LINK-3-UPDOWN: Interface Gi0/2, changed state to up",
       "<189>45: *Oct 11 22:14:15.123 KST: %LINK-3-UPDOWN: Interface Gi0/2, changed state to up");
  says("189 2026-10-11T22:14:15Z core-sw1 -[-] SYS-5-CONFIG_I | %SYS-5-CONFIG_I: Configured",
       "<189>46: core-sw1: 000046: Oct 11 22:14:15: %SYS-5-CONFIG_I: Configured");
  says("134 2026-10-11T22:14:15Z fw1 -[-] MODULE-2-FAILED | %MODULE-2-FAILED: Module 13",
       "<134>fw1: 2026 Oct 11 22:14:15 AKDT: %MODULE-2-FAILED: Module 13");
  says("189 2026-10-11T22:14:15Z - -[-] VSHD-5-VSHD_SYSLOG_CONFIG_I | %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured",
       "<189>: 2026 Oct 11 22:14:15 KST: %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured");
  says("187 2026-10-11T22:14:15Z - config[65539] MGBL-CONFIGCLI-3-COMMIT_FAILURE | %MGBL-CONFIGCLI-3-COMMIT_FAILURE : failed",
       "<187>RP/0/RSP0/CPU0:Oct 11 22:14:15: config[65539]: %MGBL-CONFIGCLI-3-COMMIT_FAILURE : failed");
  says("163 2026-10-11T22:14:15Z fw1 -[-] ASA-3-710003 | %ASA-3-710003: denied",
       "<163>2026-10-11T22:14:15Z fw1 : %ASA-3-710003: denied");
  says("164 2026-10-11T22:14:15Z - -[-] ASA-session-2-106001 | %ASA-session-2-106001: denied",
       "<164>:Oct 11 22:14:15 KST: %ASA-session-2-106001: denied");
  says("167 2026-03-06T16:57:54Z 172.20.245.8 -[-] PIX-7-710005 | %PIX-7-710005: discarded",
       "<167>Mar  6 16:57:54 172.20.245.8 %PIX-7-710005: discarded");
  says("? 186 none - -[-] FAN-2-FAN_FAIL | %FAN-2-FAN_FAIL: Fan 1 failed",
       "<186>49: 00:00:31: %FAN-2-FAN_FAIL: Fan 1 failed");  // its time is the uptime
  says("30 2026-10-11T22:14:15.456Z mx1 mib2d[88] DAEMON-6-SNMP_TRAP | %DAEMON-6-SNMP_TRAP: ifIndex 531",
       "<30>Oct 11 22:14:15.456 mx1 mib2d[88]: %DAEMON-6-SNMP_TRAP: ifIndex 531");
  says("? 134 2013-09-23T20:14:48.409Z ap1 -[-] - | flows src=192.0.2.1", "<134>1 1379967288.409907239 ap1 flows src=192.0.2.1");
  says("38 2026-10-11T22:14:15Z h app[-] - | 100%-5-OK", "<38>Oct 11 22:14:15 h app: 100%-5-OK");
}

TEST(SyslogParse, Rfc5424) {
  // The examples of RFC 5424 section 6.5.
  const std::string first = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed";
  EXPECT_EQ("34 2003-10-11T22:14:15.003Z mymachine.example.com su[-] ID47 | 'su root' failed", told(first));
  EXPECT_EQ("165 2003-08-24T12:14:15Z 192.0.2.1 myproc[8710] - | %% It's time",
            told("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time"));
  EXPECT_EQ(
      std::chrono::microseconds(3),
      parse("<165>1 2003-08-24T05:14:15.000003-07:00 h a - - -", kReceived).time->time_since_epoch() % std::chrono::seconds(1));
  const Message third = parse(
      "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut=\"3\" "
      "eventSource=\"Application\" eventID=\"1011\"][examplePriority@32473 class=\"high\"]",
      kReceived);
  EXPECT_TRUE(third.clean);
  EXPECT_EQ("", third.text);
  ASSERT_EQ(2U, third.structured_data.size());
  EXPECT_EQ("exampleSDID@32473", third.structured_data[0].id);
  EXPECT_EQ("eventSource", third.structured_data[0].params.at(1).first);
  EXPECT_EQ("Application", third.structured_data[0].params.at(1).second);
  EXPECT_EQ("13 none - -[-] - | ", told("<13>1 - - - - - -"));
  EXPECT_EQ("13 none - -[-] - | minimal", told("<13>1 - - - - - - minimal"));
}

TEST(SyslogParse, StructuredDataEscapes) {
  const Message message = parse(R"(<34>1 - h a p m [x@1 a="q\"b\\s\]e\n" b=""][y] t [z])", kReceived);
  ASSERT_EQ(2U, message.structured_data.size());
  EXPECT_EQ(R"(q"b\s]e\n)", message.structured_data[0].params.at(0).second);
  EXPECT_EQ("", message.structured_data[0].params.at(1).second);
  EXPECT_EQ("y", message.structured_data[1].id);
  EXPECT_TRUE(message.structured_data[1].params.empty());
  EXPECT_EQ("t [z]", message.text);
  EXPECT_TRUE(message.clean);
}

TEST(SyslogParse, WhatIsNotTheGrammarIsKeptAsText) {
  const auto says = [](std::string_view expected, std::string_view datagram) {
    SCOPED_TRACE(datagram);
    EXPECT_EQ(expected, told(datagram));
    EXPECT_TRUE(parse(datagram, kReceived).structured_data.empty());
  };
  const std::string h = "<14>1 2003-10-11T22:14:15.003Z h a p m ";
  const std::string t = "? 14 2003-10-11T22:14:15.003Z h a[p] m | ";
  says(t + "[x@1 k=v] t", h + "[x@1 k=v] t");
  says(t + "[x@1 k] t", h + "[x@1 k] t");
  says(t + "[x@1 =\"v\"] t", h + "[x@1 =\"v\"] t");
  says(t + "[x@1  k=\"v\"] t", h + "[x@1  k=\"v\"] t");
  says(t + "[x@1 k=\"v\"]t", h + "[x@1 k=\"v\"]t");
  says(t + "[x@1 k=\"v]\"] t", h + "[x@1 k=\"v]\"] t");
  says(t + "[x@1 k=\"v\" t", h + "[x@1 k=\"v\" t");
  says(t + "[] t", h + "[] t");
  says("? 14 2003-10-11T22:14:15.003Z h -[-] - | a p m text", h + "text");
  says("? 14 2003-10-11T22:14:15.003Z h -[-] - | CEF:0|V|P|1|7|N|5|act=1 b= c= d=e",
       "<14>1 2003-10-11T22:14:15.003Z h CEF:0|V|P|1|7|N|5|act=1 b= c= d=e");
  says("? 14 2003-10-11T22:14:15.003Z h app[12] - | some words of its own",
       "<14>1 2003-10-11T22:14:15.003Z h app[12]: some words of its own");
  says(t, "<14>1 2003-10-11T22:14:15.003Z h a p m");
  says("? 14 2003-10-11T22:14:15.003Z h a[-] - | ", "<14>1 2003-10-11T22:14:15.003Z h a");
  says("? 14 none h a[p] m | t", "<14>1 2003-10-11T22:60:15Z h a p m - t");
  says("? 14 2003-10-11T13:14:15Z h a[p] m | t", "<14>1 2003-10-11T22:14:15+0900 h a p m - t");
  says("? 14 2003-10-11T22:14:15.003Z h a[p] m | t", "<14>1 2003-10-11T22:14:15.003Z  h a p m - t");
  says("? 14 2003-10-11T22:14:15.003Z h a[p] m | t", "<14>2 2003-10-11T22:14:15.003Z h a p m - t");
  says("? 14 none - -[-] - | 1 1065910455 h a p m - t", "<14>1 1065910455 h a p m - t");
}

TEST(SyslogParse, OctetsAreKept) {
  const std::string odd = "a\0b\x1b[31m\xff\xc0\tc"s;
  EXPECT_EQ(odd, parse("<38>Oct 11 22:14:15 h app[1]: " + odd, kReceived).text);
  EXPECT_EQ("one\n<38>two"sv, parse("<38>Oct 11 22:14:15 h app[1]: one\n<38>two\r\n", kReceived).text);
  EXPECT_EQ("\xb0\xa1", parse("<38>Oct 11 22:14:15 \xec\x84\x9c app: \xb0\xa1", kReceived).text);
  const std::string large(60'000, 'x');
  EXPECT_EQ(large, parse("<38>Oct 11 22:14:15 h app[1]: " + large, kReceived).text);
}

TEST(SyslogEvent, CarriesEverything) {
  const std::string datagram = "<34>1 2003-10-11T22:14:15.003Z h su 7 ID47 [a@1 x=\"1\" x=\"2\"][b] hello";
  const Event event = to_event(parse(datagram, kReceived), datagram, kReceived);
  EXPECT_EQ(EventKind::Syslog, event.kind);
  EXPECT_EQ(Severity::Danger, event.severity);
  EXPECT_EQ(2, event.syslog_severity);
  EXPECT_EQ(4, event.facility);
  EXPECT_EQ(kReceived, event.received);
  EXPECT_EQ(*parse_time("2003-10-11T22:14:15.003Z"), event.device_time);
  EXPECT_EQ("h su 7 ID47 hello", event.host + " " + event.app + " " + event.process + " " + event.message_id + " " + event.text);
  EXPECT_EQ((std::vector<std::pair<std::string, std::string>>{{"a@1.x", "1"}, {"a@1.x", "2"}, {"b", ""}}), event.fields);
  EXPECT_TRUE(event.clean);
  EXPECT_EQ("", event.raw);
}

TEST(SyslogEvent, KeepsTheDatagramWhenInDoubt) {
  const Event event = to_event(parse("hello\n", kReceived), "hello\n", kReceived);
  EXPECT_FALSE(event.clean);
  EXPECT_EQ("hello\n", event.raw);
  EXPECT_EQ("hello", event.text);
  EXPECT_EQ(-1, event.facility);
  EXPECT_EQ(-1, event.syslog_severity);
  EXPECT_EQ(Severity::Harmless, event.severity);  // as a notice, RFC 3164 section 4.3.3
  EXPECT_FALSE(event.device_time);
}

}  // namespace bongsu::syslog
