// SPDX-License-Identifier: Apache-2.0
#include "app/data.h"

#include <cstdio>

#include "app/setup.h"
#include "base/text.h"

namespace bongsu::app {

std::optional<DataPlace> find_data(const DataOptions& options) {
  const std::optional<std::filesystem::path> file =
      options.config ? std::optional<std::filesystem::path>(*options.config) : usual_config();
  config::MainConfig config = config::default_config();
  if (file) {
    config::Problems problems;
    if (auto read = config::read_main(*file, problems)) {
      config = *std::move(read);
    } else if (options.config || !options.data) {
      for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", escape_terminal(line).c_str());
      std::fprintf(stderr, "bongsu: %zu problem%s in the configuration; --data names the folder without it\n", problems.size(),
                   problems.size() == 1 ? "" : "s");
      return std::nullopt;
    }
  }
  return DataPlace{.data = options.data ? std::filesystem::path(*options.data) : config.data,
                   .url = "http://" + config.http.to_string()};
}

}  // namespace bongsu::app
