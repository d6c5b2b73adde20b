// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "snmp/codec.h"
#include "snmp/secured.h"
#include "snmp/usm.h"

namespace bongsu::snmp {
namespace {

// An answer to GETBULK of ten counters of `rows` interfaces.
std::vector<std::uint8_t> table_answer(std::uint32_t rows) {
  Message message{.version = Version::V2c, .community = "public", .pdu = {}};
  message.pdu.type = PduType::Response;
  message.pdu.request_id = 0x12345678;
  for (std::uint32_t row = 1; row <= rows; ++row) {
    for (std::uint32_t column = 6; column < 16; ++column)
      message.pdu.varbinds.push_back(
          {Oid{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, row}, Value::of_number(ValueType::Counter64, 0x123456789 * row)});
  }
  return *encode(message);
}

void BM_DecodeTable(benchmark::State& state) {
  const auto datagram = table_answer(static_cast<std::uint32_t>(state.range(0)));
  Decoder decoder;
  for (auto _ : state) {
    MessageView view;
    benchmark::DoNotOptimize(decoder.decode(datagram, view));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 10);  // varbinds
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(datagram.size()));
}
BENCHMARK(BM_DecodeTable)->Arg(1)->Arg(5)->Arg(24);

void BM_DecodeOwning(benchmark::State& state) {
  const auto datagram = table_answer(5);
  for (auto _ : state) benchmark::DoNotOptimize(decode(datagram));
  state.SetItemsProcessed(state.iterations() * 50);
}
BENCHMARK(BM_DecodeOwning);

void BM_EncodeGetBulk10(benchmark::State& state) {
  std::vector<std::vector<std::uint8_t>> names;
  for (std::uint32_t column = 6; column < 16; ++column)
    names.push_back(*encode_oid(Oid{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, column, 12}));
  Encoder encoder;
  std::int32_t id = 0;
  for (auto _ : state) {
    encoder.start();
    for (const auto& name : names) encoder.add(OidView(name), {});
    benchmark::DoNotOptimize(encoder.finish(Version::V2c, "public", {PduType::GetBulk, ++id, 0, 25}).data());
  }
  state.SetItemsProcessed(state.iterations() * 10);
}
BENCHMARK(BM_EncodeGetBulk10);

void BM_EncodeAnswer50(benchmark::State& state) {
  const auto datagram = table_answer(5);
  Decoder decoder;
  MessageView view;
  if (decoder.decode(datagram, view) != ber::Fault::None) return state.SkipWithError("cannot decode");
  Encoder encoder;
  for (auto _ : state) {
    encoder.start();
    for (const VarbindView& varbind : view.varbinds) encoder.add(varbind.name, varbind.value);
    benchmark::DoNotOptimize(encoder.finish(Version::V2c, "public", view).data());
  }
  state.SetItemsProcessed(state.iterations() * 50);
}
BENCHMARK(BM_EncodeAnswer50);

std::shared_ptr<const User> sha256_aes128() {
  static PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = AuthProtocol::Sha256,
                .auth_pass_phrase = Secret("maplesyrup"),
                .priv = PrivProtocol::Aes128,
                .priv_pass_phrase = Secret("maplesyrup")};
  return *User::make(spec, keys);
}
const std::vector<std::uint8_t> kEngine(12, 0x42);

void BM_UsmSign(benchmark::State& state) {
  LocalKeys keys = sha256_aes128()->localized(kEngine);
  std::vector<std::uint8_t> message(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) keys.sign(message, 60, std::span(message).subspan(60, 24));
}
BENCHMARK(BM_UsmSign)->Arg(120)->Arg(300)->Arg(1'400);

void BM_UsmEncrypt(benchmark::State& state) {
  LocalKeys keys = sha256_aes128()->localized(kEngine);
  std::vector<std::uint8_t> plain(static_cast<std::size_t>(state.range(0)), 1), out;
  std::array<std::uint8_t, 8> salt{};
  std::uint64_t counter = 0;
  for (auto _ : state) {
    keys.encrypt(1, 2, ++counter, plain, out, salt);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_UsmEncrypt)->Arg(120)->Arg(1'400);

void BM_UsmLocalize(benchmark::State& state) {
  const auto user = sha256_aes128();
  for (auto _ : state) {
    LocalKeys keys = user->localized(kEngine);
    benchmark::DoNotOptimize(&keys);
  }
}
BENCHMARK(BM_UsmLocalize);

void BM_UsmStretch(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(stretch(static_cast<AuthProtocol>(state.range(0)), "maplesyrup"));
}
BENCHMARK(BM_UsmStretch)->DenseRange(1, 6)->Unit(benchmark::kMicrosecond);

// A GET of one object written, and an answer of that size read: what a small request costs beside its sockets.
void BM_SmallRequest(benchmark::State& state) {
  const bool v3 = state.range(0) != 0;
  LocalKeys keys = sha256_aes128()->localized(kEngine);
  const auto name = *encode_oid(Oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 1});
  Encoder encoder;
  Decoder decoder;
  SecuredWriter writer;
  std::vector<std::uint8_t> plain;
  SecuredHead head{
      .message_id = 4711, .level = SecurityLevel::AuthPriv, .engine_id = kEngine, .boots = 3, .time = 5, .user = "nms"};
  std::uint64_t salt = 0;
  for (auto _ : state) {
    encoder.start();
    encoder.add(OidView(name), {});
    if (v3) {
      const Octets out = writer.write(head, encoder.finish_scoped(kEngine, {}, {PduType::GetRequest, 1, 0, 0}), &keys, ++salt);
      SecuredView secured;
      ScopedView view;
      if (read_secured(out, secured) != ber::Fault::None || !keys.check(secured.message, secured.mac_at, secured.mac) ||
          !keys.decrypt(secured.boots, secured.time, secured.salt, secured.scoped, plain) ||
          decoder.decode_scoped(plain, view) != ber::Fault::None)
        return state.SkipWithError("cannot be read");
    } else {
      MessageView view;
      if (decoder.decode(encoder.finish(Version::V2c, "public", {PduType::GetRequest, 1, 0, 0}), view) != ber::Fault::None)
        return state.SkipWithError("cannot be read");
    }
  }
}
BENCHMARK(BM_SmallRequest)->ArgName("v3")->Arg(0)->Arg(1);

}  // namespace
}  // namespace bongsu::snmp
