// SPDX-License-Identifier: Apache-2.0
#include "notify/sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <memory>
#include <vector>

#include "base/text.h"

namespace bongsu::notify {
namespace {

std::span<const std::uint8_t> octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string hmac_sha256_hex(std::string_view key, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(text).data(), text.size(), out.data(), &size);
  return to_hex(std::span(out).first(size));
}

std::string sha256_hex(std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr);
  return to_hex(std::span(out).first(size));
}

std::string base64(std::string_view octets) {
  std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), octets_of(octets).data(), static_cast<int>(octets.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> rs256_token(std::string_view key, std::string_view claims) {
  struct End {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(EVP_PKEY* pkey) const { EVP_PKEY_free(pkey); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const auto url64 = [](std::string_view octets) {
    std::string out = base64(octets);
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    out.resize(out.find_last_not_of('=') + 1);
    return out;
  };
  const std::unique_ptr<BIO, End> pem(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const std::unique_ptr<EVP_PKEY, End> pkey(pem ? PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!pkey || EVP_PKEY_base_id(pkey.get()) != EVP_PKEY_RSA)
    return Error{Code::Invalid, "private_key of the service account is no RSA key in PEM"};
  std::string text = url64(R"({"alg":"RS256","typ":"JWT"})") + "." + url64(claims);
  const std::unique_ptr<EVP_MD_CTX, End> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  std::vector<std::uint8_t> signature;
  bool good = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, octets_of(text).data(), text.size()) == 1;
  signature.resize(size);
  good = good && EVP_DigestSign(context.get(), signature.data(), &size, octets_of(text).data(), text.size()) == 1;
  if (!good) return Error{Code::Invalid, "the service account's private_key cannot sign"};
  return text + "." + url64({reinterpret_cast<const char*>(signature.data()), size});
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      out += c;
    } else {
      out += '%';
      out += kDigits[octet >> 4];
      out += kDigits[octet & 15];
    }
  }
  return out;
}

}  // namespace bongsu::notify
