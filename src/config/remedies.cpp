// SPDX-License-Identifier: Apache-2.0
#include "config/remedies.h"

#include <unistd.h>

#include "config/match.h"
#include "config/words.h"

namespace bongsu::config {
namespace {

using remedy::Remedy;

class RemedyReader {
 public:
  RemedyReader(const std::filesystem::path& folder, remedy::Spec& spec, RunnerConfig& runner, Problems& problems)
      : folder_(folder), spec_(spec), runner_(runner), problems_(problems) {}

  void read(MapReader& root) {
    runner_.scripts = (folder_ / "remedies").lexically_normal();
    if (const Node* node = root.get("runner")) read_runner(*node);
    const Node* node = root.get("remedies");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::Map) {
      problems_.add(node->place,
                    "remedies must be a map of names, such as {clear-cache: {run: remedies/clear-cache.sh, on: "
                    "{item: db_latency, level: \">=urgent\"}}}");
      return;
    }
    for (const Node::Member& member : node->members) {
      if (!is_plain_name(member.key))
        problems_.add(member.place, "remedies: " + in_quotes(member.key) + " is no name; use letters, digits, - and _");
      read_remedy(member);
    }
  }

 private:
  void read_runner(const Node& node) {
    const std::size_t before = problems_.size();
    MapReader map(node, "runner", problems_);
    if (problems_.size() > before) return;
    if (const auto text = map.text("scripts")) runner_.scripts = (folder_ / *text).lexically_normal();
    if (const auto text = map.text("socket")) runner_.socket = (folder_ / *text).lexically_normal();
    runner_.user = map.text("user").value_or("");
    if (const Node* user = map.get("user"); user != nullptr && !runner_.socket.empty())
      problems_.add(user->place, "runner.user: the runner at runner.socket has its own; give it --user, and take this out");
    map.done();
  }

  void read_remedy(const Node::Member& member) {
    Remedy remedy;
    remedy.name = member.key;
    const std::string what = "remedy " + in_quotes(member.key);
    const std::size_t before = problems_.size();
    MapReader map(member.value, what, problems_);
    if (problems_.size() > before) return;
    if (const Node* run = map.required("run")) read_script(*run, what, remedy);
    if (const Node* on = map.required("on")) {
      const std::size_t faults = problems_.size();
      remedy.on = read_match(*on, problems_);
      if (problems_.size() == faults && remedy.on.items.empty())
        problems_.add(on->place, what + ": on names no item; a script is for one thing that is wrong");
    }
    if (const auto span = map.duration("timeout")) {
      remedy.timeout = *span;
      if (*span < std::chrono::seconds(1) || *span > std::chrono::hours(1))
        problems_.add(member.value.find("timeout")->place, what + ": timeout must be from 1s to 1h");
    }
    if (const auto number = map.integer("max_per_hour", 1, 1'000)) remedy.max_per_hour = static_cast<int>(*number);
    if (const auto number = map.integer("parallel", 1, remedy::kMostAtOnce)) remedy.parallel = static_cast<int>(*number);
    if (const auto number = map.integer("stop_after", 1, 1'000)) remedy.stop_after = static_cast<int>(*number);
    if (const auto flag = map.flag("dry_run")) remedy.dry_run = *flag;
    if (const auto flag = map.flag("approval")) remedy.approval = *flag;
    map.done();
    spec_.remedies.insert_or_assign(member.key, std::move(remedy));
  }

  // The runner knows one folder, so the file must lie in it: its name alone leaves the daemon.
  void read_script(const Node& node, const std::string& what, Remedy& remedy) {
    const auto text = as_text(node, "run", problems_);
    if (!text) return;
    const std::filesystem::path path = (folder_ / *text).lexically_normal();
    remedy.script = path.filename().string();
    if (path.parent_path() != runner_.scripts) {
      problems_.add(node.place, what + ": " + path.string() + " is not in the folder of scripts, " + runner_.scripts.string() +
                                    "; put it there, or name another folder as runner.scripts");
      return;
    }
    // A runner of its own may see what we do not.
    if (!runner_.socket.empty()) return;
    std::error_code ec;
    if (!std::filesystem::is_regular_file(path, ec))
      problems_.add(node.place, what + ": " + path.string() + " is not there, or is no file");
    else if (path.extension() == ".ssh")  // what is run on the device itself
      return;
    else if (access(path.c_str(), X_OK) != 0)
      problems_.add(node.place, what + ": " + path.string() + " cannot be executed; chmod +x " + path.string());
  }

  const std::filesystem::path& folder_;
  remedy::Spec& spec_;
  RunnerConfig& runner_;
  Problems& problems_;
};

}  // namespace

void read_remedies(MapReader& root, const std::filesystem::path& folder, remedy::Spec& spec, RunnerConfig& runner,
                   Problems& problems) {
  RemedyReader(folder, spec, runner, problems).read(root);
}

}  // namespace bongsu::config
