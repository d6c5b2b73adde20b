// SPDX-License-Identifier: Apache-2.0
#include "remedy/wire.h"

#include <gtest/gtest.h>

namespace bongsu::remedy {

TEST(Wire, OrdersAndOutcomesComeBackAsTheyWere) {
  const Order order{.script = "restart-db.sh",
                    .timeout = Millis(1'500),
                    .environment = {{"BONGSU_ALARM", "7"}, {"BONGSU_TITLE", "느림 \"$(id)\""}},
                    .input = "{\"alarm\":7}\n"};
  const auto read = decode_order(encode(order));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(order, *read);
  const Outcome outcome{.ran = true,
                        .problem = "p",
                        .exit_code = -1,
                        .signal = 9,
                        .timed_out = true,
                        .took = Millis(31'000),
                        .output = "a\nb",
                        .left_out = 1'000'000'000'000};
  const auto heard = decode_outcome(encode(outcome));
  ASSERT_TRUE(heard) << heard.error().text;
  EXPECT_EQ(outcome, *heard);
}

TEST(Wire, OutputThatIsNoTextBecomesText) {
  const auto heard = decode_outcome(encode(Outcome{.ran = true, .exit_code = 0, .output = "\xff\x01z"}));
  ASSERT_TRUE(heard);
  EXPECT_EQ("\xef\xbf\xbd\x01z", heard->output);
}

TEST(Wire, RefusesWhatIsNoOrder) {
  const auto refuses = [](Code code, const std::string& text) {
    SCOPED_TRACE(text.substr(0, 120));
    const auto order = decode_order(text);
    ASSERT_FALSE(order);
    EXPECT_EQ(code, order.error().code);
  };
  const auto with = [](const std::string& script, const std::string& timeout, const std::string& environment) {
    return R"({"version":1,"script":")" + script + R"(","timeout_ms":)" + timeout + R"(,"environment":)" + environment +
           R"(,"input":""})";
  };
  ASSERT_TRUE(decode_order(with("a.sh", "1000", "{}")));
  refuses(Code::Invalid, "");
  refuses(Code::Invalid, "[]");
  refuses(Code::Invalid, R"({"script":"a.sh"})");
  refuses(Code::Unsupported, R"({"version":2})");
  for (const char* name : {"", "..", ".hidden", "../a.sh", "/bin/sh", "a b", "a;b", "a\\nb", "a\\u0000b"})
    refuses(Code::Invalid, with(name, "1000", "{}"));
  for (const char* time : {"0", "-1", "3600001", "1.5", "\"1\"", "18446744073709551615"})
    refuses(Code::Invalid, with("a.sh", time, "{}"));
  for (const char* environment : {R"({"LD_PRELOAD":"x"})", R"({"PATH":"/tmp"})", R"({"BONGSU_a":"x"})", R"({"BONGSU_A=B":"x"})",
                                  R"({"BONGSU_A":"x\ny"})", R"({"BONGSU_A":"x\u0000"})", R"({"BONGSU_A":1})", "[]"})
    refuses(Code::Invalid, with("a.sh", "1000", environment));
  refuses(Code::Invalid, with("a.sh", "1000", R"({"BONGSU_A":")" + std::string(1'025, 'x') + "\"}"));
  refuses(Code::Limit, with("a.sh", "1000", "{}") + std::string(kOrderOctets, ' '));
}

}  // namespace bongsu::remedy
