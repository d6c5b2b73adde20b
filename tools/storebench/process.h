// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bongsu::bench {

double wall_seconds();
double cpu_seconds(pid_t process);   // user and system, all threads; 0 for an unknown one
double resident_mib(pid_t process);  // now
// Octets of the files in a folder; folders of these names are left out.
std::uint64_t octets_in(const std::filesystem::path& dir, const std::vector<std::string_view>& without = {});

// A program that runs until this ends; its output is dropped.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();
  pid_t id() const { return id_; }
  bool alive();

 private:
  pid_t id_ = -1;
};

}  // namespace bongsu::bench
