// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/setup.h"
#include "base/result.h"
#include "http/server.h"
#include "model/source.h"

namespace bongsu::app {

// Every entry of a part by name. Error: Invalid (a file has a mistake by now).
Result<std::vector<http::Entry>> entries_of(const Setup& setup, config::Part part);

// One entry set, or, without a body, taken away. Nothing is written or changed yet.
struct Wish {
  config::Part part = config::Part::Items;
  std::string name;
  std::optional<std::string> body;
};
struct Outcome {
  config::Overlay overlay;
  std::string yaml;                                  // what is to be kept; empty: nothing
  std::optional<std::vector<rule::ItemSpec>> items;  // all, where they may differ
  std::optional<config::MainConfig> config;          // people, routes and remedies likewise
  std::vector<std::string> notes;                    // what a file keeps
};
// Errors: Invalid (as the files' mistakes, a line each), NotFound (not set here).
Result<Outcome> try_wish(const Setup& setup, const Wish& wish);

// What the item would say at `now`, not waiting for its hold: "12 of 40 are beyond danger now".
std::vector<std::string> judged_now(const rule::ItemSpec& item, const PointSource& points, const DeviceSource& devices,
                                    Millis lookback, Time now);

}  // namespace bongsu::app
