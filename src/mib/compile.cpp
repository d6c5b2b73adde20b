// SPDX-License-Identifier: Apache-2.0
#include "mib/compile.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>

#include "base/text.h"
#include "mib/mapped.h"
#include "mib/scan.h"

namespace bongsu::mib {

namespace {

struct Seen {
  std::uint64_t key = kFirstKey;  // of all
  std::map<std::string, std::uint64_t> files;
};

Seen look(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> unreadable;
  Seen seen;
  for (const auto& file : list_files(folders, unreadable)) {
    const auto text = read_text(file);
    if (!text) continue;
    const std::uint64_t key = file_key(file, *text);
    seen.files.emplace(file.string(), key);
    seen.key = content_key(seen.key, key);
  }
  return seen;
}

// Whether files have joined those of the image, and nothing else has changed.
bool only_grown(const std::filesystem::path& image, const Seen& seen) {
  const auto old = Tree::Image::map(image);
  if (!old || (*old)->files.empty() || (*old)->files.size() >= seen.files.size()) return false;
  return std::all_of((*old)->files.begin(), (*old)->files.end(), [&](const FileRecord& file) {
    const auto now = seen.files.find(std::string((*old)->text(file.path)));
    return now != seen.files.end() && now->second == file.key;
  });
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

std::uint32_t image_version() { return kImageVersion; }

Result<CompileReport> compile(net::Processes& processes, const CompileRequest& request) {
  if (request.folders.empty()) return Error{Code::Invalid, "no folder of MIB files is named"};
  const Seen seen = look(request.folders);
  if (auto tree = Tree::open(request.image); tree && (*tree)->content_key() == seen.key)
    return CompileReport{.tree = *tree, .reused = true};

  static std::atomic<unsigned> run{0};
  const std::filesystem::path work =
      request.image.string() + ".work-" + std::to_string(::getpid()) + "-" + std::to_string(run.fetch_add(1));
  const auto start = [&](const std::vector<std::string>& how) {
    net::Command command{.program = request.compiler,
                         .arguments = {"--quiet", "--image", request.image.string(), "--work", work.string(), "--memory",
                                       std::to_string(request.memory_mib), "--cpu",
                                       std::to_string(std::max<std::int64_t>(1, request.timeout.count() / 1'000))},
                         .environment = {"LC_ALL=C"},
                         .input = {},
                         .timeout = request.timeout};
    command.arguments.insert(command.arguments.end(), how.begin(), how.end());
    command.arguments.emplace_back("--");
    for (const auto& folder : request.folders) command.arguments.push_back(folder.string());
    auto outcome = processes.run(command);
    std::error_code ignored;
    std::filesystem::remove_all(work, ignored);  // what a compiler that died left
    return outcome;
  };
  const auto well = [](const Result<net::Outcome>& outcome) {
    return outcome && outcome->exit_code == 0 && outcome->signal == 0 && !outcome->timed_out;
  };
  bool whole = true;
  if (only_grown(request.image, seen)) whole = !well(start({"--onto", request.image.string()}));  // else: compile all
  if (whole) {
    const auto outcome = start({});
    if (!outcome) return Error(outcome.error()).context("MIB compiler " + request.compiler.string());
    if (!well(outcome)) return died(*outcome);
  }
  BONGSU_TRY(auto tree, Tree::open(request.image));
  return CompileReport{.tree = std::move(tree), .reused = false, .added = !whole};
}

}  // namespace bongsu::mib
