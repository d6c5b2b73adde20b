// SPDX-License-Identifier: Apache-2.0
#include "snmp/authority.h"

#include <algorithm>

namespace bongsu::snmp {
namespace {

LocalKeys* keys_of(Engine& engine, const std::shared_ptr<const User>& user) {
  if (user->level() == SecurityLevel::NoAuthNoPriv) return nullptr;
  if (LocalKeys* keys = engine.keys(user)) return keys;
  return &engine.keep_keys(user, user->localized(engine.id()));
}

}  // namespace

Authority::Authority(std::vector<std::shared_ptr<const User>> users, std::uint64_t first_salt)
    : users_(std::move(users)), salt_(first_salt) {}

SecuredHead Authority::answer_head(const Engine& engine, snmp::SecurityLevel level) const {
  SecuredHead out = head_;
  out.max_size = own_max_size_;
  out.level = level;
  out.reportable = false;
  out.engine_id = engine.id();
  out.boots = engine.boots();
  out.time = engine.time(now_);
  return out;
}

// RFC 3412 section 7.1 (3): a report goes out where it was asked for, and with the request-id where that could be read.
Authority::Outcome Authority::refuse(Stat stat, snmp::SecurityLevel level, Octets plain) {
  const std::uint32_t count = ++stats_[stat];
  if (!head_.reportable) return Outcome::Silence;
  ScopedView asked;
  const bool readable = !plain.empty() && decoder_.decode_scoped(plain, asked) == ber::Fault::None;
  static const Oid kUsmStats{1, 3, 6, 1, 6, 3, 15, 1, 1}, kUnknownContexts{1, 3, 6, 1, 6, 3, 12, 1, 5, 0};
  const Oid name = stat == UnknownContext ? kUnknownContexts : kUsmStats + static_cast<std::uint32_t>(stat) + 0;
  const PduHead pdu{.type = PduType::Report, .request_id = readable ? asked.request_id : 0};
  encoder_.start();
  if (!encoder_.add({name, Value::of_number(ValueType::Counter32, count)})) return Outcome::Silence;
  const Octets scoped = encoder_.finish_scoped(engine_->id(), {}, pdu);
  report_ = writer_.write(answer_head(*engine_, level), scoped, keys_, ++salt_);
  return Outcome::Report;
}

Authority::Outcome Authority::take(Engine& engine, const SecuredView& message, SteadyTime now, std::int32_t max_size,
                                   ScopedView& into) {
  engine_ = &engine;
  keys_ = nullptr;
  now_ = now;
  own_max_size_ = max_size;
  head_ = message;
  report_ = {};
  constexpr auto kPlain = snmp::SecurityLevel::NoAuthNoPriv;
  const Octets readable = message.level == snmp::SecurityLevel::AuthPriv ? Octets{} : message.scoped;
  const Octets id = engine.id();
  if (!std::equal(message.engine_id.begin(), message.engine_id.end(), id.begin(), id.end()))
    return refuse(EngineId, kPlain, readable);
  const auto user = std::find_if(users_.begin(), users_.end(), [&](const auto& one) { return one->name() == message.user; });
  if (user == users_.end()) return refuse(UserName, kPlain, readable);
  if (message.level > (*user)->level()) return refuse(SecurityLevel, kPlain, readable);
  Octets scoped = message.scoped;
  if (message.level != kPlain) {
    LocalKeys* keys = keys_of(engine, *user);
    if (!keys->check(message.message, message.mac_at, message.mac)) return refuse(Digest, kPlain, readable);
    keys_ = keys;
    const std::int64_t ahead = std::int64_t{message.time} - engine.time(now);
    if (engine.boots() == kLastBoots || message.boots != engine.boots() || std::abs(ahead) > Engine::kWindow.count())
      return refuse(TimeWindow, snmp::SecurityLevel::AuthNoPriv, readable);
    if (message.level == snmp::SecurityLevel::AuthPriv) {
      if (!keys->decrypt(message.boots, message.time, message.salt, message.scoped, plain_))
        return refuse(Decryption, kPlain, {});
      scoped = plain_;
    }
  }
  if (decoder_.decode_scoped(scoped, into) != ber::Fault::None) return Outcome::Silence;
  if (!std::equal(into.context_engine_id.begin(), into.context_engine_id.end(), id.begin(), id.end())) return Outcome::Silence;
  context_engine_.assign(into.context_engine_id.begin(), into.context_engine_id.end());
  context_name_ = into.context_name;
  if (!context_name_.empty()) return refuse(UnknownContext, message.level, scoped);
  return message.level < (*user)->level() ? Outcome::Denied : Outcome::Request;
}

Octets Authority::respond(Octets pdu) {
  encoder_.start();
  encoder_.add_raw(pdu);
  return writer_.write(answer_head(*engine_, head_.level), encoder_.scope(context_engine_, context_name_), keys_, ++salt_);
}

std::size_t Authority::overhead() const {
  // 84: all headers and integers at their largest, the salt, and a cipher's padding.
  const std::size_t mac = keys_ != nullptr ? mac_octets(keys_->auth()) : 0;
  return 84 + mac + 2 * engine_->id().size() + head_.user.size() + context_name_.size();
}

}  // namespace bongsu::snmp
