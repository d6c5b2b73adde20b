// SPDX-License-Identifier: Apache-2.0
#include "net/host_port.h"

#include <gtest/gtest.h>

namespace bongsu::net {

TEST(HostPort, ReadsWhatPeopleWrite) {
  const auto reads = [](std::string_view text, std::string_view host, std::optional<std::uint16_t> port) {
    SCOPED_TRACE(text);
    const auto parts = HostPort::parse(text);
    ASSERT_TRUE(parts) << parts.error().text;
    EXPECT_EQ(host, parts->host);
    EXPECT_EQ(port, parts->port);
  };
  reads("core-sw1", "core-sw1", {});
  reads("core-sw1:1161", "core-sw1", 1161);
  reads("192.0.2.1", "192.0.2.1", {});
  reads("192.0.2.1:0", "192.0.2.1", 0);
  reads("2001:db8::1", "2001:db8::1", {});
  reads("[2001:db8::1]", "2001:db8::1", {});
  reads("[::1]:65535", "::1", 65535);
}

TEST(HostPort, RefusesTheRest) {
  for (const char* text :
       {"", ":161", "[]:161", "a:", "a:65536", "a:-1", "a:1 ", "a:b:c", "1:2:3", "[::1", "[::1]161", "::1]:161"})
    EXPECT_FALSE(HostPort::parse(text)) << text;
}

}  // namespace bongsu::net
