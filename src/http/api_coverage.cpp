// SPDX-License-Identifier: Apache-2.0
// What should be watched and is not, in one number and by name.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "http/router.h"
#include "rule/coverage.h"

namespace bongsu::http {
namespace {

using Kind = ParamSpec::Kind;

constexpr std::size_t kSenderLines = 5'000;  // newest lines of strangers that are looked at
constexpr Millis kSendersBack = std::chrono::hours(24);

struct Sender {
  std::uint64_t lines = 0;
  Time last;
};

Result<std::map<std::string, Sender>> strangers(const Sources& from) {
  EventQuery query;
  query.kinds = {EventKind::Syslog};
  query.from = from.clock.now() - kSendersBack;
  query.fields = {{"device", ""}};
  query.limit = kSenderLines;
  BONGSU_TRY(const EventPage page, from.events.search(query));
  std::map<std::string, Sender> out;
  for (const Event& event : page.events) {
    Sender& sender = out[event.sender];
    ++sender.lines;
    sender.last = std::max(sender.last, event.received);
  }
  return out;
}

void write_missing(JsonWriter& json, const rule::Coverage::Missing& one) {
  json.begin_object().member("item", one.item).member("title", one.title).member("why", one.why).end_object();
}

// MIB subtrees that answer and that nobody reads, as they were when the device was last looked through.
void write_unused(JsonWriter& json, const std::vector<Survey>& surveys, std::string_view wanted, std::size_t limit) {
  std::size_t rows = 0;
  for (const Survey& survey : surveys) {
    if (survey.unused.empty() || (!wanted.empty() && survey.device != wanted)) continue;
    if (rows++ == limit) return;
    json.begin_object().member("device", survey.device).member("sysObjectID", survey.sys_object_id.to_string());
    json.member("at", survey.at).member("profile", survey.profile).member("series", static_cast<std::uint64_t>(survey.series));
    json.key("subtrees").begin_array();
    for (const Survey::Subtree& one : survey.unused) {
      json.begin_object().member("oid", one.oid.to_string()).member("name", one.name);
      json.member("values", static_cast<std::uint64_t>(one.values)).member("proposed", one.proposed).end_object();
    }
    json.end_array().end_object();
  }
}

rule::Coverage covered(const Sources& from, const std::vector<rule::ItemSpec>& items) {
  const auto devices = from.devices.devices();
  const query::Engine queries(from.points, {.lookback = from.lookback});
  return rule::coverage_of(items, devices, from.alarms.items(std::string_view()),
                           rule::switched_off(items, devices, queries, from.clock.now()));
}

Reply coverage(const Call& call) {
  const auto items = call.sources.items();
  rule::Coverage found = covered(call.sources, *items);
  if (call.sources.rules) {
    // Nobody can say yet what an item gives that was not judged since the start.
    std::set<std::string, std::less<>> judged;
    for (const RuleState& rule : call.sources.rules()) {
      if (rule.judged) judged.insert(rule.item->name);
    }
    std::erase_if(found.idle, [&](const rule::Coverage::Missing& one) { return !judged.contains(one.item); });
  }
  const auto senders = strangers(call.sources);
  if (!senders) return problem(senders.error(), "see the daemon's log and /readyz");
  std::vector<notify::ChannelState> untried;
  std::size_t channels = 0;
  if (call.sources.channels) {
    for (notify::ChannelState& channel : call.sources.channels()) {
      ++channels;
      if (!channel.reached) untried.push_back(std::move(channel));
    }
  }
  std::vector<std::string> unreached;  // people
  std::size_t people = 0;
  if (call.sources.people) {
    for (notify::PersonState& person : call.sources.people()) {
      ++people;
      if (!person.reached) unreached.push_back(std::move(person.name));
    }
  }
  // Each expected item is a check, and so is each device of which nobody knows what it should have, each item that gives nothing,
  // each stranger, each channel and each person.
  std::size_t expected = 0, watched = 0, checks = channels + people + found.idle.size() + senders->size();
  std::size_t good = channels - untried.size() + people - unreached.size();
  for (const rule::Coverage::Device& device : found.devices) {
    expected += device.expected;
    watched += device.watched;
    checks += device.expected + (device.unclear() ? 1 : 0);
    good += device.watched;
  }

  const bool all = call.params.text("state") == "all";
  const std::string_view wanted = call.params.text("device");
  const auto after = call.params.cursor("cursor");
  const std::size_t limit = call.params.count("limit");
  std::string body;
  std::string next;
  JsonWriter json(body);
  json.begin_object().member("score", static_cast<std::uint64_t>(found.devices.empty() ? 0 : 100 * good / checks));
  json.member("expected", static_cast<std::uint64_t>(expected)).member("watched", static_cast<std::uint64_t>(watched));
  json.key("devices").begin_array();
  std::size_t rows = 0;
  std::string last;
  for (const rule::Coverage::Device& device : found.devices) {
    if ((after && device.name <= *after) || (!wanted.empty() && device.name != wanted)) continue;
    if (!all && wanted.empty() && !device.unclear() && device.missing.empty()) continue;
    if (rows++ == limit) {
      next = encode_cursor('c', last);
      break;
    }
    last = device.name;
    json.begin_object().member("device", device.name).member("os", device.os).member("kind", device.kind);
    json.member("expected", static_cast<std::uint64_t>(device.expected));
    json.member("watched", static_cast<std::uint64_t>(device.watched)).key("missing").begin_array();
    for (const rule::Coverage::Missing& one : device.missing) write_missing(json, one);
    json.end_array().end_object();
  }
  json.end_array().key("idle").begin_array();
  for (const rule::Coverage::Missing& one : found.idle) write_missing(json, one);
  json.end_array().key("senders").begin_array();
  for (const auto& [address, sender] : *senders)
    json.begin_object().member("sender", address).member("lines", sender.lines).member("last", sender.last).end_object();
  json.end_array().key("channels").begin_array();
  for (const notify::ChannelState& channel : untried)
    json.begin_object().member("name", channel.name).member("type", channel.type).member("problem", channel.problem).end_object();
  json.end_array().key("people").begin_array();
  for (const std::string& name : unreached) json.value(name);
  json.end_array().key("unused").begin_array();
  if (call.sources.surveys) write_unused(json, call.sources.surveys(), wanted, limit);
  json.end_array();
  write_next(json, next);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

// What was set for an item, without that which switches it off; nothing where nothing set here does so and `whole` is not asked.
std::optional<nlohmann::json> switched_on(const std::string& here, bool whole) {
  auto value = nlohmann::json::parse(here, nullptr, false);
  if (!value.is_object()) value = nlohmann::json::object();
  bool changed = whole;
  if (whole) value["enabled"] = "true";
  if (const auto overrides = value.find("overrides"); overrides != value.end() && overrides->is_array()) {
    nlohmann::json kept = nlohmann::json::array();
    for (nlohmann::json& one : *overrides) {
      if (one.is_object() && one.contains("enabled") && one["enabled"] == "false") {
        changed = true;
        one.erase("enabled");
        // With nothing left but whom it is for, it says nothing.
        if (one.size() == one.count("match") + one.count("for")) continue;
      }
      kept.push_back(std::move(one));
    }
    if (kept.empty()) value.erase(overrides);
    else *overrides = std::move(kept);
  }
  return changed ? std::optional(std::move(value)) : std::nullopt;
}

// Switches on what is switched off and should not be; what else is missing nobody can set.
Reply set_missing(const Call& call) {
  const bool dry = call.params.text("dry_run") == "true";
  const std::string_view wanted = call.params.text("device");
  const auto items = call.sources.items();
  const rule::Coverage found = covered(call.sources, *items);
  std::map<std::string, bool> off;  // the whole of it?
  std::map<std::string, rule::Coverage::Missing> left;
  for (const rule::Coverage::Device& device : found.devices) {
    if (!wanted.empty() && device.name != wanted) continue;
    for (const rule::Coverage::Missing& one : device.missing) {
      const auto item = std::find_if(items->begin(), items->end(), [&](const auto& spec) { return spec.name == one.item; });
      if (one.why == rule::kSwitchedOff) off.emplace(one.item, !item->enabled);
      else left.emplace(one.item, one);
    }
  }
  const auto entries = call.sources.entries("items");
  if (!entries) return problem(entries.error(), "bongsu check names each mistake in the files");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("dry_run", dry).key("set").begin_array();
  for (const auto& [item, whole] : off) {
    const auto entry = std::find_if(entries->begin(), entries->end(), [&](const Entry& one) { return one.name == item; });
    const auto value = switched_on(entry == entries->end() ? std::string() : entry->here, whole);
    if (!value) {
      left.emplace(item,
                   rule::Coverage::Missing{item, item, "an override in a file switches it off there; take it out of the file"});
      continue;
    }
    // Nothing is left of what was set here: then it goes, and what the files say holds.
    const auto set = call.sources.set_entry("items", item, value->empty() ? std::nullopt : std::optional(value->dump()), dry);
    // A file of the user's that switches it off wins.
    const auto says = [&](const std::string& note) {
      return note.find(whole ? " sets enabled too" : " sets overrides too") != note.npos;
    };
    const auto wins = set ? std::find_if(set->notes.begin(), set->notes.end(), says) : std::vector<std::string>::const_iterator();
    if (set && wins == set->notes.end()) json.value(item);
    else left.emplace(item, rule::Coverage::Missing{item, item, set ? *wins : set.error().text});
  }
  json.end_array().key("left").begin_array();
  for (const auto& [name, one] : left) write_missing(json, one);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> coverage_routes(const Sources& sources) {
  if (!sources.items) return {};
  std::vector<Route> out;
  if (sources.entries && sources.set_entry) {
    out.push_back({"POST",
                   "/api/v1/coverage/set",
                   "Switches on each item that devices should have and that is switched off",
                   {{.name = "device", .about = "what this device lacks alone"},
                    {.name = "dry_run", .kind = Kind::Word, .about = "true: says what it would do", .words = {"false", "true"}}},
                   set_missing,
                   Route::Shape::Json,
                   "CoverageSet",
                   {403, 415, 503}});
  }
  out.push_back(
      {"GET",
       "/api/v1/coverage",
       "What should be watched and is not: items by device, items for nobody, unknown senders of the last 24 hours, channels "
       "and people that nothing ever reached",
       {{.name = "state",
         .kind = Kind::Word,
         .about = "devices that lack something (usual), or all",
         .words = {"missing", "all"}},
        {.name = "device", .about = "of this device"},
        {.name = "limit", .kind = Kind::Count, .about = "most devices in the answer", .high = 10'000, .usual = 1'000},
        {.name = "cursor", .kind = Kind::Cursor, .about = "\"next\" of the page before", .mark = 'c'}},
       coverage,
       Route::Shape::Json,
       "Coverage",
       {422, 503}});
  return out;
}

}  // namespace bongsu::http
