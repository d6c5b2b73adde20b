// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "model/alarm.h"
#include "model/device.h"
#include "model/point.h"
#include "model/state.h"
#include "notify/drill.h"
#include "notify/request.h"
#include "notify/spec.h"

namespace bongsu::notify {

// How a channel fares.
struct ChannelState {
  std::string name;
  std::string type;
  std::size_t waiting = 0;        // notices
  std::optional<Time> last_sent;  // since the start
  std::optional<Time> last_failed;
  std::string problem;            // of the last failure; empty after a success
  std::optional<Time> reached{};  // when a message was last taken, also a test's or a drill's, or by a run before
};
// When somebody was last told something by any channel, likewise.
struct PersonState {
  std::string name;
  std::optional<Time> reached;
};

// Tells people of alarms: reads what became of them (model/alarm_news.h) from the state store, and sends notices that are
// kept until they have left. At least once: after a crash a message that was under way goes again, under the same key.
// Kept records: src/notify/FORMAT.md. Metrics: bongsu_notices_total{channel,outcome="sent|failed|lost"}, bongsu_notices_waiting,
// bongsu_notice_commit_failures_total.
class Notifier {
 public:
  // Restores what was kept. All parts must outlive it. Errors: Corrupt, Unavailable.
  static Result<std::unique_ptr<Notifier>> open(Spec spec, StateStore& state, const DeviceSource& devices, Courier& courier,
                                                Metrics& metrics);
  ~Notifier();  // replies that come later are not heard

  // Where the course of an alarm's value comes from, for the picture in mails; before the first step. It may wait for a disk, and
  // must outlive this.
  using History = std::function<std::vector<Sample>(const Alarm&, Time now)>;
  void show_history(History history);
  // Takes the next people, channels and routes; what waits goes by them. Thread: any.
  void reload(Spec spec);
  // Takes news and replies, keeps what follows from them, and sends what is due. Waits for the disk when something changed.
  // Thread: one at a time, not a reactor's.
  void step(Time now);
  // At the end: sends nothing more, and keeps what becomes of the messages under way, for `patience` at most; what is not
  // answered by then goes again after the next start. Waits.
  void finish(Time now, Millis patience);

  // Thread: any.
  std::vector<ChannelState> channels() const;
  // Every route with what it did about the alarm, or why it did nothing; lines for a person.
  std::vector<std::string> explain(const Alarm& alarm, Time now) const;
  // Sends a message that says it is a test, at once and outside of routes and hours, and waits for the answer. `person` may
  // be empty for the channel's room. Errors: NotFound, Invalid, Refused, Timeout; the text is what the service said.
  Status test(std::string_view channel, std::string_view person, Time now);
  std::vector<PersonState> people() const;  // of the configuration, by name

  // A drill's alarm comes as news like any other, and its end; one whose end never comes, since the daemon was restarted, is
  // ended at the first step. This one is for everybody whom a route or channel reaches, from the next step on. Thread: any.
  void drill_everybody(Alarm alarm);
  // Whom it was for, and what came of it, oldest first. Thread: any.
  std::vector<DrillStep> drill_steps(std::uint64_t alarm) const;

 private:
  struct State;
  explicit Notifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bongsu::notify
