// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "store/core.h"

namespace bongsu::store {

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& dir, const StoreOptions& options, const Clock& clock,
                                           Metrics& metrics) {
  BONGSU_TRY(std::unique_ptr<Core> core, Core::open(dir, options, clock, metrics, OpenAs::Use));
  return std::unique_ptr<Store>(new Store(std::move(core)));
}

Result<std::unique_ptr<const Store>> Store::open_to_read(const std::filesystem::path& dir, const StoreOptions& options,
                                                         const Clock& clock, Metrics& metrics) {
  BONGSU_TRY(std::unique_ptr<Core> core, Core::open(dir, options, clock, metrics, OpenAs::Read));
  return std::unique_ptr<const Store>(new Store(std::move(core)));
}

Store::Store(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Store::~Store() = default;

Result<SeriesId> Store::series(const Labels& labels) { return core_->series(labels); }
Status Store::append(std::span<const Point> points) {
  BONGSU_TRY_OK(append_counted(points));
  return {};
}
Result<std::size_t> Store::append_counted(std::span<const Point> points) { return core_->append(points, false); }
Result<std::size_t> Store::backfill(std::span<const Point> points) { return core_->append(points, true); }
Result<Store::Extent> Store::extent() const { return core_->extent(); }
Status Store::each_event(const std::function<Result<bool>(Event event)>& visit) const { return core_->each_event(visit); }
const std::filesystem::path& Store::directory() const { return core_->directory(); }
Result<std::uint64_t> Store::checkpoint(const std::filesystem::path& to) {
  BONGSU_TRY_OK(flush());
  return core_->checkpoint(to);
}
Result<std::vector<Series>> Store::select(std::span<const Matcher> matchers, Time from, Time to,
                                          const SelectLimits& limits) const {
  return core_->select(matchers, from, to, limits);
}
Result<std::vector<Latest>> Store::latest(std::span<const Matcher> matchers, Time from, Time to,
                                          const SelectLimits& limits) const {
  return core_->latest(matchers, from, to, limits);
}
Result<std::vector<RollupSeries>> Store::select_rollup(std::span<const Matcher> matchers, Time from, Time to,
                                                       Resolution resolution, const SelectLimits& limits) const {
  return core_->select_rollup(matchers, from, to, resolution, limits);
}
Time Store::kept_since(Resolution resolution) const { return core_->kept_since(resolution); }
Result<std::vector<Labels>> Store::find(std::span<const Matcher> matchers, Time from, Time to) const {
  return core_->find(matchers, from, to);
}
Result<std::vector<std::string>> Store::label_names() const { return core_->label_names(); }
Result<std::vector<std::string>> Store::label_values(std::string_view name) const { return core_->label_values(name); }
Result<Cardinality> Store::cardinality(std::size_t top) const { return core_->cardinality(top); }
Status Store::append(std::vector<Event> events) { return core_->append(std::move(events)); }
Result<EventPage> Store::search(const EventQuery& query) const { return core_->search(query); }
Result<std::optional<std::string>> Store::get(std::string_view table, std::string_view key) const {
  return core_->get(table, key);
}
Status Store::scan(std::string_view table, std::string_view prefix,
                   const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  return core_->scan(table, prefix, visit);
}
Status Store::commit(const StateBatch& batch) { return core_->commit(&batch); }
Status Store::flush() { return core_->commit(nullptr); }
Store::Health Store::health() const { return core_->health(); }

}  // namespace bongsu::store
