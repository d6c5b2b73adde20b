// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bongsu::poll {

// A golden script of counters (tests/poll/scripts/README.md), run through the whole engine: agent, client, poller, store.
struct CounterScript {
  std::vector<std::string> faults;  // what differs from what the script expects, one line each
  std::size_t expectations = 0;
};
CounterScript run_counter_script(const std::filesystem::path& file);

}  // namespace bongsu::poll
