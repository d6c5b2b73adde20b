// SPDX-License-Identifier: Apache-2.0
#include "net/sim_stream.h"

namespace bongsu::net {
namespace {

constexpr Millis kResent{200};       // what a lost segment costs
constexpr Millis kUnreached{1'000};  // between two tries to pass a link that is down
constexpr int kMostTries = 30;       // then the connection is given up

Error stream_fault(const Endpoint& peer, std::string_view what) {
  return {Code::Unavailable, "tcp " + peer.to_string() + ": " + std::string(what)};
}

}  // namespace

void SimStream::on(StreamEvents events) {
  events_ = std::move(events);
  listened_ = true;
  if (early_.empty()) return;
  world_.after(Millis(0), [pipe = pipe_, side = side_] {
    if (SimStream* end = pipe->ends[side]; end != nullptr) end->received({});
  });
}

bool SimStream::send(std::span<const std::uint8_t> octets) {
  if (!open_) return false;
  world_.transmit(pipe_, 1 - side_, {.octets = {octets.begin(), octets.end()}});
  return true;
}

void SimStream::close() {
  if (!open_) return;
  open_ = false;
  pipe_->ends[side_] = nullptr;
  world_.transmit(pipe_, 1 - side_, {.kind = SimWorld::Segment::Kind::Close});
}

void SimStream::opened() {
  listened_ = true;
  if (events_.opened) events_.opened();
}

void SimStream::received(std::span<const std::uint8_t> octets) {
  early_.insert(early_.end(), octets.begin(), octets.end());
  if (!listened_ || early_.empty()) return;
  const std::vector<std::uint8_t> now = std::move(early_);
  early_.clear();
  if (events_.received) events_.received(now);
}

void SimStream::fail(Error error) {
  open_ = false;
  pipe_->ends[side_] = nullptr;
  if (events_.closed) events_.closed(std::move(error));
}

Result<std::unique_ptr<StreamSocket>> SimWorld::begin_stream(Endpoint from, const Endpoint& to, StreamEvents events) {
  auto pipe = std::make_shared<Pipe>();
  pipe->at[0] = from;
  pipe->at[1] = to;
  auto stream = std::make_unique<SimStream>(*this, pipe, 0);
  stream->on(std::move(events));
  transmit(pipe, 1, {.kind = Segment::Kind::Open});
  return std::unique_ptr<StreamSocket>(std::move(stream));
}

// Lets one segment over the link of `far`, late where one is lost; told false when the link stays down.
void SimWorld::pass(const Address& far, int tries, std::function<void(bool)> then) {
  const SimLink* link = find_link(far);
  if (link != nullptr && !link->up) {
    if (tries <= 0) return then(false);
    return after(kUnreached, [this, far, tries, then = std::move(then)]() mutable { pass(far, tries - 1, std::move(then)); });
  }
  Millis delay = link_delay(far);
  if (link != nullptr && link->loss > 0) {
    for (int i = 0; i < kMostTries && random_.chance(link->loss); ++i) delay += kResent;
  }
  after(delay, [then = std::move(then)] { then(true); });
}

Millis SimWorld::link_delay(const Address& far) const {
  const SimLink* link = find_link(far);
  return link != nullptr ? link->latency : Millis(0);
}

void SimWorld::transmit(std::shared_ptr<Pipe> pipe, int to, Segment segment) {
  const Address far = find_link(pipe->at[1].address) != nullptr ? pipe->at[1].address : pipe->at[0].address;
  pass(far, kMostTries, [this, pipe, to, number = pipe->ways[to].sent++, segment = std::move(segment)](bool reached) mutable {
    Pipe::Way& way = pipe->ways[to];
    segment.reached = reached;
    way.early.emplace(number, std::move(segment));
    for (auto next = way.early.find(way.taken); next != way.early.end(); next = way.early.find(++way.taken)) {
      const Segment now = std::move(next->second);
      way.early.erase(next);
      arrive(pipe, to, now);
    }
  });
}

void SimWorld::arrive(const std::shared_ptr<Pipe>& pipe, int to, const Segment& segment) {
  using Kind = Segment::Kind;
  const auto fail = [&](int side, std::string_view what) {
    if (pipe->ends[side] != nullptr) pipe->ends[side]->fail(stream_fault(pipe->at[1 - side], what));
  };
  if (!segment.reached) {
    fail(to, "Connection timed out");
    return fail(1 - to, "Connection timed out");
  }
  if (segment.kind == Kind::Open && to == 1) {
    const auto found = listening_.find(pipe->at[1]);
    if (found == listening_.end()) return transmit(pipe, 0, {.kind = Kind::Close});
    pipe->accepted = true;
    transmit(pipe, 0, {.kind = Kind::Open});
    return static_cast<SimListener*>(found->second)->accept(std::make_unique<SimStream>(*this, pipe, 1));
  }
  SimStream* stream = pipe->ends[to];
  if (stream == nullptr) return;
  if (segment.kind == Kind::Open) stream->opened();
  else if (segment.kind == Kind::Data) stream->received(segment.octets);
  else fail(to, pipe->accepted ? "the other end closed the connection" : "Connection refused");
}

}  // namespace bongsu::net
