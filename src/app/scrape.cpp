// SPDX-License-Identifier: Apache-2.0
#include "app/scrape.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "app/proposal.h"
#include "base/text.h"
#include "model/marker.h"
#include "poll/collect.h"

namespace bongsu::app {

// Of one device: its values, or a proposal.
struct Scraper::Read {
  poll::Collection collection;
  discover::Proposal proposal;
};

namespace {

// Between the worker that waits and the coroutine, which goes on when nobody waits any more.
struct Meeting {
  std::mutex mutex;
  std::condition_variable_any done;
  std::optional<Result<poll::Collection>> result;
  discover::Proposal proposal;
  bool propose = false;
  std::size_t credential = 0;
};

class Mark {
 public:
  explicit Mark(std::shared_ptr<std::atomic<std::size_t>> count) : count_(std::move(count)) { ++*count_; }
  ~Mark() {
    if (count_) --*count_;
  }
  Mark(Mark&& other) noexcept = default;
  Mark& operator=(Mark&&) = delete;

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_;
};

asio::awaitable<Result<poll::Collection>> read_device(net::Reactor& reactor, snmp::Client& client, poll::DeviceSpec device,
                                                      std::shared_ptr<const poll::ProfileSet> profiles, std::string module,
                                                      std::shared_ptr<Meeting> meeting) {
  auto found = co_await net::resolve(reactor, device.address);
  BONGSU_CO_TRY(const net::Address address, std::move(found));
  std::optional<Error> first;
  const std::size_t begin = meeting->credential;
  for (std::size_t i = 0; i < device.credentials.size(); ++i) {
    const std::size_t at = (begin + i) % device.credentials.size();
    snmp::Target target;
    target.name = device.name;
    target.endpoint = {address, device.port};
    target.transport = device.transport;
    target.reply_from = device.reply_from;
    target.credentials = device.credentials[at];
    target.timeout = device.timeout;
    target.retries = device.retries;
    if (meeting->propose) {
      auto proposal = co_await propose_for(reactor, client, std::move(target), profiles);
      if (proposal) {
        meeting->credential = at;
        meeting->proposal = *std::move(proposal);
        co_return poll::Collection();
      }
      if (!first) first = std::move(proposal).error();
      continue;
    }
    poll::CollectOptions options;
    options.second_reading = Millis(0);
    options.only = module;
    auto read = co_await poll::collect(reactor, client, std::move(target), profiles, std::move(options));
    if (read) {
      meeting->credential = at;
      co_return read;
    }
    if (!first) first = std::move(read).error();
  }
  co_return first.value_or(
      Error{Code::Invalid, device.name + ": no credentials are configured for it; give some under devices:"});
}

asio::awaitable<void> read_and_tell(net::Reactor& reactor, snmp::Client& client, poll::DeviceSpec device,
                                    std::shared_ptr<const poll::ProfileSet> profiles, std::string module,
                                    std::shared_ptr<Meeting> meeting, [[maybe_unused]] Mark mark) {
  auto result = co_await read_device(reactor, client, std::move(device), std::move(profiles), std::move(module), meeting);
  {
    const std::lock_guard hold(meeting->mutex);
    meeting->result.emplace(std::move(result));
  }
  meeting->done.notify_all();
}

http::Scraped as_scraped(poll::Collection found) {
  http::Scraped out;
  out.seconds = std::chrono::duration<double>(found.took).count();
  out.failed = found.errors.size();
  for (poll::CollectedMetric& metric : found.metrics) {
    if (is_marker(metric.value)) continue;
    const std::string what = metric.unit.empty() ? metric.profile : metric.profile + ", in " + metric.unit;
    const std::string oid = metric.oid.to_string();
    std::string help = oid.empty() ? what : what + " - " + oid;
    out.rows.push_back({std::move(metric.name), std::move(metric.labels), metric.value, std::move(help)});
  }
  Labels info{{std::string(kMetricName), "device_info"}};
  for (const auto& [name, value] : found.info) {
    if (name != "sysDescr") info.set(name, value);
  }
  if (!found.info.empty()) out.rows.push_back({"device_info", std::move(info), 1, "what the device is"});
  return out;
}

}  // namespace

void Scraper::know(const std::vector<poll::DeviceSpec>& devices) {
  *devices_.lock() = std::make_shared<const std::vector<poll::DeviceSpec>>(devices);
}

Result<poll::DeviceSpec> Scraper::find(std::string_view target) const {
  const auto devices = *devices_.lock();
  const poll::DeviceSpec* found = nullptr;
  for (const poll::DeviceSpec& device : *devices) {
    if (device.name == target) return device;
    const std::string whole = device.address.find(':') == std::string::npos ? fmt::format("{}:{}", device.address, device.port)
                                                                            : fmt::format("[{}]:{}", device.address, device.port);
    if (found == nullptr && (device.address == target || whole == target)) found = &device;
  }
  if (found) return *found;
  return Error{Code::NotFound,
               fmt::format("no configured device has the name or address \"{}\": /api/v1/devices lists them, and only "
                           "those are asked; add it under devices: in the configuration",
                           escape_terminal(target.substr(0, 200)))};
}

Result<http::Scraped> Scraper::ask(std::string_view target, std::string_view module, std::stop_token gone) {
  BONGSU_TRY(Read read, wait_for(target, module, false, std::move(gone)));
  if (read.collection.metrics.empty() && !read.collection.errors.empty()) return read.collection.errors.front().error;
  return as_scraped(std::move(read.collection));
}

Result<discover::Proposal> Scraper::propose(std::string_view target, std::stop_token gone) {
  BONGSU_TRY(Read read, wait_for(target, {}, true, std::move(gone)));
  return std::move(read.proposal);
}

Result<Scraper::Read> Scraper::wait_for(std::string_view target, std::string_view module, bool propose, std::stop_token gone) {
  BONGSU_TRY(poll::DeviceSpec device, find(target));
  auto profiles = profiles_.get();
  const auto& known = profiles->profiles();
  if (!module.empty() &&
      std::none_of(known.begin(), known.end(), [&](const poll::DeviceProfile& one) { return one.name == module; })) {
    std::vector<std::string_view> names;
    for (const poll::DeviceProfile& one : known) names.push_back(one.name);
    const auto meant = nearest(module, names);
    return Error{Code::NotFound, fmt::format("Unknown module '{}'{}; a module is one of the {} profiles, or leave it out for all "
                                             "that match the device",
                                             escape_terminal(module.substr(0, 200)),
                                             meant ? fmt::format(" (did you mean '{}'?)", *meant) : "", names.size())};
  }
  if (!device.snmp) return Error{Code::NotFound, device.name + " is configured without SNMP; give it credentials"};
  if (*under_way_ >= kAtOnce)
    return Error{Code::Limit, fmt::format("{} readings are under way already; scrape less often", kAtOnce)};
  const std::string name = device.name;
  auto meeting = std::make_shared<Meeting>();
  meeting->propose = propose;
  {
    const auto worked = worked_.lock();
    const auto at = worked->find(name);
    if (at != worked->end() && at->second < device.credentials.size()) meeting->credential = at->second;
  }
  reactor_.post([&reactor = reactor_, &client = client_, device = std::move(device), profiles = std::move(profiles),
                 module = std::string(module), meeting, mark = std::make_shared<Mark>(under_way_)]() mutable {
    reactor.spawn(
        read_and_tell(reactor, client, std::move(device), std::move(profiles), std::move(module), meeting, std::move(*mark)));
  });
  std::unique_lock hold(meeting->mutex);
  const bool told = meeting->done.wait_for(hold, gone, kPatience, [&] { return meeting->result.has_value(); });
  if (!told) {
    if (gone.stop_requested()) return Error{Code::Cancelled, name + ": the asker went away"};
    return Error{Code::Timeout,
                 name + ": not read whole within 120 s; name a module, or scrape its tables by Bongsu's own series"};
  }
  BONGSU_TRY(poll::Collection found, std::move(*meeting->result));
  worked_.lock()->insert_or_assign(name, meeting->credential);
  return Read{std::move(found), std::move(meeting->proposal)};
}

}  // namespace bongsu::app
