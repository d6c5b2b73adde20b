// SPDX-License-Identifier: Apache-2.0
#include "e2e/daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

extern char** environ;

namespace bongsu::e2e {
namespace {

std::string slurp(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

pid_t start(std::vector<std::string> words, const std::filesystem::path& out, const std::filesystem::path& err) {
  if (!words[0].starts_with('/')) words[0] = std::string(BONGSU_BIN_DIR) + "/" + words[0];
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  pid_t pid = -1;
  if (posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

bool eventually(const std::function<bool()>& holds, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (;;) {
    if (holds()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Ran run(const std::vector<std::string>& words) {
  Folder folder;
  const pid_t pid = start(words, folder.path() / "out", folder.path() / "err");
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return {};
  return {code_of(status), slurp(folder.path() / "out"), slurp(folder.path() / "err")};
}

void send_datagram(int port, const std::string& text) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(static_cast<ssize_t>(text.size()),
            sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
  close(fd);
}

Daemon::Daemon(std::vector<std::string> words) { pid_ = start(std::move(words), folder_.path() / "out", folder_.path() / "out"); }

Daemon::~Daemon() {
  if (!running()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, &status_, 0);
}

std::string Daemon::printed() const { return slurp(folder_.path() / "out"); }

bool Daemon::running() {
  if (pid_ < 0) return false;
  if (waitpid(pid_, &status_, WNOHANG) != pid_) return true;
  pid_ = -1;
  return false;
}

void Daemon::send(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

int Daemon::wait(int seconds) {
  return eventually([this] { return !running(); }, seconds) ? code_of(status_) : -1;
}

pid_t Daemon::child() const {
  const std::string pid = std::to_string(pid_);
  std::ifstream in("/proc/" + pid + "/task/" + pid + "/children");
  pid_t first = -1;
  return in >> first ? first : -1;
}

namespace {

// What the last match in `text` holds in its group `group`.
std::string last_of(const std::string& text, const char* pattern, std::size_t group) {
  const std::regex wanted(pattern);
  std::string found;
  for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) found = (*at)[group].str();
  return found;
}

}  // namespace

std::string Daemon::url() const { return last_of(printed(), R"(status +(http://[0-9.:\[\]a-f]+))", 1); }

int Daemon::syslog_port() const {
  const std::string port = last_of(printed(), R"(syslog +udp .*:([0-9]+))", 1);
  return port.empty() ? 0 : std::stoi(port);
}

nlohmann::json Daemon::ask(const std::string& path) const {
  const std::string where = url();
  if (where.empty()) return nullptr;
  httplib::Client client(where);
  client.set_connection_timeout(5);
  const auto answer = client.Get(path);
  if (!answer || answer->status != 200) return nullptr;
  return nlohmann::json::parse(answer->body, nullptr, false);
}

std::string Daemon::text(const std::string& path) const {
  const std::string where = url();
  if (where.empty()) return {};
  httplib::Client client(where);
  client.set_connection_timeout(5);
  const auto answer = client.Get(path);
  return answer && answer->status == 200 ? answer->body : std::string();
}

int Daemon::post(const std::string& path, const std::string& body) const {
  const std::string where = url();
  if (where.empty()) return 0;
  httplib::Client client(where);
  client.set_connection_timeout(5);
  const auto answer = client.Post(path, body, "application/json");
  return answer ? answer->status : 0;
}

int Daemon::put(const std::string& path, const std::string& body) const {
  const std::string where = url();
  if (where.empty()) return 0;
  httplib::Client client(where);
  client.set_connection_timeout(5);
  const auto answer = body.empty() ? client.Delete(path) : client.Put(path, body, "application/json");
  return answer ? answer->status : 0;
}

bool Daemon::ready() const {
  const std::string where = url();
  if (where.empty()) return false;
  httplib::Client client(where);
  const auto answer = client.Get("/readyz");
  return answer && answer->status == 200;
}

bool Daemon::comes_up() {
  return eventually([this] { return !running() || ready(); }) && running();
}

}  // namespace bongsu::e2e
