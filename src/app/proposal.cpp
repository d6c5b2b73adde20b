// SPDX-License-Identifier: Apache-2.0
#include "app/proposal.h"

#include "poll/collect.h"

namespace bongsu::app {

namespace {

constexpr std::size_t kMostValues = 20'000;
constexpr std::string_view kProposed = "proposed-";

// What the profiles that match read, or the earlier proposals among them.
std::set<Oid> covered_by(const poll::ProfileSet& profiles, const poll::Collection& found, bool proposed) {
  std::set<std::string_view> matched;
  for (const poll::Explanation& one : found.profiles) {
    if (one.matched && one.profile.starts_with(kProposed) == proposed) matched.insert(one.profile);
  }
  std::set<Oid> out;
  for (const poll::DeviceProfile& profile : profiles.profiles()) {
    if (!matched.contains(profile.name)) continue;
    for (const poll::Group& group : profile.groups) {
      for (const poll::Leaf& leaf : group.leaves) out.insert(leaf.oid);
    }
  }
  return out;
}

}  // namespace

asio::awaitable<Result<discover::Proposal>> propose_for(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                                        std::shared_ptr<const poll::ProfileSet> profiles) {
  poll::CollectOptions once;
  once.second_reading = Millis(0);
  const snmp::Target again = target;
  BONGSU_CO_TRY(const poll::Collection found,
                co_await poll::collect(reactor, client, std::move(target), profiles, std::move(once)));
  auto subject = std::make_shared<discover::Subject>();
  subject->device = again.name;
  if (const auto at = found.info.find("sysObjectID"); at != found.info.end()) {
    if (auto oid = Oid::parse(at->second)) subject->sys_object_id = *std::move(oid);
  }
  subject->covered = covered_by(*profiles, found, false);
  subject->accepted = covered_by(*profiles, found, true);
  for (const poll::CollectedMetric& metric : found.metrics) {
    if (!metric.profile.starts_with(kProposed)) subject->given.insert(metric.name);
  }
  std::function<bool(const Varbind&)> visit = [subject](const Varbind& varbind) {
    if (varbind.value.exists()) subject->walked.push_back(varbind);
    return subject->walked.size() < kMostValues;
  };
  const Oid root = *Oid::parse("1.3.6.1.4.1");
  snmp::WalkLimits limits;
  limits.requests = 5'000;
  limits.time = Millis(60'000);
  const auto end = co_await client.walk(again, root, std::move(visit), limits);
  discover::Proposal proposal = discover::propose(profiles->tree(), *subject);
  if (!end) proposal.notes.push_back("the walk ended early: " + end.error().text);
  else if (subject->walked.size() >= kMostValues)
    proposal.notes.push_back("the device has more values than the 20,000 looked at");
  co_return proposal;
}

}  // namespace bongsu::app
