// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace bongsu::crash {

// A call of the operating system that is to fail, in this process, on the files of one folder. faults.cpp defines write(),
// pwrite(), fdatasync(), fsync() and rename() in the program itself, so that libraries call these instead of the C library's.
struct FaultPlan {
  enum class Call : std::uint8_t { Write, Sync, Rename };
  Call call = Call::Write;
  int error = 0;          // of errno
  bool torn = false;      // the first half of what is written arrives
  bool for_good = false;  // and so does each later call of the kind fail
  std::uint64_t at = 0;   // the how manieth of them
};

// Before any other thread runs.
void arm(const std::filesystem::path& folder, const FaultPlan& plan);
void disarm();             // the disk is well again; what was injected stays counted
std::uint64_t injected();  // calls that failed
// Whether the store's writer is in one of these calls just now.
bool writer_waits_for_disk();
// Where the last one was: the kind of file ("log", "sst", "MANIFEST", ...).
std::string_view injected_into();

}  // namespace bongsu::crash
