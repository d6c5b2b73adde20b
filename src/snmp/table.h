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
#include "snmp/sizing.h"

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
// Each column's cells come in rising order, columns side by side; only what an agent passes over and then goes back to comes
// late. False ends the walk.
using CellSink = std::function<bool(const Cell&)>;

// What any one walk may take; an agent can answer for ever.
struct WalkLimits {
  std::size_t requests = 10'000;
  std::size_t octets = 16U << 20;  // of answers
  std::size_t cells = 2'000'000;
  Millis time{900'000};
  // Of one root: GETNEXT bears out each name that leaps beyond what the one before promised, for GETBULK can give a value
  // another column's name. Tables need it not: their columns stand side by side.
  bool confirm = false;
};

struct WalkEnd {
  std::size_t cells = 0;
  std::size_t requests = 0;  // retries not counted
  std::size_t octets = 0;
  std::chrono::microseconds rtt{};  // of the slowest answer
  bool cut = false;                 // a limit ended it: the columns that `notes` name go on, or never end
  struct Left {
    std::size_t column = 0;     // of those asked for
    Code code = Code::Refused;  // Denied, Refused, Invalid (out of order, empty, unreadable), Timeout, Limit
    friend bool operator==(const Left&, const Left&) = default;
  };
  std::vector<Left> left;          // columns that were left before they ended, or lack objects; `notes` say where and why
  std::vector<std::string> notes;  // what the agent did wrong, and where its columns were left
};
// Errors: Timeout, Refused and Denied (the agent named an error before the first cell), Limit (see WalkLimits; where some
// columns ended before, they are had, and WalkEnd::cut is set), Invalid, Unavailable, Unsupported. The cells given before
// an error are true.
using WalkDone = std::function<void(Result<WalkEnd>)>;

// One walk over columns side by side: GETBULK, or GETNEXT for v1 and for agents whose GETBULK is of no use. Reused for one
// walk after another.
// What the agent does wrong is learned into its Dialect. An answer with a name out of order, or with more behind its own
// end, is not taken: GETNEXT of the name before, alone, decides whether GETBULK lied (then GETNEXT is used), or several names
// at once are mixed up (then columns are asked for one by one), or the agent's order breaks there (then the walk goes on
// beyond, and what goes back is never a value). A column whose answers are errors, cannot be read or do not come while others
// do is left, with a note. The first GETBULK of a device is not taken: GETNEXT must bear out its first row.
class TableWalk {
 public:
  explicit TableWalk(Exchanges& exchanges) : exchanges_(exchanges) {}
  void start(const Target& target, std::shared_ptr<const Columns> columns, const WalkLimits& limits, CellSink sink,
             WalkDone done);

 private:
  struct State {
    bool ended = false;
    bool leaves = false;                       // ends with the answer at hand
    OidView beyond;                            // the name that showed it so
    std::uint32_t last_at = 0, last_size = 0;  // its last name, in lasts_
    OidView newest, first, before;             // within the answer at hand; `before`: the name before the newest
    std::vector<std::uint8_t> earlier;         // the name before its last, where that is known
    std::size_t jump = SIZE_MAX;               // of breaks_: the one behind its last name
    bool heard = false;                        // it was part of an answer of this walk
  };
  // What the request under way is for.
  enum class Plan : std::uint8_t {
    Usual,
    Next,       // GETNEXT of what GETBULK was refused for
    Alone,      // GETNEXT of one column of what several were refused for
    SmallBulk,  // whether GETBULK is answered at all
    HalfBulk,   // whether answers are cut to so many varbinds, or to one row
    Verify,     // GETNEXT, alone, of the name before one that cannot be right
    Skip,       // GETNEXT from beyond a break
    Exact,      // GET of the object beyond a break
    Hidden,     // GET of an object that GETNEXT passed over before a break
    Confirm,    // GETNEXT of the name before a leap
    Prove,      // GETNEXT of the names that the device's first GETBULK was asked for
    Pulse,      // whether the device answers anything, after silence
  };
  struct Failed {
    PduType type{};
    Size size;
    std::int32_t status = 0;  // kSilent, kEmpty, kUnreadable, or the error-status
    std::int32_t index = 0;
  };
  struct KnownBreak {
    Break seen;                                         // with no time: found in this walk, and not gone beyond yet
    std::vector<std::uint8_t> after, back_to, earlier;  // `earlier`: the name before `after`, or nothing
    bool hidden_had = false;
  };
  static constexpr std::int32_t kSilent = INT32_MIN, kEmpty = kSilent + 1, kUnreadable = kSilent + 2;
  static std::string told(std::int32_t status);
  static Failure meaning(std::int32_t status);

  Dialect& dialect() const { return known_->second.dialect; }
  Sizing sizing();
  bool v1() const;
  bool may_bulk() const;
  void ask();
  bool choose();
  bool choose_usual();
  void answered(Result<Answer> result);
  void silent(Error error);
  void refused(std::int32_t status, std::int32_t index);
  void refuse_bulk();
  void refuse_column(std::uint32_t column, std::int32_t status);
  void reduced(const Answer& answer);
  void accepted(const Answer& answer);
  bool take(const Answer& answer);
  bool check(const Answer& answer);
  bool doubt(std::uint32_t column, OidView before, OidView name);
  void no_next(ValueType type);
  bool lies_beyond(std::uint32_t column, OidView name) const;
  bool emit(std::uint32_t column, const VarbindView& varbind);
  void cut_short(const Answer& answer);
  void keep_lasts();
  void keep_last(std::uint32_t column, OidView name);
  std::string described() const;

  // What an answer to GETBULK is believed, and what silence means: table_doubt.cpp.
  bool leaps(OidView before, OidView name) const;
  void begin_proof(const Answer& answer);
  void unproved();
  static bool bears_out(const Answer& answer);
  void proved(const std::vector<OidView>& found);
  void confirmed(OidView found);
  void strike(const std::string& evidence);
  bool answers_late() const;
  bool alive() const;
  void doubt_silence(Error error);
  void pulse_heard();
  void leave_silent(std::uint32_t column);
  void forget_limits();
  bool known_silent(std::uint32_t column);
  Target quick() const;

  // Beyond a break: table_skip.cpp.
  void verified(const Answer& answer);
  void begin_skip(std::uint32_t column, OidView back_to, Octets earlier);
  void skip_error(std::uint32_t column, std::string what, Code code);
  void take_hidden(const Answer* answer);
  void next_candidate();
  void skipped(const Answer& answer);
  void remember_break(bool exact, bool ends);
  void remember_silence(bool complete);
  void jump_columns();

  void end_column(std::uint32_t column, std::string note, Code code = Code::Invalid);
  void beyond_limit(const std::string& what, Trait trait = Trait::EndlessTable);
  std::size_t known_break(OidView after) const;
  void finish(Result<WalkEnd> result);
  Octets last(const State& state) const { return Octets(lasts_).subspan(state.last_at, state.last_size); }

  Exchanges& exchanges_;
  DialectBook::Known* known_ = nullptr;
  Target target_;
  std::shared_ptr<const Columns> columns_;
  WalkLimits limits_;
  CellSink sink_;
  WalkDone done_;
  SteadyTime started_{};
  WalkEnd end_;
  std::optional<Error> refusal_;
  std::vector<State> states_;
  std::vector<std::uint8_t> lasts_, next_lasts_;
  std::vector<std::uint32_t> asked_;  // columns of the request under way
  std::vector<VarbindView> names_;
  std::vector<std::uint8_t> verdicts_;  // of the answer at hand: whether each varbind is a cell
  PduType type_ = PduType::GetNext;
  Size size_;
  Plan plan_ = Plan::Usual;
  Failed failed_;
  PduType doubted_{};              // what is verified
  std::size_t doubted_names_ = 0;  // of it
  std::uint32_t only_ = 0;         // the column of a plan for one
  std::size_t column_limit_ = 0;   // columns in one request
  int halved_ = 0;                 // answers in a row to a retry with fewer repetitions alone
  bool troubled_ = false;          // something of this walk was asked twice
  bool endless_ = false;           // it took more than a walk may
  std::size_t cut_at_ = 0;         // varbinds that answers were cut to, and how often in a row
  int cuts_ = 0;
  int skip_step_ = 0, skips_ = 0;
  std::string broke_;                 // what the agent did where it is gone beyond
  std::optional<Code> past_error_{};  // an error, what cannot be read, or no answer
  std::vector<std::uint8_t> skip_from_, candidate_, back_to_, hidden_;
  bool hidden_known_ = false;  // from a walk before
  std::vector<KnownBreak> breaks_;
  struct KnownSilence {
    std::vector<std::uint8_t> after;
    bool complete = false;
  };
  std::vector<KnownSilence> silent_;  // of walks before
  std::optional<Error> silence_;      // what the pulse is felt for
  std::uint32_t suspect_ = 0;
  std::chrono::microseconds usual_wait_{};  // twice what an answer was waited for when the walk began
  bool suspect_alone_ = false;              // it was asked for alone
  int bulk_silences_ = 0;                   // of one small GETBULK
  int silences_ = 0;                        // columns left for it
  int looks_ = 0;                           // times that it was asked for again after the pulse was felt
  std::vector<std::uint8_t> leap_;
  int leaps_ = 0, proofs_ = 0;
  std::vector<std::vector<std::uint8_t>> proof_;                                      // the first row of what is to be proved
  std::vector<std::uint32_t> proof_of_;                                               // its columns
  std::vector<std::uint8_t> last_index_;                                              // of the last row of a column that ended
  std::uint16_t varbinds_before_ = 0, too_many_before_ = 0, repetitions_before_ = 0;  // of the dialect, when the walk began
  bool limited_before_ = false;
  std::vector<std::uint32_t> index_;
  Octets index_octets_;  // whose arcs index_ holds
};

}  // namespace bongsu::snmp
