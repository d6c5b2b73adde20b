// SPDX-License-Identifier: Apache-2.0
#include "poll/watch.h"

#include <cmath>

namespace bongsu::poll {

void PingWindow::add(std::optional<double> seconds, std::size_t keep) {
  answers_.push_back(seconds);
  while (answers_.size() > keep) answers_.pop_front();
}

double PingWindow::loss_percent() const {
  if (answers_.empty()) return 0;
  std::size_t lost = 0;
  for (const auto& answer : answers_) lost += !answer;
  return 100.0 * static_cast<double>(lost) / static_cast<double>(answers_.size());
}

std::optional<double> PingWindow::jitter_seconds() const {
  std::optional<double> before;
  double sum = 0;
  int pairs = 0;
  for (const auto& answer : answers_) {
    if (answer && before) {
      sum += std::fabs(*answer - *before);
      ++pairs;
    }
    if (answer) before = answer;
  }
  return pairs > 0 ? std::optional(sum / pairs) : std::nullopt;
}

std::optional<bool> Watch::up() const {
  if (snmp_up.value_or(false) || (ping_proves() && icmp_up.value_or(false))) return true;
  if (in_doubt()) return winner ? std::optional(true) : std::nullopt;
  const bool waits_for_snmp = spec.snmp && !snmp_up;
  const bool waits_for_ping = spec.ping && icmp_works && !icmp_up;
  if (waits_for_snmp || waits_for_ping || (!snmp_up && !icmp_up)) return std::nullopt;
  return false;
}

bool Watch::in_doubt() const {
  const bool ping_tells = spec.ping && icmp_works && icmp_answered && ping_proves();
  return spec.snmp && failures == 1 && !ping_tells;
}

asio::awaitable<void> Bell::wait_until(SteadyTime at) {
  reactor_.timers().arm(*this, at);
  co_await rung_.wait();
  cancel();
}

void Watch::start_over() {
  address.reset();
  winner.reset();
  next_credential = 0;
  identified = false;
  identification.reset();
  beside.reset();
  for (const auto& run : groups) run->reading = 0;
  icmp_works = true;
  icmp_answered = false;
  failures = 0;
  second_look.reset();
  ++epoch;
}

void Watch::gather_info(const ProfileSet* known) {
  std::map<std::string, std::string> found;
  for (const bool last : {false, true}) {
    for (const auto& run : groups) {
      if (run->group->general != last) continue;
      for (const auto& [name, value] : run->facts) found.emplace(name, value);
    }
    for (const auto& [name, value] : facts) found.emplace(name, value);
  }
  if (!spec.os.empty()) {
    found["os"] = spec.os;
    const std::string_view kind = known == nullptr ? std::string_view() : known->kind_of(spec.os);
    if (!kind.empty()) found.emplace("kind", kind);
  }
  info_changed |= found != info;
  info = std::move(found);
}

std::string Watch::first_error() const {
  for (const auto& run : groups) {
    if (run->wanted() && !run->stood_back && !run->error.empty()) return run->error;
  }
  for (const auto& run : groups) {
    if (!run->slow && run->reading == 0) continue;
    if (run->stood_back || run->begun == Time{} || run->stamp + spec.interval >= slot) continue;
    return spec.name + ": table " + run->group->name + " takes " + format_duration(run->took.value_or(slot - run->begun)) +
           " and is read in turn with other slow ones, not at every poll; raise the device's interval";
  }
  return {};
}

void Watch::forget_series() {
  book.forget();
  for (const auto& run : groups) {
    for (const auto& row : run->state.rows) {
      for (SeriesState& series : row->series) {
        series.id.reset();
        series.owned = false;
      }
    }
  }
}

}  // namespace bongsu::poll
