// SPDX-License-Identifier: Apache-2.0
#include "notify/message.h"

#include <gtest/gtest.h>
#include <png.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "lab.h"
#include "notify/graph.h"
#include "notify/mail.h"
#include "notify/sign.h"

namespace bongsu::notify {
namespace {

const Time kAt = parse_time("2026-11-23T01:00:00Z").value();

Message message_of(Alarm alarm, Reason reason = Reason::Raised) {
  Message message{.key = "bongsu-1", .person = "ops", .address = "ops@example.com"};
  message.notices.push_back({reason, {.at = kAt, .alarm = std::move(alarm)}});
  return message;
}

TEST(WordsOf, SayWhatAPersonNeedsAtThree) {
  const Words words =
      words_of(message_of(alarm_of(1, "web1", Severity::Danger, kAt)), Language::English, "Asia/Seoul", "https://b.example/");
  EXPECT_EQ("[danger] web1: CPU usage 93 % (limit 80 %)", words.subject);
  EXPECT_EQ(
      "[danger] web1: CPU usage 93 % (limit 80 %)\n"
      "Level: danger\n"
      "Value: 93 % (limit 80 %)\n"
      "Since: 2026-11-23 10:00\n"
      "Why: sustained use leaves no room for bursts\n"
      "Look: https://b.example/devices/web1\n",
      words.plain);
  EXPECT_EQ(Severity::Danger, words.level);
}

TEST(WordsOf, SayWhatTheValueMeansAndWhatCameBack) {
  Alarm alarm = alarm_of(1, "sw1", Severity::Fatal, kAt);
  alarm.title = "Device down";
  alarm.meaning = "no answer";
  alarm.asked = "192.0.2.1: no answer to ping";
  const Words words = words_of(message_of(alarm), Language::English, "", "");
  EXPECT_EQ("[fatal] sw1: Device down: no answer", words.subject);
  EXPECT_NE(std::string::npos, words.plain.find("\nValue: no answer\nAsked: 192.0.2.1: no answer to ping\nSince: "))
      << words.plain;
  const Words over = words_of(message_of(alarm, Reason::Recovered), Language::English, "", "");
  EXPECT_EQ(std::string::npos, over.plain.find("Asked"));  // it answers again
}

TEST(WordsOf, SpeakKorean) {
  Alarm alarm = alarm_of(1, "web1", Severity::Urgent, kAt);
  EXPECT_EQ("[긴급] web1: CPU usage 93 % (기준 80 %)", words_of(message_of(alarm), Language::Korean, "", "").subject);
  alarm.ended = kAt + std::chrono::minutes(12);
  EXPECT_EQ("[복구] web1: CPU usage, 지속 시간 12 min",
            words_of(message_of(alarm, Reason::Recovered), Language::Korean, "", "").subject);
}

TEST(WordsOf, ATestSpeaksTheLanguageOfWhomItIsFor) {
  Message message{.key = "bongsu-test-1", .person = "ops", .address = "ops@example.com"};
  Notice notice{.reason = Reason::Test};
  notice.news.note = "mail";
  notice.news.alarm.title = "This is a test of the channel mail.";
  message.notices.push_back(notice);
  const Words korean = words_of(message, Language::Korean, "", "");
  EXPECT_EQ("[시험] 채널 mail의 시험 메시지입니다.", korean.subject);
  EXPECT_EQ(std::string::npos, korean.html.find("<table"));  // there is nothing to put into one
  EXPECT_EQ("[test] This is a test of the channel mail.", words_of(message, Language::English, "", "").subject);
}

// Nobody takes a drill for a fault, in whatever he reads of it.
TEST(WordsOf, SayThatADrillIsOne) {
  const Alarm alarm = alarm_of(kFirstDrill + 1, "web1", Severity::Fatal, kAt);
  const Message message = message_of(alarm);
  const Words words = words_of(message, Language::English, "", "");
  EXPECT_EQ("[drill, fatal] web1: CPU usage 93 % (limit 80 %)", words.subject);
  EXPECT_EQ(words.subject, words.brief);
  EXPECT_NE(std::string::npos, words.plain.find("\nDrill: This is an exercise that somebody asked for; nothing is wrong.\n"));
  EXPECT_NE(std::string::npos, words.html.find("This is an exercise"));
  const Words korean = words_of(message, Language::Korean, "", "");
  EXPECT_EQ("[훈련, 치명] web1: CPU usage 93 % (기준 80 %)", korean.subject);
  EXPECT_NE(std::string::npos, korean.plain.find("\n훈련: 요청에 따른 훈련 알림이며 실제 장애가 아닙니다.\n"));
  EXPECT_NE(std::string::npos, json_of(message, "").find("\"drill\":true"));
  const auto plain = [](std::string_view text) { return std::string(text); };
  EXPECT_EQ("[drill] CPU usage", fill("${title}", message, words, "", plain).value());
  const Message end = message_of(alarm, Reason::Recovered);
  EXPECT_TRUE(words_of(end, Language::English, "", "").subject.starts_with("[drill, recovered] "));
  EXPECT_TRUE(words_of(end, Language::Korean, "", "").subject.starts_with("[훈련, 복구] "));
  Message many = message;
  many.notices.push_back(many.notices.front());
  EXPECT_TRUE(words_of(many, Language::English, "", "").subject.starts_with("[drill, fatal] 2 notices: "));
}

TEST(WordsOf, NameWhatRepairedIt) {
  Message message = message_of(alarm_of(1, "web1", Severity::Urgent, kAt), Reason::Recovered);
  EXPECT_EQ(std::string::npos, words_of(message, Language::English, "", "").plain.find("Repaired"));
  message.notices[0].news.by = "clear-cache";
  EXPECT_NE(std::string::npos, words_of(message, Language::English, "", "").plain.find("\nRepaired by: clear-cache\n"));
  EXPECT_NE(std::string::npos, words_of(message, Language::Korean, "", "").plain.find("\n복구 조치: clear-cache\n"));
  EXPECT_NE(std::string::npos, json_of(message, "").find("\"by\":\"clear-cache\""));
}

// What a device says is data: no line of its own in a header, no tag in a page.
TEST(WordsOf, KeepDeviceTextInItsPlace) {
  Alarm alarm = alarm_of(1, "web1\r\nBcc: all@example.com", Severity::Danger, kAt);
  alarm.title = "<script>alert(1)</script> \x1b[31m\xff";
  const Message message = message_of(alarm);
  const Words words = words_of(message, Language::English, "", "https://b.example");
  EXPECT_EQ(std::string::npos, words.subject.find_first_of("\r\n\x1b"));
  EXPECT_EQ(std::string::npos, words.html.find("<script>"));
  EXPECT_NE(std::string::npos, words.html.find("&lt;script&gt;"));
  EXPECT_NE(std::string::npos, words.plain.find("https://b.example/devices/web1%0D%0ABcc%3A%20all%40example.com"));
  Channel channel{.name = "mail", .type = ChannelType::Email, .from = "bongsu@example.com"};
  const Spec spec;
  const std::string mail = mail_of(channel, message, words, spec, kAt);
  EXPECT_EQ(std::string::npos, mail.find("\r\nBcc:"));
  EXPECT_TRUE(nlohmann::json::accept(json_of(message, "")));
}

TEST(MailOf, IsAMessageOfRfc5322) {
  Channel channel{.name = "mail", .type = ChannelType::Email, .from = "bongsu@example.com"};
  Spec spec;
  spec.host = "mon1";
  const Message message = message_of(alarm_of(5, "웹서버1", Severity::Urgent, kAt));
  const std::string mail = mail_of(channel, message, words_of(message, Language::Korean, "", ""), spec, kAt);
  const auto has = [&](const std::string& line) { EXPECT_NE(std::string::npos, mail.find(line)) << line << "\n" << mail; };
  has("From: Bongsu <bongsu@example.com>\r\n");
  has("To: <ops@example.com>\r\n");
  has("Date: Mon, 23 Nov 2026 01:00:00 +0000\r\n");
  has("Message-ID: <bongsu-1@mon1>\r\n");
  has("References: <alarm.5@mon1>\r\n");
  has("Importance: high\r\n");
  has("Content-Type: multipart/alternative; boundary=");
  // Each encoded word stands for whole characters and is at most 75 long (RFC 2047 section 2).
  const std::size_t begin = mail.find("Subject: ") + 9;
  for (std::size_t at = begin; mail.compare(at, 10, "=?UTF-8?B?") == 0;) {
    const std::size_t end = mail.find("?=", at) + 2;
    EXPECT_LE(end - at, 75U);
    at = mail.compare(end, 3, "\r\n ") == 0 ? end + 3 : mail.size();
    if (at == mail.size()) break;
  }
  for (std::size_t at = 0, next; (next = mail.find("\r\n", at)) != std::string::npos; at = next + 2) EXPECT_LE(next - at, 998U);
  EXPECT_EQ(std::string::npos, mail.find_first_of("\x80\xff"));
}

TEST(MailOf, ShowsHowTheValueWent) {
  Channel channel{.name = "mail", .type = ChannelType::Email, .from = "bongsu@example.com"};
  Spec spec;
  spec.host = "mon1";
  Message message = message_of(alarm_of(5, "web1", Severity::Urgent, kAt));
  std::vector<Sample> samples;
  for (int minute = 0; minute < 180; ++minute) samples.push_back({kAt + std::chrono::minutes(minute), minute < 90 ? 20.0 : 95.0});
  message.graph = png_of(samples, 80);
  const std::string mail = mail_of(channel, message, words_of(message, Language::English, "", ""), spec, kAt);
  const auto has = [&](const std::string& line) { EXPECT_NE(std::string::npos, mail.find(line)) << line << "\n" << mail; };
  has("Content-Type: multipart/related; type=\"multipart/alternative\"; boundary=");
  has("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <graph.bongsu-1@mon1>\r\n");
  EXPECT_LT(mail.find("multipart/alternative; boundary"), mail.find("image/png"));
  EXPECT_LT(message.graph.size(), 4'000U);
}

// The picture read back: the course is low on the left and high on the right, and the limit lies between.
TEST(PngOf, DrawsCourseAndLimit) {
  std::vector<Sample> samples;
  for (int minute = 0; minute < 100; ++minute) samples.push_back({kAt + std::chrono::minutes(minute), minute < 50 ? 0.0 : 100.0});
  const std::string file = png_of(samples, 50);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_EQ(1, png_image_begin_read_from_memory(&image, file.data(), file.size()));
  ASSERT_EQ(480U, image.width);
  ASSERT_EQ(120U, image.height);
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> dots(PNG_IMAGE_SIZE(image));
  ASSERT_EQ(1, png_image_finish_read(&image, nullptr, dots.data(), 0, nullptr));
  const auto colour = [&](int x, int y) {
    const std::size_t at = (static_cast<std::size_t>(y) * 480 + static_cast<std::size_t>(x)) * 3;
    return std::vector<int>{dots[at], dots[at + 1], dots[at + 2]};
  };
  const std::vector<int> blue{31, 95, 163}, red{200, 40, 40}, white{255, 255, 255};
  EXPECT_EQ(blue, colour(100, 113));
  EXPECT_EQ(white, colour(100, 6));
  EXPECT_EQ(blue, colour(400, 6));
  EXPECT_EQ(white, colour(400, 100));
  EXPECT_EQ(red, colour(100, 59));
  // What cannot be drawn is no picture; what is flat or huge is one.
  EXPECT_EQ("", png_of({}, 1));
  EXPECT_EQ("", png_of(std::span(samples).first(1), 1));
  for (Sample& one : samples) one.value = 7;
  EXPECT_NE("", png_of(samples, std::numeric_limits<double>::quiet_NaN()));
  for (Sample& one : samples) one.value = one.at.time_since_epoch().count() % 120'000 == 0 ? 1.7e308 : -1.7e308;
  EXPECT_NE("", png_of(samples, 0));
}

TEST(IsMailAddress, TakesOneAddressAlone) {
  for (const char* good : {"ops@example.com", "a.b+c@x", "kim@[192.0.2.1"}) {
    EXPECT_EQ(std::string_view(good).find('[') == std::string_view::npos, is_mail_address(good)) << good;
  }
  for (const char* bad : {"", "ops", "@x", "x@", "a@x,b@y", "a b@x", "<a@x>", "a@x\r\nRCPT TO:<b@y>"})
    EXPECT_FALSE(is_mail_address(bad)) << bad;
}

TEST(Cut, KeepsCharactersWhole) {
  EXPECT_EQ("abc", cut("abc", 3));
  EXPECT_EQ("a...", cut("a긴급한", 6));
  EXPECT_EQ("a긴...", cut("a긴급한", 7));
  EXPECT_EQ("..", cut("abc", 2));
}

TEST(Fill, ReplacesNamesAndRefusesUnknownOnes) {
  const Message message = message_of(alarm_of(1, "web1", Severity::Danger, kAt));
  const Words words = words_of(message, Language::English, "", "");
  EXPECT_EQ("to=ops%40example.com&text=%5Bdanger%5D%20web1%3A%20CPU%20usage%2093%20%25%20%28limit%2080%20%25%29",
            fill("to=${to}&text=${brief}", message, words, "", url_encode).value());
  const Status unknown = check_form("${devise}");
  ASSERT_FALSE(unknown);
  EXPECT_EQ("${devise} is no name that a form can hold; did you mean ${device}?", unknown.error().text);
  EXPECT_FALSE(
      check_form("${device"
                 "x"));
}

// A device's name that turns the direction of the text after it, or ends the line, does neither in a message.
TEST(OneLine, HoldsNothingThatMisleads) {
  EXPECT_EQ("a b c d", one_line("a\nb\x7f"
                                "c\td"));
  for (const char* mark : {"\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",
                           "\u2067", "\u2068", "\u2069", "\u061c", "\u0085", "\u009b"})
    EXPECT_EQ("sw exe", one_line("sw" + std::string(mark) + "exe"));
  for (const char* kept : {"é 한글 …€", "\u200d\u2030\u2065\u206a\u00a0\u061b"}) EXPECT_EQ(kept, one_line(kept));
  Message message{.key = "k", .address = "a", .notices = {{Reason::Raised, {}}}};
  message.notices[0].news.alarm = alarm_of(1, "sw\u202e1", Severity::Danger);
  message.notices[0].news.alarm.title = "CPU\u2067 usage";
  message.notices[0].news.alarm.why = "busy\u202e";
  const Words words = words_of(message, Language::English, "", "");
  EXPECT_EQ("[danger] sw 1: CPU  usage 93 % (limit 80 %)", words.subject);
  for (const std::string& text : {words.subject, words.plain, words.html, words.brief})
    EXPECT_EQ(text.npos, text.find("\xe2\x80\xae"));
}

}  // namespace
}  // namespace bongsu::notify
