// SPDX-License-Identifier: Apache-2.0
#include "http/listen.h"

#include <gmock/gmock.h>

#include "http/reply.h"

namespace bongsu::http {
namespace {

using testing::HasSubstr;

TEST(ParseListen, TakesLoopback) {
  const auto takes = [](std::string_view text, std::string_view address, std::uint16_t port) {
    SCOPED_TRACE(text);
    const auto listen = parse_listen(text);
    ASSERT_TRUE(listen) << listen.error().text;
    EXPECT_EQ(address, listen->address);
    EXPECT_EQ(port, listen->port);
  };
  takes("127.0.0.1:8642", "127.0.0.1", 8642);
  takes("127.9.9.9:0", "127.9.9.9", 0);
  takes("[::1]:65535", "::1", 65535);
  takes("localhost:1", "127.0.0.1", 1);
}

TEST(ParseListen, RefusesTheRestWithAReason) {
  const auto refuses = [](std::string_view text, Code code, const char* words) {
    SCOPED_TRACE(text);
    const auto listen = parse_listen(text);
    ASSERT_FALSE(listen);
    EXPECT_EQ(code, listen.error().code);
    EXPECT_THAT(listen.error().text, HasSubstr(words));
    EXPECT_THAT(listen.error().text, HasSubstr("http.listen"));
  };
  for (const char* beyond : {"0.0.0.0:8642", "192.0.2.1:80", "[::]:8642", "[2001:db8::1]:80", "[::ffff:127.0.0.1]:80"})
    refuses(beyond, Code::Denied, "loopback");
  for (const char* bad : {"", ":8642", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "[::1", "[::1]80",
                          "[127.0.0.1:80", "example.org:80", "1:2:3"}) {
    refuses(bad, Code::Invalid, "127.0.0.1");
  }
}

TEST(HostIsOurs, KnowsLoopbackNamesAndTheAddress) {
  for (const char* ours : {"127.0.0.1", "127.0.0.1:8642", "127.3.2.1:1", "localhost", "LOCALHOST:99", "bongsu.localhost:80",
                           "[::1]", "[::1]:8642"}) {
    EXPECT_TRUE(host_is_ours(ours, "127.0.0.1")) << ours;
  }
  for (const char* other :
       {"", ":80", "example.org", "example.org:8642", "127.0.0.1.example.org", "localhost.example.org", "evil.localhost.example",
        "192.0.2.1", "::1", "[::1", "127.0.0.1:x", "127.0.0.1:99999", "user@127.0.0.1"}) {
    EXPECT_FALSE(host_is_ours(other, "127.0.0.1")) << other;
  }
}

TEST(HttpDate, IsImfFixdate) { EXPECT_EQ("Sun, 06 Nov 1994 08:49:37 GMT", http_date(784'111'777)); }  // RFC 9110 section 5.6.7

}  // namespace
}  // namespace bongsu::http
