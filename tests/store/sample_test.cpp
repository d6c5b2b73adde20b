// SPDX-License-Identifier: Apache-2.0
#include "store/sample.h"

namespace bongsu::store {
namespace {

// With BONGSU_SAMPLE_DIR it is also left in that folder, which is made: tests/store/data/README.md.
TEST(Sample, OfThisFormatIsRead) {
  const Folder scratch;
  Opened store(scratch.path());
  write_sample(store);
  if (const char* where = std::getenv("BONGSU_SAMPLE_DIR"); where != nullptr) {
    std::filesystem::create_directories(where);
    for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) {
      const std::string name = entry.path().filename().string();
      if (name == "LOCK" || name == "bongsu.pid" || name.starts_with("OPTIONS")) continue;
      std::filesystem::copy(entry.path(), std::filesystem::path(where) / name);
    }
  }
  expect_sample(store);
  store.reopen();
  expect_sample(store);
}

TEST(Sample, OfEveryFormatIsRead) {
  for (const auto& entry : std::filesystem::directory_iterator(BONGSU_SOURCE_DIR "/tests/store/data")) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Folder scratch;
    for (const auto& file : std::filesystem::directory_iterator(entry.path())) {
      const auto to = scratch.path() / file.path().filename();
      std::filesystem::copy(file.path(), to);
      std::filesystem::permissions(to, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    Opened store(scratch.path());
    store.clock.advance(std::chrono::minutes(kSampleMinutes));
    expect_sample(store);
    EXPECT_EQ(0u, store->health().lost_records);
    store.reopen();
    expect_sample(store);
  }
}

}  // namespace
}  // namespace bongsu::store
