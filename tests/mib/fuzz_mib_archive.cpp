// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "archive.h"

// Any octets: refused, or within the limits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu::mibc;
  const ArchiveLimits limits{.files = 20, .file_octets = 100'000, .octets = 300'000};
  std::size_t files = 0, octets = 0;
  const auto wants = [](std::string_view name) {
    if (name.empty() || name.front() == '/' || name.starts_with("../")) std::abort();
    return true;
  };
  const auto take = [&](std::string_view, const std::string& text) {
    if (text.size() > limits.file_octets) std::abort();
    if (++files > limits.files || (octets += text.size()) > limits.octets) std::abort();
  };
  const auto refuse = [](std::string_view, const std::string& why) {
    if (why.empty()) std::abort();
  };
  const auto status = read_zip({reinterpret_cast<const char*>(data), size}, limits, {wants, take, refuse});
  return status && files > limits.files ? 1 : 0;
}
