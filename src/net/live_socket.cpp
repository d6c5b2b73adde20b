// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "base/log.h"
#include "net/live.h"

namespace bongsu::net {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kRoom = 65'536;
constexpr std::size_t kControl = 256;
constexpr std::size_t kMaxQueued = 65'536;

std::string socket_error(std::string_view what, const SocketSpec& spec, int fault) {
  std::string text = std::string(what) + " " + (spec.kind == SocketSpec::Kind::Udp ? "udp " + spec.bind.to_string() : "icmp") +
                     ": " + std::strerror(fault);
  if (fault == EADDRINUSE) text += "; another program holds this port";
  if (fault == EACCES || fault == EPERM)
    text += "; this needs more rights (CAP_NET_BIND_SERVICE below port 1024, CAP_NET_RAW for ping) or another port";
  return text;
}

void ask_receive_buffer(int fd, std::size_t size) {
  const int octets = static_cast<int>(size);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
}

class LiveSocket final : public DatagramSocket {
 public:
  LiveSocket(asio::io_context& io, const Clock& clock, const SocketSpec& spec, int fd, bool raw)
      : clock_(clock),
        spec_(spec),
        raw_(raw),
        io_(io),
        state_(std::make_shared<State>(State{asio::posix::stream_descriptor(io, fd), this})) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0) local_ = from_sockaddr(name);
    const int whole = IP_PMTUDISC_DO;
    unfragmented_ = spec.kind == SocketSpec::Kind::Udp && spec.bind.address.is_v4() &&
                    setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof whole) == 0;
  }
  ~LiveSocket() override {
    state_->owner = nullptr;
    boost::system::error_code ignored;
    state_->descriptor.close(ignored);
  }

  void on_receive(Receive receive) override {
    receive_ = std::move(receive);
    if (!rooms_) rooms_ = std::make_unique_for_overwrite<std::uint8_t[]>(kBatch * (kRoom + kControl));
    wait_readable();
  }

  void send(const Endpoint& to, std::span<const std::uint8_t> data, const std::optional<Address>& from) override {
    if (queue_.size() >= kMaxQueued) {
      ++send_failures_;
      return;
    }
    queue_.push_back({to, from, static_cast<std::uint32_t>(outgoing_.size()), static_cast<std::uint32_t>(data.size())});
    outgoing_.insert(outgoing_.end(), data.begin(), data.end());
    if (flush_posted_) return;
    flush_posted_ = true;
    asio::post(io_, [state = state_] {
      if (state->owner != nullptr) state->owner->flush();
    });
  }

  Endpoint local() const override { return local_; }
  std::uint64_t kernel_drops() const override { return kernel_drops_; }
  std::uint64_t send_failures() const override { return send_failures_; }
  std::size_t receive_buffer() const override {
    int octets = 0;
    socklen_t length = sizeof octets;
    if (getsockopt(state_->descriptor.native_handle(), SOL_SOCKET, SO_RCVBUF, &octets, &length) != 0) return 0;
    return static_cast<std::size_t>(octets);
  }
  std::optional<std::uint16_t> echo_identifier() const override {
    if (spec_.kind != SocketSpec::Kind::Icmp || raw_) return std::nullopt;
    return local_.port;
  }
  void filter_echo(std::uint16_t identifier) override;

 private:
  // Shared with what waits in the loop, which may run once more after the socket is gone.
  struct State {
    asio::posix::stream_descriptor descriptor;
    LiveSocket* owner;
  };
  struct Queued {
    Endpoint to;
    std::optional<Address> from;
    std::uint32_t offset;
    std::uint32_t size;
  };

  int fd() { return state_->descriptor.native_handle(); }
  void wait_readable() {
    state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                  [state = state_](const boost::system::error_code& ec) {
                                    if (!ec && state->owner != nullptr) state->owner->readable();
                                  });
  }
  void readable();
  std::optional<Datagram> take(const mmsghdr& message, std::span<const std::uint8_t> data, std::chrono::nanoseconds now);
  void flush();

  const Clock& clock_;
  const SocketSpec spec_;
  const bool raw_;
  asio::io_context& io_;
  std::shared_ptr<State> state_;
  Endpoint local_;
  Receive receive_;
  std::unique_ptr<std::uint8_t[]> rooms_;  // 4 MiB, of which the pages that nothing was received into cost no memory
  std::vector<Datagram> batch_;
  std::vector<std::uint8_t> outgoing_;
  std::deque<Queued> queue_;
  bool flush_posted_ = false;
  std::uint64_t kernel_drops_ = 0;
  std::uint64_t send_failures_ = 0;
  bool unfragmented_ = false;  // the kernel chooses no identification for fragments, which costs a tenth of a small request
};

std::optional<Datagram> LiveSocket::take(const mmsghdr& message, std::span<const std::uint8_t> data,
                                         std::chrono::nanoseconds now) {
  Datagram datagram;
  sockaddr_storage name{};
  std::memcpy(&name, message.msg_hdr.msg_name, std::min<std::size_t>(message.msg_hdr.msg_namelen, sizeof name));
  if (name.ss_family != AF_INET && name.ss_family != AF_INET6) return std::nullopt;
  datagram.peer = from_sockaddr(name);
  datagram.received = now;
  datagram.truncated = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
  for (const cmsghdr* part = CMSG_FIRSTHDR(&message.msg_hdr); part != nullptr;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message.msg_hdr), const_cast<cmsghdr*>(part))) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPNS) {
      timespec at{};
      std::memcpy(&at, CMSG_DATA(part), sizeof at);
      datagram.received = std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
    } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
      std::uint32_t drops = 0;
      std::memcpy(&drops, CMSG_DATA(part), sizeof drops);
      // The kernel's count is 32 bits wide and wraps.
      kernel_drops_ += static_cast<std::uint32_t>(drops - static_cast<std::uint32_t>(kernel_drops_));
    } else if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      datagram.local = Address::v4(ntohl(info.ipi_addr.s_addr));
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      std::array<std::uint8_t, 16> octets{};
      std::memcpy(octets.data(), &info.ipi6_addr, 16);
      datagram.local = Address::v6(octets);
    }
  }
  if (raw_ && spec_.bind.address.is_v4()) {  // a raw IPv4 socket hands over the IP header as well
    if (data.size() < 20) return std::nullopt;
    const std::size_t header = static_cast<std::size_t>(data[0] & 15) * 4;
    if (header < 20 || header > data.size()) return std::nullopt;
    data = data.subspan(header);
  }
  datagram.data = data;
  return datagram;
}

void LiveSocket::readable() {
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_storage, kBatch> names;
  // A bounded number of rounds, so that a flood on one socket leaves turns for the others.
  for (int round = 0; round < 8; ++round) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::uint8_t* room = rooms_.get() + i * (kRoom + kControl);
      vectors[i] = {room, kRoom};
      messages[i].msg_hdr = {&names[i], sizeof names[i], &vectors[i], 1, room + kRoom, kControl, 0};
      messages[i].msg_len = 0;
    }
    const int count = recvmmsg(fd(), messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count <= 0) break;
    const auto now = clock_.precise();
    batch_.clear();
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const std::uint8_t* room = rooms_.get() + i * (kRoom + kControl);
      if (auto datagram = take(messages[i], {room, messages[i].msg_len}, now)) batch_.push_back(*datagram);
    }
    if (!batch_.empty()) receive_(batch_);
    if (static_cast<std::size_t>(count) < kBatch) break;
  }
  wait_readable();
}

void LiveSocket::flush() {
  flush_posted_ = false;
  std::array<mmsghdr, kBatch> messages;
  std::array<iovec, kBatch> vectors;
  std::array<sockaddr_storage, kBatch> names;
  alignas(cmsghdr) std::array<std::array<std::uint8_t, 64>, kBatch> controls;
  while (!queue_.empty()) {
    const std::size_t count = std::min(queue_.size(), kBatch);
    for (std::size_t i = 0; i < count; ++i) {
      const Queued& entry = queue_[i];
      vectors[i] = {outgoing_.data() + entry.offset, entry.size};
      const socklen_t length = to_sockaddr(entry.to, names[i]);
      msghdr& header = messages[i].msg_hdr;
      header = {&names[i], length, &vectors[i], 1, nullptr, 0, 0};
      if (!entry.from) continue;
      std::memset(controls[i].data(), 0, controls[i].size());
      header.msg_control = controls[i].data();
      header.msg_controllen = controls[i].size();
      cmsghdr* part = CMSG_FIRSTHDR(&header);
      if (entry.from->is_v4()) {
        in_pktinfo info{};
        info.ipi_spec_dst.s_addr = htonl(entry.from->to_v4());
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(part), &info, sizeof info);
        header.msg_controllen = CMSG_SPACE(sizeof info);
      } else {
        in6_pktinfo info{};
        std::memcpy(&info.ipi6_addr, entry.from->octets().data(), 16);
        part->cmsg_level = IPPROTO_IPV6;
        part->cmsg_type = IPV6_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(part), &info, sizeof info);
        header.msg_controllen = CMSG_SPACE(sizeof info);
      }
    }
    const int sent = sendmmsg(fd(), messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    if (sent > 0) {
      queue_.erase(queue_.begin(), queue_.begin() + sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      flush_posted_ = true;  // no second flush until the socket takes more
      state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                    [state = state_](const boost::system::error_code& ec) {
                                      if (!ec && state->owner != nullptr) state->owner->flush();
                                    });
      return;
    } else if (errno == EMSGSIZE && unfragmented_) {
      unfragmented_ = false;  // too long for the way in one piece: from now on the kernel may cut
      const int want = IP_PMTUDISC_WANT;
      setsockopt(fd(), IPPROTO_IP, IP_MTU_DISCOVER, &want, sizeof want);
    } else if (errno != EINTR) {
      ++send_failures_;  // no route, refused by a firewall of ours, too long: this one is lost, the others go on
      queue_.pop_front();
    }
  }
  outgoing_.clear();
}

void LiveSocket::filter_echo(std::uint16_t identifier) {
  if (!raw_) return;  // an unprivileged socket gets its own replies alone
  const std::uint32_t id = identifier;
  if (spec_.bind.address.is_v4()) {
    // X = length of the IP header; take type 0 (echo reply) with our identifier.
    std::array<sock_filter, 7> code{{
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    }};
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    return;
  }
  std::array<sock_filter, 6> code{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 0, 3),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

Result<std::unique_ptr<DatagramSocket>> open_live_socket(asio::io_context& io, const Clock& clock, const SocketSpec& spec) {
  const bool v4 = spec.bind.address.is_v4();
  const int domain = v4 ? AF_INET : AF_INET6;
  const bool icmp = spec.kind == SocketSpec::Kind::Icmp;
  const int protocol =
      icmp ? (v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)) : static_cast<int>(IPPROTO_UDP);
  bool raw = icmp;
  int fd = socket(domain, (icmp ? SOCK_RAW : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0 && icmp) {
    raw = false;
    fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  }
  if (fd < 0) return Error{errno == EACCES || errno == EPERM ? Code::Unavailable : Code::Io, socket_error("open", spec, errno)};
  const int on = 1;
  if (!v4) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  ask_receive_buffer(fd, spec.receive_buffer);
  if (spec.kernel_time) setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (spec.count_drops) setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  if (spec.tell_local)
    setsockopt(fd, v4 ? static_cast<int>(IPPROTO_IP) : static_cast<int>(IPPROTO_IPV6), v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, &on,
               sizeof on);
  if (!raw) {
    sockaddr_storage name{};
    const socklen_t length = to_sockaddr(spec.bind, name);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) != 0) {
      const int fault = errno;
      close(fd);
      return Error{fault == EADDRINUSE || fault == EACCES ? Code::Unavailable : Code::Io, socket_error("listen on", spec, fault)};
    }
  }
  return std::unique_ptr<DatagramSocket>(std::make_unique<LiveSocket>(io, clock, spec, fd, raw));
}

}  // namespace bongsu::net
