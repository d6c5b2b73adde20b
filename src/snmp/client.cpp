// SPDX-License-Identifier: Apache-2.0
#include "snmp/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "net/promise.h"

namespace bongsu::snmp {
namespace {

Result<Response> own(const Result<Answer>& answer) {
  if (!answer) return answer.error();
  Response out{.varbinds = {}, .error_status = answer->error_status, .error_index = answer->error_index, .rtt = answer->rtt};
  out.varbinds.reserve(answer->varbinds.size());
  for (const VarbindView& varbind : answer->varbinds) out.varbinds.push_back(varbind.to_varbind());
  return out;
}

Error refusal(const Target& target, PduType type, std::int32_t status, std::string_view about) {
  const bool denied = status == kNoAccess || status == kAuthorizationError;
  return {denied ? Code::Denied : Code::Refused,
          fmt::format("{} ({}): the agent answered {} to {} of {}", target.name, target.endpoint.to_string(),
                      error_status_name(status), to_string(type), about)};
}

// The OID that error-index points at, or all of them.
std::string blamed(const std::vector<Varbind>& asked, std::int32_t index) {
  if (index >= 1 && static_cast<std::size_t>(index) <= asked.size())
    return asked[static_cast<std::size_t>(index) - 1].oid.to_string();
  return fmt::format("{} objects from {}", asked.size(), asked.empty() ? "" : asked.front().oid.to_string());
}

}  // namespace

// A GET in parts, and how it goes on after each answer.
// Not in an anonymous namespace: it lives in a coroutine's frame.
class Gathering {
 public:
  Gathering(const Target& target, std::vector<Oid> oids, std::size_t most) : target_(target), most_(most) {
    for (Oid& oid : oids) response_.varbinds.push_back({std::move(oid), {.type = ValueType::NoSuchObject}});
    for (std::size_t i = 0; i < response_.varbinds.size(); ++i) left_.push_back(i);
  }
  bool done() const { return left_.empty(); }
  std::vector<Varbind> next() {
    std::vector<Varbind> out;
    for (std::size_t i = 0; i < std::min(most_, left_.size()); ++i) out.push_back({response_.varbinds[left_[i]].oid, {}});
    return out;
  }
  Status take(std::vector<Varbind> asked, Response answer) {
    response_.rtt = std::max(response_.rtt, answer.rtt);
    if (answer.error_status == kTooBig && asked.size() > 1) {
      most_ = asked.size() / 2;
      return {};
    }
    if (answer.error_status == kNoSuchName) {
      if (answer.error_index >= 1 && static_cast<std::size_t>(answer.error_index) <= asked.size()) {
        left_.erase(left_.begin() + (answer.error_index - 1));
      } else if (asked.size() == 1) {
        left_.erase(left_.begin());
      } else {
        most_ = 1;  // it does not say which: ask for each alone
      }
      return {};
    }
    if (answer.error_status != kNoError)
      return refusal(target_, PduType::GetRequest, answer.error_status, blamed(asked, answer.error_index));
    bool same = answer.varbinds.size() == asked.size();
    for (std::size_t i = 0; same && i < asked.size(); ++i) same = answer.varbinds[i].oid == asked[i].oid;
    if (!same)
      return Error{Code::Invalid,
                   fmt::format("{} ({}): the agent answered other objects than the {} asked for from {}; its answer is not used",
                               target_.name, target_.endpoint.to_string(), asked.size(), asked.front().oid.to_string())};
    for (std::size_t i = 0; i < asked.size(); ++i) response_.varbinds[left_[i]].value = std::move(answer.varbinds[i].value);
    left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(asked.size()));
    return {};
  }
  Response response() { return std::move(response_); }

 private:
  const Target& target_;
  std::size_t most_;
  Response response_;
  std::vector<std::size_t> left_;  // positions without an answer
};

// Walks under way and walks kept for the next ones.
struct Client::Walks {
  std::vector<std::unique_ptr<TableWalk>> all;
  std::vector<TableWalk*> idle;
};

Client::Client(net::Reactor& reactor, Metrics& metrics, ClientOptions options)
    : options_(std::move(options)),
      exchanges_(reactor, metrics, options_.exchange, options_.keeper),
      walks_(std::make_unique<Walks>()) {}
Client::~Client() = default;

std::size_t Client::in_flight() const { return exchanges_.in_flight(); }
void Client::request(const Target& target, const Ask& ask, Answered then) { exchanges_.request(target, ask, std::move(then)); }

Status Client::remember(const StateStore& store) { return exchanges_.remember(store); }

void Client::forget(const net::Endpoint& endpoint) {
  exchanges_.forget(endpoint);
  dialects().forget(endpoint);
}

asio::awaitable<Result<Response>> Client::ask_owning(Target target, PduType type, int first, int second,
                                                     std::vector<Varbind> varbinds) {
  Encoder encoder;
  encoder.start();
  for (const Varbind& varbind : varbinds) {
    if (auto added = encoder.add(varbind); !added) co_return std::move(added).error().context(target.name);
  }
  // The engine takes views: those of the octets just made.
  std::vector<std::uint8_t> octets(encoder.varbinds().begin(), encoder.varbinds().end());
  std::vector<VarbindView> views;
  const ber::Fault fault = read_varbinds(octets, views);
  BONGSU_CHECK(fault == ber::Fault::None);
  net::Promise<Result<Response>> promise(exchanges_.reactor());
  Answered then = [&promise](Result<Answer> answer) { promise.set(own(answer)); };
  Ask ask{.type = type, .non_repeaters = first, .max_repetitions = second, .varbinds = views};
  exchanges_.request(target, ask, std::move(then));
  co_return co_await promise.wait();
}

asio::awaitable<Result<Response>> Client::get(Target target, std::vector<Oid> oids) {
  Gathering gathering(target, std::move(oids), std::max<std::size_t>(options_.get_varbinds, 1));
  while (!gathering.done()) {
    std::vector<Varbind> asked = gathering.next();
    auto answer = co_await ask_owning(target, PduType::GetRequest, 0, 0, asked);
    if (!answer) co_return std::move(answer).error();
    if (auto taken = gathering.take(std::move(asked), std::move(*answer)); !taken) co_return std::move(taken).error();
  }
  co_return gathering.response();
}

asio::awaitable<Result<Response>> Client::get_next(Target target, std::vector<Oid> oids) {
  std::vector<Varbind> asked;
  for (Oid& oid : oids) asked.push_back({std::move(oid), {}});
  co_return co_await ask_owning(std::move(target), PduType::GetNext, 0, 0, std::move(asked));
}

asio::awaitable<Result<Response>> Client::get_bulk(Target target, std::vector<Oid> oids, int non_repeaters, int max_repetitions) {
  if (target.credentials && target.credentials->version == Version::V1)
    co_return Error{Code::Unsupported, target.name + ": SNMPv1 has no GETBULK; ask with GETNEXT, or use v2c"};
  std::vector<Varbind> asked;
  for (Oid& oid : oids) asked.push_back({std::move(oid), {}});
  co_return co_await ask_owning(std::move(target), PduType::GetBulk, non_repeaters, max_repetitions, std::move(asked));
}

asio::awaitable<Result<Response>> Client::set(Target target, std::vector<Varbind> varbinds) {
  auto answer = co_await ask_owning(target, PduType::Set, 0, 0, varbinds);
  if (answer && answer->error_status != kNoError)
    co_return refusal(target, PduType::Set, answer->error_status, blamed(varbinds, answer->error_index));
  co_return answer;
}

void Client::walk_columns(const Target& target, std::shared_ptr<const Columns> columns, const WalkLimits& limits, CellSink sink,
                          WalkDone done) {
  Walks& walks = *walks_;
  if (walks.idle.empty()) {
    walks.all.push_back(std::make_unique<TableWalk>(exchanges_));
    walks.idle.push_back(walks.all.back().get());
  }
  TableWalk* walk = walks.idle.back();
  walks.idle.pop_back();
  WalkDone then = [&walks, walk, done = std::move(done)](Result<WalkEnd> end) {
    walks.idle.push_back(walk);
    done(std::move(end));
  };
  walk->start(target, std::move(columns), limits, std::move(sink), std::move(then));
}

void Client::table(const Target& target, std::shared_ptr<const Columns> columns, CellSink sink, WalkDone done) {
  walk_columns(target, std::move(columns), options_.limits, std::move(sink), std::move(done));
}

asio::awaitable<Result<WalkEnd>> Client::table(Target target, std::shared_ptr<const Columns> columns, CellSink sink) {
  net::Promise<Result<WalkEnd>> promise(exchanges_.reactor());
  WalkDone done = [&promise](Result<WalkEnd> end) { promise.set(std::move(end)); };
  walk_columns(target, std::move(columns), options_.limits, std::move(sink), std::move(done));
  co_return co_await promise.wait();
}

asio::awaitable<Result<Table>> Client::table(Target target, std::vector<Oid> columns) {
  auto made = Columns::make(columns);
  if (!made) co_return std::move(made).error().context(target.name);
  std::map<std::vector<std::uint32_t>, std::vector<std::optional<Value>>> rows;
  const std::size_t width = columns.size();
  CellSink sink = [&rows, width](const Cell& cell) {
    auto& row = rows[std::vector<std::uint32_t>(cell.index.begin(), cell.index.end())];
    row.resize(width);
    row[cell.column] = cell.value.to_value();
    return true;
  };
  auto end = co_await table(std::move(target), std::move(*made), std::move(sink));
  if (!end) co_return std::move(end).error();
  Table out{.rows = {}, .end = std::move(*end)};
  out.rows.reserve(rows.size());
  while (!rows.empty()) {
    auto row = rows.extract(rows.begin());
    out.rows.push_back({std::move(row.key()), std::move(row.mapped())});
  }
  co_return out;
}

asio::awaitable<Result<WalkEnd>> Client::walk(Target target, Oid root, std::function<bool(const Varbind&)> visit) {
  WalkLimits limits = options_.limits;
  co_return co_await walk(std::move(target), std::move(root), std::move(visit), limits);
}

asio::awaitable<Result<WalkEnd>> Client::walk(Target target, Oid root, std::function<bool(const Varbind&)> visit,
                                              WalkLimits limits) {
  std::vector<Oid> roots(1, root);
  auto columns = Columns::make(roots);
  if (!columns) co_return std::move(columns).error().context(target.name);
  net::Promise<Result<WalkEnd>> promise(exchanges_.reactor());
  CellSink sink = [&visit](const Cell& cell) { return visit({cell.name.to_oid(), cell.value.to_value()}); };
  WalkDone done = [&promise](Result<WalkEnd> end) { promise.set(std::move(end)); };
  walk_columns(target, std::move(*columns), limits, std::move(sink), std::move(done));
  auto end = co_await promise.wait();
  if (!end || end->cells > 0 || root.size() < 2) co_return end;
  auto itself = co_await get(std::move(target), std::move(roots));
  if (!itself) co_return std::move(itself).error();
  ++end->requests;
  end->rtt = std::max(end->rtt, itself->rtt);
  const Varbind& object = itself->varbinds.front();
  if (object.value.exists()) {
    ++end->cells;
    visit(object);
  }
  co_return end;
}

}  // namespace bongsu::snmp
