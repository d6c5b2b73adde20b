// SPDX-License-Identifier: Apache-2.0
// Whatever is read of a v3 message can be written again and reads the same; what a known key deciphers is read as well.
#include <cstdlib>

#include "snmp/codec.h"
#include "snmp/secured.h"

namespace {

using namespace bongsu;
using namespace bongsu::snmp;

LocalKeys make_keys(PrivProtocol priv) {
  static const std::uint8_t engine[] = {0x80, 0x00, 0x1f, 0x88, 0x04};
  PassPhraseKeys keys;
  UserSpec spec{.name = "nms",
                .auth = AuthProtocol::Sha256,
                .auth_pass_phrase = Secret("authentic1"),
                .priv = priv,
                .priv_pass_phrase = Secret("private123")};
  return (*User::make(spec, keys))->localized(engine);
}

void scoped_twice(Octets octets) {
  Decoder decoder;
  ScopedView view;
  if (decoder.decode_scoped(octets, view) != ber::Fault::None) return;
  Encoder encoder;
  encoder.start();
  for (const VarbindView& varbind : view.varbinds) encoder.add(varbind.name, varbind.value);
  const Octets written = encoder.finish_scoped(view.context_engine_id, view.context_name, view);
  const std::vector<std::uint8_t> once(written.begin(), written.end());
  Decoder second;
  ScopedView again;
  if (second.decode_scoped(once, again) != ber::Fault::None) std::abort();
  if (static_cast<const PduHead&>(again) != view || again.context_name != view.context_name ||
      again.varbinds.size() != view.varbinds.size())
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static LocalKeys aes = make_keys(PrivProtocol::Aes128), des = make_keys(PrivProtocol::Des);
  const std::vector<std::uint8_t> input(data, data + size);
  scoped_twice(input);
  SecuredView view;
  if (read_secured(input, view) != ber::Fault::None) return 0;
  if (view.mac_at > size || view.message.size() > size) std::abort();
  aes.check(view.message, view.mac_at, view.mac);
  if (view.level != SecurityLevel::AuthPriv) scoped_twice(view.scoped);
  std::vector<std::uint8_t> plain;
  for (LocalKeys* keys : {&aes, &des})
    if (keys->decrypt(view.boots, view.time, view.salt, view.scoped, plain)) scoped_twice(plain);
  // The head again, around an encrypted scoped PDU made of what was read.
  SecuredWriter writer;
  const Octets written = writer.write(view, view.scoped, &aes, 7);
  SecuredView again;
  if (read_secured(written, again) != ber::Fault::None) std::abort();
  if (again.message_id != view.message_id || again.boots != view.boots || again.time != view.time || again.user != view.user ||
      again.level != view.level ||
      !std::equal(again.engine_id.begin(), again.engine_id.end(), view.engine_id.begin(), view.engine_id.end()))
    std::abort();
  if (view.level != SecurityLevel::NoAuthNoPriv && !aes.check(again.message, again.mac_at, again.mac)) std::abort();
  return 0;
}
