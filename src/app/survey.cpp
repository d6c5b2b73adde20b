// SPDX-License-Identifier: Apache-2.0
#include "app/survey.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/log.h"

namespace bongsu::app {

namespace {

constexpr std::string_view kTable = "survey";
constexpr int kVersion = 1;
constexpr Millis kBetween{1'000};  // of two looks
constexpr Millis kNothingDue{15'000};
constexpr Millis kAfterFailure = std::chrono::hours(1);

using Json = nlohmann::json;

std::string record_of(const http::Survey& survey) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("version", static_cast<std::uint64_t>(kVersion))
      .member("at", static_cast<std::uint64_t>(to_ms(survey.at)));
  json.member("sysObjectID", survey.sys_object_id.to_string()).member("os", survey.os);
  json.member("values", static_cast<std::uint64_t>(survey.values)).member("profile", survey.profile);
  json.member("series", static_cast<std::uint64_t>(survey.series)).key("unused").begin_array();
  for (const http::Survey::Subtree& one : survey.unused)
    json.begin_object()
        .member("oid", one.oid.to_string())
        .member("name", one.name)
        .member("values", static_cast<std::uint64_t>(one.values))
        .member("proposed", one.proposed)
        .end_object();
  json.end_array().end_object();
  return out;
}

std::optional<http::Survey> survey_of(std::string_view device, std::string_view record) {
  const Json told = Json::parse(record, nullptr, false);
  if (!told.is_object() || told.value("version", 0) != kVersion) return std::nullopt;
  http::Survey out{.device = std::string(device)};
  out.at = time_from_ms(told.value("at", std::int64_t{0}));
  if (auto oid = Oid::parse(told.value("sysObjectID", ""))) out.sys_object_id = *std::move(oid);
  out.os = told.value("os", "");
  out.values = told.value("values", std::size_t{0});
  out.profile = told.value("profile", "");
  out.series = told.value("series", std::size_t{0});
  for (const Json& one : told.value("unused", Json::array())) {
    auto oid = Oid::parse(one.value("oid", ""));
    if (oid)
      out.unused.push_back(
          {*std::move(oid), one.value("name", ""), one.value("values", std::size_t{0}), one.value("proposed", false)});
  }
  return out;
}

std::string info_of(const DeviceState& device, const char* name) {
  const auto at = device.info.find(name);
  return at == device.info.end() ? std::string() : at->second;
}

}  // namespace

Surveyor::Surveyor(StateKeeper& keeper, const Clock& clock, const DeviceSource& devices, Metrics& metrics, Look look)
    : keeper_(keeper),
      clock_(clock),
      devices_(devices),
      look_(std::move(look)),
      looks_(metrics.counter("bongsu_survey_looks_total", "devices that were walked for what nobody reads of them")),
      failed_(
          metrics.counter("bongsu_survey_failed_total", "devices that could not be walked for that; tried again in an hour")) {}

Result<std::unique_ptr<Surveyor>> Surveyor::open(const StateStore& kept, StateKeeper& keeper, const Clock& clock,
                                                 const DeviceSource& devices, Metrics& metrics, Look look) {
  auto made = std::unique_ptr<Surveyor>(new Surveyor(keeper, clock, devices, metrics, std::move(look)));
  const auto known = made->known_.lock();
  BONGSU_TRY_OK(kept.scan(kTable, {}, [&](std::string_view key, std::string_view value) {
    // What cannot be read is looked at anew.
    if (auto survey = survey_of(key, value)) known->insert_or_assign(std::string(key), *std::move(survey));
    return true;
  }));
  return made;
}

// A device of a known system that another one of the same make stands for is left alone.
bool Surveyor::due(const DeviceState& device, const std::map<std::string, http::Survey, std::less<>>& known) const {
  if (!device.snmp_up.value_or(false) || !device.last_poll) return false;
  const std::string id = info_of(device, "sysObjectID"), os = info_of(device, "os");
  const auto mine = known.find(device.name);
  if (mine != known.end())
    return mine->second.sys_object_id.to_string() != id && !(id.empty() && mine->second.sys_object_id.empty());
  if (os.empty()) return true;
  return std::none_of(known.begin(), known.end(),
                      [&](const auto& one) { return one.second.os == os && one.second.sys_object_id.to_string() == id; });
}

Millis Surveyor::step() {
  const auto devices = devices_.devices();
  const SteadyTime now = clock_.steady();
  const auto wished = *again_.lock();
  std::string next;
  {
    const auto known = known_.lock();
    // Before the poller knows its devices there are none.
    for (auto at = known->begin(); !devices.empty() && at != known->end();) {
      const bool there =
          std::any_of(devices.begin(), devices.end(), [&](const DeviceState& one) { return one.name == at->first; });
      if (there) {
        ++at;
        continue;
      }
      keeper_.erase(kTable, at->first);
      at = known->erase(at);
    }
    for (const DeviceState& device : devices) {
      const auto wait = not_before_.find(device.name);
      if (wait != not_before_.end() && now < wait->second) continue;
      const bool wanted = wished.contains(device.name) && device.snmp_up.value_or(false);
      if (!wanted && !due(device, *known)) continue;
      next = device.name;
      break;
    }
  }
  if (next.empty() || stop_.stop_requested()) return kNothingDue;
  again_.lock()->erase(next);
  const auto found = look_(next, stop_.get_token());
  looks_.add();
  if (!found) {
    failed_.add();
    not_before_[next] = now + kAfterFailure;
    if (found.error().code != Code::Cancelled) log::info("{} was not looked through: {}", next, found.error().text);
    return kBetween;
  }
  not_before_.erase(next);
  take(next, *found);
  return kBetween;
}

void Surveyor::take(std::string_view device, const discover::Proposal& found) {
  http::Survey survey{
      .device = std::string(device), .sys_object_id = found.sys_object_id, .at = clock_.now(), .values = found.values};
  if (const auto state = devices_.device(device)) survey.os = info_of(*state, "os");
  if (!found.yaml.empty()) survey.profile = found.profile, survey.series = found.series;
  for (const discover::Unused& one : found.unused) survey.unused.push_back({one.oid, one.name, one.values, one.proposed});
  keeper_.put(kTable, survey.device, record_of(survey));
  known_.lock()->insert_or_assign(survey.device, std::move(survey));
}

void Surveyor::again(const std::vector<std::string>& devices) { again_.lock()->insert(devices.begin(), devices.end()); }

std::vector<std::string> Surveyor::with_proposal(std::string_view profile) const {
  std::vector<std::string> out;
  for (const auto& [name, survey] : *known_.lock()) {
    if (survey.profile == profile) out.push_back(name);
  }
  return out;
}

std::vector<http::Survey> Surveyor::all() const {
  std::vector<http::Survey> out;
  for (const auto& [name, survey] : *known_.lock()) out.push_back(survey);
  return out;
}

}  // namespace bongsu::app
