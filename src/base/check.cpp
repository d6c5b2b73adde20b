// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace bongsu {

void broken_promise(const char* what, const char* file, int line) {
  std::fprintf(stderr, "bongsu: broken promise: %s (%s:%d); this is a bug\n", what, file, line);
  std::abort();
}

}  // namespace bongsu
