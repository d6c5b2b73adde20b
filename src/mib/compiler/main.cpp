// SPDX-License-Identifier: Apache-2.0
// bongsu-mibc: compiles MIB files into an image. Started by the daemon; by hand, it prints what it found wrong.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "confine.h"
#include "merge.h"
#include "onto.h"
#include "run.h"
#include "sources.h"
#include "write.h"

namespace {

using namespace bongsu;

constexpr const char* kUsage =
    "usage: bongsu-mibc --image FILE --work DIR [--onto OLD] [--memory MIB] [--cpu SECONDS] [--quiet] PATH...\n"
    "Compiles the MIB files of each PATH (a file, a ZIP archive, or a folder with its folders) into FILE. DIR holds copies "
    "meanwhile. OLD is an image of the same files but for new ones, unchanged: what it holds is taken from it.\n"
    "Exit status: 0 the image is written (problems are printed and kept in it), 1 it is not, 2 wrong usage, 3 OLD does not "
    "help:\n"
    "compile without it.\n";

constexpr int kNeedsWhole = 3;

struct Job {
  std::filesystem::path image, work, onto;
  mibc::Limits limits;
  bool quiet = false;
  std::vector<std::filesystem::path> paths;
};

std::optional<Job> read_arguments(int argc, char** argv) {
  Job job;
  bool only_paths = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (only_paths || !word.starts_with("--")) {
      job.paths.emplace_back(word);
    } else if (word == "--") {
      only_paths = true;
    } else if (word == "--quiet") {
      job.quiet = true;
    } else {
      if (i + 1 == argc) return std::nullopt;
      const std::string_view value = argv[++i];
      const auto number = parse_unsigned(value).value_or(0);
      if (word == "--image") job.image = value;
      else if (word == "--work") job.work = value;
      else if (word == "--onto") job.onto = value;
      else if (word == "--memory" && number != 0 && number < 1U << 20) job.limits.memory_mib = number;
      else if (word == "--cpu" && number != 0) job.limits.cpu_seconds = number;
      else return std::nullopt;
    }
  }
  if (job.image.empty() || job.work.empty() || job.paths.empty()) return std::nullopt;
  return job;
}

// What of a compile becomes of the process.
Result<int> compile(const Job& job) {
  std::error_code error;
  std::filesystem::create_directory(job.work, error);
  if (error) return Error{Code::Io, job.work.string() + ": " + error.message()};
  std::unique_ptr<mib::Tree::Image> old;
  std::optional<mibc::Sources> sources;
  if (job.onto.empty()) {
    sources = mibc::gather(job.paths, job.work);
  } else {
    BONGSU_TRY(old, mib::Tree::Image::map(job.onto));
    sources = mibc::gather_onto(*old, job.paths, job.work);
    if (!sources) return kNeedsWhole;
  }
  BONGSU_TRY(const auto parts, mibc::run(*sources, mibc::group(*sources), job.work, job.limits));
  mib::ImageBuilder image;
  BONGSU_TRY_OK(mibc::merge(parts, *sources, image, old.get()));
  std::filesystem::remove_all(job.work, error);

  for (const mibc::SeenFile& file : sources->files) {
    if (file.key != 0) image.files.push_back({file.key, image.text(file.path.string()), 0});
  }
  std::size_t errors = 0;
  for (const mib::Problem& problem : sources->problems) {
    image.problems.push_back({image.text(problem.file), image.text(problem.text), problem.line, problem.column, problem.warning});
    errors += problem.warning ? 0 : 1;
    if (!job.quiet) std::fprintf(stderr, "%s\n", escape_terminal(problem.to_string()).c_str());
  }
  std::size_t too_deep = 0;
  const auto bytes = image.build(sources->key, too_deep);
  BONGSU_TRY_OK(mibc::write_whole(job.image, bytes, true));
  std::printf("%zu modules, %zu objects, %zu problems, %zu warnings\n", image.modules.size(), image.objects.size() - too_deep,
              errors, sources->problems.size() - errors);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto job = read_arguments(argc, argv);
  if (!job) return std::fputs(kUsage, stderr), 2;
  const auto status = mibc::confine(job->limits);
  const Result<int> code = status ? compile(*job) : Result<int>(status.error());
  if (!code) std::fprintf(stderr, "bongsu-mibc: %s\n", escape_terminal(code.error().text).c_str());
  std::fflush(stdout);
  ::_exit(code ? *code : 1);  // no unloading: it takes longer than all the rest (a tree of 700,000 nodes: minutes)
}
