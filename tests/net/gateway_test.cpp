// SPDX-License-Identifier: Apache-2.0
#include "net/gateway.h"

#include <gtest/gtest.h>

namespace bongsu::net {
namespace {

// As a little-endian kernel writes them (proc(5)).
constexpr std::string_view kHead = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

std::string gateway(const std::string& v4, std::string_view v6 = {}) {
  const auto found = gateway_of_routes(std::string(kHead) + v4, v6);
  return found ? found->to_string() : "none";
}

TEST(Gateway, OfTheDefaultRouteWithTheLowestMetric) {
  const std::string line = "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
  EXPECT_EQ("192.0.2.1", gateway("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" + line));
  EXPECT_EQ("192.0.2.2", gateway("eth0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
                                 "eth1\t00000000\t020200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"));
  EXPECT_EQ("none", gateway(line));
  EXPECT_EQ("none", gateway("ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"));  // leads to no gateway
  EXPECT_EQ("none", gateway("eth0\t00000000\t010200C0\t0203\t0\t0\t0\t00000000\t0\t0\t0\n"));  // refuses
  EXPECT_EQ("none", gateway("eth0\t00000000\t010200C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0\n"));  // 0.0.0.0/8
  EXPECT_EQ("none", gateway("eth0\t00000000\t01020\nx y z\n\teth0 00000000 0102zzC0 0003 0 0 0 00000000\n"));
}

TEST(Gateway, ByIpV6WhereThereIsNoneByIpV4) {
  const std::string zero(32, '0'), global = "20010db8000000000000000000000001", line = "fe800000000000000000000000000001";
  const auto route = [&](const std::string& hop, const std::string& metric, const std::string& flags = "00000003") {
    return zero + " 00 " + zero + " 00 " + hop + " " + metric + " 00000001 00000000 " + flags + " eth0\n";
  };
  EXPECT_EQ("2001:db8::1", gateway("", route(global, "00000400")));
  EXPECT_EQ("none", gateway("", route(line, "00000400")));
  EXPECT_EQ("2001:db8::1", gateway("", route(line, "00000001") + route(global, "00000400")));
  EXPECT_EQ("none", gateway("", route(zero, "ffffffff", "00200200")));
  EXPECT_EQ("192.0.2.1", gateway("eth0\t00000000\t010200C0\t0003\t0\t0\t9\t00000000\t0\t0\t0\n", route(global, "00000001")));
}

}  // namespace
}  // namespace bongsu::net
