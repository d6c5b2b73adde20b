// SPDX-License-Identifier: Apache-2.0
#include "remedy/engine.h"

#include <functional>
#include <set>

#include "base/lock.h"
#include "base/log.h"
#include "base/text.h"
#include "model/show.h"

namespace bongsu::remedy {

// What somebody asks for: what it does to the book, and how the answer leaves once that is kept, or is not.
struct Wish {
  std::function<void(Book&, Time)> take;
  std::function<void(const Status& kept)> answer;
};

namespace {

constexpr std::size_t kMostNews = 2'000;  // of one step
constexpr std::size_t kValueOctets = 1'000;

std::string variable(std::string_view text) {
  std::string out = to_valid_utf8(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (out.size() <= kValueOctets) return out;
  std::size_t end = kValueOctets;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
  return out.substr(0, end);
}

// With the labels of the alarm in place of ${LABEL}. What is no number stays as it stands, and nothing can be named so.
std::string fill_index(std::string object, const Labels& labels) {
  for (std::size_t begin = object.find("${"); begin != object.npos; begin = object.find("${", begin + 1)) {
    const std::size_t end = object.find('}', begin);
    if (end == object.npos) break;
    const std::string_view value = labels.get(object.substr(begin + 2, end - begin - 2));
    const bool number = !value.empty() && value.size() <= 10 && value.find_first_not_of("0123456789") == value.npos;
    if (number) object.replace(begin, end - begin + 1, value);
  }
  return object;
}

}  // namespace

Order order_of(const Remedy& remedy, std::uint64_t run, const Alarm& alarm, const std::optional<DeviceState>& device) {
  Order order{.script = remedy.script, .timeout = remedy.timeout};
  order.device = alarm.device;
  order.http = remedy.http;
  if (remedy.set) {
    auto filled = std::make_shared<SetCall>(*remedy.set);
    order.script = fill_index(remedy.script, alarm.labels);
    for (SetCall::Object& one : filled->objects) one.object = fill_index(std::move(one.object), alarm.labels);
    order.set = std::move(filled);
  }
  const std::string address = device ? device->address : std::string();
  const auto set = [&](const char* name, std::string_view value) { order.environment.emplace_back(name, variable(value)); };
  set("BONGSU_REMEDY", remedy.name);
  set("BONGSU_RUN", std::to_string(run));
  set("BONGSU_ALARM", std::to_string(alarm.id));
  set("BONGSU_ITEM", alarm.item);
  set("BONGSU_LEVEL", to_string(alarm.level));
  set("BONGSU_VALUE", format_number(alarm.value));
  set("BONGSU_DEVICE", alarm.device);
  set("BONGSU_ADDRESS", address);
  JsonWriter json(order.input);
  json.begin_object().member("version", 1).member("remedy", remedy.name).member("run", run).key("alarm");
  write_alarm(json, alarm);
  json.key("device").begin_object().member("name", alarm.device).member("address", address).key("tags").begin_object();
  if (device) {
    for (const auto& [name, value] : device->tags) json.member(name, value);
  }
  json.end_object().end_object().end_object();
  order.input += '\n';
  return order;
}

struct Engine::State {
  State(Book made, StateStore& kept, const DeviceSource& known, Hands& able, Metrics& counted)
      : book(std::move(made)), store(kept), devices(known), hands(able), metrics(counted) {}
  Guarded<Book> book;
  Guarded<std::vector<Wish>> wishes;
  StateStore& store;
  const DeviceSource& devices;
  Hands& hands;
  Metrics& metrics;
  // The stepping thread's own.
  std::set<std::string, std::less<>> taken;          // keys of news that are to be erased
  std::vector<std::pair<std::uint64_t, Order>> due;  // and not yet handed over
  std::vector<Wish> granted;                         // and not yet kept
  bool refused = false;

  std::optional<DeviceState> device(const std::string& name) const { return name.empty() ? std::nullopt : devices.device(name); }

  void count(const std::string& remedy, const char* outcome) {
    metrics.counter("bongsu_remedy_runs_total", "Scripts run, by remedy and outcome.", {{"remedy", remedy}, {"outcome", outcome}})
        .add();
  }

  void hear(Time now) {
    for (auto& [id, outcome] : hands.ended()) {
      const auto held = book.lock();
      held->ended(id, std::move(outcome), now);
      const auto run = held->runs().find(id);
      if (run == held->runs().end()) continue;
      count(run->second.remedy, run->second.good()                       ? "good"
                                : run->second.state == RunState::Unknown ? "unknown"
                                : run->second.state == RunState::Failed  ? "failed"
                                                                         : "bad");
    }
  }

  Status read_news(Time now) {
    std::vector<std::pair<std::string, AlarmNews>> news;
    BONGSU_TRY_OK(store.scan(kRemedyNewsTable, "", [&](std::string_view key, std::string_view value) {
      if (taken.contains(key)) return true;
      auto one = decode_alarm_news(value);
      if (one) {
        news.emplace_back(key, *std::move(one));
      } else {
        log::error("no script is looked for: {}", one.error().text);
        taken.emplace(key);
      }
      return news.size() < kMostNews;
    }));
    for (auto& [key, one] : news) {
      const auto known = device(one.alarm.device);
      book.lock()->take(one, known ? known->tags : Tags(), now);
      taken.insert(std::move(key));
    }
    return {};
  }

  void begin(Time now) {
    for (auto& [id, order] : std::exchange(due, {})) {
      const Status begun = hands.begin(id, order);
      if (begun) continue;
      const auto held = book.lock();
      held->not_begun(id, begun.error(), now);
      if (const auto run = held->runs().find(id); run != held->runs().end()) count(run->second.remedy, "failed");
    }
  }
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(Spec spec, StateStore& store, const DeviceSource& devices, Hands& hands,
                                             Metrics& metrics, Time now) {
  Book book(std::make_shared<const Spec>(std::move(spec)));
  Status read;
  BONGSU_TRY_OK(store.scan(kTallyTable, "", [&](std::string_view key, std::string_view value) {
    auto tally = decode_tally(value);
    if (tally) book.restore(std::string(key), *tally);
    else read = std::move(tally).error();
    return read.ok();
  }));
  BONGSU_TRY_OK(std::move(read).context("remedies"));
  BONGSU_TRY_OK(store.scan(kRunTable, "", [&](std::string_view, std::string_view value) {
    auto run = decode_run(value);
    if (run) book.restore(*std::move(run), now);
    else read = std::move(run).error();
    return read.ok();
  }));
  BONGSU_TRY_OK(std::move(read).context("remedies"));
  return std::unique_ptr<Engine>(new Engine(std::make_unique<State>(std::move(book), store, devices, hands, metrics)));
}

void Engine::reload(Spec spec) { state_->book.lock()->use(std::make_shared<const Spec>(std::move(spec))); }

std::vector<Effect> Engine::step(Time now) {
  State& state = *state_;
  state.hear(now);
  Status done = state.read_news(now);
  std::vector<Wish> wishes;
  state.wishes.lock()->swap(wishes);
  std::vector<Run> begun;
  StateBatch batch;
  {
    const auto book = state.book.lock();
    for (Wish& wish : wishes) {
      wish.take(*book, now);
      state.granted.push_back(std::move(wish));
    }
    begun = book->start(now);
    batch = book->unsaved();
    double stopped = 0;
    for (const auto& [name, remedy] : book->spec().remedies) stopped += book->tally(name).stopped ? 1 : 0;
    state.metrics.gauge("bongsu_remedy_stopped", "Remedies that failed too often and wait to be resumed.").set(stopped);
  }
  for (const Run& run : begun) {
    std::optional<Remedy> remedy;
    {
      const auto book = state.book.lock();
      if (const auto at = book->spec().remedies.find(run.remedy); at != book->spec().remedies.end()) remedy = at->second;
    }
    // Taken out of the configuration this moment: it is handed over as it was chosen.
    if (!remedy) remedy = Remedy{.name = run.remedy, .script = run.script};
    state.due.emplace_back(run.id, order_of(*remedy, run.id, run.alarm, state.device(run.alarm.device)));
  }
  for (const std::string& key : state.taken) batch.erase(kRemedyNewsTable, key);
  if (done && !batch.empty()) done = state.store.commit(batch);
  for (Wish& wish : std::exchange(state.granted, {})) wish.answer(done);
  if (!done) {
    state.metrics.counter("bongsu_remedy_commit_failures_total", "Changes of remedies that could not be kept at once.").add();
    if (!std::exchange(state.refused, true)) log::error("remedies cannot be kept, no script runs: {}", done.error().text);
    return {};
  }
  if (std::exchange(state.refused, false)) log::info("remedies are kept again");
  state.book.lock()->saved();
  state.taken.clear();
  state.begin(now);
  return state.book.lock()->take_effects();
}

std::vector<RemedyState> Engine::remedies(Time now) const {
  std::vector<RemedyState> out;
  const auto book = state_->book.lock();
  for (const auto& [name, remedy] : book->spec().remedies) {
    RemedyState one{.remedy = remedy, .tally = book->tally(name), .within_hour = book->within_hour(name, now)};
    for (auto at = book->runs().rbegin(); at != book->runs().rend() && !one.last; ++at) {
      if (at->second.remedy == name && at->second.state != RunState::Skipped) one.last = at->second;
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<Run> Engine::runs() const {
  std::vector<Run> out;
  const auto book = state_->book.lock();
  for (auto at = book->runs().rbegin(); at != book->runs().rend(); ++at) out.push_back(at->second);
  return out;
}

std::vector<Run> Engine::runs_of(std::uint64_t alarm) const {
  std::vector<Run> out;
  const auto book = state_->book.lock();
  for (const auto& [id, run] : book->runs()) {
    if (run.alarm.id == alarm) out.push_back(run);
  }
  return out;
}

Result<Order> Engine::show(const std::string& remedy, const Alarm& alarm) const {
  std::optional<Remedy> known;
  {
    const auto book = state_->book.lock();
    if (const auto at = book->spec().remedies.find(remedy); at != book->spec().remedies.end()) known = at->second;
  }
  if (!known) return Error{Code::NotFound, "there is no remedy " + remedy + "; `bongsu remedies list` lists them"};
  return order_of(*known, 0, alarm, state_->device(alarm.device));
}

namespace {

// `act` gives what the wish came to; the future has it once it is kept.
template <class T, class Act>
std::future<Result<T>> wish(Guarded<std::vector<Wish>>& wishes, Act act) {
  struct Open {
    std::promise<Result<T>> answer;
    std::optional<Result<T>> found;
  };
  const auto open = std::make_shared<Open>();
  auto out = open->answer.get_future();
  wishes.lock()->push_back(
      {[open, act](Book& book, Time now) { open->found.emplace(act(book, now)); },
       [open](const Status& kept) {
         if (open->found->ok() && !kept)
           open->answer.set_value(Error{Code::Unavailable, "it is not kept yet, and tried again: " + kept.error().text});
         else open->answer.set_value(*std::move(open->found));
       }});
  return out;
}

}  // namespace

std::future<Status> Engine::approve(std::uint64_t run, std::string by, bool yes) {
  return wish<void>(state_->wishes,
                    [run, by = std::move(by), yes](Book& book, Time now) { return book.approve(run, by, yes, now); });
}

std::future<Status> Engine::resume(std::string remedy, std::string by) {
  return wish<void>(state_->wishes, [remedy = std::move(remedy), by = std::move(by)](Book& book, Time now) {
    return book.resume(remedy, by, now);
  });
}

std::future<Result<std::uint64_t>> Engine::order(std::string remedy, Alarm alarm, std::string by) {
  return wish<std::uint64_t>(state_->wishes, [remedy = std::move(remedy), alarm = std::move(alarm), by = std::move(by)](
                                                 Book& book, Time now) { return book.order(remedy, alarm, by, now); });
}

}  // namespace bongsu::remedy
