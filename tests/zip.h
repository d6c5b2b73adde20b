// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace bongsu {

// Writes a ZIP archive, and a wrong one where a test asks for it.
class ZipWriter {
 public:
  struct How {
    bool stored = false;
    std::uint32_t flags = 0;
    std::uint32_t wrong_by = 0;  // added to the checksum
    std::uint32_t says = 0;      // the size to tell, where not 0
  };
  ZipWriter& add(std::string_view name, std::string_view text) { return add(name, text, How()); }
  ZipWriter& add(std::string_view name, std::string_view text, const How& how) {
    const std::string packed = how.stored ? std::string(text) : deflated(text);
    const auto sum = static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())) + how.wrong_by);
    const auto size = how.says != 0 ? how.says : static_cast<std::uint32_t>(text.size());
    std::string facts = number(how.flags, 2) + number(how.stored ? 0 : 8, 2) + number(0, 4) + number(sum, 4) +
                        number(static_cast<std::uint32_t>(packed.size()), 4) + number(size, 4) +
                        number(static_cast<std::uint32_t>(name.size()), 2) + number(0, 2);
    const auto at = static_cast<std::uint32_t>(files_.size());
    files_ += "PK\3\4" + number(20, 2) + facts + std::string(name) + packed;
    directory_ += "PK\1\2" + number(20, 2) + number(20, 2) + facts + number(0, 10) + number(at, 4) + std::string(name);
    ++count_;
    return *this;
  }
  std::string done(std::string_view comment = {}) const {
    return files_ + directory_ + "PK\5\6" + number(0, 4) + number(count_, 2) + number(count_, 2) +
           number(static_cast<std::uint32_t>(directory_.size()), 4) + number(static_cast<std::uint32_t>(files_.size()), 4) +
           number(static_cast<std::uint32_t>(comment.size()), 2) + std::string(comment);
  }

 private:
  static std::string number(std::uint32_t value, int octets) {
    std::string out;
    for (int i = 0; i < octets; ++i) out += i < 4 ? static_cast<char>(value >> 8 * i) : '\0';
    return out;
  }
  static std::string deflated(std::string_view text) {
    std::string out(text.size() + 64, '\0');
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
  }
  std::string files_, directory_;
  std::uint32_t count_ = 0;
};

}  // namespace bongsu
