// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <vector>

#include "fake_agent.h"
#include "snmp/client.h"

namespace bongsu::snmp {

inline const Oid kEntry{1, 3, 6, 1, 2, 1, 2, 2, 1};
inline const Oid kUptime{1, 3, 6, 1, 2, 1, 1, 3, 0};
inline const Oid kName{1, 3, 6, 1, 2, 1, 1, 5, 0};

template <class T>
asio::awaitable<void> keep(asio::awaitable<Result<T>> work, std::optional<Result<T>>& into) {
  into.emplace(co_await std::move(work));
}

// One client and one agent on a simulated network.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() { restart({}); }
  void restart(ClientOptions options) {
    client.reset();
    client = std::make_unique<Client>(world.reactor(), metrics, options);
  }
  Target target(Version version = Version::V2c) const {
    auto credentials = std::make_shared<Credentials>();
    credentials->name = "office";
    credentials->version = version;
    credentials->community = Secret("public");
    return {.name = "sw1", .endpoint = agent.at(), .credentials = std::move(credentials)};
  }
  template <class T>
  Result<T> wait(asio::awaitable<Result<T>> work, Millis span = std::chrono::seconds(60)) {
    std::optional<Result<T>> out;
    world.reactor().spawn(keep(std::move(work), out));
    world.run_for(span);
    if (!out) return Error{Code::Cancelled, "still waiting"};
    return std::move(*out);
  }
  std::uint64_t discarded(const char* cause) {
    return metrics.counter("bongsu_snmp_discarded_total", "", {{"cause", cause}}).value();
  }
  std::vector<Oid> columns(std::uint32_t count) const {
    std::vector<Oid> out;
    for (std::uint32_t c = 1; c <= count; ++c) out.push_back(kEntry + c);
    return out;
  }
  void expect_whole_table(const Result<Table>& table, std::size_t width, std::size_t rows) {
    ASSERT_TRUE(table) << table.error().text;
    ASSERT_EQ(rows, table->rows.size());
    for (std::size_t r = 0; r < rows; ++r) {
      ASSERT_EQ(std::vector<std::uint32_t>{static_cast<std::uint32_t>(r + 1)}, table->rows[r].index);
      ASSERT_EQ(width, table->rows[r].cells.size());
      for (std::size_t c = 0; c < width; ++c) {
        ASSERT_TRUE(table->rows[r].cells[c]) << "row " << r << " column " << c;
        ASSERT_EQ((std::uint64_t{c + 1} << 32 | (r + 1)), table->rows[r].cells[c]->number);
      }
    }
  }

  net::SimWorld world{1};
  Metrics metrics;
  FakeAgent agent{world, *net::Endpoint::parse("10.0.0.1:161")};
  std::unique_ptr<Client> client;
};

}  // namespace bongsu::snmp
