// SPDX-License-Identifier: Apache-2.0
#include "remedy/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace bongsu::remedy {
namespace {

struct Place {
  sockaddr_un address{};
  net::Descriptor folder;  // while the address is used
};

Result<Place> place_of(const std::filesystem::path& path) {
  Place place;
  place.address.sun_family = AF_UNIX;
  std::string name = path.string();
  if (name.size() >= sizeof place.address.sun_path) {
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    place.folder.reset(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!place.folder.valid()) return Error{Code::Io, "socket " + name + ": " + std::strerror(errno)};
    name = "/proc/self/fd/" + std::to_string(place.folder.get()) + "/" + path.filename().string();
    if (name.size() >= sizeof place.address.sun_path)
      return Error{Code::Io, "socket " + path.string() + ": its name is too long"};
  }
  std::memcpy(place.address.sun_path, name.c_str(), name.size() + 1);
  return place;
}

const sockaddr* raw(const Place& place) { return reinterpret_cast<const sockaddr*>(&place.address); }

}  // namespace

Result<net::Descriptor> connect_to(const std::filesystem::path& path) {
  BONGSU_TRY(const Place place, place_of(path));
  net::Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made.valid() || connect(made.get(), raw(place), sizeof place.address) != 0)
    return Error{Code::Unavailable, "no runner at " + path.string() + ": " + std::strerror(errno)};
  return made;
}

Result<net::Descriptor> listen_at(const std::filesystem::path& path, bool group) {
  if (connect_to(path)) return Error{Code::Exists, "another runner listens at " + path.string()};
  struct stat known {};
  if (lstat(path.c_str(), &known) == 0) {
    if (!S_ISSOCK(known.st_mode)) return Error{Code::Exists, path.string() + " is there and is no socket; take another name"};
    unlink(path.c_str());
  }
  BONGSU_TRY(const Place place, place_of(path));
  net::Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const mode_t before = umask(group ? 0117 : 0177);
  const bool bound = made.valid() && bind(made.get(), raw(place), sizeof place.address) == 0;
  const int fault = errno;
  umask(before);
  if (!bound) return Error{Code::Io, "listen at " + path.string() + ": " + std::strerror(fault)};
  if (listen(made.get(), 64) != 0) return Error{Code::Io, "listen at " + path.string() + ": " + std::strerror(errno)};
  return made;
}

}  // namespace bongsu::remedy
