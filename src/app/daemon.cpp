// SPDX-License-Identifier: Apache-2.0
#include "app/daemon.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "app/backup_job.h"
#include "app/drills.h"
#include "app/errands.h"
#include "app/history.h"
#include "app/mib_report.h"
#include "app/mibs.h"
#include "app/overlay.h"
#include "app/programs.h"
#include "app/remedy_hands.h"
#include "app/scrape.h"
#include "app/stopped_remedies.h"
#include "app/survey.h"
#include "app/tallied_events.h"
#include "app/version.h"
#include "base/log.h"
#include "http/server.h"
#include "icmp/pinger.h"
#include "model/keeper.h"
#include "net/gateway.h"
#include "net/live.h"
#include "notify/couriers.h"
#include "notify/notifier.h"
#include "poll/poller.h"
#include "remedy/child.h"
#include "remedy/engine.h"
#include "remedy/link.h"
#include "rule/engine.h"
#include "snmp/client.h"
#include "store/store.h"
#include "syslog/receiver.h"
#include "topology/topology.h"

namespace bongsu::app {

// Of one table: the poller reads a slow one beside its slots, as long as it takes.
constexpr snmp::WalkLimits kPatience{.requests = 50'000, .time = std::chrono::hours(2)};

constexpr std::chrono::seconds kLettingGo{3};

constexpr Millis kTick{1'000};
constexpr Millis kLinks{5'000};  // between two looks at what devices told of each other
constexpr Millis kOwnPoints{10'000};
constexpr Millis kLinePoints{60'000};
constexpr Millis kLastAnswers{1'500};  // for services to take what is being sent when the daemon ends
constexpr Millis kHearing{100};        // between two looks whether a script has ended
// What a query frees serves the next one: to give it back and fetch it again takes longer than to read the series. What
// nobody wants goes back later.
constexpr int kKeptMemory = 64 << 20;  // octets at the end of each arena
constexpr Millis kGivingBack = std::chrono::minutes(5);

// Does one thing once a second, or when it says, on a thread of its own: it may wait for the disk.
class Ticker {
 public:
  Ticker(const char* name, std::function<Millis()> tick) : tick_(std::move(tick)), thread_([this] { run(); }) {
    pthread_setname_np(thread_.native_handle(), name);
  }
  ~Ticker() {
    *stop_.lock() = true;
    wake_.notify_all();
    thread_.join();
  }

 private:
  void run() {
    for (;;) {
      const Millis pause = tick_();
      auto stop = stop_.lock();
      if (wake_.wait_for(stop.hold(), pause, [&] { return *stop; })) return;
    }
  }
  const std::function<Millis()> tick_;
  Guarded<bool> stop_{false};
  std::condition_variable wake_;
  std::thread thread_;
};

// In order of life: what stands below uses what stands above.
struct Daemon::Parts {
  explicit Parts(Setup made)
      : setup(std::move(made)),
        profiles(setup.profiles),
        items(std::make_shared<std::vector<rule::ItemSpec>>(setup.items)),
        tree(setup.tree) {}
  ~Parts();

  SystemClock clock;
  SteadyTime started = clock.steady();
  Metrics metrics;
  std::mutex changing;  // held by whoever replaces `setup` or a part of it
  Setup setup;
  Snapshot<poll::ProfileSet> profiles;
  Snapshot<std::vector<rule::ItemSpec>> items;
  Snapshot<mib::Tree> tree;
  Errands errands;
  snmp::PassPhraseKeys keys;
  CredentialMap credentials;
  syslog::DeviceLookup addresses;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<StateKeeper> keeper;
  net::LiveReactor poll_reactor;
  net::LiveReactor listen_reactor;
  std::unique_ptr<icmp::Pinger> pinger;
  std::unique_ptr<snmp::Client> client;
  std::unique_ptr<topology::Topology> topology;
  std::unique_ptr<poll::Poller> poller;
  std::unique_ptr<TalliedEvents> tallied;
  std::unique_ptr<syslog::Receiver> syslog;
  std::unique_ptr<rule::Engine> rules;
  std::unique_ptr<ProgramCourier> programs;
  std::unique_ptr<notify::Couriers> courier;
  std::unique_ptr<notify::Notifier> notifier;
  std::unique_ptr<remedy::RunnerChild> runner;  // where nobody else runs one; lives from the first remedy on
  std::unique_ptr<remedy::RunnerLink> scripts;
  std::unique_ptr<RemedyHands> hands;
  std::unique_ptr<remedy::Engine> remedies;
  std::unique_ptr<Drills> drills;
  std::unique_ptr<Ticker> judge;
  std::unique_ptr<Ticker> teller;
  std::unique_ptr<Ticker> healer;
  std::unique_ptr<Ticker> messenger;
  std::unique_ptr<BackupJob> backup;
  std::unique_ptr<Scraper> scraper;
  std::unique_ptr<Surveyor> surveyor;
  std::unique_ptr<Ticker> survey;
  std::unique_ptr<Ticker> links;
  std::unique_ptr<Ticker> memory;
  std::unique_ptr<http::Server> server;
  std::string no_ping;    // why there is no ping, for the page
  std::string no_syslog;  // why another port was taken
  std::string restarted;  // when and why, where the one before did not end by itself

  Guarded<std::map<std::string, std::string>> named_hosts;  // device -> host name
  net::CallbackTimer look_up_again{[this] { name_senders(); }};
  std::atomic<bool> judged = false;
  std::atomic<bool> scripted = false;  // there are remedies, or channels that are programs

  Guarded<std::string> no_runner;  // why no script can run
  // The healing thread's own.
  SteadyTime points_written{};
  SteadyTime lines_written{};
  StoppedRemedies stopped_remedies;

  Status open();
  Status load_mibs_again();
  Status load_profiles_again(std::shared_ptr<const mib::Tree> next);
  Result<std::string> accept_profile(const std::string& yaml);
  std::vector<std::string> devices_under(const mib::Tree& modules, const std::string& file) const;
  Result<http::MibAdded> add_mib(const std::string& name, const std::string& octets, bool load);
  Result<std::vector<std::string>> remove_mib(const std::string& name);
  Result<http::EntryChange> set_entry(const Wish& wish, bool dry);
  void tell_audit(const std::string& text);
  Status open_syslog();
  Status open_remedies();
  Millis heal();
  void write_own_points();
  http::Sources::Remedies remedy_sources();
  void watch();
  void find_parents();
  void name_senders();
  http::MetricInfo describe(const std::string& metric) const;
  Status ready() const;
  std::vector<std::string> notices() const;
  void tell_restart(const std::string& because);
};

// Threads end before what they use: the page first, then the judge and the teller, then the reactors, and the store last of all.
Daemon::Parts::~Parts() {
  errands.close();
  server.reset();
  if (surveyor) surveyor->stop();
  survey.reset();
  links.reset();
  surveyor.reset();
  scraper.reset();
  backup.reset();
  judge.reset();
  teller.reset();
  healer.reset();
  messenger.reset();
  drills.reset();
  remedies.reset();
  hands.reset();
  scripts.reset();
  runner.reset();
  if (notifier) notifier->finish(clock.now(), kLastAnswers);
  courier.reset();
  programs.reset();
  notifier.reset();
  listen_reactor.stop();
  poll_reactor.stop();
  syslog.reset();
  tallied.reset();
  poller.reset();
  topology.reset();
  client.reset();
  pinger.reset();
  rules.reset();
  keeper.reset();
  store.reset();
}

Status Daemon::Parts::open_syslog() {
  syslog::ReceiverSpec spec;
  spec.udp = setup.config.syslog_udp;
  if (spec.udp.empty()) return {};
  tallied = std::make_unique<TalliedEvents>(*store);
  auto receiver = syslog::Receiver::open(listen_reactor, spec, addresses, *tallied, metrics);
  if (!receiver && !setup.config.syslog_named) {
    // Nobody asked for port 514: without the right to it, or with another daemon on it, 5514 serves.
    no_syslog = receiver.error().text;
    for (net::Endpoint& endpoint : spec.udp) endpoint.port = 5514;
    receiver = syslog::Receiver::open(listen_reactor, spec, addresses, *tallied, metrics);
  }
  if (!receiver) return std::move(receiver).error();
  syslog = *std::move(receiver);
  return {};
}

std::filesystem::path runner_socket(const config::MainConfig& config) {
  return config.runner.socket.empty() ? std::filesystem::absolute(config.data) / "runner.sock" : config.runner.socket;
}

// Before the notices are handed on.
bool needs_runner(const config::MainConfig& config) {
  const auto& channels = config.notices.channels;
  const auto& remedies = config.remedies.remedies;
  const bool any = std::any_of(remedies.begin(), remedies.end(), [](const auto& one) { return one.second.runs_script(); });
  return any || std::any_of(channels.begin(), channels.end(),
                            [](const auto& one) { return one.second.type == notify::ChannelType::Program; });
}

Status Daemon::Parts::open_remedies() {
  const config::MainConfig& config = setup.config;
  const bool own = config.runner.socket.empty();
  const std::filesystem::path socket = runner_socket(config);
  if (own && !config.runner.scripts.empty()) {  // the demonstration has none
    runner = std::make_unique<remedy::RunnerChild>(remedy::ChildSpec{.program = setup.share.script_runner,
                                                                     .socket = socket,
                                                                     .scripts = std::filesystem::absolute(config.runner.scripts),
                                                                     .user = config.runner.user});
  }
  scripts = std::make_unique<remedy::RunnerLink>(socket);
  hands = std::make_unique<RemedyHands>(RemedyHands::Parts{*scripts, *courier, poll_reactor, *client, tree});
  BONGSU_TRY(remedies, remedy::Engine::open(config.remedies, *store, *poller, *hands, metrics, clock.now()));
  return {};
}

// The next step, within a second, takes a wish; one that takes longer waits for the disk.
template <class T>
Result<T> granted(std::future<Result<T>> wish) {
  if (wish.wait_for(std::chrono::seconds(10)) == std::future_status::ready) return wish.get();
  return Error{Code::Unavailable, "the daemon is busy with its disk; it is done as soon as that answers"};
}

http::Sources::Remedies Daemon::Parts::remedy_sources() {
  http::Sources::Remedies out;
  out.list = [this] { return remedies->remedies(clock.now()); };
  out.runs = [this] { return remedies->runs(); };
  out.runs_of = [this](std::uint64_t alarm) { return remedies->runs_of(alarm); };
  out.show = [this](const std::string& remedy, const Alarm& alarm) { return remedies->show(remedy, alarm); };
  out.order = [this](const std::string& remedy, const Alarm& alarm) { return granted(remedies->order(remedy, alarm, "api")); };
  out.approve = [this](std::uint64_t run, bool yes) { return granted(remedies->approve(run, "api", yes)); };
  out.resume = [this](const std::string& remedy) { return granted(remedies->resume(remedy, "api")); };
  return out;
}

// Gives when to look again.
Millis Daemon::Parts::heal() {
  if (runner && scripted) {
    const Status kept = runner->keep(clock.steady());
    const std::string problem = kept ? std::string() : kept.error().text;
    std::string before = std::exchange(*no_runner.lock(), problem);
    if (!problem.empty() && before != problem) log::error("scripts cannot run: {}", problem);
  }
  for (const remedy::Effect& effect : remedies->step(clock.now())) {
    rules->credit(effect.alarm, effect.repaired_by, effect.until);
    if (effect.poll) poller->poll_now(effect.device);
  }
  write_own_points();
  return scripts->busy() || hands->busy() ? kHearing : kTick;
}

// What items are to judge of Bongsu's own doing: remedies that stopped, and how many lines each device sent.
void Daemon::Parts::write_own_points() {
  const Time now = clock.now();
  Status kept;
  if (clock.steady() - points_written >= kOwnPoints) {
    points_written = clock.steady();
    kept = stopped_remedies.write(*store, remedies->remedies(now), now);
  }
  if (tallied && clock.steady() - lines_written >= kLinePoints) {
    lines_written = clock.steady();
    if (Status written = tallied->write(*store, now); !written) kept = std::move(written);
  }
  if (!kept) metrics.counter("bongsu_own_points_dropped_total", "Points of Bongsu's own doing that were not stored.").add();
}

Status Daemon::Parts::open() {
  mallopt(M_TRIM_THRESHOLD, kKeptMemory);
  const config::MainConfig& config = setup.config;
  store::StoreOptions options;
  // One half for what is on disk, the other for the newest samples and the labels of series.
  if (config.memory != 0) options.memory = options.series_memory = config.memory / 2;
  if (config.disk_reserve != 0) options.min_free_disk = config.disk_reserve;
  options.point_sync = config.sync_points ? store::PointSync::Flush : store::PointSync::System;
  options.raw_retention = config.retention.raw;
  options.five_minute_retention = config.retention.five_minutes;
  options.hour_retention = config.retention.hours;
  options.log_retention = config.retention.logs;
  options.event_retention = config.retention.events;
  // One that was killed holds the directory until the kernel has let go of its memory.
  const SteadyTime end = clock.steady() + kLettingGo;
  for (;;) {
    auto opened = store::Store::open(config.data, options, clock, metrics);
    if (!opened && opened.error().code == Code::Unavailable && clock.steady() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    BONGSU_TRY(store, std::move(opened));
    break;
  }
  keeper = std::make_unique<StateKeeper>(*store, metrics);

  if (auto opened = icmp::Pinger::open(poll_reactor, metrics)) pinger = *std::move(opened);
  else no_ping = opened.error().text;
  client =
      std::make_unique<snmp::Client>(poll_reactor, metrics, snmp::ClientOptions{.keeper = keeper.get(), .limits = kPatience});
  BONGSU_TRY_OK(client->remember(*store));
  BONGSU_TRY(topology, topology::Topology::open(*store, *keeper, metrics, net::default_gateway));
  poller = std::make_unique<poll::Poller>(poll::PollerParts{.reactor = poll_reactor,
                                                            .client = *client,
                                                            .pinger = pinger.get(),
                                                            .points = *store,
                                                            .events = store.get(),
                                                            .profiles = profiles,
                                                            .metrics = metrics,
                                                            .keeper = keeper.get(),
                                                            .kept = store.get(),
                                                            .neighbors = topology.get()});

  scraper = std::make_unique<Scraper>(poll_reactor, *client, profiles);
  BONGSU_TRY(surveyor,
             Surveyor::open(*store, *keeper, clock, *poller, metrics, [this](std::string_view device, std::stop_token gone) {
               return scraper->propose(device, std::move(gone));
             }));
  rule::EngineOptions judging;
  judging.query.lookback = config::lookback_of(config);
  judging.own_points = store.get();
  judging.prober = poller.get();
  BONGSU_TRY(rules, rule::Engine::open(setup.items, *store, *poller, *store, metrics, judging));
  rules->set_windows(setup.config.maintenance);
  programs = std::make_unique<ProgramCourier>(runner_socket(setup.config));
  BONGSU_TRY(courier, notify::Couriers::start(metrics, programs.get(), {.store = store.get(), .keeper = keeper.get()}));
  scripted = needs_runner(setup.config);
  BONGSU_TRY(notifier, notify::Notifier::open(notices_of(setup.config), *store, *poller, *courier, metrics));
  notifier->show_history([this, lookback = judging.query.lookback](const Alarm& alarm, Time now) {
    const auto known = items.get();
    const auto item =
        std::find_if(known->begin(), known->end(), [&](const rule::ItemSpec& one) { return one.name == alarm.item; });
    return item == known->end() ? std::vector<Sample>() : course_of(alarm, *item, *store, lookback, now);
  });
  BONGSU_TRY_OK(open_remedies());
  drills = std::make_unique<Drills>(*rules, *notifier, *poller, *remedies, *store);
  watch();
  find_parents();
  BONGSU_TRY_OK(open_syslog());

  http::ServerOptions http;
  http.listen = config.http.to_string();
  http::Sources sources{
      .clock = clock, .metrics = metrics, .devices = *poller, .alarms = *rules, .events = *store, .points = *store};
  sources.lookback = judging.query.lookback;
  sources.ready = [this] { return ready(); };
  sources.notices = [this] { return notices(); };
  sources.acknowledge = [this](std::uint64_t id, const http::Taking& taking) {
    const rule::Acknowledgement how{.by = "api", .note = taking.note, .until = taking.until, .until_worse = taking.until_worse};
    return rules->acknowledge(id, how, clock.now());
  };
  sources.write.series = [this](const Labels& labels) { return store->series(labels); };
  sources.write.append = [this](std::span<const Point> points) { return store->append_counted(points); };
  sources.scrape = [this](std::string_view target, std::string_view module, std::stop_token gone) {
    return scraper->ask(target, module, std::move(gone));
  };
  sources.unacknowledge = [this](std::uint64_t id, std::string_view) { return rules->unacknowledge(id, "api", clock.now()); };
  sources.rules = [this] {
    std::vector<http::RuleState> out;
    for (auto& one : rules->health()) out.push_back({std::move(one.item), one.judged, one.failing});
    return out;
  };
  sources.items = [this] { return items.get(); };
  sources.describe = [this](const std::string& metric) { return describe(metric); };
  sources.dialect = [this](std::string_view device) { return poller->dialect(device); };
  sources.channels = [this] { return notifier->channels(); };
  sources.test_channel = [this](std::string_view channel, std::string_view person) {
    return notifier->test(channel, person, clock.now());
  };
  sources.people = [this] { return notifier->people(); };
  sources.begin_drill = [this](const http::DrillWish& wish) { return drills->begin(wish, clock.now()); };
  sources.drills = [this] { return drills->all(); };
  sources.explain_notices = [this](const Alarm& alarm) { return notifier->explain(alarm, clock.now()); };
  sources.maintenance = [this] { return rules->windows(clock.now()); };
  sources.begin_maintenance = [this](rule::Window window) { return rules->begin_window(std::move(window), clock.now()); };
  sources.end_maintenance = [this](const std::string& name) { return rules->end_window(name, "api", clock.now()); };
  sources.remedies = remedy_sources();
  backup = std::make_unique<BackupJob>(*store, clock, metrics);
  sources.back_up = [this](std::string_view dir) { return backup->start(dir); };
  sources.backup = [this] { return backup->state(); };
  sources.mibs = [this] { return tree.get(); };
  sources.add_mib = [this](std::string_view name, std::string_view octets, bool load) {
    return errands.ask<http::MibAdded>(
        [this, name = std::string(name), octets = std::string(octets), load] { return add_mib(name, octets, load); });
  };
  sources.remove_mib = [this](std::string_view name) {
    return errands.ask<std::vector<std::string>>([this, name = std::string(name)] { return remove_mib(name); });
  };
  sources.entries = [this](std::string_view part) {
    std::lock_guard hold(changing);
    return entries_of(setup, *config::parse_part(part));
  };
  sources.set_entry = [this](std::string_view part, const std::string& name, std::optional<std::string> body, bool dry) {
    return errands.ask<http::EntryChange>(
        [this, wish = Wish{*config::parse_part(part), name, std::move(body)}, dry] { return set_entry(wish, dry); });
  };
  sources.propose = [this](std::string_view device, std::stop_token gone) -> Result<http::Proposed> {
    BONGSU_TRY(discover::Proposal made, scraper->propose(device, std::move(gone)));
    if (poller->device(device)) surveyor->take(device, made);
    return http::Proposed{std::move(made.profile), std::move(made.yaml), made.groups, made.series, std::move(made.notes)};
  };
  sources.accept_profile = [this](std::string_view yaml) {
    return errands.ask<std::string>([this, yaml = std::string(yaml)] { return accept_profile(yaml); });
  };
  sources.surveys = [this] { return surveyor->all(); };
  sources.topology = [this] { return topology->view(); };
  sources.version = kVersion;
  sources.started = started;
  BONGSU_TRY(server, http::Server::start(http, std::move(sources)));

  poll_reactor.start("poll");
  listen_reactor.start("listen");
  judge = std::make_unique<Ticker>("rules", [this] {
    rules->evaluate(clock.now());
    judged = true;
    return kTick;
  });
  teller = std::make_unique<Ticker>("notices", [this] {
    notifier->step(clock.now());
    drills->step(clock.now());
    return kTick;
  });
  healer = std::make_unique<Ticker>("remedies", [this] { return heal(); });
  messenger = std::make_unique<Ticker>("programs", [this] { return programs->step(); });
  survey = std::make_unique<Ticker>("survey", [this] { return surveyor->step(); });
  links = std::make_unique<Ticker>("topology", [this] {
    find_parents();
    return kLinks;
  });
  memory = std::make_unique<Ticker>("memory", [] {
    malloc_trim(0);
    return kGivingBack;
  });
  return {};
}

// Hands the devices of the configuration to the poller, and their addresses to the listeners.
void Daemon::Parts::watch() {
  credentials = shared_credentials(setup.config, credentials, keys);
  auto specs = device_specs(setup.config, credentials);
  auto known = std::make_shared<syslog::DeviceNames>();
  std::map<std::string, std::string> named;
  for (const poll::DeviceSpec& spec : specs) {
    if (const auto address = net::Address::parse(spec.address)) known->emplace(*address, spec.name);
    else named.emplace(spec.name, spec.address);
  }
  *named_hosts.lock() = std::move(named);
  addresses.publish(std::move(known));
  poll_reactor.post([this] { name_senders(); });
  if (scraper) scraper->know(specs);
  if (hands) hands->know(specs, credentials);
  topology->set_root(setup.config.topology_root);
  poller->apply(std::move(specs));
}

// Of devices that the configuration names none for. On one thread at a time.
void Daemon::Parts::find_parents() {
  if (auto parents = topology->step(clock.now(), poller->devices())) poller->set_parents(*std::move(parents));
}

// Devices that are configured by a host name send from its address: looked up now and every few minutes, since names move.
void Daemon::Parts::name_senders() {
  const std::map<std::string, std::string> named = *named_hosts.lock();
  for (const auto& [device, host] : named) {
    poll_reactor.resolve(host, [this, device = device](Result<net::Address> found) {
      if (!found || !named_hosts.lock()->contains(device)) return;
      auto next = std::make_shared<syslog::DeviceNames>(*addresses.get());
      next->insert_or_assign(*found, device);
      addresses.publish(std::move(next));
    });
  }
  if (!named.empty()) poll_reactor.timers().arm(look_up_again, clock.steady() + std::chrono::minutes(5));
}

// The modules anew, and the profiles, whose names they give. What runs is untouched when either fails.
Status Daemon::Parts::load_mibs_again() {
  const config::MainConfig& config = setup.config;
  BONGSU_TRY(auto next, load_mibs(setup.share, mib_folders(config), config.data / "mibs"));
  return load_profiles_again(std::move(next));
}

Status Daemon::Parts::load_profiles_again(std::shared_ptr<const mib::Tree> next) {
  config::Problems problems;
  auto set = load_profiles(rule_folders(setup.share, setup.config), next, problems);
  if (!set) return Error{Code::Invalid, "a profile cannot be read: " + problems.lines().front()};
  setup.tree = next;
  setup.profiles = set;
  tree.publish(std::move(next));
  profiles.publish(std::move(set));
  return {};
}

Result<http::MibAdded> Daemon::Parts::add_mib(const std::string& name, const std::string& octets, bool load) {
  std::lock_guard hold(changing);
  BONGSU_TRY(const KeptFile kept, keep_file(added_mibs(setup.config.data), name, octets));
  http::MibAdded added{.file = kept.top, .tree = nullptr};
  if (!load) return added;
  if (const Status loaded = load_mibs_again(); !loaded) {
    kept.undo();
    return loaded.error();
  }
  added.tree = tree.get();
  const std::string file = kept.file.string();
  const auto modules = added.tree->modules();
  const bool any = std::any_of(modules.begin(), modules.end(),
                               [&](const mib::ModuleInfo& m) { return m.file == file || m.file.starts_with(file + "/"); });
  if (!any) {
    kept.undo();
    std::string why = "no MIB module (NAME DEFINITIONS ::= BEGIN ... END) was found in it";
    for (const mib::Problem& problem : added.tree->problems()) {
      if (problem.file.starts_with(file) && !problem.warning) why = problem.text;
    }
    // Without it again; when that fails, what is loaded now goes on.
    if (const Status back = load_mibs_again(); !back) log::warning("MIB modules: {}", back.error().text);
    return Error{Code::Invalid, name + ": " + why};
  }
  added.devices = devices_under(*added.tree, file);
  surveyor->again(added.devices);
  log::info("MIB file {} taken: {} modules, {} objects loaded", file, modules.size(), added.tree->size());
  return added;
}

Result<std::vector<std::string>> Daemon::Parts::remove_mib(const std::string& name) {
  std::lock_guard hold(changing);
  const auto added = added_mibs(setup.config.data);
  BONGSU_TRY(const auto files, added_as(added, *setup.tree, name));
  BONGSU_TRY(const SetAside aside, set_aside(files));
  if (const Status loaded = load_mibs_again(); !loaded) {
    aside.back();
    return loaded.error();
  }
  aside.drop(added);
  std::vector<std::string> gone;
  for (const auto& file : files) gone.push_back(file.lexically_relative(added).generic_string());
  log::info("MIB files {} removed; {} objects loaded", fmt::join(gone, ", "), setup.tree->size());
  return gone;
}

void Daemon::Parts::tell_restart(const std::string& because) {
  std::vector<Event> events(1);
  events[0].kind = EventKind::State;
  events[0].severity = Severity::Danger;
  events[0].received = clock.now();
  events[0].app = "bongsu";
  events[0].text = "Bongsu was started again: the daemon " + because + ". Nothing was watched in between.";
  if (const Status kept = store->append(std::move(events)); !kept) log::warning("{}", kept.error().text);
}

// Devices whose vendor's number the file's modules have names below.
std::vector<std::string> Daemon::Parts::devices_under(const mib::Tree& modules, const std::string& file) const {
  static const Oid enterprises = *Oid::parse("1.3.6.1.4.1");
  std::set<std::string_view> names;
  for (const mib::ModuleInfo& module : modules.modules()) {
    if (module.file == file || module.file.starts_with(file + "/")) names.insert(module.name);
  }
  std::set<std::uint32_t> vendors;
  for (std::uint32_t i = 0; i < modules.size(); ++i) {
    const mib::Object object = modules.at(i);
    if (!names.contains(object.module)) continue;
    const Oid oid = object.oid();
    if (oid.starts_with(enterprises) && oid.size() > enterprises.size()) vendors.insert(oid.arcs()[enterprises.size()]);
  }
  std::vector<std::string> out;
  for (const DeviceState& device : poller->devices()) {
    const auto id = device.info.find("sysObjectID");
    const auto oid = id == device.info.end() ? std::nullopt : std::optional(Oid::parse(id->second));
    if (!oid || !*oid || !(*oid)->starts_with(enterprises) || (*oid)->size() <= enterprises.size()) continue;
    if (vendors.contains((*oid)->arcs()[enterprises.size()])) out.push_back(device.name);
  }
  return out;
}

Result<std::string> Daemon::Parts::accept_profile(const std::string& yaml) {
  BONGSU_TRY(const std::string name, profile_name(yaml));
  std::lock_guard hold(changing);
  BONGSU_TRY(const KeptFile kept, keep_file(accepted_rules(setup.config.data), fmt::format("profiles/{}.yaml", name), yaml));
  if (const Status loaded = load_profiles_again(setup.tree); !loaded) {
    kept.undo();
    return loaded.error();
  }
  surveyor->again(surveyor->with_proposal(name));
  log::info("profile {} accepted; kept in {}", name, kept.file.string());
  return name;
}

void Daemon::Parts::tell_audit(const std::string& text) {
  std::vector<Event> events(1);
  events[0].kind = EventKind::Audit;
  events[0].received = clock.now();
  events[0].app = "bongsu";
  events[0].text = text;
  if (const Status kept = store->append(std::move(events)); !kept) log::warning("{}", kept.error().text);
  log::info("{}", text);
}

// An item, person, route or remedy is set, or what was set is taken away, while all goes on.
Result<http::EntryChange> Daemon::Parts::set_entry(const Wish& wish, bool dry) {
  std::lock_guard hold(changing);
  BONGSU_TRY(Outcome next, try_wish(setup, wish));
  http::EntryChange out{.notes = std::move(next.notes)};
  if (next.items && wish.body) {
    const auto item =
        std::find_if(next.items->begin(), next.items->end(), [&](const auto& one) { return one.name == wish.name; });
    for (std::string& line : judged_now(*item, *store, *poller, config::lookback_of(setup.config), clock.now()))
      out.notes.push_back(std::move(line));
  }
  if (dry) return out;
  const auto folder = overlay_folder(setup.config.data);
  const std::string file = fmt::format("{}/{}.yaml", to_string(wish.part), wish.name);
  if (wish.body) {
    BONGSU_TRY_OK(keep_file(folder, file, fmt::format("# set by the API at {}\n{}", format_time(clock.now()), next.yaml)));
  } else {
    std::error_code ec;
    if (std::filesystem::remove(folder / file, ec); ec)
      return Error{Code::Io, (folder / file).string() + ": cannot be removed: " + ec.message()};
  }
  setup.overlay = std::move(next.overlay);
  if (next.items) {
    setup.items = *next.items;
    items.publish(std::make_shared<std::vector<rule::ItemSpec>>(setup.items));
    rules->reload(*std::move(next.items));
  }
  if (next.config) {
    scripted = needs_runner(*next.config);
    notifier->reload(notices_of(*next.config));
    remedies->reload(next.config->remedies);
    setup.config.remedies = std::move(next.config->remedies);
  }
  tell_audit(fmt::format("{} {} {} by the API", to_string(wish.part), wish.name, wish.body ? "was set" : "was taken away"));
  return out;
}

// As the first profile that gives the metric says.
http::MetricInfo Daemon::Parts::describe(const std::string& metric) const {
  const auto set = profiles.get();
  for (const poll::DeviceProfile& profile : set->profiles()) {
    for (const poll::Group& group : profile.groups) {
      for (const poll::Metric& one : group.metrics) {
        if (one.name == metric) return {.type = one.counter ? "counter" : "gauge", .help = profile.title, .unit = one.unit};
      }
    }
  }
  return {};
}

Status Daemon::Parts::ready() const {
  if (!judged) return Error{Code::Unavailable, "the rules have not been judged yet"};
  if (const auto health = store->health(); !health.writable) return Error{Code::Unavailable, health.problem};
  return {};
}

std::vector<std::string> Daemon::Parts::notices() const {
  std::vector<std::string> lines;
  if (const auto health = store->health(); !health.problem.empty()) lines.push_back(health.problem);
  if (!restarted.empty()) lines.push_back(restarted);
  if (!no_ping.empty()) lines.push_back("no ping: " + no_ping);
  if (const std::string problem = *no_runner.lock(); !problem.empty()) lines.push_back("no scripts run: " + problem);
  if (!no_syslog.empty()) lines.push_back("syslog listens on port 5514: " + no_syslog);
  return lines;
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(Setup setup, const std::string& because) {
  auto parts = std::make_unique<Parts>(std::move(setup));
  if (!because.empty()) parts->restarted = "started again at " + format_time(parts->clock.now()) + ": the daemon " + because;
  BONGSU_TRY_OK(parts->open());
  if (!because.empty()) parts->tell_restart(because);
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

std::vector<std::string> Daemon::reload(Setup next) {
  std::vector<std::string> left;
  std::lock_guard hold(parts_->changing);
  const config::MainConfig& now = parts_->setup.config;
  const auto needs_restart = [&](bool differs, std::string_view key) {
    if (differs) left.push_back(std::string(key) + " changed; restart bongsu for it to count");
  };
  needs_restart(next.config.data != now.data, "data");
  needs_restart(next.config.http != now.http, "http.listen");
  needs_restart(next.config.syslog_udp != now.syslog_udp, "syslog.udp");
  needs_restart(next.config.memory != now.memory, "memory");
  needs_restart(next.config.disk_reserve != now.disk_reserve, "disk.reserve");
  needs_restart(next.config.sync_points != now.sync_points, "sync");
  needs_restart(next.config.retention != now.retention, "retention");
  needs_restart(config::lookback_of(next.config) != config::lookback_of(now), "lookback");
  needs_restart(next.config.runner != now.runner, "runner");
  parts_->profiles.publish(next.profiles);
  parts_->tree.publish(next.tree);
  parts_->items.publish(std::make_shared<std::vector<rule::ItemSpec>>(next.items));
  parts_->rules->reload(next.items);
  parts_->rules->set_windows(next.config.maintenance);
  parts_->scripted = needs_runner(next.config);
  parts_->notifier->reload(notices_of(next.config));
  parts_->remedies->reload(next.config.remedies);
  parts_->setup = std::move(next);
  parts_->watch();
  return left;
}

void Daemon::run_errands() { parts_->errands.run_all(); }

std::vector<std::string> Daemon::banner() const {
  const config::MainConfig& config = parts_->setup.config;
  std::vector<std::string> lines;
  lines.push_back("bongsu " + std::string(kVersion) + ", data in " +
                  std::filesystem::absolute(config.data).lexically_normal().string() +
                  (parts_->setup.file.empty() ? ", no configuration file" : ", configuration " + parts_->setup.file.string()));
  net::Endpoint page = config.http;
  page.port = parts_->server->port();
  lines.push_back("status   http://" + page.to_string() + "/");
  if (parts_->syslog) {
    for (const net::Endpoint& endpoint : parts_->syslog->local()) lines.push_back("syslog   udp " + endpoint.to_string());
  }
  const auto used =
      std::count_if(parts_->setup.items.begin(), parts_->setup.items.end(), [](const auto& one) { return one.enabled; });
  lines.push_back("watching " + counted(config.devices.size(), "device") + " with " +
                  counted(static_cast<std::size_t>(used), "item"));
  for (const std::string& notice : parts_->notices()) lines.push_back("notice   " + notice);
  return lines;
}

}  // namespace bongsu::app
