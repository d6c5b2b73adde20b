// SPDX-License-Identifier: Apache-2.0
#include "app/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "app/remedy_hands.h"
#include "base/text.h"
#include "config/items.h"
#include "query/engine.h"
#include "rule/coverage.h"
#include "rule/limits.h"

namespace bongsu::app {
namespace {

using config::Node;
using config::Part;

Error mistakes(const config::Problems& problems) {
  std::string text;
  for (const std::string& line : problems.lines()) text += (text.empty() ? "" : "\n") + line;
  return {Code::Invalid, std::move(text)};
}

// As files alone say it, or with the overlay; the stock items count as no file of the user's.
std::map<std::string, Node> nodes_of(const Setup& setup, Part part, const config::Overlay& overlay, bool stock,
                                     config::Problems& problems) {
  if (part == Part::Items) {
    const auto folders = rule_folders(setup.share, setup.config);
    return config::merge_items(std::span(folders).subspan(stock ? 0 : 1), overlay, problems);
  }
  auto root = config::parse_yaml(setup.text, setup.file.string(), problems);
  if (!root) return {};
  config::lay_beneath(*root, overlay);
  return config::entries_of(*root, part);
}

std::filesystem::path named(const Setup& setup) { return setup.file.empty() ? "bongsu.yaml" : setup.file; }

void read_part(const Setup& setup, Part part, const config::Overlay& overlay, Outcome& out, config::Problems& problems) {
  if (part == Part::Items)
    out.items = config::read_items(rule_folders(setup.share, setup.config), problems, overlay,
                                   system_names(*setup.profiles, setup.config));
  else out.config = config::parse_main(setup.text, named(setup), problems, overlay);
}

}  // namespace

Result<std::vector<http::Entry>> entries_of(const Setup& setup, Part part) {
  config::Problems problems;
  const auto nodes = nodes_of(setup, part, setup.overlay, true, problems);
  if (!problems.empty()) return mistakes(problems);
  std::vector<http::Entry> out;
  for (const auto& [name, node] : nodes) {
    const auto here = setup.overlay.of(part).find(name);
    out.push_back({name, config::to_json(node), here == setup.overlay.of(part).end() ? "" : config::to_json(here->second)});
  }
  return out;
}

Result<Outcome> try_wish(const Setup& setup, const Wish& wish) {
  BONGSU_TRY_OK(config::check_entry_name(wish.part, wish.name));
  Outcome out;
  out.overlay = setup.overlay;
  config::Problems problems;
  if (!wish.body) {
    if (!out.overlay.erase(wish.part, wish.name))
      return Error{Code::NotFound,
                   fmt::format("{} of {} was not set here; what files say is changed there", wish.name, to_string(wish.part))};
  } else {
    if (!out.overlay.set(wish.part, wish.name, *wish.body, "body", problems)) return mistakes(problems);
    const Node& set = out.overlay.of(wish.part).find(wish.name)->second;
    out.yaml = config::to_yaml(set);
    const auto files = nodes_of(setup, wish.part, {}, false, problems);
    if (const auto own = files.find(wish.name); own != files.end()) {
      for (const Node::Member& member : own->second.members) {
        if (wish.part == Part::Routes || set.find(member.key) != nullptr)
          out.notes.push_back(fmt::format("{}:{} sets {} too, and wins", member.place.file, member.place.line, member.key));
      }
    }
    // A mistake beneath a file's key would come out when that key goes.
    if (!out.notes.empty()) {
      config::Overlay first = out.overlay;
      first.let_win(wish.part, wish.name);
      Outcome unused;
      read_part(setup, wish.part, first, unused, problems);
      if (!problems.empty()) return mistakes(problems);
    }
  }
  read_part(setup, wish.part, out.overlay, out, problems);
  if (!problems.empty()) return mistakes(problems);
  if (wish.part == Part::Remedies && wish.body) {
    const auto& remedies = out.config->remedies.remedies;
    const auto set = remedies.find(wish.name);
    if (set == remedies.end()) return out;
    if (const auto lines = unwritable(set->second, *setup.tree); !lines.empty()) return Error{Code::Invalid, lines.front()};
  }
  return out;
}

std::vector<std::string> judged_now(const rule::ItemSpec& item, const PointSource& points, const DeviceSource& devices,
                                    Millis lookback, Time now) {
  if (!item.enabled) return {"it is switched off"};
  const query::Engine queries(points, {.lookback = lookback});
  const auto answer = queries.instant(*item.expr, now);
  if (!answer) return {"the expression cannot be evaluated now: " + answer.error().text};
  auto limits = rule::Limits::at(item, queries, now);
  if (!limits) return {"the limits cannot be evaluated now: " + limits.error().text};
  const auto known = devices.devices();
  std::map<Severity, std::size_t> beyond;
  std::size_t all = 0;
  const auto judge = [&](const Labels& labels, double value) {
    if (std::isnan(value)) return;
    const auto device =
        std::find_if(known.begin(), known.end(), [&](const DeviceState& d) { return d.name == labels.get("device"); });
    const rule::ItemSpec& spec = rule::spec_for(item, labels, device == known.end() ? nullptr : &*device);
    const auto levels = limits->levels(spec, labels);
    if (!spec.enabled || levels.empty()) return;
    ++all;
    Severity worst = Severity::Normal;
    for (const rule::Level& level : levels) {
      if (spec.below ? value < level.limit : value > level.limit) worst = level.severity;
    }
    if (worst != Severity::Normal) ++beyond[worst];
  };
  if (answer->kind == query::ValueType::Scalar) judge(Labels(), answer->scalar);
  for (const query::VectorSample& sample : answer->vector) judge(sample.labels->without(kMetricName), sample.value);
  std::vector<std::string> out;
  for (const auto& [level, count] : beyond)
    out.push_back(fmt::format("{} of {} {} beyond {} now", count, all, count == 1 ? "is" : "are", to_string(level)));
  if (out.empty()) out.push_back(all == 0 ? "it gives no value now" : fmt::format("none of {} is beyond a limit now", all));
  return out;
}

}  // namespace bongsu::app
