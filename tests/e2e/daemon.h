// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "folder.h"

namespace bongsu::e2e {

// Looks every 20 ms until `holds` is true, for at most `seconds`. False when it never was.
bool eventually(const std::function<bool()>& holds, int seconds = 30);

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};
// Runs a program of bin/ to its end.
Ran run(const std::vector<std::string>& words);

// To a port of 127.0.0.1, by UDP.
void send_datagram(int port, const std::string& text);

// A program of bin/, or of an absolute path, in the background; killed with the object.
class Daemon {
 public:
  explicit Daemon(std::vector<std::string> words);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  // What it printed so far, both streams.
  std::string printed() const;
  bool running();
  void send(int signal) const;
  // Waits for its end: the exit code, or 128 + the signal; -1 when it does not end in time.
  int wait(int seconds = 30);

  // The process under it: the daemon that a supervisor started; -1 when there is none.
  pid_t child() const;

  // From the lines that `bongsu serve` printed last: the status page's URL ("" until it stands) and the port of syslog.
  std::string url() const;
  int syslog_port() const;
  // GET `path`: the parsed answer, or null when there is none or it is not 200.
  nlohmann::json ask(const std::string& path) const;
  std::string text(const std::string& path) const;  // the same as it is, or ""
  // POST of JSON to `path`: the status of the answer, 0 when there is none.
  int post(const std::string& path, const std::string& body) const;
  // PUT of JSON, or, with an empty body, DELETE, likewise.
  int put(const std::string& path, const std::string& body) const;
  bool ready() const;
  // Waits until it is ready; false at once when it ended instead.
  bool comes_up();

 private:
  Folder folder_;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace bongsu::e2e
