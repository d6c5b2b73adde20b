// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/varbind.h"
#include "snmp/exchange.h"

namespace bongsu::snmp {

// Columns of a table (or any subtrees) ready to be asked for. Made once, shared by all devices.
class Columns {
 public:
  struct Column {
    Oid oid;
    std::vector<std::uint8_t> start;       // content octets of the first OID to ask GETNEXT of
    std::vector<std::uint8_t> prefix;      // what its objects begin with; empty for a root of fewer than two arcs
    std::uint32_t first_arc = UINT32_MAX;  // of such a root: the arc that its objects begin with; none for the whole tree
    bool holds(OidView name) const;
  };
  // Errors: Invalid (none, more than 200, or an OID that cannot be sent).
  static Result<std::shared_ptr<const Columns>> make(const std::vector<Oid>& oids);
  std::size_t size() const { return columns_.size(); }
  const Column& operator[](std::size_t i) const { return columns_[i]; }

 private:
  std::vector<Column> columns_;
};

// One object as it comes in. Borrows: valid during the call.
struct Cell {
  std::size_t column = 0;                // which of the columns asked for
  std::span<const std::uint32_t> index;  // arcs behind the column's OID
  OidView name;
  const ValueView& value;
};
// Each column's cells come in rising order, columns side by side. False ends the walk.
using CellSink = std::function<bool(const Cell&)>;

// What any one walk may take; an agent can answer for ever.
struct WalkLimits {
  std::size_t requests = 10'000;
  std::size_t octets = 16U << 20;  // of answers
  std::size_t cells = 2'000'000;
  Millis time{900'000};
};

struct WalkEnd {
  std::size_t cells = 0;
  std::size_t requests = 0;  // retries not counted
  std::size_t octets = 0;
  std::chrono::microseconds rtt{};  // of the slowest answer
  std::vector<std::string> notes;   // what the agent did wrong, and where its columns were left
};
// Errors: Timeout, Refused and Denied (the agent named an error before the first cell), Limit (see WalkLimits), Invalid,
// Unavailable, Unsupported. The cells given before an error are true.
using WalkDone = std::function<void(Result<WalkEnd>)>;

// What was learned about a device, by endpoint.
struct Learned {
  std::size_t max_varbinds = 0;  // most varbinds to ask for at once, after a tooBig; 0: no bound known
};

// One walk over columns side by side: GETBULK, or GETNEXT for v1. Reused for one walk after another.
class TableWalk {
 public:
  explicit TableWalk(Exchanges& exchanges) : exchanges_(exchanges) {}
  void start(const Target& target, std::shared_ptr<const Columns> columns, Learned& learned, const WalkLimits& limits,
             CellSink sink, WalkDone done);

 private:
  struct State {
    bool ended = false;
    std::uint32_t last_at = 0, last_size = 0;  // its last name, in lasts_
    OidView newest;                            // within the answer at hand
  };
  void ask();
  void answered(Result<Answer> result);
  void refused(const Answer& answer);
  bool take(const Answer& answer);
  bool take_one(std::size_t column, const VarbindView& varbind);
  void keep_lasts();
  void end_column(std::size_t column, std::string note);
  void finish(Result<WalkEnd> result);
  Octets last(const State& state) const { return Octets(lasts_).subspan(state.last_at, state.last_size); }

  Exchanges& exchanges_;
  Target target_;
  std::shared_ptr<const Columns> columns_;
  Learned* learned_ = nullptr;
  WalkLimits limits_;
  CellSink sink_;
  WalkDone done_;
  SteadyTime deadline_{};
  WalkEnd end_;
  std::optional<Error> refusal_;
  std::vector<State> states_;
  std::vector<std::uint8_t> lasts_, next_lasts_;
  std::vector<std::uint32_t> asked_;  // columns of the request under way
  std::vector<VarbindView> names_;
  std::size_t column_limit_ = 0;  // columns in one request
  std::vector<std::uint32_t> index_;
  Octets index_octets_;  // whose arcs index_ holds
};

}  // namespace bongsu::snmp
