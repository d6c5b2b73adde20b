// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/sim.h"

namespace bongsu::net {

struct SimWorld::Segment {
  enum class Kind : std::uint8_t { Open, Data, Close } kind = Kind::Data;
  std::vector<std::uint8_t> octets;
  bool reached = false;  // or given up
};

// Both ends of a simulated TCP connection and what is between them.
struct SimWorld::Pipe {
  Endpoint at[2];
  // On the way to one end. What overtakes another waits for it.
  struct Way {
    std::uint64_t sent = 0, taken = 0;
    std::map<std::uint64_t, Segment> early;
  };
  class SimStream* ends[2] = {nullptr, nullptr};  // nothing once it is gone
  Way ways[2];
  bool accepted = false;
};

class SimStream final : public StreamSocket {
 public:
  SimStream(SimWorld& world, std::shared_ptr<SimWorld::Pipe> pipe, int side)
      : world_(world), pipe_(std::move(pipe)), side_(side) {
    pipe_->ends[side_] = this;
  }
  ~SimStream() override { close(); }
  void on(StreamEvents events) override;
  bool send(std::span<const std::uint8_t> octets) override;
  void close() override;
  Endpoint local() const override { return pipe_->at[side_]; }
  Endpoint peer() const override { return pipe_->at[1 - side_]; }

  void opened();
  void received(std::span<const std::uint8_t> octets);
  void fail(Error error);  // from the network

 private:
  SimWorld& world_;
  std::shared_ptr<SimWorld::Pipe> pipe_;
  const int side_;
  StreamEvents events_;
  std::vector<std::uint8_t> early_;  // came before anybody listened
  bool open_ = true;
  bool listened_ = false;
};

class SimListener final : public StreamListener {
 public:
  SimListener(SimWorld& world, Endpoint at, Accept accept) : world_(world), at_(at), accept_(std::move(accept)) {
    world_.listening_[at_] = this;
  }
  ~SimListener() override { world_.listening_.erase(at_); }
  Endpoint local() const override { return at_; }
  void accept(std::unique_ptr<StreamSocket> stream) { accept_(std::move(stream)); }

 private:
  SimWorld& world_;
  const Endpoint at_;
  Accept accept_;
};

}  // namespace bongsu::net
