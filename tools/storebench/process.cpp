// SPDX-License-Identifier: Apache-2.0
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace bongsu::bench {

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_seconds(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(in, line);
  const std::size_t end = line.rfind(')');  // of the name, which may hold spaces
  if (end == std::string::npos) return 0;
  std::istringstream fields(line.substr(end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;  // proc(5): utime and stime are fields 14 and 15
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double resident_mib(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/statm");
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::uint64_t octets_in(const std::filesystem::path& dir, const std::vector<std::string_view>& without) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    std::error_code vanished;  // files come and go while a program runs
    if (at->is_directory(vanished)) {
      const std::string name = at->path().filename().string();
      if (std::find(without.begin(), without.end(), name) != without.end()) at.disable_recursion_pending();
    } else if (at->is_regular_file(vanished)) {
      const std::uintmax_t size = at->file_size(vanished);
      if (!vanished) sum += size;
    }
  }
  return sum;
}

Program::Program(const std::vector<std::string>& arguments) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  id_ = fork();
  if (id_ != 0) return;
  const int null = ::open("/dev/null", O_RDWR);
  for (int stream = 0; stream < 3; ++stream) dup2(null, stream);
  execv(raw[0], raw.data());
  _exit(127);
}

bool Program::alive() {
  if (id_ > 0 && waitpid(id_, nullptr, WNOHANG) != 0) id_ = -1;
  return id_ > 0;
}

Program::~Program() {
  if (!alive()) return;
  kill(id_, SIGTERM);
  waitpid(id_, nullptr, 0);
}

}  // namespace bongsu::bench
