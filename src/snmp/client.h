// SPDX-License-Identifier: Apache-2.0
// SNMP of one shard: all its devices over one socket per address family.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "model/keeper.h"
#include "model/state.h"
#include "model/varbind.h"
#include "net/reactor.h"
#include "net/timer.h"
#include "snmp/codec.h"
#include "snmp/dialect.h"
#include "snmp/exchange.h"
#include "snmp/table.h"
#include "snmp/target.h"

namespace bongsu::snmp {

struct ClientOptions {
  ExchangeOptions exchange;
  StateKeeper* keeper = nullptr;  // keeps what is learned, for remember(); outlives the client
  std::size_t get_varbinds = 32;  // of one GET; more are asked for in several
  WalkLimits limits;              // of each walk and table
};

// What came back with owning values.
struct Response {
  std::vector<Varbind> varbinds;
  std::int32_t error_status = 0;    // RFC 3416 section 3; not 0 only from get_next() and get_bulk()
  std::int32_t error_index = 0;     // from 1
  std::chrono::microseconds rtt{};  // of the slowest answer
  // get(): objects that the agent answered with an error alone, or that cannot be read, while others were had; Null is their
  // value.
  std::vector<Error> refused;
};

// Rows by index, cells as the columns were asked for; nothing where the agent has no such object.
struct Table {
  struct Row {
    std::vector<std::uint32_t> index;
    std::vector<std::optional<Value>> cells;
  };
  std::vector<Row> rows;
  WalkEnd end;
};

// Errors of all: Timeout (after timeout x (1 + retries); the text says whom, what and what to check), Refused (the agent's
// error-status by its name), Denied (noAccess, authorizationError), Invalid (an OID that cannot be sent, or an answer to
// something else), Unavailable (no socket), Unsupported, Limit.
// Thread: the reactor's. The client must end before its reactor; what waits for it then never resumes.
class Client {
 public:
  Client(net::Reactor& reactor, Metrics& metrics, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The values in the order asked, whatever the order of the answer. An object that does not exist is there as noSuchObject or
  // noSuchInstance, in v1 too. A tooBig is met by asking for half as much at once, a GET that is answered as GETNEXT by
  // GETNEXT of the names before.
  asio::awaitable<Result<Response>> get(Target target, std::vector<Oid> oids);
  // One request, its answer as it is; where a GETNEXT is answered as if it was a GET, GETBULK is asked for one row.
  asio::awaitable<Result<Response>> get_next(Target target, std::vector<Oid> oids);
  asio::awaitable<Result<Response>> get_bulk(Target target, std::vector<Oid> oids, int non_repeaters, int max_repetitions);
  // All or nothing, in one request.
  asio::awaitable<Result<Response>> set(Target target, std::vector<Varbind> varbinds);

  // Columns of one table side by side. A column ends where its objects end, and with a note in `end` where the agent
  // answers an error for it or goes back to an earlier object.
  asio::awaitable<Result<Table>> table(Target target, std::vector<Oid> columns);
  // The same for many devices and without an owning copy: cells go to `sink` as they come.
  asio::awaitable<Result<WalkEnd>> table(Target target, std::shared_ptr<const Columns> columns, CellSink sink);
  void table(const Target& target, std::shared_ptr<const Columns> columns, CellSink sink, WalkDone done);

  // Everything below `root` in rising order until `visit` says false; `root` itself when it is an object.
  asio::awaitable<Result<WalkEnd>> walk(Target target, Oid root, std::function<bool(const Varbind&)> visit);
  asio::awaitable<Result<WalkEnd>> walk(Target target, Oid root, std::function<bool(const Varbind&)> visit, WalkLimits limits);

  // One request underneath all of the above; `then` gets views into the datagram.
  void request(const Target& target, const Ask& ask, Answered then);

  // What was learned of each device, and is to be noted of it: by whoever sees it.
  DialectBook& dialects() { return exchanges_.dialects(); }
  const Dialect* dialect(const net::Endpoint& endpoint) { return dialects().find(endpoint); }
  // What an earlier process learned, before the first request. Errors: as StateStore::scan. Thread: any, before the reactor's
  // starts.
  Status remember(const StateStore& store);
  // Forgets what was learned about a device, when it is removed or replaced.
  void forget(const net::Endpoint& endpoint);
  std::size_t in_flight() const;

 private:
  friend class Gathering;
  struct Raw;
  struct Walks;
  void walk_columns(const Target& target, std::shared_ptr<const Columns> columns, const WalkLimits& limits, CellSink sink,
                    WalkDone done);
  asio::awaitable<Result<Raw>> ask_owning(Target target, PduType type, int first, int second, std::vector<Varbind> varbinds,
                                          bool reducible);
  asio::awaitable<Result<Response>> ask_once(Target target, PduType type, int first, int second, std::vector<Varbind> varbinds);
  void keep();
  void keep_changed();
  const ClientOptions options_;
  Exchanges exchanges_;
  std::unique_ptr<Walks> walks_;
  net::CallbackTimer keeping_;
};

}  // namespace bongsu::snmp
