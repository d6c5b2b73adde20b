// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bongsu {

TEST(JsonWriter, PutsCommasAndEscapes) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("a", 1)
      .member("b", "x\"\n\x01\xff")
      .key("c")
      .begin_array()
      .value(true)
      .value(std::nan(""))
      .null()
      .end_array();
  json.key("d").begin_object().end_object().member("e", 0.5).end_object();
  EXPECT_EQ(R"({"a":1,"b":"x\"\n\u0001)"
            "\xef\xbf\xbd"
            R"(","c":[true,null,null],"d":{},"e":0.5})",
            out);
}

}  // namespace bongsu
