// SPDX-License-Identifier: Apache-2.0
#include "app/table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bongsu::app {
namespace {

// Standard output as it is given, and put back with the object; NO_COLOR is as a shell that does not set it.
class Output {
 public:
  explicit Output(int fd) : before_(::dup(STDOUT_FILENO)) {
    ::unsetenv("NO_COLOR");
    ::dup2(fd, STDOUT_FILENO);
  }
  ~Output() {
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

 private:
  int before_;
};

class Terminal {
 public:
  Terminal() : keeper_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (keeper_ >= 0 && ::grantpt(keeper_) == 0 && ::unlockpt(keeper_) == 0) fd_ = ::open(::ptsname(keeper_), O_RDWR | O_NOCTTY);
  }
  ~Terminal() {
    ::close(fd_);
    ::close(keeper_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  int fd() const { return fd_; }

 private:
  int keeper_;
  int fd_ = -1;
};

}  // namespace

TEST(Table, AlignsKoreanWithAscii) {
  Table table({"LEVEL", "WHAT", "AGE"});
  EXPECT_TRUE(table.empty());
  table.row({"위험", "CPU", "1m"});
  table.row({"danger", "메모리 사용", "20s"});
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(
      "LEVEL   WHAT         AGE\n"
      "위험    CPU          1m\n"
      "danger  메모리 사용  20s\n",
      table.text());
}

TEST(Table, LeavesNoBlanksAtTheEndOfALine) {
  Table table({"A", "B"});
  table.row({"a cell", ""});
  table.row({"short"});  // fewer cells than columns
  EXPECT_EQ("A       B\na cell\nshort\n", table.text());
}

TEST(Table, HasItsHeadWithoutRows) { EXPECT_EQ("DEVICE  STATE\n", Table({"DEVICE", "STATE"}).text()); }

TEST(Table, EscapesWhatADeviceSaysAndAlignsByWhatIsShown) {
  Table table({"NAME", "N"});
  table.row({"a\x1b[2Jb\n", "1"});
  table.row({"\xff", "2"});
  EXPECT_EQ(
      "NAME           N\n"
      "a\\x1b[2Jb\\x0a  1\n"
      "\\xff           2\n",
      table.text());
}

TEST(Colour, IsOffWhereOutputIsNotATerminal) {
  int ends[2];
  ASSERT_EQ(0, ::pipe(ends));
  std::string text;
  bool on = true;
  {
    const Output pipe(ends[1]);
    on = colourful();
    Table table({"LEVEL"});
    table.row({"fatal"}, Severity::Fatal);
    text = table.text();
  }
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_FALSE(on);
  EXPECT_EQ("LEVEL\nfatal\n", text);
}

TEST(Colour, ColoursTheFirstCellAloneOnATerminal) {
  const Terminal terminal;
  if (terminal.fd() < 0) GTEST_SKIP() << "no pseudo terminal to be had here";
  std::string text, plain;
  {
    const Output to(terminal.fd());
    Table table({"LEVEL", "WHAT"});
    table.row({"danger", "CPU"}, Severity::Danger);
    table.row({"위험", "메모리"}, Severity::Danger);
    text = table.text();
    ::setenv("NO_COLOR", "1", 1);
    plain = table.text();
    ::unsetenv("NO_COLOR");
  }
  EXPECT_EQ("LEVEL   WHAT\n\x1b[31mdanger\x1b[0m  CPU\n\x1b[31m위험\x1b[0m    메모리\n", text);
  EXPECT_EQ("LEVEL   WHAT\ndanger  CPU\n위험    메모리\n", plain);
}

TEST(Colour, TellsEachLevelFromTheOthers) {
  const Terminal terminal;
  if (terminal.fd() < 0) GTEST_SKIP() << "no pseudo terminal to be had here";
  std::vector<std::string> seen;
  {
    const Output to(terminal.fd());
    for (const auto severity : {Severity::Unknown, Severity::Normal, Severity::Harmless, Severity::Caution, Severity::Danger,
                                Severity::Urgent, Severity::Fatal})
      seen.push_back(coloured("word", severity));
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen.end(), std::adjacent_find(seen.begin(), seen.end()));
}

}  // namespace bongsu::app
