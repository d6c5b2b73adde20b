// SPDX-License-Identifier: Apache-2.0
#include "app/remedy_hands.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "app/set_value.h"

namespace bongsu::app {
namespace {

using remedy::Outcome;
using Tell = std::function<void(Result<Outcome>)>;

Millis since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun);
}

struct SetWish {
  poll::DeviceSpec device;  // with the credentials to try
  std::vector<Varbind> varbinds;
  std::vector<std::string> names;  // of the objects, as they were asked for
  Millis timeout{0};
};

asio::awaitable<Result<Outcome>> set_objects(net::Reactor& reactor, snmp::Client& client, SetWish wish) {
  const auto begun = std::chrono::steady_clock::now();
  auto found = co_await net::resolve(reactor, wish.device.address);
  BONGSU_CO_TRY(const net::Address address, std::move(found));
  std::vector<Oid> oids;
  for (const Varbind& one : wish.varbinds) oids.push_back(one.oid);
  std::string refused = "no credentials are configured for it";
  for (const auto& credentials : wish.device.credentials) {
    snmp::Target target;
    target.name = wish.device.name;
    target.endpoint = {address, wish.device.port};
    target.transport = wish.device.transport;
    target.reply_from = wish.device.reply_from;
    target.credentials = credentials;
    target.timeout = std::min(wish.device.timeout, wish.timeout);
    target.retries = wish.device.retries;
    const auto before = co_await client.get(target, oids);
    if (!before) {
      refused = before.error().text;
      continue;
    }
    target.timeout = wish.timeout;
    target.retries = 0;
    const auto after = co_await client.set(std::move(target), wish.varbinds);
    if (!after && after.error().code == Code::Timeout)
      co_return Error{Code::Timeout, wish.device.name + " did not answer the SET; it may have been done"};
    Outcome out{.ran = true, .exit_code = after ? 0 : 1, .took = since(begun)};
    if (!after) out.problem = after.error().text;
    for (std::size_t i = 0; i < wish.varbinds.size(); ++i) {
      const bool known = i < before->varbinds.size();
      out.output += fmt::format("{}: {}{}\n", wish.names[i], known ? "was " + before->varbinds[i].value.to_text() + ", " : "",
                                (after ? "is set to " : "is not set to ") + wish.varbinds[i].value.to_text());
    }
    co_return out;
  }
  co_return Outcome{.problem = wish.device.name + ": nothing was written: " + refused};
}

asio::awaitable<void> set_and_tell(net::Reactor& reactor, snmp::Client& client, SetWish wish, Tell tell) {
  auto outcome = co_await set_objects(reactor, client, std::move(wish));
  // What failed before anything was sent has not begun.
  if (!outcome && outcome.error().code != Code::Timeout) tell(Outcome{.problem = outcome.error().text});
  else tell(std::move(outcome));
}

Outcome called(const notify::Reply& reply, Millis took) {
  Outcome out{.ran = true, .exit_code = reply.status >= 200 && reply.status < 300 ? 0 : 1, .took = took};
  if (reply.status == 0) out.problem = reply.said;
  else out.problem = out.exit_code == 0 ? "" : fmt::format("answered {}", reply.status);
  out.output = reply.said;
  return out;
}

Result<Varbind> varbind_of(const mib::Tree& tree, const remedy::SetCall::Object& one) {
  BONGSU_TRY(Oid oid, tree.resolve(one.object));
  BONGSU_TRY(Value value, parse_set_value(tree, oid, one.type, one.value).context(one.object));
  return Varbind{std::move(oid), std::move(value)};
}

}  // namespace

std::vector<std::string> unwritable(const remedy::Remedy& remedy, const mib::Tree& tree) {
  std::vector<std::string> out;
  if (!remedy.set) return out;
  for (remedy::SetCall::Object one : remedy.set->objects) {
    // Labels are numbers; which, the alarm says.
    for (std::size_t begin = 0; (begin = one.object.find("${", begin)) != one.object.npos;) {
      const std::size_t end = one.object.find('}', begin);
      one.object.replace(begin, end == one.object.npos ? end : end + 1 - begin, "1");
    }
    if (const auto varbind = varbind_of(tree, one); !varbind)
      out.push_back(fmt::format("remedy \"{}\": set: {}", remedy.name, varbind.error().text));
  }
  return out;
}

void RemedyHands::know(const std::vector<poll::DeviceSpec>& devices, const CredentialMap& credentials) {
  *known_.lock() = std::make_shared<const Known>(Known{devices, credentials});
}

Status RemedyHands::begin(std::uint64_t run, const remedy::Order& order) {
  if (!order.set && !order.http) return parts_.scripts.begin(run, order);
  BONGSU_TRY_OK(order.set ? begin_set(run, order) : begin_call(run, order));
  ++under_way_;
  return {};
}

std::vector<std::pair<std::uint64_t, Result<Outcome>>> RemedyHands::ended() {
  Ended out;
  inbox_->ended.lock()->swap(out);
  under_way_ -= out.size();
  for (auto& one : parts_.scripts.ended()) out.push_back(std::move(one));
  return out;
}

Status RemedyHands::begin_call(std::uint64_t run, const remedy::Order& order) {
  const remedy::HttpCall& call = *order.http;
  notify::Request request;
  request.url = call.url.reveal();
  request.method = call.method;
  request.ca_file = call.ca_file;
  request.timeout = order.timeout;
  request.body = order.input;
  request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", fmt::format("bongsu-remedy-{}", run)}};
  for (const auto& [name, value] : call.headers) request.headers.emplace_back(name, value);
  if (!call.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(call.token.reveal()));
  parts_.courier.send(std::move(request), [inbox = inbox_, run, begun = std::chrono::steady_clock::now()](notify::Reply reply) {
    inbox->ended.lock()->emplace_back(run, called(reply, since(begun)));
  });
  return {};
}

Status RemedyHands::begin_set(std::uint64_t run, const remedy::Order& order) {
  const auto known = *known_.lock();
  const auto device = std::find_if(known->devices.begin(), known->devices.end(),
                                   [&](const poll::DeviceSpec& one) { return one.name == order.device; });
  if (device == known->devices.end())
    return Error{Code::NotFound, order.device.empty() ? "the alarm is of no device, so there is none to write to"
                                                      : order.device + " is no longer configured"};
  SetWish wish{.device = *device, .timeout = order.timeout};
  if (const std::string& name = order.set->credentials; !name.empty()) {
    const auto named = known->credentials.find(name);
    if (named == known->credentials.end()) return Error{Code::NotFound, "there are no credentials " + name};
    wish.device.credentials = {named->second};
  } else if (!device->snmp) {
    return Error{Code::Invalid, device->name + " is configured without SNMP"};
  }
  const auto tree = parts_.tree.get();
  for (const remedy::SetCall::Object& one : order.set->objects) {
    if (one.object.find("${") != std::string::npos)
      return Error{Code::Invalid, one.object + ": the alarm has no such label, or it is no number"};
    BONGSU_TRY(Varbind varbind, varbind_of(*tree, one));
    wish.varbinds.push_back(std::move(varbind));
    wish.names.push_back(one.object);
  }
  parts_.reactor.post(
      [&reactor = parts_.reactor, &client = parts_.client, wish = std::move(wish), run, inbox = inbox_]() mutable {
        Tell tell = [inbox, run](Result<Outcome> outcome) { inbox->ended.lock()->emplace_back(run, std::move(outcome)); };
        reactor.spawn(set_and_tell(reactor, client, std::move(wish), std::move(tell)));
      });
  return {};
}

}  // namespace bongsu::app
