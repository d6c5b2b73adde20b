// SPDX-License-Identifier: Apache-2.0
#include "remedy/link.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "net/descriptor.h"
#include "remedy/socket.h"
#include "remedy/wire.h"

namespace bongsu::remedy {
namespace {

constexpr Millis kGrace{30'000};  // beyond a script's time, for the runner to end it and say so

}  // namespace

struct RunnerLink::Talk {
  std::filesystem::path path;
  net::Descriptor socket;  // once the runner listens
  SteadyTime listens_until;
  std::string said;
  std::size_t put = 0;  // octets of it
  std::string heard;
  SteadyTime until;

  // The outcome, once it is known. An error: it will never be.
  std::optional<Result<Outcome>> step() {
    if (!socket.valid()) {
      auto made = connect_to(path);
      if (!made && std::chrono::steady_clock::now() < listens_until) return std::nullopt;
      if (!made) return Outcome{.problem = made.error().text};  // nothing was said, so nothing ran
      socket = *std::move(made);
    }
    while (put < said.size()) {
      const ssize_t sent = send(socket.get(), said.data() + put, said.size() - put, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      // It may have answered why before it hung up.
      put = sent < 0 ? said.size() : put + static_cast<std::size_t>(sent);
      if (put == said.size()) shutdown(socket.get(), SHUT_WR);
    }
    for (;;) {
      std::array<char, 16'384> room;
      const ssize_t got = recv(socket.get(), room.data(), room.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (std::chrono::steady_clock::now() < until) return std::nullopt;
        return Error{Code::Timeout, "the runner did not say how it ended"};
      }
      if (got < 0) return Error{Code::Io, std::string("the runner's answer: ") + std::strerror(errno)};
      if (got == 0) {
        if (heard.empty()) return Error{Code::Unavailable, "the runner ended before it said how the script ended"};
        return decode_outcome(heard);
      }
      heard.append(room.data(), static_cast<std::size_t>(got));
      if (heard.size() > kOutcomeOctets) return Error{Code::Limit, "the runner's answer is too long"};
    }
  }
};

RunnerLink::RunnerLink(std::filesystem::path socket, Millis patience) : socket_(std::move(socket)), patience_(patience) {}
RunnerLink::~RunnerLink() = default;

Status RunnerLink::begin(std::uint64_t run, const Order& order) {
  auto talk = std::make_unique<Talk>();
  talk->said = encode(order);
  if (talk->said.size() > kOrderOctets) return Error{Code::Invalid, "the order for " + order.script + " is too long"};
  talk->path = socket_;
  auto made = connect_to(socket_);
  if (made) talk->socket = *std::move(made);
  else if (patience_ <= Millis(0)) return std::move(made).error();
  talk->listens_until = std::chrono::steady_clock::now() + patience_;
  talk->until = talk->listens_until + order.timeout + kGrace;
  if (!talks_.emplace(run, std::move(talk)).second)
    return Error{Code::Invalid, "run " + std::to_string(run) + " is under way already"};
  return {};
}

std::vector<std::pair<std::uint64_t, Result<Outcome>>> RunnerLink::ended() {
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> out;
  for (auto at = talks_.begin(); at != talks_.end();) {
    auto outcome = at->second->step();
    if (!outcome) {
      ++at;
      continue;
    }
    out.emplace_back(at->first, *std::move(outcome));
    at = talks_.erase(at);
  }
  return out;
}

}  // namespace bongsu::remedy
