// SPDX-License-Identifier: Apache-2.0
// Scripts through the runner's own program and socket.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "folder.h"
#include "remedy/child.h"
#include "remedy/link.h"
#include "remedy/socket.h"
#include "remedy/wire.h"

namespace bongsu::remedy {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;  // a test that waits longer has failed

class RunnerLab {
 public:
  explicit RunnerLab(std::string user = {}) {
    std::filesystem::create_directory(folder / "scripts");
    chmod((folder / "scripts").c_str(), 0755);
    chmod(folder.path().c_str(), 0755);
    child = std::make_unique<RunnerChild>(ChildSpec{.program = BONGSU_BIN_DIR "/bongsu-runner",
                                                    .socket = folder / "runner.sock",
                                                    .scripts = folder / "scripts",
                                                    .user = std::move(user)});
    const Status started = child->keep(std::chrono::steady_clock::now());
    EXPECT_TRUE(started) << started.error().text;
    wait_for([&] { return connect_to(folder / "runner.sock").ok(); });
  }

  void script(const std::string& name, const std::string& body, int mode = 0755) const {
    const auto file = folder.write("scripts/" + name, body);
    chmod(file.c_str(), static_cast<mode_t>(mode));
  }

  static void wait_for(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "waited for nothing";
      poll(nullptr, 0, 5);
    }
  }

  Result<Outcome> run(const Order& order) {
    const Status begun = link.begin(++runs, order);
    if (!begun) return begun.error();
    return outcome_of(runs);
  }
  // Of a script whose time runs out, with time enough to come as far as the test looks, which is later on a busy machine.
  Result<Outcome> run_out(Order order, const std::function<bool(const Outcome&)>& far_enough) {
    for (;; order.timeout *= 4) {
      auto outcome = run(order);
      if (!outcome) return outcome;
      EXPECT_TRUE(outcome->timed_out);
      EXPECT_GE(outcome->took, order.timeout);
      EXPECT_NE(std::string::npos, outcome->problem.find("longer than " + format_duration(order.timeout))) << outcome->problem;
      if (far_enough(*outcome) || order.timeout > kPatience) return outcome;
    }
  }
  Result<Outcome> outcome_of(std::uint64_t run) {
    Result<Outcome> out = Error{Code::Timeout, "the test waited for nothing"};
    wait_for([&] {
      for (auto& [number, outcome] : link.ended()) ended.insert_or_assign(number, std::move(outcome));
      return ended.contains(run);
    });
    if (const auto at = ended.find(run); at != ended.end()) out = at->second;
    return out;
  }
  std::string read(const std::string& name) const {
    std::ifstream file(folder / name);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  pid_t pid_in(const std::string& name) const {
    wait_for([&] { return !read(name).empty() && read(name).back() == '\n'; });
    return static_cast<pid_t>(std::atoi(read(name).c_str()));
  }

  Folder folder;
  std::unique_ptr<RunnerChild> child;
  RunnerLink link{folder / "runner.sock"};
  std::map<std::uint64_t, Result<Outcome>> ended;
  std::uint64_t runs = 0;
};

bool lives(pid_t pid) { return kill(pid, 0) == 0; }
bool has_begun(const Outcome& outcome) { return outcome.output.starts_with("begun\n"); }

}  // namespace

TEST(Runner, GivesTheAlarmAsInputAndNothingElse) {
  RunnerLab lab;
  lab.script("show.sh",
             "#!/bin/sh\necho \"args $#\"\necho \"alarm $BONGSU_ALARM\"\ncat\necho to stderr >&2\nenv | sort\npwd\nexit 3\n");
  setenv("BONGSU_TEST_LEAK", "of the caller's environment", 1);
  const std::string evil = "$(touch " + (lab.folder / "canary").string() + "); `id` ' \" | & \\";
  const auto outcome = lab.run({.script = "show.sh", .environment = {{"BONGSU_ALARM", evil}}, .input = evil + "\n"});
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_TRUE(outcome->ran);
  EXPECT_EQ(3, outcome->exit_code);
  EXPECT_EQ("", outcome->problem);
  EXPECT_TRUE(outcome->output.starts_with("args 0\nalarm " + evil + "\n" + evil + "\nto stderr\n")) << outcome->output;
  EXPECT_EQ(std::string::npos, outcome->output.find("LEAK"));
  EXPECT_TRUE(outcome->output.ends_with("\n/\n"));
  EXPECT_FALSE(std::filesystem::exists(lab.folder / "canary"));
}

TEST(Runner, EndsWhatHangsAndIgnoresSigterm) {
  RunnerLab lab;
  lab.script("hang.sh", "#!/bin/sh\ntrap '' TERM INT HUP\necho $$ > " + (lab.folder / "pid").string() +
                            "\necho begun\nwhile :; do sleep 1000; done\n");
  const auto outcome = lab.run_out({.script = "hang.sh", .timeout = 300ms}, has_begun);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(9, outcome->signal);
  EXPECT_EQ("begun\n", outcome->output);
  EXPECT_FALSE(lives(lab.pid_in("pid")));
}

TEST(Runner, LetsAScriptCleanUpAtSigterm) {
  RunnerLab lab;
  lab.script("clean.sh", "#!/bin/sh\ntrap 'echo cleaned; exit 7' TERM\necho begun\nsleep 1000 &\nwait\n");
  const auto outcome = lab.run_out({.script = "clean.sh", .timeout = 300ms}, has_begun);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_FALSE(outcome->good());
  EXPECT_EQ(7, outcome->exit_code);
  EXPECT_TRUE(outcome->output.starts_with("begun\n")) << outcome->output;
  EXPECT_TRUE(outcome->output.ends_with("cleaned\n")) << outcome->output;
}

TEST(Runner, EndsWhatLeftItsSessionAndItsParent) {
  RunnerLab lab;
  // A daemon's double fork with a session of its own, output closed and SIGTERM ignored.
  lab.script("daemon.sh", "#!/bin/sh\nsetsid sh -c 'trap \"\" TERM; (sh -c \"echo \\$\\$ > " + (lab.folder / "pid").string() +
                              "; exec sleep 1000\" >/dev/null 2>&1 </dev/null &) ; sleep 0.05'\nwhile [ ! -s " +
                              (lab.folder / "pid").string() + " ]; do sleep 0.01; done\nexit 0\n");
  const auto outcome = lab.run({.script = "daemon.sh", .timeout = 60s});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(0, outcome->exit_code) << outcome->problem << outcome->output;
  EXPECT_FALSE(outcome->timed_out);
  EXPECT_FALSE(lives(lab.pid_in("pid")));
}

TEST(Runner, EndsWhatForksAllTheTime) {
  RunnerLab lab;
  const std::string pids = (lab.folder / "pids").string();
  // Each one starts the next in a session of its own and ends; eight lines of them at once.
  lab.script(
      "forks.sh",
      "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do setsid \"$(dirname \"$0\")/next.sh\" & done\nwhile :; do sleep 1000; done\n");
  lab.script("next.sh", "#!/bin/sh\ntrap '' TERM\necho $$ >> " + pids + "\nsetsid \"$0\" >/dev/null 2>&1 &\nexit 0\n");
  std::size_t seen = 0;
  const auto outcome = lab.run_out({.script = "forks.sh", .timeout = 500ms}, [&](const Outcome& one) {
    EXPECT_EQ(std::string::npos, one.problem.find("could not be ended")) << one.problem;
    std::istringstream lines(lab.read("pids"));
    seen = 0;
    for (pid_t pid; lines >> pid; ++seen) EXPECT_FALSE(lives(pid)) << pid;
    return seen >= 8;
  });
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_GE(seen, 8U);
}

TEST(Runner, KeepsTheEndsOfAFlood) {
  RunnerLab lab;
  lab.script("flood.sh", "#!/bin/sh\necho first\nhead -c 20000000 /dev/zero | tr '\\0' x\necho last\n");
  const auto outcome = lab.run({.script = "flood.sh"});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(0, outcome->exit_code);
  EXPECT_LE(outcome->output.size(), kOutputOctets);
  EXPECT_TRUE(outcome->output.starts_with("first\nxxxx"));
  EXPECT_TRUE(outcome->output.ends_with("xxxxlast\n"));
  EXPECT_NE(std::string::npos, outcome->output.find("octets left out"));
  EXPECT_GE(outcome->left_out, 20'000'000 - kOutputOctets);

  lab.script("endless.sh", "#!/bin/sh\nexec cat /dev/zero\n");
  const auto endless = lab.run({.script = "endless.sh", .timeout = 300ms});
  ASSERT_TRUE(endless);
  EXPECT_TRUE(endless->timed_out);
  EXPECT_LE(endless->output.size(), 3 * kOutputOctets);
}

TEST(Runner, RunsOnlyWhatItsOwnerPutThere) {
  RunnerLab lab;
  lab.script("good.sh", "#!/bin/sh\nexit 0\n");
  lab.script("loose.sh", "#!/bin/sh\nexit 0\n", 0777);
  lab.script("plain.sh", "#!/bin/sh\nexit 0\n", 0644);
  lab.script("broken.sh", "#!/nonexistent/program\n");
  lab.folder.write("outside.sh", "#!/bin/sh\nexit 0\n");
  chmod((lab.folder / "outside.sh").c_str(), 0755);
  std::filesystem::create_symlink(lab.folder / "outside.sh", lab.folder / "scripts/link.sh");
  std::filesystem::create_directory(lab.folder / "scripts/sub");
  const auto refuses = [&](const std::string& script, const std::string& why) {
    SCOPED_TRACE(script);
    const auto outcome = lab.run({.script = script});
    ASSERT_TRUE(outcome) << outcome.error().text;
    EXPECT_FALSE(outcome->ran);
    EXPECT_NE(std::string::npos, outcome->problem.find(why)) << outcome->problem;
  };
  refuses("loose.sh", "chmod go-w");
  refuses("plain.sh", "chmod +x");
  refuses("link.sh", "no link");
  refuses("sub", "not a regular file");
  refuses("absent.sh", "No such file");
  refuses("broken.sh", "first line");
  refuses("../outside.sh", "no plain file name");
  refuses("/bin/sh", "no plain file name");
  EXPECT_TRUE(lab.run({.script = "good.sh"})->good());
  chmod((lab.folder / "scripts").c_str(), 0777);
  refuses("good.sh", "can be written by others");
}

// The ssh client with what the file says, for the alarm's device; the stand-in prints what it was given.
TEST(Runner, RunsOnTheDeviceItselfWhatAFileAllows) {
  RunnerLab lab;
  lab.script("client", "#!/bin/sh\nfor word; do echo \"$word\"; done\ncat\nexit 4\n");
  const std::string client = "program: " + (lab.folder / "scripts/client").string() + "\n";
  const std::string rest =
      "user: repair\nkey: /etc/bongsu/key\nknown_hosts: /etc/bongsu/hosts\ncommand: systemctl restart 'a b'; id\n";
  lab.script("web.ssh", "# restarts\n" + client + rest, 0644);
  const Order order{.script = "web.ssh", .environment = {{"BONGSU_ADDRESS", "2001:db8::7"}}, .input = "{}\n"};
  auto outcome = lab.run(order);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(4, outcome->exit_code) << outcome->problem;
  const std::string& said = outcome->output;
  EXPECT_TRUE(
      said.starts_with("-F\nnone\n-T\n-x\n-a\n-i\n/etc/bongsu/key\n-o\nBatchMode=yes\n-o\nStrictHostKeyChecking=yes\n"
                       "-o\nUserKnownHostsFile=/etc/bongsu/hosts\n-o\nGlobalKnownHostsFile=none\n"))
      << said;
  EXPECT_TRUE(said.ends_with("-p\n22\n-l\nrepair\n--\n2001:db8::7\nsystemctl restart 'a b'; id\n{}\n")) << said;
  const auto refuses = [&](const std::string& text, const std::string& address, const std::string& why, int mode = 0644) {
    SCOPED_TRACE(text);
    lab.script("bad.ssh", text, mode);
    const auto refused = lab.run({.script = "bad.ssh", .environment = {{"BONGSU_ADDRESS", address}}});
    ASSERT_TRUE(refused) << refused.error().text;
    EXPECT_FALSE(refused->ran);
    EXPECT_NE(std::string::npos, refused->problem.find(why)) << refused->problem;
  };
  refuses(client + rest, "-oProxyCommand=id", "no address that ssh could take");
  refuses(client + rest, "", "no address");
  refuses(client + rest, "a b", "no address");
  refuses(client + rest, "h", "go-w", 0666);
  refuses(client + rest + "proxy: x\n", "h", "a line is \"key: value\"");
  refuses(client + rest + "port: 70000\n", "h", "port must be");
  refuses(client + rest + "key: id\n", "h", "absolute path");
  refuses(client + rest + "user: -x\n", "h", "no user's name");
  refuses(client + "user: x\n", "h", "it has no command");
}

TEST(Runner, SurvivesWhoTalksNonsense) {
  RunnerLab lab;
  lab.script("good.sh", "#!/bin/sh\nexit 0\n");
  for (const std::string& text : {std::string("nonsense"), std::string(300'000, 'x'), std::string()}) {
    auto socket = connect_to(lab.folder / "runner.sock");
    ASSERT_TRUE(socket);
    fcntl(socket->get(), F_SETFL, 0);
    if (write(socket->get(), text.data(), text.size()) < 0) continue;
  }
  EXPECT_TRUE(lab.run({.script = "good.sh"})->good());
}

TEST(Runner, EndsWhatRunsWhenItIsEnded) {
  RunnerLab lab;
  lab.script("hang.sh", "#!/bin/sh\necho $$ > " + (lab.folder / "pid").string() + "\nexec sleep 1000\n");
  ASSERT_TRUE(lab.link.begin(1, {.script = "hang.sh", .timeout = 1h}));
  RunnerLab::wait_for([&] { return lab.link.ended().empty() && !lab.read("pid").empty(); });
  const pid_t pid = lab.pid_in("pid");
  lab.child.reset();
  EXPECT_FALSE(lives(pid));
  const auto outcome = lab.outcome_of(1);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ("the runner was stopped", outcome->problem);
  EXPECT_EQ(Code::Unavailable, RunnerLink(lab.folder / "runner.sock", 0s).begin(2, {.script = "hang.sh"}).error().code);
  EXPECT_FALSE(std::filesystem::exists(lab.folder / "runner.sock"));
}

TEST(Runner, IsWaitedForUntilItListens) {
  RunnerLab lab;
  lab.script("good.sh", "#!/bin/sh\nexit 0\n");
  lab.child.reset();
  ASSERT_TRUE(lab.link.begin(1, {.script = "good.sh"}));
  EXPECT_TRUE(lab.link.ended().empty());
  EXPECT_TRUE(lab.link.busy());
  RunnerChild again(
      {.program = BONGSU_BIN_DIR "/bongsu-runner", .socket = lab.folder / "runner.sock", .scripts = lab.folder / "scripts"});
  ASSERT_TRUE(again.keep(std::chrono::steady_clock::now()));
  const auto outcome = lab.outcome_of(1);
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_TRUE(outcome->good()) << outcome->problem;
  // One that never comes: nothing ran, and that is known.
  RunnerLink nobody(lab.folder / "nobody.sock", 50ms);
  ASSERT_TRUE(nobody.begin(1, {.script = "good.sh"}));
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> ended;
  RunnerLab::wait_for([&] { return !(ended = nobody.ended()).empty(); });
  ASSERT_TRUE(ended[0].second);
  EXPECT_FALSE(ended[0].second->ran);
  EXPECT_NE(std::string::npos, ended[0].second->problem.find("nobody.sock")) << ended[0].second->problem;
}

TEST(Runner, EndsWhatAKilledMinderLeft) {
  RunnerLab lab;
  lab.script("kill.sh", "#!/bin/sh\nsetsid sh -c 'echo $$ > " + (lab.folder / "pid").string() +
                            "; exec sleep 1000' &\nwhile [ ! -s " + (lab.folder / "pid").string() +
                            " ]; do sleep 0.01; done\nkill -9 $PPID\nsleep 1000\n");
  const auto outcome = lab.run({.script = "kill.sh"});
  EXPECT_FALSE(outcome);  // nobody knows how it went
  const pid_t pid = lab.pid_in("pid");
  RunnerLab::wait_for([&] { return !lives(pid); });
  lab.script("good.sh", "#!/bin/sh\nexit 0\n");
  EXPECT_TRUE(lab.run({.script = "good.sh"})->good());
}

TEST(Runner, RunsAsAnotherUserWhereItMay) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  RunnerLab lab("nobody");
  lab.script("who.sh", "#!/bin/sh\nid -un\nid -Gn\necho $HOME $USER\nkill -9 $PPID 2>/dev/null || echo kept\n");
  chmod(lab.folder.path().c_str(), 0755);
  const auto outcome = lab.run({.script = "who.sh"});
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_TRUE(outcome->output.starts_with("nobody\nnogroup\n")) << outcome->output << outcome->problem;
  EXPECT_TRUE(outcome->output.ends_with("nobody\nkept\n")) << outcome->output;
}

TEST(RunnerChild, IsStartedAgainAfterAWait) {
  Folder folder;
  // A folder that is not there ends it at once.
  RunnerChild child({.program = BONGSU_BIN_DIR "/bongsu-runner", .socket = folder / "s", .scripts = folder / "absent"});
  auto now = std::chrono::steady_clock::now();
  ASSERT_TRUE(child.keep(now));
  RunnerLab::wait_for([&] { return !child.keep(now); });
  const Status waiting = child.keep(now + 100ms);
  ASSERT_FALSE(waiting);
  EXPECT_NE(std::string::npos, waiting.error().text.find("ended with 1")) << waiting.error().text;
  EXPECT_TRUE(child.keep(now + 600ms));
}

TEST(RunnerChild, ListensAtALongPath) {
  Folder folder;
  std::filesystem::path deep = folder.path();
  for (int i = 0; i < 4; ++i) deep /= std::string(60, 'd');
  std::filesystem::create_directories(deep);
  const auto first = listen_at(deep / "runner.sock", false);
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_TRUE(connect_to(deep / "runner.sock"));
  EXPECT_EQ(Code::Exists, listen_at(deep / "runner.sock", false).error().code);
}

}  // namespace bongsu::remedy
