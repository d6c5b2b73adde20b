// SPDX-License-Identifier: Apache-2.0
#include "poll.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

namespace bongsu::pollbench {

std::size_t Host::row(std::uint32_t index, std::size_t width) {
  if (latest < indexes.size() && indexes[latest] == index) return latest;
  latest = latest + 1 < indexes.size() ? latest + 1 : 0;
  if (latest < indexes.size() && indexes[latest] == index) return latest;
  latest = static_cast<std::size_t>(std::find(indexes.begin(), indexes.end(), index) - indexes.begin());
  if (latest == indexes.size()) {
    indexes.push_back(index);
    values.resize(indexes.size() * width, std::nan(""));
  }
  return latest;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}
double Measured::cycle() const { return median(cycles); }

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

double resident_octets() {
  std::ifstream in("/proc/self/statm");
  double whole = 0, resident = 0;
  in >> whole >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

Poll::Poll(const Options& options, std::vector<Host>& hosts, std::shared_ptr<const snmp::Columns> columns)
    : options_(options),
      hosts_(hosts),
      columns_(std::move(columns)),
      window_(options.window > 0 ? options.window : hosts.size()),
      uptime_(*snmp::encode_oid(Oid{1, 3, 6, 1, 2, 1, 1, 3, 0})),
      client_(reactor_, metrics_),
      living_(static_cast<std::size_t>(std::count_if(hosts.begin(), hosts.end(), [](const Host& host) { return host.living; }))) {
}
Poll::~Poll() = default;

Measured Poll::run() {
  if (!options_.store.empty()) {
    auto opened = store::Store::open(options_.store, {}, clock_, metrics_);
    if (!opened) leave(opened.error().text, 1);
    store_ = std::move(*opened);
    first_cycle_ = clock_.now() - Millis(60'000) * options_.cycles;
  }
  cycle_ = 0;
  kind_ = living_ < hosts_.size() ? Kind::Warming : Kind::All;
  out_ = {};
  const SteadyTime start = reactor_.clock().steady();
  start_cpu_ = cpu_seconds();
  reactor_.post([this] { start_cycle(); });
  reactor_.run();
  reactor_.io().restart();
  if (store_) {
    if (auto flushed = store_->flush(); !flushed) leave(flushed.error().text, 1);
  }
  out_.cpu = cpu_seconds() - start_cpu_;
  out_.wall = std::chrono::duration<double>(reactor_.clock().steady() - start).count();
  if (out_.stored > 0) out_.per_stored = out_.cpu / (static_cast<double>(out_.stored) / 1e6);
  if (const std::size_t later = out_.stored - first_stored_; later > 0)
    out_.per_stored_later = (out_.cpu - first_cpu_) / (static_cast<double>(later) / 1e6);
  for (const Host& host : hosts_) {
    out_.polls += host.living ? static_cast<std::size_t>(options_.cycles) : 0;
    for (const double value : host.values) out_.sum += std::isnan(value) ? 0 : value;
  }
  return out_;
}

void Poll::start_cycle() {
  next_ = living_done_ = 0;
  cycle_start_ = reactor_.clock().steady();
  cycle_start_cpu_ = cpu_seconds();
  for (std::size_t i = 0; i < window_; ++i) start_one();
}

// All hosts of the cycle are done.
void Poll::end_cycle() {
  const Kind ended = kind_;
  const double cpu = cpu_seconds() - cycle_start_cpu_;
  const std::size_t dead = hosts_.size() - living_;
  if (ended == Kind::All && dead > 0) out_.per_dead.push_back((cpu - last_cycle_cpu_) / static_cast<double>(dead));
  last_cycle_cpu_ = cpu;
  if (ended == Kind::All && ++cycle_ == options_.cycles) return reactor_.io().stop();
  if (cycle_ == 1 && ended == Kind::All) {
    first_cpu_ = cpu_seconds() - start_cpu_;
    first_stored_ = out_.stored;
  }
  const SteadyTime now = reactor_.clock().steady();
  kind_ = ended != Kind::Alone && dead > 0 ? Kind::Alone : Kind::All;
  if (ended == Kind::Alone) return reactor_.timers().arm(rest_, cycle_start_ + last_cycle_);
  last_cycle_ = now - cycle_start_;
  start_cycle();
}

void Poll::start_one() {
  while (next_ < hosts_.size() && kind_ == Kind::Alone && !hosts_[next_].living) ++next_;
  if (next_ == hosts_.size()) return;
  Host& host = hosts_[next_++];
  ++under_way_;
  if (options_.small) {
    const snmp::VarbindView varbind{snmp::OidView(uptime_), {}};
    const snmp::Ask ask{.type = snmp::PduType::GetRequest, .varbinds = {&varbind, 1}};
    client_.request(host.target, ask, [this, &host](Result<snmp::Answer> answer) {
      if (answer) out_.varbinds += answer->varbinds.size();
      ended(host, answer ? nullptr : &answer.error(), 1);
    });
    return;
  }
  if (options_.coroutines) return reactor_.spawn(table(host));
  client_.table(
      host.target, columns_, [this, &host](const snmp::Cell& cell) { return keep(host, cell); },
      [this, &host](Result<snmp::WalkEnd> end) { ended(host, end ? nullptr : &end.error(), end ? end->requests : 0); });
}

asio::awaitable<void> Poll::table(Host& host) {
  snmp::CellSink sink = [this, &host](const snmp::Cell& cell) { return keep(host, cell); };
  auto end = co_await client_.table(host.target, columns_, std::move(sink));
  ended(host, end ? nullptr : &end.error(), end ? end->requests : 0);
}

bool Poll::keep(Host& host, const snmp::Cell& cell) {
  const auto value = cell.value.to_double();
  if (cell.index.size() != 1 || !value) return true;
  ++out_.varbinds;
  if (options_.memory) return true;
  host.values[host.row(cell.index[0], columns_->size()) * columns_->size() + cell.column] = *value;
  return true;
}

void Poll::store_values(Host& host) {
  if (host.series.size() < host.values.size()) name_series(host);
  points_.clear();
  const Time at = first_cycle_ + Millis(60'000) * (cycle_ + 1);
  for (std::size_t i = 0; i < host.values.size(); ++i)
    if (!std::isnan(host.values[i])) points_.push_back({host.series[i], {at, host.values[i]}});
  if (auto kept = store_->append(points_); !kept) leave(kept.error().text, 1);
  out_.stored += points_.size();
}

void Poll::name_series(Host& host) {
  host.series.resize(host.values.size());
  for (std::size_t row = 0; row < host.indexes.size(); ++row) {
    for (std::size_t c = 0; c < columns_->size(); ++c) {
      auto id = store_->series({{"__name__", "pollbench_value"},
                                {"device", host.target.name},
                                {"oid", (*columns_)[c].oid.to_string()},
                                {"ifIndex", std::to_string(host.indexes[row])}});
      if (!id) leave(id.error().text, 1);
      host.series[row * columns_->size() + c] = *id;
    }
  }
}

void Poll::ended(Host& host, const Error* error, std::size_t requests) {
  if (error == nullptr) {
    if (kind_ == Kind::All) ++out_.answered;
    out_.requests += requests;
    if (store_) store_values(host);
  } else if (host.living && failed_++ < 5) {
    std::fprintf(stderr, "%s\n", error->text.c_str());
  }
  if (host.living && ++living_done_ == living_ && kind_ != Kind::Warming) {
    const bool all = kind_ == Kind::All;
    (all ? out_.cycles : out_.alone).push_back(std::chrono::duration<double>(reactor_.clock().steady() - cycle_start_).count());
    (all ? out_.cycles_cpu : out_.alone_cpu).push_back(cpu_seconds() - cycle_start_cpu_);
  }
  --under_way_;
  start_one();
  if (under_way_ == 0) end_cycle();
}

}  // namespace bongsu::pollbench
