// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace bongsu::crash {

// A file system of its own below a folder, gone with the object. Making one takes root; the Error says what was not allowed.
class Disk {
 public:
  static Result<std::unique_ptr<Disk>> in_memory(const std::filesystem::path& where, std::uint64_t mib);
  // ext4 in a file, by a loop device.
  static Result<std::unique_ptr<Disk>> ext4(const std::filesystem::path& where, std::uint64_t mib);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  std::filesystem::path path() const { return where_ / "disk"; }
  // As if the power went: what the disk has not got by now it never gets, and every later call fails. ext4 alone.
  Status cut() const;
  // After cut(), once nobody uses it: what is on the disk is there again.
  Status come_back();
  // Writes a file until nothing more fits; and removes it.
  void fill() const;
  void free() const;

 private:
  explicit Disk(std::filesystem::path where) : where_(std::move(where)) {}
  Status mount_loop();
  std::filesystem::path where_;
  std::string device_;
  int loop_ = -1;
  bool mounted_ = false;
};

}  // namespace bongsu::crash
