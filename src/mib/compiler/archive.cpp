// SPDX-License-Identifier: Apache-2.0
#include "archive.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

namespace bongsu::mibc {

namespace {

// Numbers of an archive are little-endian; a read past the end gives nothing.
class Octets {
 public:
  explicit Octets(std::string_view octets) : octets_(octets) {}
  std::optional<std::string_view> part(std::uint64_t at, std::uint64_t size) const {
    if (at > octets_.size() || size > octets_.size() - at) return std::nullopt;
    return octets_.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
  }
  std::size_t size() const { return octets_.size(); }

 private:
  std::string_view octets_;
};
std::uint32_t number(std::string_view octets, std::size_t at, std::size_t size) {
  std::uint32_t out = 0;
  for (std::size_t i = size; i-- > 0;) out = out << 8 | static_cast<std::uint8_t>(octets[at + i]);
  return out;
}

constexpr std::size_t kEnd = 22, kEntry = 46, kLocal = 30;
constexpr std::string_view kEndMark("PK\5\6", 4), kEntryMark("PK\1\2", 4), kLocalMark("PK\3\4", 4);

struct Entry {
  std::string_view name;
  std::uint32_t flags, method, crc, packed, size, local;
};

// The name with '/' alone; nothing for one that leads elsewhere.
std::optional<std::string> clean(std::string_view name) {
  std::string out;
  std::string_view rest = name;
  while (!rest.empty()) {
    const auto end = rest.find_first_of("/\\");
    const std::string_view part = rest.substr(0, end);
    if (part == ".." || part.find('\0') != std::string_view::npos) return std::nullopt;
    if (!part.empty() && part != ".") out += (out.empty() ? "" : "/") + std::string(part);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  if (out.empty()) return std::nullopt;
  return out;
}

Result<std::string> unpack(const Octets& archive, const Entry& entry) {
  const auto head = archive.part(entry.local, kLocal);
  if (!head || !head->starts_with(kLocalMark)) return Error{Code::Corrupt, "the archive's directory points elsewhere"};
  const auto packed =
      archive.part(std::uint64_t{entry.local} + kLocal + number(*head, 26, 2) + number(*head, 28, 2), entry.packed);
  if (!packed) return Error{Code::Corrupt, "cut short"};
  std::string text;
  if (entry.method == 0) {
    text = *packed;
  } else if (entry.method == Z_DEFLATED) {
    text.resize(entry.size);
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed->data()));  // zlib only reads it
    stream.avail_in = static_cast<uInt>(packed->size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return Error{Code::Limit, "no memory to unpack it"};
    const int how = inflate(&stream, Z_FINISH);
    const bool whole = how == Z_STREAM_END && stream.avail_out == 0;
    inflateEnd(&stream);
    if (!whole) return Error{Code::Corrupt, "it does not unpack to what the archive's directory says"};
  } else {
    return Error{Code::Unsupported, "it is packed by method " + std::to_string(entry.method) + "; pack it with deflate"};
  }
  const auto sum = ::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
  if (text.size() != entry.size || sum != entry.crc) return Error{Code::Corrupt, "its checksum differs"};
  return text;
}

}  // namespace

Status read_zip(std::string_view octets, const ArchiveLimits& limits, const ArchiveTakers& takers) {
  const Octets archive(octets);
  // The end record may have a comment of 65,535 octets behind it; the last that fits counts.
  std::optional<std::string_view> end;
  const std::size_t earliest = octets.size() > kEnd + 65'535 ? octets.size() - kEnd - 65'535 : 0;
  for (std::size_t at = octets.size() < kEnd ? 0 : octets.size() - kEnd + 1; at-- > earliest && !end;) {
    const auto here = archive.part(at, kEnd);
    if (here && here->starts_with(kEndMark) && number(*here, 20, 2) <= octets.size() - at - kEnd) end = here;
  }
  if (!end) return Error{Code::Corrupt, "this is no ZIP archive, or it is cut short; fetch it again"};
  const std::uint32_t count = number(*end, 10, 2), start = number(*end, 16, 4);
  if (count == 0xffff || start == 0xffffffff) return Error{Code::Unsupported, "a ZIP64 archive; unpack it and name its folder"};
  if (number(*end, 4, 2) != 0 || number(*end, 8, 2) != count)
    return Error{Code::Unsupported, "one part of a divided archive; join the parts, or unpack it and name its folder"};

  std::uint64_t at = start;
  std::size_t taken = 0, unpacked = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto head = archive.part(at, kEntry);
    if (!head || !head->starts_with(kEntryMark))
      return Error{Code::Corrupt, "the archive's directory is damaged; fetch it again"};
    const Entry entry{.name = archive.part(at + kEntry, number(*head, 28, 2)).value_or(std::string_view()),
                      .flags = number(*head, 8, 2),
                      .method = number(*head, 10, 2),
                      .crc = number(*head, 16, 4),
                      .packed = number(*head, 20, 4),
                      .size = number(*head, 24, 4),
                      .local = number(*head, 42, 4)};
    at += kEntry + number(*head, 28, 2) + number(*head, 30, 2) + number(*head, 32, 2);
    if (entry.name.empty() || entry.name.ends_with('/')) continue;
    const auto name = clean(entry.name);
    if (!name) {
      takers.refuse(entry.name.substr(0, 200), "its name leads out of the archive");
      continue;
    }
    if (!takers.wants(*name)) continue;
    if ((entry.flags & 1) != 0) {
      takers.refuse(*name, "it is encrypted; unpack it and name its folder");
      continue;
    }
    if (entry.size > limits.file_octets) {
      takers.refuse(*name, std::to_string(entry.size) + " octets, more than a MIB file may have");
      continue;
    }
    if (++taken > limits.files || (unpacked += entry.size) > limits.octets)
      return Error{Code::Limit, "the archive holds more than is taken at once; unpack it and name the folders that you need"};
    auto text = unpack(archive, entry);
    if (text) takers.take(*name, *std::move(text));
    else takers.refuse(*name, text.error().text);
  }
  return {};
}

}  // namespace bongsu::mibc
