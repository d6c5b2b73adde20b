// SPDX-License-Identifier: Apache-2.0
#include "snmp/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "net/promise.h"

namespace bongsu::snmp {
namespace {

// Of what was learned: a device that changes at each answer is put no more often than this.
constexpr std::chrono::seconds kKeepEvery{10};
constexpr std::size_t kKeepAtOnce = 1'000;

Response own(const Answer& answer) {
  Response out{.varbinds = {}, .error_status = answer.error_status, .error_index = answer.error_index, .rtt = answer.rtt};
  out.varbinds.reserve(answer.varbinds.size());
  for (const VarbindView& varbind : answer.varbinds) out.varbinds.push_back(varbind.to_varbind());
  return out;
}

Error refusal(const Target& target, PduType type, std::int32_t status, std::string_view about) {
  const bool denied = status == kNoAccess || status == kAuthorizationError;
  return {denied ? Code::Denied : Code::Refused,
          fmt::format("{}: the agent answered {} to {} of {}{}", who(target), error_status_name(status), to_string(type), about,
                      denied && target.credentials ? ": " + rights_advice(*target.credentials) : "")};
}

// Whether each can be the answer to a GETNEXT.
bool all_follow(const Response& answer) {
  return std::all_of(answer.varbinds.begin(), answer.varbinds.end(),
                     [](const Varbind& found) { return found.value.exists() || found.value.type == ValueType::EndOfMibView; });
}

// The OID that error-index points at, or all of them.
std::string blamed(const std::vector<Varbind>& asked, std::int32_t index) {
  if (index >= 1 && static_cast<std::size_t>(index) <= asked.size())
    return asked[static_cast<std::size_t>(index) - 1].oid.to_string();
  return fmt::format("{} objects from {}", asked.size(), asked.empty() ? "" : asked.front().oid.to_string());
}

}  // namespace

// An answer as one of the client's own methods sees it.
struct Client::Raw {
  Response response;
  bool reduced = false;
  ber::Fault fault = ber::Fault::None;
};

// A GET in parts, and how it goes on after each answer.
// Not in an anonymous namespace: it lives in a coroutine's frame.
class Gathering {
 public:
  Gathering(const Target& target, Sizing sizing, DialectBook& book, DialectBook::Known& known, std::vector<Oid> oids,
            std::size_t most, Time now)
      : target_(target), sizing_(sizing), book_(book), known_(known), most_(most) {
    for (Oid& oid : oids) response_.varbinds.push_back({std::move(oid), {.type = ValueType::NoSuchObject}});
    for (std::size_t i = 0; i < response_.varbinds.size(); ++i) left_.push_back(i);
    const Observation* seen = known.second.dialect.find(Trait::GetAsNext);
    as_next_ = seen != nullptr && now - seen->last < kAgain && now >= seen->last;
  }
  bool done() const { return left_.empty(); }
  std::vector<Varbind> next() {
    std::vector<Varbind> out;
    const std::size_t count = alone_ ? 1 : std::min({most_, sizing_.most(), left_.size()});
    const std::size_t octets = known_.second.dialect.message_octets;
    std::size_t room = octets == 0 ? SIZE_MAX : std::max(octets, kHeadOctets) - kHeadOctets;
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
      const Oid& oid = response_.varbinds[left_[i]].oid;
      const std::size_t size = 10 + 2 * oid.size();  // about
      if (i > 0 && size > room) break;
      room -= std::min(room, size);
      out.push_back({as_next_ ? before(oid) : oid, {}});
    }
    return out;
  }
  // GETNEXT of the names before, where the agent knows no GET.
  PduType type() const { return as_next_ ? PduType::GetNext : PduType::GetRequest; }
  bool trial(std::size_t asked) const { return sizing_.trying(asked); }
  Target impatient() const { return sizing_.impatient(target_); }

  Status take(const std::vector<Varbind>& asked, Result<Client::Raw> raw) {
    const bool trial = sizing_.trying(asked.size());
    const bool alone = std::exchange(alone_, false);
    if (!raw) {
      if (!trial || raw.error().code != Code::Timeout) return std::move(raw).error();
      sizing_.failed(
          {asked.size(), 1}, Failure::Silent,
          fmt::format("no answer to a GET of {} objects, while {} are answered", asked.size(), known_.second.dialect.varbinds));
      return {};
    }
    Response& answer = raw->response;
    response_.rtt = std::max(response_.rtt, answer.rtt);
    if (raw->reduced) {
      sizing_.failed({asked.size(), 1}, Failure::Silent,
                     fmt::format("no answer to a GET of {} objects, while the first alone is answered", asked.size()));
      return take_some({asked.front()}, answer, raw->fault, true);
    }
    return take_some(asked, answer, raw->fault, alone);
  }
  Response response() { return std::move(response_); }

 private:
  static constexpr std::size_t kHeadOctets = 160;
  static constexpr Millis kAgain{24 * 3'600'000};

  static bool comes_behind(const std::vector<Varbind>& asked, const Response& answer) {
    if (answer.varbinds.size() != asked.size()) return false;
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (!(answer.varbinds[i].oid > asked[i].oid)) return false;
    return true;
  }
  // A name that `oid` comes next to, where it is an object.
  static Oid before(const Oid& oid) {
    if (oid.size() <= 2) return oid;
    std::vector<std::uint32_t> arcs(oid.arcs().begin(), oid.arcs().end());
    if (arcs.back() == 0) arcs.pop_back();
    else --arcs.back();
    return Oid(std::move(arcs));
  }

  Status take_some(const std::vector<Varbind>& asked, Response& answer, ber::Fault fault, bool alone) {
    const Size size{asked.size(), 1};
    if (answer.error_status == kTooBig && asked.size() > 1) {
      sizing_.failed(size, Failure::TooBig, fmt::format("tooBig to a GET of {} objects", asked.size()));
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
    if (answer.error_status != kNoError || answer.varbinds.empty()) {
      const bool unreadable = fault != ber::Fault::None, empty = answer.error_status == kNoError && !unreadable;
      const std::string how = unreadable ? "an answer that cannot be read (" + ber::to_error(fault).text + ")"
                              : empty    ? "an answer without any object"
                                         : error_status_name(answer.error_status);
      if (empty) book_.note(known_, Trait::EmptyAnswer, fmt::format("{} to a GET of {} objects", how, asked.size()));
      if (asked.size() > 1) {  // an object, or so many at once? The one that is named, or the first, tells
        refused_ = fmt::format("{} to a GET of {} objects, while one of them alone is answered", how, asked.size());
        refused_size_ = size;
        refused_as_ = unreadable ? Failure::Unfit : Failure::Refused;
        alone_ = true;
        if (answer.error_index > 1 && static_cast<std::size_t>(answer.error_index) <= asked.size())
          std::swap(left_[0], left_[static_cast<std::size_t>(answer.error_index) - 1]);
        return {};
      }
      if (empty || unreadable)
        return leave(Error{Code::Invalid, fmt::format("{}: {} to GET of {}", who(target_), how, asked.front().oid.to_string())});
      return leave(refusal(target_, PduType::GetRequest, answer.error_status, asked.front().oid.to_string()));
    }
    if (alone && !refused_.empty()) sizing_.failed(refused_size_, refused_as_, std::exchange(refused_, {}));
    return match(asked, answer, size);
  }

  // One object that is not to be had does not cost the others.
  Status leave(Error error) {
    response_.varbinds[left_.front()].value = {};
    left_.erase(left_.begin());
    response_.refused.push_back(std::move(error));
    if (left_.empty() && response_.refused.size() == response_.varbinds.size()) return std::move(response_.refused.front());
    return {};
  }

  // By name: an answer in another order is true as well.
  Status match(const std::vector<Varbind>& asked, Response& answer, const Size& size) {
    std::vector<std::size_t> missing;
    bool in_order = true;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const Oid& name = response_.varbinds[left_[i]].oid;
      auto found = answer.varbinds.begin() + static_cast<std::ptrdiff_t>(std::min(i, answer.varbinds.size()));
      if (found == answer.varbinds.end() || found->oid != name) {
        found = std::find_if(answer.varbinds.begin(), answer.varbinds.end(), [&](const Varbind& had) { return had.oid == name; });
        if (found != answer.varbinds.end()) in_order = false;
      }
      if (found == answer.varbinds.end()) missing.push_back(left_[i]);
      else response_.varbinds[left_[i]].value = std::move(found->value);
    }
    const std::size_t had = asked.size() - missing.size();
    if (as_next_ && answer.varbinds.size() == asked.size()) {  // what another one comes in place of is not there
      for (const std::size_t none : missing) response_.varbinds[none].value = {.type = ValueType::NoSuchInstance};
      missing.clear();
      in_order = true;
    }
    const bool cut = in_order && had > 0 && had == answer.varbinds.size() && had < asked.size();
    left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(asked.size()));
    left_.insert(left_.begin(), missing.begin(), missing.end());
    if (missing.empty() && in_order) {
      sizing_.succeeded(size);
      return {};
    }
    if (cut) {
      sizing_.failed({had, 1}, Failure::Cut, fmt::format("{} varbinds in answer to a GET of {}", had, asked.size()));
      return {};
    }
    if (!as_next_ && comes_behind(asked, answer)) {
      as_next_ = true;
      book_.note(
          known_, Trait::GetAsNext,
          fmt::format("GET of {} was answered with {}", asked.front().oid.to_string(), answer.varbinds.front().oid.to_string()));
      return {};
    }
    book_.note(known_, Trait::WrongObjects,
               fmt::format("{} in place of {} in answer to a GET of {} objects", answer.varbinds.front().oid.to_string(),
                           asked.front().oid.to_string(), asked.size()));
    if (had > 0) return {};
    if (asked.size() > 1) {
      most_ = 1;
      return {};
    }
    return Error{Code::Invalid,
                 fmt::format("{}: the agent answered other objects than the {} asked for from {}; its answer is not used",
                             who(target_), asked.size(), asked.front().oid.to_string())};
  }

  const Target& target_;
  Sizing sizing_;
  DialectBook& book_;
  DialectBook::Known& known_;
  std::size_t most_;
  bool as_next_ = false;
  bool alone_ = false;   // the next is asked for alone, to tell why several were refused
  std::string refused_;  // how they were
  Size refused_size_;
  Failure refused_as_ = Failure::Refused;
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
      walks_(std::make_unique<Walks>()),
      keeping_([this] { keep(); }) {
  if (options_.keeper != nullptr) reactor.timers().arm(keeping_, reactor.clock().steady() + kKeepEvery);
}

Client::~Client() {
  while (options_.keeper != nullptr && dialects().has_changed()) keep_changed();
}

void Client::keep_changed() {
  for (auto& [key, value] : dialects().take_changed(kKeepAtOnce)) {
    if (value) options_.keeper->put(DialectBook::kTable, std::move(key), std::move(*value));
    else options_.keeper->erase(DialectBook::kTable, std::move(key));
  }
}

void Client::keep() {
  keep_changed();
  exchanges_.reactor().timers().arm(keeping_, exchanges_.reactor().clock().steady() + kKeepEvery);
}

std::size_t Client::in_flight() const { return exchanges_.in_flight(); }
void Client::request(const Target& target, const Ask& ask, Answered then) { exchanges_.request(target, ask, std::move(then)); }

Status Client::remember(const StateStore& store) {
  BONGSU_TRY_OK(dialects().load(store));
  return exchanges_.remember(store);
}

void Client::forget(const net::Endpoint& endpoint) {
  exchanges_.forget(endpoint);
  dialects().forget(endpoint);
}

asio::awaitable<Result<Client::Raw>> Client::ask_owning(Target target, PduType type, int first, int second,
                                                        std::vector<Varbind> varbinds, bool reducible) {
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
  net::Promise<Result<Raw>> promise(exchanges_.reactor());
  Answered then = [&promise](Result<Answer> answer) {
    if (!answer) return promise.set(std::move(answer).error());
    promise.set(Raw{own(*answer), answer->reduced, answer->fault});
  };
  Ask ask{.type = type, .non_repeaters = first, .max_repetitions = second, .varbinds = views, .reducible = reducible};
  exchanges_.request(target, ask, std::move(then));
  co_return co_await promise.wait();
}

asio::awaitable<Result<Response>> Client::ask_once(Target target, PduType type, int first, int second,
                                                   std::vector<Varbind> varbinds) {
  const std::string whom = who(target);
  auto raw = co_await ask_owning(std::move(target), type, first, second, std::move(varbinds), false);
  if (!raw) co_return std::move(raw).error();
  if (raw->fault != ber::Fault::None)
    co_return Error{Code::Invalid, fmt::format("{}: its answer to {} cannot be read: {}", whom, to_string(type),
                                               ber::to_error(raw->fault).text)};
  co_return std::move(raw->response);
}

asio::awaitable<Result<Response>> Client::get(Target target, std::vector<Oid> oids) {
  DialectBook::Known& known = dialects().known(target.endpoint);
  Sizing sizing(dialects(), known, exchanges_.reactor().clock());
  Gathering gathering(target, sizing, dialects(), known, std::move(oids), std::max<std::size_t>(options_.get_varbinds, 1),
                      exchanges_.reactor().clock().now());
  while (!gathering.done()) {
    std::vector<Varbind> asked = gathering.next();
    const bool trial = gathering.trial(asked.size());
    Target whom = trial ? gathering.impatient() : target;
    auto answer = co_await ask_owning(std::move(whom), gathering.type(), 0, 0, asked, !trial && asked.size() > 1);
    if (auto taken = gathering.take(asked, std::move(answer)); !taken) co_return std::move(taken).error();
  }
  co_return gathering.response();
}

asio::awaitable<Result<Response>> Client::get_next(Target target, std::vector<Oid> oids) {
  std::vector<Varbind> asked;
  for (const Oid& oid : oids) asked.push_back({oid, {}});
  auto answer = co_await ask_once(target, PduType::GetNext, 0, 0, std::move(asked));
  if (!answer || all_follow(*answer)) co_return answer;
  // Behind a name there is the next one, or endOfMibView (RFC 3416 section 4.2.2): perhaps GETBULK knows.
  dialects().note(target.endpoint, Trait::EmptyAnswer,
                  fmt::format("no object in answer to GETNEXT of {}, where the next object or endOfMibView is due",
                              oids.front().to_string()));
  auto other = co_await get_bulk(std::move(target), std::move(oids), 0, 1);
  if (other && other->error_status == kNoError && other->varbinds.size() == answer->varbinds.size() && all_follow(*other))
    co_return other;
  co_return answer;
}

asio::awaitable<Result<Response>> Client::get_bulk(Target target, std::vector<Oid> oids, int non_repeaters, int max_repetitions) {
  if (target.credentials && target.credentials->version == Version::V1)
    co_return Error{Code::Unsupported, target.name + ": SNMPv1 has no GETBULK; ask with GETNEXT, or use v2c"};
  std::vector<Varbind> asked;
  for (Oid& oid : oids) asked.push_back({std::move(oid), {}});
  co_return co_await ask_once(std::move(target), PduType::GetBulk, non_repeaters, max_repetitions, std::move(asked));
}

asio::awaitable<Result<Response>> Client::set(Target target, std::vector<Varbind> varbinds) {
  auto answer = co_await ask_once(target, PduType::Set, 0, 0, varbinds);
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
  limits.confirm = true;
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
  if (object.value.exists() && object.value.type != ValueType::Null) {
    ++end->cells;
    visit(object);
  }
  co_return end;
}

}  // namespace bongsu::snmp
