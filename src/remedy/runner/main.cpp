// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "remedy/runner/runner.h"

int main(int argc, char** argv) {
  bongsu::remedy::RunnerSpec spec;
  CLI::App app("Runs the recovery scripts of bongsu, one folder's alone, and ends them in time.", "bongsu-runner");
  app.add_option("--socket", spec.socket, "Unix socket to listen at")->required();
  app.add_option("--scripts", spec.scripts, "folder that the scripts are in")->required();
  app.add_option("--user", spec.user, "user that scripts run as (default: the runner's own; another needs root)");
  app.add_option("--caller", spec.caller,
                 "user that the daemon runs as, where it is another; the socket's group may then connect");
  app.add_option("--parallel", spec.parallel, "scripts at once")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_flag("--until-input-ends", spec.until_input_ends, "end when standard input does");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const bongsu::Status served = bongsu::remedy::serve_scripts(spec);
  if (served) return 0;
  std::fprintf(stderr, "bongsu-runner: %s\n", bongsu::escape_terminal(served.error().text).c_str());
  return 1;
}
