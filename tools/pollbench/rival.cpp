// SPDX-License-Identifier: Apache-2.0
// bongsu-pollrival: the same polls on Net-SNMP's single-session API, for bongsu-pollbench. One session and socket for each
// host, open all the time; epoll tells which can be read, for select() over thousands would scan them all; a window of hosts
// is under way.
//   PORT CYCLES WINDOW REPETITIONS TIMEOUT_MS RETRIES table|small COMMUNITY
//   v2c | v3 USER LEVEL AUTH AUTH_PASS PRIV PRIV_PASS  -- COLUMN...  -- ADDRESS...
// Prints one JSON object. Started by bongsu-pollbench, which checks what it gives; wrong use ends it with 2.
#include <net-snmp/net-snmp-config.h>
// The order matters to Net-SNMP.
#include <net-snmp/net-snmp-includes.h>
// And this after them.
#include <net-snmp/library/large_fd_set.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Name {
  std::array<oid, MAX_OID_LEN> arcs{};
  std::size_t size = MAX_OID_LEN;
};

struct Rival;
struct Host {
  Rival* rival = nullptr;
  void* session = nullptr;
  int descriptor = -1;
  bool done = false;
  std::vector<oid> last;              // the last row's index, by column; 0 before the first
  std::vector<bool> ended;            // by column
  std::vector<std::size_t> asked;     // columns of the request under way
  std::vector<std::uint64_t> values;  // as they came
};

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void leave(const std::string& text, int code) {
  std::fprintf(stderr, "bongsu-pollrival: %s\n", text.c_str());
  std::exit(code);
}

std::uint64_t number_of(const netsnmp_variable_list& varbind) {
  switch (varbind.type) {
    case ASN_COUNTER64:
      return std::uint64_t{varbind.val.counter64->high} << 32 | varbind.val.counter64->low;
    case ASN_INTEGER:
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
      return static_cast<std::uint64_t>(*varbind.val.integer);
    default:
      return 0;
  }
}

struct Rival {
  int cycles = 0, window = 0, repetitions = 0;
  bool small = false;
  std::vector<Name> columns;
  std::vector<Host> hosts;
  int epoll = -1;
  std::size_t finished = 0;
  std::uint64_t failed = 0, varbinds = 0, requests = 0;

  void ask(Host& host);
  void answered(Host& host, const netsnmp_pdu& pdu);
  void end(Host& host, bool good) {
    host.done = true;
    ++finished;
    failed += good ? 0 : 1;
  }
  void cycle(netsnmp_large_fd_set& ready);
};

int on_answer(int operation, netsnmp_session*, int, netsnmp_pdu* pdu, void* magic) {
  Host& host = *static_cast<Host*>(magic);
  if (operation == NETSNMP_CALLBACK_OP_RESEND || operation == NETSNMP_CALLBACK_OP_CONNECT) return 1;
  if (host.done) return 1;
  const bool good = operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != nullptr && pdu->command == SNMP_MSG_RESPONSE &&
                    pdu->errstat == SNMP_ERR_NOERROR;
  if (good) host.rival->answered(host, *pdu);
  else host.rival->end(host, false);
  return 1;
}

void Rival::ask(Host& host) {
  netsnmp_pdu* pdu = snmp_pdu_create(small ? SNMP_MSG_GET : SNMP_MSG_GETBULK);
  if (small) {
    static constexpr oid kUptime[] = {1, 3, 6, 1, 2, 1, 1, 3, 0};
    snmp_add_null_var(pdu, kUptime, std::size(kUptime));
  } else {
    pdu->non_repeaters = 0;
    pdu->max_repetitions = repetitions;
    Name name;
    host.asked.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (host.ended[i]) continue;
      host.asked.push_back(i);
      std::copy_n(columns[i].arcs.begin(), columns[i].size, name.arcs.begin());
      name.size = columns[i].size;
      if (host.last[i] != 0) name.arcs[name.size++] = host.last[i];
      snmp_add_null_var(pdu, name.arcs.data(), name.size);
    }
  }
  ++requests;
  if (snmp_sess_async_send(host.session, pdu, on_answer, &host) == 0) {
    snmp_free_pdu(pdu);
    end(host, false);
  }
}

void Rival::answered(Host& host, const netsnmp_pdu& pdu) {
  if (small) {
    varbinds += pdu.variables != nullptr ? 1 : 0;
    return end(host, pdu.variables != nullptr);
  }
  std::size_t at = 0;
  for (const netsnmp_variable_list* one = pdu.variables; one != nullptr; one = one->next_variable) {
    const std::size_t column = host.asked[at];
    if (++at == host.asked.size()) at = 0;
    if (host.ended[column]) continue;
    const Name& root = columns[column];
    if (one->type >= SNMP_NOSUCHOBJECT || one->name_length != root.size + 1 ||
        std::memcmp(one->name, root.arcs.data(), root.size * sizeof(oid)) != 0 || one->name[root.size] <= host.last[column]) {
      host.ended[column] = true;
      continue;
    }
    host.last[column] = one->name[root.size];
    host.values.push_back(number_of(*one));
    ++varbinds;
  }
  if (pdu.variables == nullptr || std::find(host.ended.begin(), host.ended.end(), false) == host.ended.end()) end(host, true);
  else ask(host);
}

void Rival::cycle(netsnmp_large_fd_set& ready) {
  finished = 0;
  for (Host& host : hosts) {
    host.done = false;
    std::fill(host.last.begin(), host.last.end(), 0);
    std::fill(host.ended.begin(), host.ended.end(), false);
    host.values.clear();
  }
  std::array<epoll_event, 256> events{};
  std::size_t next = 0;
  double swept = now();
  while (finished < hosts.size()) {
    while (next < hosts.size() && next - finished < static_cast<std::size_t>(window)) ask(hosts[next++]);
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 50);
    for (int i = 0; i < count; ++i) {
      Host& host = *static_cast<Host*>(events[static_cast<std::size_t>(i)].data.ptr);
      NETSNMP_LARGE_FD_SET(host.descriptor, &ready);
      snmp_sess_read2(host.session, &ready);
      NETSNMP_LARGE_FD_CLR(host.descriptor, &ready);
    }
    if (now() - swept < 0.25) continue;
    swept = now();
    for (std::size_t i = 0; i < next; ++i)
      if (!hosts[i].done) snmp_sess_timeout(hosts[i].session);
  }
}

void secure(netsnmp_session& session, std::span<char* const> words) {
  const auto pass = [&](std::size_t i) { return std::string_view(words[i]); };
  session.version = SNMP_VERSION_3;
  session.securityName = words[0];
  session.securityNameLen = std::strlen(words[0]);
  session.securityLevel = pass(1) == "authPriv"     ? SNMP_SEC_LEVEL_AUTHPRIV
                          : pass(1) == "authNoPriv" ? SNMP_SEC_LEVEL_AUTHNOPRIV
                                                    : SNMP_SEC_LEVEL_NOAUTH;
  if (session.securityLevel == SNMP_SEC_LEVEL_NOAUTH) return;
  const auto key = [&](std::size_t i, u_char* to, std::size_t& size) {
    size = USM_AUTH_KU_LEN;
    if (generate_Ku(session.securityAuthProto, static_cast<u_int>(session.securityAuthProtoLen),
                    reinterpret_cast<const u_char*>(words[i]), std::strlen(words[i]), to, &size) != SNMPERR_SUCCESS)
      leave("the pass phrase makes no key", 1);
  };
  const int auth = usm_lookup_auth_type(words[2]);
  if (auth < 0) leave("no such authentication protocol", 2);
  session.securityAuthProto = sc_get_auth_oid(auth, &session.securityAuthProtoLen);
  key(3, session.securityAuthKey, session.securityAuthKeyLen);
  if (session.securityLevel != SNMP_SEC_LEVEL_AUTHPRIV) return;
  const int priv = usm_lookup_priv_type(words[4]);
  if (priv < 0) leave("no such privacy protocol", 2);
  session.securityPrivProto = sc_get_priv_oid(priv, &session.securityPrivProtoLen);
  key(5, session.securityPrivKey, session.securityPrivKeyLen);
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char* const> words(argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0)));
  const auto is = [&](std::size_t i, std::string_view text) { return i < words.size() && text == words[i]; };
  const bool v3 = is(8, "v3");
  const std::size_t mark = v3 ? 15 : 9;
  if (!is(mark, "--")) leave("started by bongsu-pollbench", 2);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  setenv("MIBS", "", 1);
  setenv("SNMPCONFPATH", "/nonexistent", 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
  init_snmp("pollrival");

  Rival rival;
  rival.cycles = std::atoi(words[1]);
  rival.window = std::atoi(words[2]);
  rival.repetitions = std::atoi(words[3]);
  rival.small = is(6, "small");
  std::size_t at = mark + 1;
  for (; at < words.size() && !is(at, "--"); ++at) {
    Name& name = rival.columns.emplace_back();
    if (read_objid(words[at], name.arcs.data(), &name.size) == 0) leave(std::string("no OID: ") + words[at], 2);
  }
  std::span<char* const> addresses = words.subspan(std::min(at + 1, words.size()));
  rival.epoll = epoll_create1(EPOLL_CLOEXEC);
  rival.hosts.resize(addresses.size());
  netsnmp_session pattern;
  snmp_sess_init(&pattern);
  pattern.timeout = std::atol(words[4]) * 1'000;
  pattern.retries = std::atoi(words[5]);
  if (v3) {
    secure(pattern, words.subspan(9, 6));
  } else {
    pattern.version = SNMP_VERSION_2c;
    pattern.community = reinterpret_cast<u_char*>(words[7]);
    pattern.community_len = std::strlen(words[7]);
  }
  int highest = 0;
  const double open_start = cpu_seconds();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    Host& host = rival.hosts[i];
    std::string peer = std::string("udp:") + addresses[i] + ":" + words[0];
    pattern.peername = peer.data();
    host.rival = &rival;
    host.last.resize(rival.columns.size());
    host.ended.resize(rival.columns.size());
    host.session = snmp_sess_open(&pattern);
    if (host.session == nullptr) leave("open a session to " + peer, 1);
    host.descriptor = snmp_sess_transport(host.session)->sock;
    highest = std::max(highest, host.descriptor);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &host}};
    epoll_ctl(rival.epoll, EPOLL_CTL_ADD, host.descriptor, &event);
  }
  const double open_cpu = cpu_seconds() - open_start;
  netsnmp_large_fd_set ready;
  netsnmp_large_fd_set_init(&ready, highest + 1);
  NETSNMP_LARGE_FD_ZERO(&ready);
  const double start = now(), start_cpu = cpu_seconds();
  for (int cycle = 0; cycle < rival.cycles; ++cycle) rival.cycle(ready);
  const double cpu = cpu_seconds() - start_cpu;
  std::printf(
      "{\"varbinds\":%llu,\"requests\":%llu,\"failed\":%llu,\"wall\":%.4f,\"cpu\":%.4f,\"open_cpu\":%.4f,"
      "\"cpu_s_per_million_varbinds\":%.4f,\"us_per_request\":%.3f}\n",
      static_cast<unsigned long long>(rival.varbinds), static_cast<unsigned long long>(rival.requests),
      static_cast<unsigned long long>(rival.failed), now() - start, cpu, open_cpu,
      rival.varbinds > 0 ? cpu / (static_cast<double>(rival.varbinds) / 1e6) : 0,
      rival.requests > 0 ? cpu * 1e6 / static_cast<double>(rival.requests) : 0);
  return 0;
}
