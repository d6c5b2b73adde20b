// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>

#include "app/transfer.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "folder.h"

namespace {

using namespace bongsu;

constexpr int kInputs = 5000;  // then the store begins anew
constexpr int kRounds = 250;   // inputs from one that goes to the disk and back to the next

class Scratch {
 public:
  Scratch() {
    store::StoreOptions options{.memory = 16 << 20};
    options.raw_retention = options.log_retention = options.event_retention = std::chrono::hours(24 * 36500);
    options.min_free_disk = 0;
    auto opened = store::Store::open(folder_ / "store", options, clock_, metrics_);
    if (!opened) std::abort();
    store_ = *std::move(opened);
  }
  store::Store& store() { return *store_; }

 private:
  const Folder folder_;
  const SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
};

app::Moved import(store::Store& store, const std::string& text, bool to_disk = true) {
  app::Importer importer(store);
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!importer.line(line)) std::abort();
  }
  if (to_disk && !importer.finish()) std::abort();
  return importer.moved();
}

// The newest: an export goes through the time, of which there can be half a century.
constexpr Millis kExported = std::chrono::hours(24);

}  // namespace

// Lines to be imported. Of some inputs what was taken is exported, and all of that is taken again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // RocksDB's own statics come first, and so end last.
  [[maybe_unused]] static const bool begun = std::make_unique<Scratch>() != nullptr;
  static std::unique_ptr<Scratch> scratch;
  static int inputs = 0;
  const int input = inputs++;
  if (input % kInputs == 0) {
    scratch.reset();
    scratch = std::make_unique<Scratch>();
  }
  store::Store& store = scratch->store();
  const bool to_disk = input % kRounds < 4;
  import(store, std::string(reinterpret_cast<const char*>(data), size), to_disk);
  if (!to_disk) return 0;
  std::string out;
  const auto write = [&](std::string_view text) -> Status { return out += text, Status(); };
  const auto extent = store.extent();
  if (!extent) std::abort();
  app::Moved left;
  if (extent->oldest && extent->newest) {
    const auto points = app::export_points(
        store, {.from = std::max(*extent->oldest, *extent->newest - kExported), .to = *extent->newest}, write, [](double) {});
    if (!points) std::abort();
    left = *points;
  }
  if (const app::Moved again = import(store, out); again.bad_lines > 0 || again.points != left.points || again.refused > 0)
    std::abort();
  out.clear();
  if (!app::export_events(store, time_from_ms(-62'135'596'800'000), time_from_ms(253'402'300'799'999), write)) std::abort();
  // One at a time, since each import adds to them.
  const std::size_t end = out.find('\n');
  if (end != std::string::npos && import(store, out.substr(0, end)).bad_lines > 0) std::abort();
  return 0;
}
