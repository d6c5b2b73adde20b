// SPDX-License-Identifier: Apache-2.0
// What was learned of each device: how much to ask it for at once, what it cannot do, and what it was seen to do wrong.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/time.h"
#include "model/oid.h"
#include "model/state.h"
#include "net/address.h"

namespace bongsu::snmp {

// What an agent was seen to do. The numbers are kept on disk: new ones go to the end.
enum class Trait : std::uint8_t {
  VarbindLimit,       // requests for more varbinds than it can take are cut, refused (not by tooBig) or not answered
  TooBig,             // answers tooBig where an answer fits the datagram
  BulkIgnored,        // GETBULK is not answered, GETNEXT is
  BulkRefused,        // GETBULK is answered by an error, GETNEXT by values
  BulkWrong,          // GETBULK is answered with other rows, columns or order than asked for
  NotIncreasing,      // the name after a name is an earlier one
  EndlessTable,       // a table did not end within the limits of a walk
  WrongRequestId,     // answers with a request-id that was not asked with
  ReplyAddress,       // answers from another address or port
  Malformed,          // messages that cannot be read
  Counter32Only,      // has no 64-bit counters for its interfaces
  SlowTable,          // a table takes long to read
  PacketLoss,         // requests or answers are lost on the way
  InFlightLimit,      // loses requests while another one is under way
  DuplicateEngineId,  // has the SNMPv3 engine ID of another device
  EngineReboots,      // engineBoots rose
  EngineIdChanged,    // came back with another SNMPv3 engine ID
  TimeJump,           // engineTime jumped, or went back a little
  WrongType,          // a value of another type than its object has
  V1Only,             // SNMPv2c is not answered, SNMPv1 is
  MessageSize,        // takes or makes messages of fewer octets than RFC 3417 asks for (484)
  DuplicateReply,     // answers one request more than once
  LateReply,          // answers after the last try was given up
  WrongObjects,       // answers with other objects than were asked for
  EmptyAnswer,        // answers without error and without any object
  WrongError,         // an error-status that does not fit its request (genErr for what is not there, noSuchName in v2c)
  Unbelieved,         // answers of another version, community or kind, or that SNMPv3 does not vouch for
  SilentObject,       // does not answer when asked for some objects, and answers others
  GetAsNext,          // answers GET as if it was GETNEXT
  BootsReset,         // its engine began anew and did not count it: engineBoots went back, or engineTime alone
};
inline constexpr std::size_t kTraits = static_cast<std::size_t>(Trait::BootsReset) + 1;
std::string_view to_string(Trait trait);  // "varbind_limit": stable, in JSON and by `doctor`
std::optional<Trait> parse_trait(std::string_view name);

struct Observation {
  Trait trait{};
  std::uint64_t count = 0;
  Time first{}, last{};
  std::string evidence;  // the newest, for a person: what was asked, and what came back
  friend bool operator==(const Observation&, const Observation&) = default;
};

// A place where the agent's order breaks, or its answers do. Tried again after a day, where it is silent after an hour.
struct Break {
  Oid after;           // the last good name, or the column where nothing of it was had
  Oid resume;          // where to go on; empty: the column ends here
  bool exact = false;  // `resume` is an object, to be had by GET alone; else GETNEXT of it goes on
  Time seen{};
  Oid hidden;           // an object just before `after` that GETNEXT passes over, and GET has; empty: none is known
  bool silent = false;  // what comes behind `after` is not answered; with `resume`, that is behind the column's last row
  friend bool operator==(const Break&, const Break&) = default;
};

// A table (by the OID of the first column asked for) that takes long, or never ends.
struct SlowTable {
  Oid root;
  Millis took{};
  bool endless = false;  // it was ended by a limit
  Time seen{};
  friend bool operator==(const SlowTable&, const SlowTable&) = default;
};

// What was learned of one device. A plain value; small while there is nothing special.
struct Dialect {
  // A varbind counts once for each repetition: 10 columns with 25 repetitions are 250.
  std::uint16_t varbinds = 0;        // most to ask for at once; 0: no bound is known
  std::uint16_t too_many = 0;        // the fewest that failed; 0: none did
  std::uint16_t repetitions = 0;     // most of one GETBULK; 0: no bound is known
  std::uint16_t message_octets = 0;  // most of one request, as the agent says (msgMaxSize) or showed; 0: no bound is known
  std::uint8_t in_flight = 0;        // most requests at once; 0: no bound is known
  bool bulk = true;                  // GETBULK is of use
  bool v1 = false;                   // speaks SNMPv1 alone
  Time retry{};                      // when more than the above is tried again
  // Round trip as RFC 6298 has it, of requests answered at the first try (Karn); 0: none yet.
  std::chrono::duration<std::uint32_t, std::micro> srtt{}, rttvar{};
  float loss = 0;                           // of tries that got no answer while another try did: a moving average, 0..1
  std::uint32_t tries = 0;                  // that `loss` rests on; stays at the largest
  std::optional<net::Endpoint> reply_from;  // the other address that it answers from
  std::vector<Break> breaks;                // at most kMostBreaks, the oldest first
  std::vector<SlowTable> slow;              // at most kMostSlow, the oldest first
  std::vector<Observation> observations;    // one of each trait at most, in the order first seen

  static constexpr std::size_t kMostBreaks = 64, kMostSlow = 16, kMostEvidence = 400;
  const Observation* find(Trait trait) const;
  bool lossy() const { return loss > 0.05F; }   // so much is lost on the way that silence proves little
  bool loses() const { return loss > 0.004F; }  // something was, of the last forty answers or so
  // Adds to what was seen. The evidence is cut to kMostEvidence octets.
  Observation& note(Trait trait, Time now, std::string evidence);
  const SlowTable* slow_table(const Oid& root) const;
  void keep(Break seen);      // in place of one with the same `after`
  void keep(SlowTable seen);  // in place of one with the same root
  friend bool operator==(const Dialect&, const Dialect&) = default;
};

// What is kept over a restart: a version octet, then the fields (src/snmp/FORMAT.md).
std::string encode(const Dialect& dialect);
// Errors: Corrupt, Unsupported (written by a later version).
Result<Dialect> decode_dialect(std::string_view bytes);

// The dialects of all devices of one Client, by endpoint. Thread: the reactor's.
class DialectBook {
 public:
  static constexpr std::string_view kTable = "dialects";  // of the StateStore; the key is the endpoint as text
  // One device's line in the book. Stays where it is as long as the book.
  struct Entry {
    Dialect dialect;
    // For the engine alone, and of this run alone.
    std::uint16_t under_way = 0;                                            // requests sent and not yet done with
    std::uint8_t alone = 0, alone_lost = 0, crowded = 0, crowded_lost = 0;  // first tries, by whether others were under way
    std::uint16_t cut_at = 0, cut_least = 0, cut_most = 0;  // varbinds of the last answers cut short, and their octets
    std::uint8_t silent = 0;                                // requests that were not answered, since one as large as them was
    std::uint16_t failed_size = 0;                          // varbinds of the last request that failed; 0: as many are answered
    Time larger_again{};                                    // when more is tried again after silence alone
    SteadyTime v2c_again{};                                 // when v2c is tried again with a device of v1
    std::uint8_t given_up = 0;                              // requests whose answers may still come
    std::uint32_t wrong_ids = 0;                            // answers while requests waited, with ids never given out
    std::int32_t wrong_id = 0;                              // the last of them
    std::uint8_t bulk_strikes = 0;                          // answers to GETBULK in a row that GETNEXT does not bear out
    bool bulk_proved = false;                               // GETNEXT bore one out
    bool changed = false;                                   // stands in changed_
    SteadyTime heard{};                                     // its last answer; the clock's start: none, or it is dead since
    Time told{};                                            // when it last stood there
    std::string polled_as;                                  // the device that last answered here
  };
  using Known = std::pair<const net::Endpoint, Entry>;
  explicit DialectBook(const Clock& clock) : clock_(clock) {}
  DialectBook(const DialectBook&) = delete;
  DialectBook& operator=(const DialectBook&) = delete;

  // Stays where it is as long as the book. Whoever changes it says so by changed().
  Dialect& of(const net::Endpoint& endpoint) { return known(endpoint).second.dialect; }
  Known& known(const net::Endpoint& endpoint) { return *entries_.try_emplace(endpoint).first; }
  Known* find_known(const net::Endpoint& endpoint);
  const Dialect* find(const net::Endpoint& endpoint) const;
  std::size_t size() const { return entries_.size(); }
  // Until `visit` says false; in no order.
  void each(const std::function<bool(const net::Endpoint&, const Dialect&)>& visit) const;

  void note(Known& known, Trait trait, std::string evidence);
  void note(const net::Endpoint& endpoint, Trait trait, std::string evidence) {
    note(known(endpoint), trait, std::move(evidence));
  }
  // The same for what a stranger can cause often: the text is made at most once a second for each device and trait.
  void note(Known& known, Trait trait, const std::function<std::string()>& evidence);
  void note(const net::Endpoint& endpoint, Trait trait, const std::function<std::string()>& evidence) {
    note(known(endpoint), trait, evidence);
  }
  // What was learned changed, and is to be kept.
  void changed(Known& known);
  void changed(const net::Endpoint& endpoint) { changed(known(endpoint)); }
  // As if it was never spoken to; the kept record goes, too.
  void forget(const net::Endpoint& endpoint);

  // Keys and values (nothing: erase) to be kept, at most `most`, the oldest change first. A trait that was merely seen
  // again is told of once in ten minutes. Nothing is told of twice.
  std::vector<std::pair<std::string, std::optional<std::string>>> take_changed(std::size_t most);
  bool has_changed() const { return !changed_.empty(); }
  // What is kept, before the first request; it does not touch devices that are known already. A record that cannot be
  // read is left out and told of in the log. Thread: any, while nobody else uses the book.
  Status load(const StateStore& store);

 private:
  const Clock& clock_;
  std::unordered_map<net::Endpoint, Entry> entries_;
  std::vector<Known*> changed_;
};

}  // namespace bongsu::snmp
