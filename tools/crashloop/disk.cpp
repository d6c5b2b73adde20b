// SPDX-License-Identifier: Apache-2.0
#include "disk.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/loop.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

extern char** environ;

namespace bongsu::crash {
namespace {

// include/uapi/linux/ext4.h, which not every system has.
constexpr unsigned long kExt4Shutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

Error denied(std::string_view what, int error) {
  return {Code::Denied, fmt::format("cannot {}: {} (it takes root)", what, std::strerror(error))};
}

Status run(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  int status = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (failed != 0) return denied("run " + words[0], failed);
  if (::waitpid(pid, &status, 0) != pid || status != 0)
    return Error{Code::Denied, fmt::format("{} ended with {}", words[0], WIFEXITED(status) ? WEXITSTATUS(status) : -1)};
  return {};
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::in_memory(const std::filesystem::path& where, std::uint64_t mib) {
  std::unique_ptr<Disk> disk(new Disk(where));
  std::filesystem::create_directories(disk->path());
  if (::mount("tmpfs", disk->path().c_str(), "tmpfs", 0, fmt::format("size={}m", mib).c_str()) != 0)
    return denied("mount a small tmpfs", errno);
  disk->mounted_ = true;
  return disk;
}

Result<std::unique_ptr<Disk>> Disk::ext4(const std::filesystem::path& where, std::uint64_t mib) {
  std::unique_ptr<Disk> disk(new Disk(where));
  std::filesystem::create_directories(disk->path());
  const std::filesystem::path image = where / "image";
  std::ofstream(image).close();
  std::filesystem::resize_file(image, mib << 20);
  BONGSU_TRY_OK(run({"mkfs.ext4", "-q", "-F", image.string()}));
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return denied("open /dev/loop-control", errno);
  const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
  ::close(control);
  if (number < 0) return denied("get a free loop device", errno);
  disk->device_ = "/dev/loop" + std::to_string(number);
  const int file = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
  disk->loop_ = ::open(disk->device_.c_str(), O_RDWR | O_CLOEXEC);
  const bool set = file >= 0 && disk->loop_ >= 0 && ::ioctl(disk->loop_, LOOP_SET_FD, file) == 0;
  const int failed = errno;
  if (file >= 0) ::close(file);
  if (!set) return denied("use " + disk->device_, failed);
  BONGSU_TRY_OK(disk->mount_loop());
  return disk;
}

Status Disk::mount_loop() {
  if (::mount(device_.c_str(), path().c_str(), "ext4", 0, "") != 0) return denied("mount ext4 from " + device_, errno);
  mounted_ = true;
  return {};
}

Disk::~Disk() {
  if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  if (loop_ >= 0) {
    ::ioctl(loop_, LOOP_CLR_FD, 0);
    ::close(loop_);
  }
  std::error_code ignored;
  std::filesystem::remove(where_ / "image", ignored);
}

Status Disk::cut() const {
  const int root = ::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::uint32_t how = kNoLogFlush;
  const bool done = root >= 0 && ::ioctl(root, kExt4Shutdown, &how) == 0;
  const int failed = errno;
  if (root >= 0) ::close(root);
  if (!done) return denied("shut ext4 down", failed);
  return {};
}

Status Disk::come_back() {
  for (int tries = 0; ::umount2(path().c_str(), 0) != 0; ++tries) {
    if (errno != EBUSY || tries > 2000) return denied("unmount " + path().string(), errno);
    ::usleep(5000);
  }
  mounted_ = false;
  return mount_loop();
}

void Disk::fill() const {
  std::ofstream file(path() / "ballast", std::ios::binary | std::ios::app);
  for (std::size_t octets = 256 << 10; octets >= 512; octets /= 8) {
    const std::string block(octets, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(octets)) && file.flush()) {}
    file.clear();
  }
}

void Disk::free() const {
  std::error_code ignored;
  std::filesystem::remove(path() / "ballast", ignored);
}

}  // namespace bongsu::crash
