// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bongsu {

// A file system of its own for one test, of so many MiB, gone with the object. Takes root: look at mounted().
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& where, unsigned mib = 24) : where_(where) {
    std::filesystem::create_directories(where);
    mounted_ = ::mount("tmpfs", where.c_str(), "tmpfs", 0, ("size=" + std::to_string(mib) + "m").c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(where_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  // Until at most so many octets are left.
  void fill(std::uintmax_t left = 0) const {
    std::ofstream file(where_ / "ballast", std::ios::binary | std::ios::app);
    const std::string block(64 << 10, 'x');
    while (std::filesystem::space(where_).available > left &&
           file.write(block.data(), static_cast<std::streamsize>(block.size())) && file.flush()) {}
  }
  void free() const { std::filesystem::remove(where_ / "ballast"); }

 private:
  std::filesystem::path where_;
  bool mounted_ = false;
};

}  // namespace bongsu
