// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rule/spec.h"

namespace bongsu::rule {

// A golden script of alarms, one command a line; time runs from 0 in whole seconds, and everything is judged at each.
//   begin "2026-03-29 01:58" [ZONE]  what 0 is, else the beginning of 1970; the zone is that of hours that follow. RFC 3339 too
//   load STEP  SERIES  VALUE...    point i at i x STEP; `_` none, `stale` and `timeout` markers, `90x5` five times,
//                                  `10+2x5` 10 12 14 16 18
//   item NAME                      the item of that name as Bongsu or the user's folder has it
//   item NAME  KEY VALUE...        danger 90, hold 1m, hold.fatal 10s, count 3/5, clear 5, below, interval 10s, after 2m,
//                                  no_data ignore, os linux, kind switch, flapping 6/5m or off, hours "Thu 00:00-01:00",
//                                  expr REST-OF-LINE; before time runs: an item, later: a reload. The interval is the first
//                                  load's step, the expression its metric.
//   override NAME  WHERE...  KEY VALUE...   the item's other levels, hold, clear or flapping, or `off`, WHERE: os=, kind=,
//   device=,
//                                  tag.NAME=, label.NAME=; the last that fits counts
//   drop NAME                      a reload without the item
//   device NAME  KEY=VALUE...      what is known of the device: os, kind, up, error, parents=A,B (in place of those before),
//   tag.NAME=, answers=1 or 0 (what
//                                  `up` becomes a second after it is asked out of turn); `device NAME gone`
//   window NAME  [from=] [until=] [hours=] [zone=] [note=] [device=] [item=] [tag.NAME=] [label.NAME=] [in_file]   maintenance;
//                                  times since 1970. `window NAME end`
//   at TIME  STATE [LEVEL] [{labels}] [item=] [value=] [limit=] [cause=] [alarm=] [events=] [acked=] [suppressed=]
//                                  STATE may also be unknown or absent; suppressed="" of one that is told
//   ack ID [until=TIME] [until_worse]  /  unack ID
//   restart                        the engine ends and begins again on the same store
//   disk off | disk on             commits fail, or do not
//   news                           then lines that all news of alarms must equal: TIME CHANGE ITEM LEVEL {labels} [suppressed]
//                                  [flapping]
//   log                            then lines that all alarm events must equal: TIME ITEM WHAT LEVEL VALUE {labels}
// The engine runs as in the daemon, on a store in memory.
struct ScriptResult {
  std::size_t checks = 0;
  std::vector<std::string> failures;
  std::string log;
};
// `name` stands in front of failures ("cpu.test:5: ..."); `known` are the items that a script may name.
ScriptResult run_script(std::string_view text, std::string name, std::span<const ItemSpec> known = {},
                        bool restart_each_second = false);

}  // namespace bongsu::rule
