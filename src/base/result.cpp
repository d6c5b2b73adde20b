// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace bongsu {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::Invalid:
      return "invalid";
    case Code::Truncated:
      return "truncated";
    case Code::Timeout:
      return "timeout";
    case Code::NotFound:
      return "not_found";
    case Code::Exists:
      return "exists";
    case Code::Refused:
      return "refused";
    case Code::Denied:
      return "denied";
    case Code::Limit:
      return "limit";
    case Code::Unavailable:
      return "unavailable";
    case Code::Corrupt:
      return "corrupt";
    case Code::Unsupported:
      return "unsupported";
    case Code::Cancelled:
      return "cancelled";
    case Code::Io:
      return "io";
  }
  return "unknown";
}

}  // namespace bongsu
