// SPDX-License-Identifier: Apache-2.0
#include "interop/snmpd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "net/process.h"

namespace bongsu::interop {
namespace {

using namespace std::chrono_literals;
using net::Address;

// A port that is free on the loopback address now.
std::uint16_t free_port(Address::Family family, std::uint16_t wanted = 0, int type = SOCK_DGRAM) {
  sockaddr_storage name{};
  socklen_t length = net::to_sockaddr({Address::loopback(family), wanted}, name);
  const int fd = socket(family == Address::Family::V4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  std::uint16_t port = 0;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0) {
    length = sizeof name;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0) port = net::from_sockaddr(name).port;
  }
  close(fd);
  return port;
}

std::optional<std::filesystem::path> find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"}) {
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

std::vector<std::string> environment_in(const std::filesystem::path& folder) {
  return {"MIBS=", "HOME=" + folder.string(), "SNMPCONFPATH=" + folder.string(),
          "SNMP_PERSISTENT_DIR=" + (folder / "state").string()};
}

}  // namespace

std::optional<std::filesystem::path> Snmpd::program() { return find_program("snmpd"); }
bool Snmpd::has_ipv6() { return free_port(Address::Family::V6) != 0; }

Result<std::unique_ptr<Snmpd>> Snmpd::start(const std::string& more) {
  std::unique_ptr<Snmpd> out(new Snmpd);
  std::filesystem::create_directory(out->folder_ / "state");
  const bool ipv6 = has_ipv6();
  for (int i = 0; i < 50 && out->port_ == 0; ++i) {
    const std::uint16_t port = free_port(Address::Family::V4);
    const bool free =
        free_port(Address::Family::V4, port, SOCK_STREAM) == port &&
        (!ipv6 || (free_port(Address::Family::V6, port) == port && free_port(Address::Family::V6, port, SOCK_STREAM) == port));
    if (free) out->port_ = port;
  }
  if (out->port_ == 0) return Error{Code::Unavailable, "no free UDP port on loopback"};
  out->configure(more);
  BONGSU_TRY_OK(out->launch());
  return out;
}

void Snmpd::configure(const std::string& more) const {
  const std::string port = std::to_string(port_);
  const bool ipv6 = has_ipv6();
  std::ofstream conf(folder_ / "snmpd.conf");
  conf << "agentaddress udp:127.0.0.1:" << port << (ipv6 ? ",udp6:[::1]:" + port + ",tcp6:[::1]:" + port : "")
       << ",tcp:127.0.0.1:" << port << "\n"
       << "rocommunity public 127.0.0.1\nrwcommunity private 127.0.0.1\n";
  if (ipv6) conf << "rocommunity6 public ::1\nrwcommunity6 private ::1\n";
  conf << "syslocation rack 7\nsysservices 72\n" << more << "\n";
}

Status Snmpd::launch() {
  const auto found = program();
  if (!found) return Error{Code::NotFound, "snmpd is not installed (Debian package snmpd)"};
  const std::string conf = (folder_ / "snmpd.conf").string(), log_file = (folder_ / "snmpd.log").string();
  std::vector<std::string> arguments{found->string(), "-f", "-r", "-C", "-c", conf, "-Lf", log_file, "-I", "-smux"};
  std::vector<std::string> environment = environment_in(folder_.path());
  std::vector<char*> argv, envp;
  for (std::string& word : arguments) argv.push_back(word.data());
  for (std::string& word : environment) envp.push_back(word.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) return Error{Code::Io, std::string("fork: ") + std::strerror(errno)};
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  // Many short tries make up the wait: it is over as soon as the agent answers.
  Live live;
  snmp::Target to = target(snmp::Version::V2c, v4());
  to.timeout = 50ms;
  to.retries = 400;
  std::vector<Oid> uptime{Oid{1, 3, 6, 1, 2, 1, 1, 3, 0}};
  if (auto answer = live.wait(live.client.get(std::move(to), std::move(uptime))); !answer)
    return std::move(answer).error().context("snmpd did not come up; its log says \"" + log() + "\"");
  return {};
}

void Snmpd::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  pid_ = -1;
}

Status Snmpd::resume() { return launch(); }

Status Snmpd::resume(const std::string& more) {
  configure(more);
  return launch();
}

Snmpd::~Snmpd() { stop(); }

snmp::Target Snmpd::target(snmp::Version version, const net::Endpoint& at, const std::string& community) const {
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->name = "interop";
  credentials->version = version;
  credentials->community = Secret(community);
  return {.name = "snmpd", .endpoint = at, .credentials = std::move(credentials)};
}

Result<std::vector<std::string>> Snmpd::run(const std::string& tool, const std::vector<std::string>& arguments) const {
  const auto found = find_program(tool);
  if (!found) return Error{Code::NotFound, tool + " is not installed (Debian package snmp)"};
  net::LiveProcesses processes;
  net::Command command{.program = *found, .arguments = arguments, .environment = environment_in(folder_.path()), .input = {}};
  command.output_limit = 64U << 20;
  BONGSU_TRY(const net::Outcome outcome, processes.run(command));
  if (outcome.exit_code != 0)
    return Error{Code::Io, tool + " ended with " + std::to_string(outcome.exit_code) + ": " + outcome.error_output};
  std::vector<std::string> lines;
  std::istringstream text(outcome.output);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::string Snmpd::log() const {
  std::ifstream in(folder_ / "snmpd.log");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace bongsu::interop
