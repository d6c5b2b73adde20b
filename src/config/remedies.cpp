// SPDX-License-Identifier: Apache-2.0
#include "config/remedies.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "config/match.h"
#include "config/words.h"

namespace bongsu::config {
namespace {

using remedy::Remedy;

class RemedyReader {
 public:
  RemedyReader(const std::filesystem::path& folder, const std::vector<Credential>& credentials, remedy::Spec& spec,
               RunnerConfig& runner, Problems& problems)
      : folder_(folder), credentials_(credentials), spec_(spec), runner_(runner), problems_(problems) {}

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
    const Node* run = map.get("run");
    const Node* set = map.get("set");
    const Node* http = map.get("http");
    if ((run != nullptr) + (set != nullptr) + (http != nullptr) != 1) {
      problems_.add(member.value.place,
                    what + " needs one of run (a script), set (SNMP SET at the alarm's device) and http (a call)");
    } else if (run != nullptr) {
      read_script(*run, what, remedy);
    } else if (set != nullptr) {
      read_set(*set, what, remedy, map.text("credentials").value_or(""));
    } else {
      read_http(*http, what, remedy);
    }
    if (const Node* named = map.get("credentials"); named != nullptr) {
      if (set == nullptr) problems_.add(named->place, what + ": credentials are for set alone");
      else if (std::none_of(credentials_.begin(), credentials_.end(),
                            [&](const Credential& one) { return one.name == named->scalar; }))
        problems_.add(named->place,
                      what + ": no credentials are called " + in_quotes(named->scalar) + "; credentials: lists them");
    }
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

  // A list of {object, type, value}, or one.
  void read_set(const Node& node, const std::string& what, Remedy& remedy, std::string credentials) {
    auto call = std::make_shared<remedy::SetCall>();
    call->credentials = std::move(credentials);
    const std::span<const Node> all = node.kind == Node::Kind::List ? std::span<const Node>(node.items) : std::span(&node, 1);
    for (const Node& one : all) {
      const std::size_t before = problems_.size();
      MapReader map(one, what + ": set", problems_);
      if (problems_.size() > before) return;
      remedy::SetCall::Object object;
      map.required("object");
      map.required("value");
      object.object = map.text("object").value_or("");
      object.value = map.text("value").value_or("");
      object.type = map.text("type").value_or("=");
      constexpr std::string_view kTypes = "iucsxdnotabFD=";
      if (object.type.size() != 1 || kTypes.find(object.type) == kTypes.npos)
        problems_.add(one.find("type")->place,
                      what + ": set: type is a letter as bongsu set takes it, i u c s x d n o t a b F D, or =");
      map.done();
      remedy.script += (remedy.script.empty() ? "SET " : ", ") + object.object + " to " + object.value;
      call->objects.push_back(std::move(object));
    }
    constexpr std::size_t kMostObjects = 20;
    if (call->objects.empty() || call->objects.size() > kMostObjects)
      problems_.add(node.place, what + ": set: name 1 to 20 objects, such as [{object: ifAdminStatus.${ifIndex}, value: 1}]");
    remedy.set = std::move(call);
  }

  void read_http(const Node& node, const std::string& what, Remedy& remedy) {
    const std::size_t before = problems_.size();
    MapReader map(node, what + ": http", problems_);
    if (problems_.size() > before) return;
    auto call = std::make_shared<remedy::HttpCall>();
    map.required("url");
    if (auto url = map.secret("url")) call->url = std::move(*url);
    const std::string_view url = call->url.reveal();
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    call->host = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
    if (const std::size_t at = call->host.rfind('@'); at != std::string::npos) call->host.erase(0, at + 1);
    if (scheme == 0 || call->host.empty() || !is_clean_url(url))
      problems_.add(node.place, what + ": http: url must be one of http or https, such as https://jobs.example.com/restart");
    constexpr std::array<std::string_view, 5> kMethods{"POST", "PUT", "GET", "DELETE", "PATCH"};
    if (const Node* method = map.get("method")) {
      if (const auto word = as_choice(*method, "method", kMethods, problems_)) call->method = kMethods[*word];
    }
    if (const Node* headers = map.get("headers")) {
      if (headers->kind != Node::Kind::Map) problems_.add(headers->place, what + ": headers must be a map");
      for (const Node::Member& header : headers->members) {
        if (header.key.find_first_of("\r\n: ") != std::string::npos ||
            header.value.scalar.find_first_of("\r\n") != std::string::npos)
          problems_.add(header.place, what + ": a header's name and value are one line each");
        call->headers.insert_or_assign(header.key, header.value.scalar);
      }
    }
    if (auto token = map.secret("token")) call->token = std::move(*token);
    if (const auto ca = map.text("ca")) call->ca_file = (folder_ / *ca).lexically_normal().string();
    map.done();
    remedy.script = call->method + " to " + call->host;
    remedy.http = std::move(call);
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
  const std::vector<Credential>& credentials_;
  remedy::Spec& spec_;
  RunnerConfig& runner_;
  Problems& problems_;
};

}  // namespace

void read_remedies(MapReader& root, const std::filesystem::path& folder, const std::vector<Credential>& credentials,
                   remedy::Spec& spec, RunnerConfig& runner, Problems& problems) {
  RemedyReader(folder, credentials, spec, runner, problems).read(root);
}

}  // namespace bongsu::config
