// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/time.h"
#include "model/match.h"

namespace bongsu::remedy {

// What is written to the alarm's device by SNMP SET: all of it in one request, sent once.
struct SetCall {
  struct Object {
    std::string object;  // with its index; ${LABEL} in it stands for a label of the alarm, which must be a number
    std::string type;    // a letter, as `bongsu set` takes it
    std::string value;
  };
  std::vector<Object> objects;
  std::string credentials;  // their name; empty: the device's own
};

// What is called by HTTP, sent once. Nothing in it comes from an alarm, which goes as the body.
struct HttpCall {
  Secret url;        // it may hold a key
  std::string host;  // of it, for a person
  std::string method = "POST";
  std::map<std::string, std::string> headers;
  Secret token;  // bearer
  std::string ca_file;
};

// A script of the runner's folder, or, where one of them is there, a SET or a call.
struct Remedy {
  std::string name;
  std::string script;  // file name in the runner's folder; else what is done, for a person
  std::shared_ptr<const SetCall> set{};
  std::shared_ptr<const HttpCall> http{};
  Match on;
  Millis timeout{30'000};
  int max_per_hour = 3;   // runs; what is beyond is not run
  int parallel = 1;       // at once; what is beyond waits
  int stop_after = 3;     // failures in a row, then it waits for somebody to resume it
  bool dry_run = false;   // say what would be run
  bool approval = false;  // wait for somebody to approve each run
  bool runs_script() const { return !set && !http; }
  friend bool operator==(const Remedy&, const Remedy&) = default;
};

struct Spec {
  std::map<std::string, Remedy, std::less<>> remedies;
};

inline constexpr int kMostAtOnce = 4;                         // of all remedies; of one device, one
inline constexpr Millis kRepairs = std::chrono::minutes(10);  // an alarm that ends so long after a good run was repaired by it

}  // namespace bongsu::remedy
