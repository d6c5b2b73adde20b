// SPDX-License-Identifier: Apache-2.0
#include "notify/couriers.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/lock.h"
#include "notify/courier.h"
#include "notify/local.h"

namespace bongsu::notify {
struct HeldToken {
  std::string text;
  std::chrono::steady_clock::time_point until;
};

namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kBeforeItEnds{60};

// Nothing where the answer holds none.
std::optional<HeldToken> token_in(const Reply& reply) {
  if (reply.status != 200) return std::nullopt;
  const auto json = nlohmann::json::parse(reply.said, nullptr, false);
  if (!json.is_object() || !json.contains("access_token") || !json["access_token"].is_string()) return std::nullopt;
  const auto span = json.contains("expires_in") && json["expires_in"].is_number_integer() ? json["expires_in"].get<int>() : 300;
  return HeldToken{json["access_token"].get<std::string>(), Steady::now() + std::chrono::seconds(span) - kBeforeItEnds};
}

}  // namespace

struct Couriers::Core {
  Metrics& metrics;
  Courier* programs = nullptr;
  struct Wallet {
    Guarded<std::map<std::string, HeldToken>> tokens;
  };
  std::shared_ptr<Wallet> wallet = std::make_shared<Wallet>();
  Guarded<std::unique_ptr<LocalCourier>> local;  // from the first request on
  std::unique_ptr<CurlCourier> curl;             // ends first: its answers hand on

  void with_token(Request request, std::function<void(Reply)> done, const std::string& token) {
    request.headers.emplace_back("Authorization", "Bearer " + token);
    const std::string key = request.grant->key;
    curl->send(std::move(request), [wallet = wallet, key, done = std::move(done)](Reply reply) {
      if (reply.status == 401) wallet->tokens.lock()->erase(key);
      done(std::move(reply));
    });
  }
  void fetch(Request request, std::function<void(Reply)> done) {
    Request ask;
    ask.url = request.grant->url;
    ask.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    ask.body = request.grant->form;
    ask.ca_file = request.ca_file;
    ask.timeout = request.timeout;
    curl->send(std::move(ask), [this, request = std::move(request), done = std::move(done)](Reply reply) mutable {
      const auto token = token_in(reply);
      if (!token) {
        reply.said = "the service gives no token: " + reply.said;
        if (reply.status >= 200 && reply.status < 300) reply.status = 0;
        return done(std::move(reply));
      }
      wallet->tokens.lock()->insert_or_assign(request.grant->key, *token);
      with_token(std::move(request), std::move(done), token->text);
    });
  }
};

Result<std::unique_ptr<Couriers>> Couriers::start(Metrics& metrics, Courier* programs) {
  auto core = std::unique_ptr<Core>(new Core{.metrics = metrics, .programs = programs, .local = {}, .curl = nullptr});
  BONGSU_TRY(core->curl, CurlCourier::start());
  return std::unique_ptr<Couriers>(new Couriers(std::move(core)));
}

Couriers::Couriers(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Couriers::~Couriers() = default;

void Couriers::send(Request request, std::function<void(Reply)> done) {
  switch (request.kind) {
    case Request::Kind::Http:
    case Request::Kind::Mail: {
      if (!request.grant) return core_->curl->send(std::move(request), std::move(done));
      std::string token;
      {
        const auto tokens = core_->wallet->tokens.lock();
        const auto known = tokens->find(request.grant->key);
        if (known != tokens->end() && Steady::now() < known->second.until) token = known->second.text;
      }
      if (token.empty()) return core_->fetch(std::move(request), std::move(done));
      return core_->with_token(std::move(request), std::move(done), token);
    }
    case Request::Kind::Program:
      if (core_->programs == nullptr) return done({.said = "programs are run by the daemon alone, and it does not run"});
      return core_->programs->send(std::move(request), std::move(done));
    case Request::Kind::Syslog:
    case Request::Kind::Trap:
    case Request::Kind::Inform:
      break;
  }
  const auto local = core_->local.lock();
  if (!*local) *local = std::make_unique<LocalCourier>(core_->metrics);
  (*local)->send(std::move(request), std::move(done));
}

}  // namespace bongsu::notify
