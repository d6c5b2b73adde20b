// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <set>

#include "base/text.h"
#include "parse.h"
#include "write.h"

namespace bongsu::mibc {

namespace {

constexpr int kAgain = 3;  // exit code: definitions were refused, and are named in the file beside the image
constexpr int kMaxTries = 12;

struct Task {
  std::vector<std::size_t> modules;
  std::size_t place = 0;  // of the group that it came from
  std::map<std::size_t, Without> without;
  int tries = 0;
};

// The modules that a task reads beside its own: each import's nearest revision, and what those import.
class Reader {
 public:
  Reader(const Sources& sources, const Task& task, std::filesystem::path folder)
      : sources_(sources), task_(task), folder_(std::move(folder)) {
    for (const std::size_t i : task.modules) near_.insert(sources.modules[i].file.parent_path());
    for (std::size_t i = 0; i < sources.modules.size(); ++i) {
      const Source& source = sources.modules[i];
      const bool near = near_.contains(source.file.parent_path());
      if (near && source.near) nearest_.try_emplace(source.module.name, i);
      if (source.meant) meant_.emplace(source.module.name, i);
    }
  }

  Result<std::vector<Input>> read() {
    std::deque<std::size_t> waiting(task_.modules.begin(), task_.modules.end());
    for (const std::size_t i : waiting) taken_.insert(sources_.modules[i].module.name);
    const std::set<std::size_t> targets(task_.modules.begin(), task_.modules.end());
    std::vector<Input> inputs;
    while (!waiting.empty()) {
      const std::size_t number = waiting.front();
      waiting.pop_front();
      const Source& source = sources_.modules[number];
      Input input{.number = number,
                  .source = &source,
                  .mended = nullptr,
                  .copy = folder_ / std::to_string(inputs.size()),
                  .target = targets.contains(number)};
      const auto without = task_.without.find(number);
      if (without != task_.without.end()) without_[number] = without->second;
      mended_.push_back(mended(number));
      input.mended = &mended_.back();
      for (const std::string& need : input.mended->needs) {
        if (!taken_.insert(need).second) continue;
        if (const auto near = nearest_.find(need); near != nearest_.end()) waiting.push_back(near->second);
        else if (const auto meant = meant_.find(need); meant != meant_.end()) waiting.push_back(meant->second);
      }
      inputs.push_back(std::move(input));
    }
    drop_unrooted(inputs);
    for (const Input& input : inputs) {
      std::ofstream copy(input.copy, std::ios::binary);
      copy << input.mended->text;
      if (!copy.flush()) return Error{Code::Io, input.copy.string() + ": cannot be written; is the disk full?"};
    }
    return inputs;
  }

 private:
  Mended mended(std::size_t number) {
    const Source& source = sources_.modules[number];
    if (source.text != held_) {
      auto text = mib::read_text(source.text);
      text_ = text ? *std::move(text) : std::string();
      held_ = source.text;
    }
    if (source.module.end > text_.size()) return {};  // changed since it was looked at
    return mend(text_, source.module, source.file.string(), sources_.homes, without_[number]);
  }

  // What hangs under an imported name that its own module had to leave out is left out too. The parser would hang it under
  // any other module's object of that name.
  void drop_unrooted(const std::vector<Input>& inputs) {
    std::map<std::string, const Mended*, std::less<>> by_name;
    for (const Input& input : inputs) by_name.emplace(input.source->module.name, input.mended);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        bool lost = false;
        for (const auto& [parent, module] : mended_[i].parents) {
          const auto home = by_name.find(module);
          if (home == by_name.end() || !(home->second->facts.contains(parent) || home->second->labels.contains(parent)))
            lost = without_[inputs[i].number].parents.insert(parent).second || lost;
        }
        if (lost) mended_[i] = mended(inputs[i].number), changed = true;
      }
    }
  }

  const Sources& sources_;
  const Task& task_;
  std::filesystem::path folder_;
  std::set<std::filesystem::path> near_;
  std::map<std::string, std::size_t> nearest_, meant_;
  std::set<std::string> taken_;
  std::map<std::size_t, Without> without_;
  std::deque<Mended> mended_;  // in the order of the inputs
  std::filesystem::path held_;
  std::string text_;
};

// In the child's process. The image, or the names of what is to be left out, stand in the folder afterwards.
int compile_task(const Sources& sources, const Task& task, const std::filesystem::path& folder) {
  Reader reader(sources, task, folder);
  auto inputs = reader.read();
  if (!inputs) return std::fprintf(stderr, "bongsu-mibc: %s\n", inputs.error().text.c_str()), 1;
  mib::ImageBuilder image;
  const Outcome outcome = parse(*inputs, image);
  if (!outcome.refused.empty()) {
    std::ofstream names(folder / "refused", std::ios::binary);
    for (const auto& refused : outcome.refused) names << refused.module << '\t' << refused.name << '\t' << refused.why << '\n';
    return names.flush() ? kAgain : 1;
  }
  const auto keep = [&image](const mib::Problem& p) {
    image.problems.push_back({image.text(p.file), image.text(p.text), p.line, p.column, p.warning});
  };
  for (const Input& input : *inputs) {
    if (!input.target) continue;
    for (const mib::Problem& problem : input.mended->problems) keep(problem);
  }
  for (const mib::Problem& problem : outcome.problems) keep(problem);
  std::size_t too_deep = 0;
  const auto bytes = image.build(0, too_deep);
  return write_whole(folder / "image", bytes) ? 0 : 1;
}

class Runner {
 public:
  Runner(Sources& sources, const std::filesystem::path& work, const Limits& limits)
      : sources_(sources), work_(work), limits_(limits), at_once_(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))) {}

  Result<std::vector<std::filesystem::path>> run(std::vector<Group> groups) {
    for (std::size_t i = 0; i < groups.size(); ++i) waiting_.push_back({std::move(groups[i].modules), i, {}, 0});
    while (!waiting_.empty() || !running_.empty()) {
      while (!waiting_.empty() && static_cast<long>(running_.size()) < at_once_) BONGSU_TRY_OK(start());
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, 0);
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return Error{Code::Io, std::string("waiting for the parser: ") + std::strerror(errno)};
      finish(pid, status);
    }
    std::stable_sort(done_.begin(), done_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::filesystem::path> images;
    for (auto& [place, image] : done_) images.push_back(std::move(image));
    return images;
  }

 private:
  struct Running {
    Task task;
    std::filesystem::path folder;
  };

  Status start() {
    Running next{std::move(waiting_.front()), work_ / ("run-" + std::to_string(started_++))};
    waiting_.pop_front();
    std::error_code error;
    std::filesystem::create_directory(next.folder, error);
    if (error) return Error{Code::Io, next.folder.string() + ": " + error.message()};
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return Error{Code::Io, std::string("starting the parser: ") + std::strerror(errno)};
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      const auto status = confine_worker(limits_);
      ::_exit(status ? compile_task(sources_, next.task, next.folder) : 1);  // no unloading: it takes longer than all the rest
    }
    running_.emplace(pid, std::move(next));
    return {};
  }

  void finish(pid_t pid, int status) {
    const auto at = running_.find(pid);
    if (at == running_.end()) return;
    Running run = std::move(at->second);
    running_.erase(at);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      done_.emplace_back(run.task.place, run.folder / "image");
      return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kAgain && ++run.task.tries < kMaxTries && read_refused(run)) {
      waiting_.push_front(std::move(run.task));
      return;
    }
    died(std::move(run.task), status);
  }

  bool read_refused(Running& run) {
    std::ifstream names(run.folder / "refused", std::ios::binary);
    bool fresh = false;
    for (std::string line; std::getline(names, line);) {
      const auto words = split(line, '\t');
      const auto number = words.size() == 3 ? parse_unsigned(words[0]) : std::nullopt;
      if (!number || *number >= sources_.modules.size()) continue;
      if (!run.task.without[*number].definitions.emplace(words[1]).second) continue;
      fresh = true;
      if (std::find(run.task.modules.begin(), run.task.modules.end(), *number) == run.task.modules.end()) continue;
      const Source& source = sources_.modules[*number];
      sources_.problems.push_back({source.file.string(), source.module.place.line, source.module.place.column, false,
                                   std::string(words[1]) + " of module " + source.module.name +
                                       " is left out: the parser says: " + std::string(words[2])});
    }
    return fresh;
  }

  void died(Task task, int status) {
    if (task.modules.size() > 1) {
      Task half{
          {task.modules.begin() + static_cast<std::ptrdiff_t>(task.modules.size() / 2), task.modules.end()}, task.place, {}, 0};
      task.modules.resize(task.modules.size() / 2);
      task.without.clear();
      task.tries = 0;
      waiting_.push_front(std::move(half));
      waiting_.push_front(std::move(task));
      return;
    }
    const Source& source = sources_.modules[task.modules[0]];
    const std::string how = WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status)) : "gave up";
    sources_.problems.push_back({source.file.string(), source.module.place.line, source.module.place.column, false,
                                 "module " + source.module.name + " is left out: the parser " + how + " while it read it"});
  }

  Sources& sources_;
  const std::filesystem::path& work_;
  const Limits& limits_;
  const long at_once_;
  std::deque<Task> waiting_;
  std::map<pid_t, Running> running_;
  std::vector<std::pair<std::size_t, std::filesystem::path>> done_;
  std::size_t started_ = 0;
};

}  // namespace

Result<std::vector<std::filesystem::path>> run(Sources& sources, std::vector<Group> groups, const std::filesystem::path& work,
                                               const Limits& limits) {
  return Runner(sources, work, limits).run(std::move(groups));
}

}  // namespace bongsu::mibc
