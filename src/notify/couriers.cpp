// SPDX-License-Identifier: Apache-2.0
#include "notify/couriers.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/lock.h"
#include "base/url.h"
#include "model/record.h"
#include "notify/courier.h"
#include "notify/local.h"

namespace bongsu::notify {
struct HeldToken {
  std::string text;
  std::chrono::steady_clock::time_point until;
  std::string refresh{};  // that the service gave with it; empty: none
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
  HeldToken out{json["access_token"].get<std::string>(), Steady::now() + std::chrono::seconds(span) - kBeforeItEnds};
  if (const auto next = json.find("refresh_token"); next != json.end() && next->is_string())
    out.refresh = next->get<std::string>();
  return out;
}

constexpr std::string_view kTokenTable = "notice_token";  // by Grant::key

std::string encode_token(const std::string& token) {
  RecordWriter out(1);
  out.text(token);
  return out.take();
}

Result<std::string> decode_token(std::string_view bytes) {
  RecordReader in(bytes, 1);
  std::string token = in.text();
  BONGSU_TRY_OK(in.end("refresh token"));
  return token;
}

}  // namespace

struct Couriers::Core {
  Metrics& metrics;
  Courier* programs = nullptr;
  struct Wallet {
    Guarded<std::map<std::string, HeldToken>> tokens;
    Guarded<std::map<std::string, std::string>> refresh;  // that services gave, by key
    StateKeeper* keeper = nullptr;
    void take(const std::string& key, HeldToken token) {
      if (!token.refresh.empty()) {
        refresh.lock()->insert_or_assign(key, token.refresh);
        if (keeper != nullptr) keeper->put(kTokenTable, key, encode_token(token.refresh));
      }
      tokens.lock()->insert_or_assign(key, std::move(token));
    }
  };
  std::shared_ptr<Wallet> wallet = std::make_shared<Wallet>();
  Guarded<std::unique_ptr<LocalCourier>> local;  // from the first request on
  std::unique_ptr<CurlCourier> curl;             // ends first: its answers hand on

  // A token that is refused may have ended early: another is asked for, once.
  void with_token(Request request, std::function<void(Reply)> done, const std::string& token, bool fresh) {
    std::optional<Request> again;
    if (!fresh) again = request;
    request.headers.emplace_back("Authorization", "Bearer " + token);
    const std::string key = request.grant->key;
    curl->send(std::move(request), [this, key, again = std::move(again), done = std::move(done)](Reply reply) mutable {
      if (reply.status == 401) wallet->tokens.lock()->erase(key);
      if (reply.status == 401 && again) return fetch(*std::move(again), std::move(done));
      done(std::move(reply));
    });
  }
  void fetch(Request request, std::function<void(Reply)> done) {
    Request ask;
    ask.url = request.grant->url;
    ask.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    ask.body = request.grant->form;
    if (!request.grant->refresh.empty()) {
      std::string refresh = request.grant->refresh;
      {
        const auto given = wallet->refresh.lock();
        if (const auto known = given->find(request.grant->key); known != given->end()) refresh = known->second;
      }
      ask.body += "&refresh_token=" + url_part(refresh);
    }
    ask.ca_file = request.ca_file;
    ask.timeout = request.timeout;
    curl->send(std::move(ask), [this, request = std::move(request), done = std::move(done)](Reply reply) mutable {
      const auto token = token_in(reply);
      if (!token) {
        // What came with a good status may hold secrets.
        const bool good = reply.status >= 200 && reply.status < 300;
        reply.said = good ? "the service's answer holds no access_token" : "the service gives no token: " + reply.said;
        if (good) reply.status = 0;
        return done(std::move(reply));
      }
      wallet->take(request.grant->key, *token);
      with_token(std::move(request), std::move(done), token->text, true);
    });
  }
};

Result<std::unique_ptr<Couriers>> Couriers::start(Metrics& metrics, Courier* programs, TokenKeep kept) {
  auto core = std::unique_ptr<Core>(new Core{.metrics = metrics, .programs = programs, .local = {}, .curl = nullptr});
  core->wallet->keeper = kept.keeper;
  if (kept.store != nullptr) {
    Status read;
    BONGSU_TRY_OK(kept.store->scan(kTokenTable, "", [&](std::string_view key, std::string_view value) {
      auto token = decode_token(value);
      if (token) core->wallet->refresh.lock()->insert_or_assign(std::string(key), *std::move(token));
      else read = std::move(token).error();
      return read.ok();
    }));
    BONGSU_TRY_OK(std::move(read).context("notices"));
  }
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
      return core_->with_token(std::move(request), std::move(done), token, false);
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
