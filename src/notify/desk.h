// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/event.h"
#include "model/state.h"
#include "notify/drill.h"
#include "notify/message.h"
#include "notify/request.h"
#include "notify/route.h"
#include "notify/spec.h"

namespace bongsu::notify {

std::string name_of(const Recipient& to);  // "kim by mail"

// How far a route is with an alarm.
struct Progress {
  std::string route;
  Time began;
  bool told = false;
  std::uint64_t steps = 0;  // of escalation, done
  Time last;                // told last
  friend bool operator==(const Progress&, const Progress&) = default;
};
// Who was told of an alarm: its end goes to them.
struct Told {
  Recipient to;
  std::string route;
  Severity level = Severity::Normal;
  Time at;
  bool flapping = false;  // and that it does
  friend bool operator==(const Told&, const Told&) = default;
};
// Who was to be told of an alarm and could not be: what came last of it, until he is.
struct Missed {
  Recipient to;
  std::string route;
  Severity level = Severity::Normal;
  Time at;
  std::string why;
  std::string fallback;  // the channel that it went by instead; empty for none
  friend bool operator==(const Missed&, const Missed&) = default;
};
// An alarm of which somebody may have to be told. Kept until it is over and all who were told know it.
struct Case {
  AlarmNews news;  // the newest
  Tags tags;       // of its device
  std::vector<Progress> routes;
  std::vector<Told> told;
  std::vector<Missed> missed;
  std::vector<Severity> levels;  // that it had of late, the newest last
  bool over = false;
  friend bool operator==(const Case&, const Case&) = default;
};
// One notice for one recipient, until it has left. Kept.
struct Delivery {
  std::uint64_t id = 0;
  Recipient to;
  std::string route;
  Notice notice;
  Time created;
  Time due;             // not before
  int attempts = 0;     // that failed
  std::string message;  // key of the message it left in
  std::string problem;  // of the last attempt
  bool detour = false;  // by a fallback
  bool held = false;    // for the hours of its person
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

// Messages that one address has taken within the last hour, by minutes. Kept.
struct Spent {
  std::map<Time, std::uint64_t> minutes;
  Time last;
  std::uint64_t all(Time now);  // forgets what is older
  friend bool operator==(const Spent&, const Spent&) = default;
};

inline constexpr std::string_view kCaseTable = "notice_case";        // by alarm
inline constexpr std::string_view kDeliveryTable = "notice";         // by delivery
inline constexpr std::string_view kReachedTable = "notice_reached";  // by channel, and person after a slash
inline constexpr std::string_view kSpentTable = "notice_spent";      // likewise
std::string encode(const Case& kept);
std::string encode(const Spent& kept);
Result<Spent> decode_spent(std::string_view bytes);
std::string encode(const Delivery& kept);
std::string encode_reached(Time at);
Result<Time> decode_reached(std::string_view bytes);
Result<Case> decode_case(std::string_view bytes);
Result<Delivery> decode_delivery(std::string_view bytes);

// Decides who is told what, and when. Knows no store, no network, no lock and no clock.
class Desk {
 public:
  // `instance` tells keys of this store from another's.
  Desk(std::shared_ptr<const Spec> spec, std::string instance) : spec_(std::move(spec)), instance_(std::move(instance)) {}
  void use(std::shared_ptr<const Spec> spec);
  const Spec& spec() const { return *spec_; }
  std::shared_ptr<const Spec> share_spec() const { return spec_; }
  void restore(Case kept);
  void restore(Delivery kept);

  void take(const AlarmNews& news, const Tags& tags, Time now);
  // Tells everybody whom a route names at some time, and the rooms that none does, whatever the routes match.
  void drill_everybody(const Alarm& alarm, Time now);
  // Who was to be told of a drill, and what came of it, oldest first. Of those that are over the newest few are known.
  std::vector<DrillStep> drill_steps(std::uint64_t alarm) const;
  // When somebody was last reached there, since a store is in use; also by a test.
  const std::map<Recipient, Time>& reached() const { return reached_; }
  void note_reached(const Recipient& to, Time now);
  void restore(const Recipient& to, Spent kept) { spent_.insert_or_assign(to, std::move(kept)); }
  void restore_reached(Recipient to, Time at) { reached_.insert_or_assign(std::move(to), at); }
  // Waits that are over, steps of escalation, repeats, routes whose hours begin. Looks at the cases that are due.
  void tick(Time now);
  // What is to be sent at `now`. Each message is under way until sent() or failed() is told, and is sent only after what
  // changed was saved.
  std::vector<std::pair<Recipient, Message>> form(Time now);
  void sent(const std::string& key, Time now);
  void failed(const std::string& key, const notify::Verdict& verdict, Time now);

  std::size_t under_way() const { return under_way_.size(); }  // messages

  // What changed since saved().
  StateBatch unsaved() const;
  void saved();

  const std::map<std::uint64_t, Case>& cases() const { return cases_; }
  const std::map<std::uint64_t, Delivery>& deliveries() const { return deliveries_; }
  // Every route with what it did or why it did nothing, for a person.
  std::vector<std::string> explain(const Alarm& alarm, const Tags& tags, Time now) const;

  struct Count {
    std::uint64_t sent = 0, failed = 0, lost = 0;
  };
  std::map<std::string, Count, std::less<>> take_counts() {
    return std::exchange(counts_, {});
  }  // by channel, since the last call

 private:
  using Formed = std::vector<std::pair<Recipient, Message>>;
  void form_alone(const Recipient& to, const Channel& channel, const std::string& address, std::size_t busy, Time now,
                  Formed& out);
  bool may_go(const Recipient& to, const Channel& channel, Time now);
  void arm(std::uint64_t alarm, Time at);
  std::optional<Time> due(const Case& one, Time now) const;
  void ask_routes(Case& one, Time now, bool hours_alone);
  void tell(Case& one, const std::string& route, const std::vector<Recipient>& to, Reason reason, Time now);
  void post(Case& one, const std::string& route, const Recipient& to, Reason reason, Time now, bool detour);
  void hush(Case& one);
  struct Known {
    Severity level;
    bool flapping;
  };
  void hold(Delivery& one, Time now) const;
  bool restate(Delivery& one);
  void tell_unrest(Case& one, Time now);
  std::string fate(const Case& one, const Recipient& to) const;
  std::vector<Recipient> audience(const Case& one, const Progress& progress, const Route& known, Time now) const;
  std::optional<Known> known_of(const Case& one, const Recipient& to) const;
  void catch_up(Case& one, bool lesser_alone, Time now);
  void end(Case& one, Time now);
  void settle(std::uint64_t alarm);
  void note_missed(Case& one, const Delivery& lost, const std::string& fallback, Time now);
  void lose(const Delivery& delivery, const std::string& why, Time now);
  void keep(const Case& one) { dirty_cases_.insert(one.news.alarm.id); }
  void keep(const Delivery& one) { dirty_.insert(one.id); }
  void add(Delivery delivery);
  void drop(std::uint64_t delivery);
  std::vector<std::uint64_t> of_alarm(std::uint64_t alarm) const;  // deliveries
  const Route* route(std::string_view name) const;
  bool ends_follow(std::string_view route) const;
  void note_step(const Delivery& about, std::string problem, Time now);
  void event(const Delivery& about, Severity severity, const std::string& text, std::string_view outcome, Time now);

  std::shared_ptr<const Spec> spec_;
  std::string instance_;
  std::map<std::uint64_t, Case> cases_;
  std::set<std::pair<Time, std::uint64_t>> due_;  // cases, by when time alone may change something
  std::map<std::uint64_t, Time> due_at_;          // the same by case
  std::map<std::uint64_t, Delivery> deliveries_;
  std::map<Recipient, std::set<std::uint64_t>> mail_;  // deliveries by recipient
  std::map<std::uint64_t, std::set<std::uint64_t>> of_alarm_;
  std::map<std::string, Recipient, std::less<>> under_way_;  // by key
  std::map<Recipient, Spent> spent_;
  std::set<Recipient> dirty_spent_;
  std::set<std::uint64_t> dirty_, dirty_cases_;
  std::vector<Event> events_;
  std::map<std::string, Count, std::less<>> counts_;
  std::map<std::uint64_t, std::vector<DrillStep>> drills_;  // steps that are over
  std::map<Recipient, Time> reached_;
  std::set<Recipient> dirty_reached_;
  std::uint64_t next_ = 1;
  bool other_spec_ = false;  // since the last tick
};

}  // namespace bongsu::notify
