// SPDX-License-Identifier: Apache-2.0
#include "snmp/usm.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace bongsu::snmp {
namespace {

constexpr std::size_t kStretched = 1U << 20;    // RFC 3414 section A.2
constexpr std::size_t kShortestPassPhrase = 8;  // RFC 3414 section 11.2
constexpr std::size_t kMostDigest = 64, kMostBlock = 128;

struct AuthRow {
  AuthProtocol protocol;
  std::string_view name, also;
  const char* digest;
  std::size_t block, octets, mac;  // of the digest; of its value; of that the message carries (RFC 3414, RFC 7860)
};
constexpr AuthRow kAuth[] = {
    {AuthProtocol::None, "none", "", nullptr, 0, 0, 0},           {AuthProtocol::Md5, "MD5", "", "MD5", 64, 16, 12},
    {AuthProtocol::Sha1, "SHA-1", "SHA", "SHA1", 64, 20, 12},     {AuthProtocol::Sha224, "SHA-224", "", "SHA224", 64, 28, 16},
    {AuthProtocol::Sha256, "SHA-256", "", "SHA256", 64, 32, 24},  {AuthProtocol::Sha384, "SHA-384", "", "SHA384", 128, 48, 32},
    {AuthProtocol::Sha512, "SHA-512", "", "SHA512", 128, 64, 48},
};
struct PrivRow {
  PrivProtocol protocol;
  std::string_view name, also;
  const char* cipher;
  std::size_t key, stored;  // of the cipher; of what is kept (DES: with its pre-IV)
};
constexpr PrivRow kPriv[] = {
    {PrivProtocol::None, "none", "", nullptr, 0, 0},
    {PrivProtocol::Des, "DES", "", "DES-CBC", 8, 16},
    {PrivProtocol::Aes128, "AES-128", "AES", "AES-128-CFB", 16, 16},
    {PrivProtocol::Aes192, "AES-192", "", "AES-192-CFB", 24, 24},
    {PrivProtocol::Aes256, "AES-256", "", "AES-256-CFB", 32, 32},
    {PrivProtocol::Aes192C, "AES-192-C", "", "AES-192-CFB", 24, 24},
    {PrivProtocol::Aes256C, "AES-256-C", "", "AES-256-CFB", 32, 32},
};
const AuthRow& row(AuthProtocol protocol) { return kAuth[static_cast<std::size_t>(protocol)]; }
const PrivRow& row(PrivProtocol protocol) { return kPriv[static_cast<std::size_t>(protocol)]; }

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeMd {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Algorithms, fetched once into a library context of our own, so that the legacy provider is seen by nobody else. Kept
// until the process ends: threads that end later still use it.
class Algorithms {
 public:
  static const Algorithms& get() {
    static const Algorithms& algorithms = *new Algorithms;
    return algorithms;
  }
  const EVP_MD* digest(AuthProtocol protocol) const { return digests_[static_cast<std::size_t>(protocol)]; }
  const EVP_CIPHER* cipher(PrivProtocol protocol) const { return ciphers_[static_cast<std::size_t>(protocol)]; }

 private:
  Algorithms() : library_(OSSL_LIB_CTX_new()) {
    BONGSU_CHECK(library_ != nullptr);
    OSSL_PROVIDER_load(library_, "default");
    OSSL_PROVIDER_load(library_, "legacy");  // for DES
    for (const AuthRow& one : kAuth)
      if (one.digest != nullptr) digests_[static_cast<std::size_t>(one.protocol)] = EVP_MD_fetch(library_, one.digest, nullptr);
    for (const PrivRow& one : kPriv)
      if (one.cipher != nullptr)
        ciphers_[static_cast<std::size_t>(one.protocol)] = EVP_CIPHER_fetch(library_, one.cipher, nullptr);
  }
  OSSL_LIB_CTX* library_;
  std::array<EVP_MD*, std::size(kAuth)> digests_{};
  std::array<EVP_CIPHER*, std::size(kPriv)> ciphers_{};
};

// Contexts of this thread that each message is worked in.
EVP_MD_CTX* digest_room() {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeMd> room(EVP_MD_CTX_new());
  return room.get();
}
EVP_CIPHER_CTX* cipher_room() {
  thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> room(EVP_CIPHER_CTX_new());
  return room.get();
}

Status available(AuthProtocol protocol) {
  if (protocol == AuthProtocol::None || Algorithms::get().digest(protocol) != nullptr) return {};
  return Error{Code::Unsupported, "OpenSSL has no " + std::string(row(protocol).name) + " here; choose another authentication"};
}
Status available(PrivProtocol protocol) {
  if (protocol == PrivProtocol::None || Algorithms::get().cipher(protocol) != nullptr) return {};
  return Error{Code::Unsupported, "OpenSSL has no " + std::string(row(protocol).name) +
                                      " here (DES needs its legacy provider); choose another privacy"};
}

Key digest_of(AuthProtocol protocol, std::initializer_list<Octets> parts) {
  EVP_MD_CTX* room = digest_room();
  std::array<std::uint8_t, kMostDigest> out{};
  unsigned size = 0;
  bool good = EVP_DigestInit_ex2(room, Algorithms::get().digest(protocol), nullptr) == 1;
  for (const Octets part : parts) good = good && EVP_DigestUpdate(room, part.data(), part.size()) == 1;
  good = good && EVP_DigestFinal_ex(room, out.data(), &size) == 1;
  BONGSU_CHECK(good && size == row(protocol).octets);
  Key key{Octets(out).first(size)};
  OPENSSL_cleanse(out.data(), out.size());
  return key;
}

// Ku without a check of the pass phrase's length: Reeder's extension stretches keys, too.
Key stretched(AuthProtocol protocol, Octets phrase) {
  std::vector<std::uint8_t> repeated;
  const std::size_t times = std::max<std::size_t>(1, 16'384 / phrase.size());
  repeated.reserve(times * phrase.size());
  for (std::size_t i = 0; i < times; ++i) repeated.insert(repeated.end(), phrase.begin(), phrase.end());
  EVP_MD_CTX* room = digest_room();
  bool good = EVP_DigestInit_ex2(room, Algorithms::get().digest(protocol), nullptr) == 1;
  for (std::size_t left = kStretched; good && left > 0;) {
    const std::size_t part = std::min(left, repeated.size());
    good = EVP_DigestUpdate(room, repeated.data(), part) == 1;
    left -= part;
  }
  std::array<std::uint8_t, kMostDigest> out{};
  unsigned size = 0;
  good = good && EVP_DigestFinal_ex(room, out.data(), &size) == 1;
  BONGSU_CHECK(good);
  Key key{Octets(out).first(size)};
  OPENSSL_cleanse(out.data(), out.size());
  OPENSSL_cleanse(repeated.data(), repeated.size());
  return key;
}

Key localized_key(AuthProtocol protocol, const Key& ku, Octets engine_id) {
  return digest_of(protocol, {ku.octets(), engine_id, ku.octets()});
}

Key extended_key(AuthProtocol auth, PrivProtocol priv, const Key& kul, Octets engine_id) {
  Key out = kul;
  const std::size_t needed = row(priv).stored;
  const bool reeder = priv == PrivProtocol::Aes192C || priv == PrivProtocol::Aes256C;
  Key last = kul;
  while (out.size() < needed) {
    last = reeder ? localized_key(auth, stretched(auth, last.octets()), engine_id) : digest_of(auth, {out.octets()});
    out.append(last.octets());
  }
  out.cut(needed);
  return out;
}

void put32(std::uint8_t* to, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

// A name as written against ours: without case and hyphens.
bool same_name(std::string_view written, std::string_view ours) {
  const auto plain = [](std::string_view name) {
    std::string out;
    for (const char c : name)
      if (c != '-') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
  };
  return !ours.empty() && plain(written) == plain(ours);
}

template <class Row, std::size_t N>
auto parse_row(const Row (&rows)[N], std::string_view name, std::string_view what) -> Result<decltype(Row::protocol)> {
  std::string names;
  for (const Row& one : rows) {
    if (same_name(name, one.name) || same_name(name, one.also)) return one.protocol;
    names += (names.empty() ? "" : ", ") + std::string(one.name);
  }
  return Error{Code::Invalid, "\"" + std::string(name) + "\" is no " + std::string(what) + " protocol; there are " + names};
}

}  // namespace

std::string_view to_string(AuthProtocol protocol) { return row(protocol).name; }
std::string_view to_string(PrivProtocol protocol) { return row(protocol).name; }
std::string_view to_string(SecurityLevel level) {
  switch (level) {
    case SecurityLevel::NoAuthNoPriv:
      return "noAuthNoPriv";
    case SecurityLevel::AuthNoPriv:
      return "authNoPriv";
    case SecurityLevel::AuthPriv:
      return "authPriv";
  }
  return "unknown level";
}
Result<AuthProtocol> parse_auth_protocol(std::string_view name) { return parse_row(kAuth, name, "authentication"); }
Result<PrivProtocol> parse_priv_protocol(std::string_view name) { return parse_row(kPriv, name, "privacy"); }
Result<SecurityLevel> parse_security_level(std::string_view name) {
  for (const SecurityLevel level : {SecurityLevel::NoAuthNoPriv, SecurityLevel::AuthNoPriv, SecurityLevel::AuthPriv})
    if (same_name(name, to_string(level))) return level;
  return Error{Code::Invalid, "\"" + std::string(name) + "\" is no security level; there are noAuthNoPriv, authNoPriv, authPriv"};
}
std::size_t mac_octets(AuthProtocol protocol) { return row(protocol).mac; }

Key::Key(Octets octets) { append(octets); }
Key::~Key() { OPENSSL_cleanse(octets_.data(), octets_.size()); }
void Key::append(Octets octets) {
  BONGSU_CHECK(octets.size() <= kMost - size_);
  std::copy(octets.begin(), octets.end(), octets_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ = static_cast<std::uint8_t>(size_ + octets.size());
}
bool operator==(const Key& a, const Key& b) {
  return a.size_ == b.size_ && CRYPTO_memcmp(a.octets_.data(), b.octets_.data(), a.size_) == 0;
}
void Key::cut(std::size_t size) {
  BONGSU_CHECK(size <= size_);
  OPENSSL_cleanse(octets_.data() + size, size_ - size);
  size_ = static_cast<std::uint8_t>(size);
}

Result<Key> stretch(AuthProtocol protocol, std::string_view pass_phrase) {
  BONGSU_TRY_OK(available(protocol));
  if (protocol == AuthProtocol::None) return Error{Code::Invalid, "a key needs a digest: choose an authentication protocol"};
  if (pass_phrase.size() < kShortestPassPhrase)
    return Error{Code::Invalid,
                 "a pass phrase has 8 characters or more (RFC 3414 section 11.2), not " + std::to_string(pass_phrase.size())};
  return stretched(protocol, {reinterpret_cast<const std::uint8_t*>(pass_phrase.data()), pass_phrase.size()});
}

Result<Key> localize(AuthProtocol protocol, const Key& ku, Octets engine_id) {
  BONGSU_TRY_OK(available(protocol));
  if (protocol == AuthProtocol::None) return Error{Code::Invalid, "a key needs a digest: choose an authentication protocol"};
  return localized_key(protocol, ku, engine_id);
}

Result<Key> privacy_key(AuthProtocol auth, PrivProtocol priv, const Key& kul, Octets engine_id) {
  BONGSU_TRY_OK(available(auth));
  if (auth == AuthProtocol::None || kul.size() == 0)
    return Error{Code::Invalid, "a privacy key is made from an authentication's"};
  return extended_key(auth, priv, kul, engine_id);
}

Result<std::shared_ptr<const Key>> PassPhraseKeys::get(AuthProtocol protocol, std::string_view pass_phrase) {
  BONGSU_TRY_OK(available(protocol));
  BONGSU_TRY_OK(available(AuthProtocol::Sha256));
  const Key print =
      digest_of(AuthProtocol::Sha256, {{reinterpret_cast<const std::uint8_t*>(pass_phrase.data()), pass_phrase.size()}});
  const std::pair at(protocol, std::string(print.octets().begin(), print.octets().end()));
  if (auto key = known_.lock()->keys[at].lock()) return key;
  BONGSU_TRY(Key ku, stretch(protocol, pass_phrase));
  auto made = std::make_shared<const Key>(ku);
  const auto known = known_.lock();
  std::erase_if(known->keys, [](const auto& entry) { return entry.second.expired(); });
  ++known->stretched;
  if (auto other = known->keys[at].lock()) return other;
  known->keys[at] = made;
  return made;
}
std::size_t PassPhraseKeys::size() const {
  const auto known = known_.lock();
  return static_cast<std::size_t>(
      std::count_if(known->keys.begin(), known->keys.end(), [](const auto& entry) { return !entry.second.expired(); }));
}
std::uint64_t PassPhraseKeys::stretched() const { return known_.lock()->stretched; }

void LocalKeys::FreeDigest::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
LocalKeys::LocalKeys(LocalKeys&&) noexcept = default;
LocalKeys& LocalKeys::operator=(LocalKeys&&) noexcept = default;
LocalKeys::~LocalKeys() = default;

void LocalKeys::mac(Octets message, std::size_t mac_at, std::array<std::uint8_t, 64>& out) {
  static constexpr std::array<std::uint8_t, 48> kZeros{};
  const AuthRow& auth = row(auth_);
  BONGSU_CHECK(inner_ != nullptr && mac_at <= message.size() && auth.mac <= message.size() - mac_at);
  const Octets behind = message.subspan(mac_at + auth.mac);
  EVP_MD_CTX* room = digest_room();
  unsigned size = 0;
  const bool good = EVP_MD_CTX_copy_ex(room, inner_.get()) == 1 && EVP_DigestUpdate(room, message.data(), mac_at) == 1 &&
                    EVP_DigestUpdate(room, kZeros.data(), auth.mac) == 1 &&
                    EVP_DigestUpdate(room, behind.data(), behind.size()) == 1 &&
                    EVP_DigestFinal_ex(room, out.data(), &size) == 1 && EVP_MD_CTX_copy_ex(room, outer_.get()) == 1 &&
                    EVP_DigestUpdate(room, out.data(), size) == 1 && EVP_DigestFinal_ex(room, out.data(), &size) == 1;
  BONGSU_CHECK(good && size == auth.octets);
}

void LocalKeys::sign(Octets message, std::size_t mac_at, std::span<std::uint8_t> to) {
  BONGSU_CHECK(to.size() == mac_octets(auth_));
  std::array<std::uint8_t, 64> whole;
  mac(message, mac_at, whole);
  std::copy_n(whole.begin(), to.size(), to.begin());
}

bool LocalKeys::check(Octets message, std::size_t mac_at, Octets found) {
  const std::size_t size = mac_octets(auth_);
  if (inner_ == nullptr || found.size() != size || mac_at > message.size() || size > message.size() - mac_at) return false;
  std::array<std::uint8_t, 64> whole;
  mac(message, mac_at, whole);
  return CRYPTO_memcmp(whole.data(), found.data(), size) == 0;
}

std::array<std::uint8_t, 16> LocalKeys::iv(std::int32_t boots, std::int32_t time, Octets salt) const {
  std::array<std::uint8_t, 16> out{};
  if (priv_ == PrivProtocol::Des) {  // RFC 3414 section 8.1.1.1
    for (std::size_t i = 0; i < 8; ++i) out[i] = privacy_.octets()[8 + i] ^ salt[i];
  } else {  // RFC 3826 section 3.1.2.1
    put32(out.data(), static_cast<std::uint32_t>(boots));
    put32(out.data() + 4, static_cast<std::uint32_t>(time));
    std::copy_n(salt.begin(), 8, out.begin() + 8);
  }
  return out;
}

void LocalKeys::run(bool encrypting, const std::array<std::uint8_t, 16>& start, Octets in, std::vector<std::uint8_t>& out) const {
  EVP_CIPHER_CTX* room = cipher_room();
  out.resize(in.size());
  int size = 0;
  const bool good = EVP_CipherInit_ex2(room, Algorithms::get().cipher(priv_), privacy_.octets().data(), start.data(),
                                       encrypting ? 1 : 0, nullptr) == 1 &&
                    EVP_CIPHER_CTX_set_padding(room, 0) == 1 &&
                    EVP_CipherUpdate(room, out.data(), &size, in.data(), static_cast<int>(in.size())) == 1;
  BONGSU_CHECK(good && static_cast<std::size_t>(size) == in.size());
}

void LocalKeys::encrypt(std::int32_t boots, std::int32_t time, std::uint64_t counter, Octets plain,
                        std::vector<std::uint8_t>& out, std::array<std::uint8_t, 8>& salt) {
  BONGSU_CHECK(privacy_.size() != 0);
  if (priv_ == PrivProtocol::Des) {
    put32(salt.data(), static_cast<std::uint32_t>(boots));
    put32(salt.data() + 4, static_cast<std::uint32_t>(counter));
    thread_local std::vector<std::uint8_t> padded;
    padded.assign(plain.begin(), plain.end());
    padded.resize((plain.size() + 7) / 8 * 8);
    run(true, iv(boots, time, salt), padded, out);
    return;
  }
  put32(salt.data(), static_cast<std::uint32_t>(counter >> 32));
  put32(salt.data() + 4, static_cast<std::uint32_t>(counter));
  run(true, iv(boots, time, salt), plain, out);
}

bool LocalKeys::decrypt(std::int32_t boots, std::int32_t time, Octets salt, Octets cipher, std::vector<std::uint8_t>& out) {
  if (privacy_.size() == 0 || salt.size() != 8 || cipher.empty() || cipher.size() > kMostMessage) return false;
  if (priv_ == PrivProtocol::Des && cipher.size() % 8 != 0) return false;
  run(false, iv(boots, time, salt), cipher, out);
  return true;
}

Result<std::shared_ptr<const User>> User::make(const UserSpec& spec, PassPhraseKeys& keys) {
  if (spec.name.empty() || spec.name.size() > 32)
    return Error{Code::Invalid, "a user name has 1 to 32 octets (RFC 3414 section 2.4), not " + std::to_string(spec.name.size())};
  const std::string who = "user \"" + spec.name + "\"";
  if (spec.priv != PrivProtocol::None && spec.auth == AuthProtocol::None)
    return Error{Code::Invalid, who + ": privacy needs authentication; give an authentication protocol and pass phrase, too"};
  BONGSU_TRY_OK(available(spec.priv).context(who));
  std::shared_ptr<User> out(new User);
  out->name_ = spec.name;
  out->auth_ = spec.auth;
  out->priv_ = spec.priv;
  if (spec.auth != AuthProtocol::None) {
    BONGSU_TRY(out->auth_ku_, keys.get(spec.auth, spec.auth_pass_phrase.reveal()).context(who + ": authentication"));
  }
  if (spec.priv != PrivProtocol::None) {
    BONGSU_TRY(out->priv_ku_, keys.get(spec.auth, spec.priv_pass_phrase.reveal()).context(who + ": privacy"));
  }
  return std::shared_ptr<const User>(std::move(out));
}

SecurityLevel User::level() const {
  if (priv_ != PrivProtocol::None) return SecurityLevel::AuthPriv;
  return auth_ != AuthProtocol::None ? SecurityLevel::AuthNoPriv : SecurityLevel::NoAuthNoPriv;
}

bool User::localizes_slowly() const {
  return (priv_ == PrivProtocol::Aes192C || priv_ == PrivProtocol::Aes256C) && row(auth_).octets < row(priv_).stored;
}

bool operator==(const User& a, const User& b) {
  const auto same = [](const std::shared_ptr<const Key>& one, const std::shared_ptr<const Key>& other) {
    return one == other || (one && other && *one == *other);
  };
  return a.name_ == b.name_ && a.auth_ == b.auth_ && a.priv_ == b.priv_ && same(a.auth_ku_, b.auth_ku_) &&
         same(a.priv_ku_, b.priv_ku_);
}

LocalKeys User::localized(Octets engine_id) const {
  LocalKeys out(auth_, priv_);
  if (auth_ == AuthProtocol::None) return out;
  const Key kul = localized_key(auth_, *auth_ku_, engine_id);
  const auto keyed = [&](std::uint8_t pad) {
    std::array<std::uint8_t, kMostBlock> block;
    const std::size_t size = row(auth_).block;
    for (std::size_t i = 0; i < size; ++i) block[i] = (i < kul.size() ? kul.octets()[i] : 0) ^ pad;
    std::unique_ptr<evp_md_ctx_st, LocalKeys::FreeDigest> context(EVP_MD_CTX_new());
    BONGSU_CHECK(context && EVP_DigestInit_ex2(context.get(), Algorithms::get().digest(auth_), nullptr) == 1 &&
                 EVP_DigestUpdate(context.get(), block.data(), size) == 1);
    OPENSSL_cleanse(block.data(), block.size());
    return context;
  };
  out.inner_ = keyed(0x36);
  out.outer_ = keyed(0x5c);
  if (priv_ != PrivProtocol::None)
    out.privacy_ = extended_key(auth_, priv_, localized_key(auth_, *priv_ku_, engine_id), engine_id);
  return out;
}

}  // namespace bongsu::snmp
