// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>
#include <functional>
#include <optional>

#include "app/setup.h"
#include "app/supervisor.h"

namespace bongsu::app {

// From here on SIGINT, SIGTERM and SIGHUP wait for run_daemon: call it before any thread is made.
sigset_t block_signals();

// Runs a daemon until SIGINT or SIGTERM and returns the exit code. On SIGHUP `again` reads the files anew; what it finds
// wrong is printed, and nothing changes.
int run_daemon(Setup setup, const std::function<std::optional<Setup>(config::Problems&)>& again,
               const Supervised& supervisor = {});

}  // namespace bongsu::app
