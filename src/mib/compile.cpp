// SPDX-License-Identifier: Apache-2.0
#include "mib/compile.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/text.h"
#include "mib/scan.h"

namespace bongsu::mib {

namespace {

std::uint64_t key_of(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> unreadable;
  std::uint64_t key = kFirstKey;
  for (const auto& file : list_files(folders, unreadable)) {
    if (const auto text = read_text(file)) key = content_key(key, file, *text);
  }
  return key;
}

Error died(const net::Outcome& outcome) {
  const std::string said(trim(outcome.error_output));
  const auto last = said.rfind('\n');
  const std::string word = said.empty() ? "" : ": " + said.substr(last == std::string::npos ? 0 : last + 1).substr(0, 500);
  if (outcome.timed_out)
    return Error{Code::Timeout, "the MIB compiler took too long and was stopped; name fewer folders in `mibs`" + word};
  if (outcome.signal != 0)
    return Error{Code::Unavailable, "the MIB compiler was ended by signal " + std::to_string(outcome.signal) +
                                        "; the MIBs of before stay loaded" + word};
  return Error{Code::Unavailable, "the MIB compiler gave up with status " + std::to_string(outcome.exit_code) + word};
}

}  // namespace

Result<CompileReport> compile(net::Processes& processes, const CompileRequest& request) {
  if (request.folders.empty()) return Error{Code::Invalid, "no folder of MIB files is named"};
  const std::uint64_t key = key_of(request.folders);
  if (auto tree = Tree::open(request.image); tree && (*tree)->content_key() == key)
    return CompileReport{.tree = *tree, .reused = true};

  static std::atomic<unsigned> run{0};
  const std::filesystem::path work =
      request.image.string() + ".work-" + std::to_string(::getpid()) + "-" + std::to_string(run.fetch_add(1));
  net::Command command{.program = request.compiler,
                       .arguments = {"--quiet", "--image", request.image.string(), "--work", work.string(), "--memory",
                                     std::to_string(request.memory_mib), "--cpu",
                                     std::to_string(std::max<std::int64_t>(1, request.timeout.count() / 1'000)), "--"},
                       .environment = {"LC_ALL=C"},
                       .input = {},
                       .timeout = request.timeout};
  for (const auto& folder : request.folders) command.arguments.push_back(folder.string());
  const auto outcome = processes.run(command);
  std::error_code ignored;
  std::filesystem::remove_all(work, ignored);  // what a compiler that died left
  if (!outcome) return Error(outcome.error()).context("MIB compiler " + request.compiler.string());
  if (outcome->exit_code != 0 || outcome->signal != 0 || outcome->timed_out) return died(*outcome);
  BONGSU_TRY(auto tree, Tree::open(request.image));
  return CompileReport{.tree = std::move(tree), .reused = false};
}

}  // namespace bongsu::mib
