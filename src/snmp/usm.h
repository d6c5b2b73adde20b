// SPDX-License-Identifier: Apache-2.0
// Keys, authentication and privacy of the User-based Security Model (RFC 3414, RFC 3826, RFC 7860), on OpenSSL with kept
// contexts. AES with longer keys has two key extensions in the field; they are named as Net-SNMP names them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "base/secret.h"
#include "snmp/ber.h"

struct evp_md_ctx_st;

namespace bongsu::snmp {

enum class AuthProtocol : std::uint8_t { None, Md5, Sha1, Sha224, Sha256, Sha384, Sha512 };
enum class PrivProtocol : std::uint8_t {
  None,
  Des,
  Aes128,
  Aes192,  // key extended as draft-blumenthal-aes-usm-04 section 3.1.2.1 says
  Aes256,
  Aes192C,  // key extended as draft-reeder-snmpv3-usm-3desede-00 section 2.1 says, as Cisco does
  Aes256C,
};
enum class SecurityLevel : std::uint8_t { NoAuthNoPriv = 0, AuthNoPriv = 1, AuthPriv = 3 };  // as in msgFlags

std::string_view to_string(AuthProtocol protocol);  // "SHA-256"
std::string_view to_string(PrivProtocol protocol);  // "AES-192-C"
std::string_view to_string(SecurityLevel level);    // "authPriv"
// By these names, whatever the case, and those of Net-SNMP's tools (SHA, AES, AES256). Error: Invalid, with the names.
Result<AuthProtocol> parse_auth_protocol(std::string_view name);
Result<PrivProtocol> parse_priv_protocol(std::string_view name);
Result<SecurityLevel> parse_security_level(std::string_view name);
// Of msgAuthenticationParameters; 0 for None.
std::size_t mac_octets(AuthProtocol protocol);

// Octets of a key, zeroed when it ends.
class Key {
 public:
  static constexpr std::size_t kMost = 64;  // SHA-512's
  Key() = default;
  explicit Key(Octets octets);
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;
  ~Key();
  Octets octets() const { return Octets(octets_).first(size_); }
  std::size_t size() const { return size_; }
  void append(Octets octets);  // up to kMost in all
  void cut(std::size_t size);
  friend bool operator==(const Key& a, const Key& b);  // in constant time for keys of one size

 private:
  std::array<std::uint8_t, kMost> octets_{};
  std::uint8_t size_ = 0;
};

// Ku (RFC 3414 section A.2): a millisecond of work, so never on a reactor's thread. Errors: Invalid (fewer than 8
// characters), Unsupported (a digest that OpenSSL does not have here).
Result<Key> stretch(AuthProtocol protocol, std::string_view pass_phrase);
// Kul of one engine (RFC 3414 section 2.6), and the key of a privacy protocol made from it.
Result<Key> localize(AuthProtocol protocol, const Key& ku, Octets engine_id);
Result<Key> privacy_key(AuthProtocol auth, PrivProtocol priv, const Key& kul, Octets engine_id);

// Ku of each pass phrase and digest, made once as long as anybody has it; in memory only. Thread: any.
class PassPhraseKeys {
 public:
  // Errors: as stretch().
  Result<std::shared_ptr<const Key>> get(AuthProtocol protocol, std::string_view pass_phrase);
  std::size_t size() const;         // that somebody has
  std::uint64_t stretched() const;  // times that one was made

 private:
  struct Known {
    std::map<std::pair<AuthProtocol, std::string>, std::weak_ptr<const Key>> keys;  // by the pass phrase's digest
    std::uint64_t stretched = 0;
  };
  Guarded<Known> known_;
};

// A user's keys for one engine, with what OpenSSL prepares from them. Thread: one at a time.
class LocalKeys {
 public:
  LocalKeys(LocalKeys&&) noexcept;
  LocalKeys& operator=(LocalKeys&&) noexcept;
  ~LocalKeys();

  AuthProtocol auth() const { return auth_; }
  PrivProtocol priv() const { return priv_; }
  // The MAC of `message`, whose mac_octets() from `mac_at` on count as zeros, into `mac`.
  void sign(Octets message, std::size_t mac_at, std::span<std::uint8_t> mac);
  // Whether `mac` is that; false too for any other size than the protocol's. In constant time.
  bool check(Octets message, std::size_t mac_at, Octets mac);

  // `counter` is never used twice with the same key while this process lives; msgPrivacyParameters come out in `salt`.
  // DES pads to whole blocks with zeros.
  void encrypt(std::int32_t boots, std::int32_t time, std::uint64_t counter, Octets plain, std::vector<std::uint8_t>& out,
               std::array<std::uint8_t, 8>& salt);
  // False for a salt that has not 8 octets, or a length that the cipher cannot have. That the key was right is not known.
  bool decrypt(std::int32_t boots, std::int32_t time, Octets salt, Octets cipher, std::vector<std::uint8_t>& out);

 private:
  friend class User;
  struct FreeDigest {
    void operator()(evp_md_ctx_st* context) const;
  };
  LocalKeys(AuthProtocol auth, PrivProtocol priv) : auth_(auth), priv_(priv) {}
  void mac(Octets message, std::size_t mac_at, std::array<std::uint8_t, 64>& out);
  std::array<std::uint8_t, 16> iv(std::int32_t boots, std::int32_t time, Octets salt) const;
  void run(bool encrypting, const std::array<std::uint8_t, 16>& iv, Octets in, std::vector<std::uint8_t>& out) const;

  AuthProtocol auth_;
  PrivProtocol priv_;
  std::unique_ptr<evp_md_ctx_st, FreeDigest> inner_, outer_;  // after the padded key (RFC 2104)
  Key privacy_;
};

struct UserSpec {
  std::string name;  // msgUserName, 1 to 32 octets
  AuthProtocol auth = AuthProtocol::None;
  Secret auth_pass_phrase;
  PrivProtocol priv = PrivProtocol::None;
  Secret priv_pass_phrase;
};

// A user with the keys of its pass phrases. Never changes: shared by all threads and devices.
class User {
 public:
  // Takes milliseconds where `keys` has not met a pass phrase. Errors: Invalid (no name or one too long, privacy without
  // authentication, a pass phrase too short), Unsupported (OpenSSL lacks the protocol; DES needs its legacy provider).
  static Result<std::shared_ptr<const User>> make(const UserSpec& spec, PassPhraseKeys& keys);
  const std::string& name() const { return name_; }
  AuthProtocol auth() const { return auth_; }
  PrivProtocol priv() const { return priv_; }
  // The highest that its keys allow.
  SecurityLevel level() const;
  // Microseconds, but a millisecond and more where localizes_slowly().
  LocalKeys localized(Octets engine_id) const;
  // AES-192-C and AES-256-C with a digest that is shorter than their key: not for a reactor's thread.
  bool localizes_slowly() const;
  // The same name, protocols and keys, and so the same pass phrases.
  friend bool operator==(const User& a, const User& b);

 private:
  User() = default;
  std::string name_;
  AuthProtocol auth_ = AuthProtocol::None;
  PrivProtocol priv_ = PrivProtocol::None;
  std::shared_ptr<const Key> auth_ku_, priv_ku_;
};

}  // namespace bongsu::snmp
