// SPDX-License-Identifier: Apache-2.0
// The command line. CLI11 is compiled here alone.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <span>
#include <vector>

#include "app/commands.h"
#include "app/version.h"
#include "base/text.h"
#include "model/severity.h"

namespace bongsu::app {
namespace {

void add_snmp_options(CLI::App& command, SnmpOptions& options) {
  command
      .add_option("host", options.host,
                  "name or address of the device, with :port where it is not 161, and tcp: in front for TCP")
      ->required();
  command.add_option("-v,--version", options.version, "SNMP version (default: 2c, or 3 with -u)")
      ->check(CLI::IsMember({"1", "2c", "3"}));
  command.add_option("-c,--community", options.community, "community")->capture_default_str();
  command.add_option("-u,--user", options.user, "v3: user name");
  command.add_option("-l,--level", options.level,
                     "v3: noAuthNoPriv, authNoPriv or authPriv (default: what the pass phrases allow)");
  CLI::Option* auth =
      command.add_option("-a,--auth-protocol", options.auth_protocol, "v3: MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512");
  CLI::Option* auth_phrase =
      command.add_option("-A,--auth-pass-phrase", options.auth_pass_phrase, "v3: pass phrase for authentication");
  CLI::Option* priv = command.add_option("-x,--priv-protocol", options.priv_protocol,
                                         "v3: DES, AES-128, AES-192, AES-256, AES-192-C or AES-256-C");
  CLI::Option* priv_phrase = command.add_option("-X,--priv-pass-phrase", options.priv_pass_phrase, "v3: pass phrase for privacy");
  auth->needs(auth_phrase);
  auth_phrase->needs(auth);
  priv->needs(priv_phrase)->needs(auth);
  priv_phrase->needs(priv);
  command.add_option("-n,--context", options.context, "v3: context name");
  command.add_option("-t,--timeout", options.timeout_seconds, "seconds to wait for an answer")
      ->check(CLI::Range(0.01, 60.0))
      ->capture_default_str();
  command.add_option("-r,--retries", options.retries, "further tries after the first")
      ->check(CLI::Range(0, 10))
      ->capture_default_str();
  command.add_option("-M,--mibs", options.mibs, "further folders of MIB modules");
  command.add_flag("--json", options.json, "print JSON");
}

void add_ask_options(CLI::App& command, AskOptions& options) {
  command.add_option("--url", options.url, "where the daemon listens")->capture_default_str();
  command.add_flag("--json", options.json, "print the daemon's JSON answer");
}

void add_data_options(CLI::App& command, DataOptions& options) {
  command.add_option("--data", options.data, "data directory (default: as the configuration says)");
  command.add_option("--config", options.config, "configuration file (default: as for serve)");
  command.add_flag("--json", options.json, "print JSON");
}

std::string is_log_severity(const std::string& word) {
  if (parse_severity(word) || parse_syslog_severity(word)) return {};
  return "\"" + word +
         "\" is no severity: emerg, alert, crit, err, warning, notice, info, debug, or harmless, caution, danger, "
         "urgent, fatal";
}

// "--tiemout: did you mean --timeout?" for each long option in `words` that `command` does not have and nearly has.
std::vector<std::string> misspelt(const CLI::App& command, std::span<char*> words) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  std::vector<std::string> out;
  for (const std::string_view whole : words) {
    const std::string_view word = whole.substr(0, whole.find('='));
    if (word == "--") break;
    if (!word.starts_with("--") || std::find(known.begin(), known.end(), word) != known.end()) continue;
    if (const auto near = nearest(word, known)) out.push_back(std::string(word) + ": did you mean " + std::string(*near) + "?");
  }
  return out;
}

// The options live as long as the parser; the chosen command is returned by its exit code.
int run(int argc, char** argv) {
  CLI::App app("Bongsu watches networks and servers by SNMP, ping and syslog, and installs nothing on them.", "bongsu");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  app.footer("Exit codes: 0 ok, 1 a finding or a failure, 2 usage.");
  int code = 0;

  ServeOptions serve_options;
  CLI::App* serve_command = app.add_subcommand("serve", "run the daemon; SIGHUP reloads the configuration, SIGTERM ends it");
  serve_command->add_option("--config", serve_options.config,
                            "configuration file (default: /etc/bongsu/bongsu.yaml, else ./bongsu.yaml)");
  serve_command->add_option("--data", serve_options.data, "data directory (key data:)");
  serve_command->add_option("--http", serve_options.http, "address and port of the status page (key http.listen)");
  serve_command->add_flag("--alone", serve_options.alone,
                          "without the supervisor that starts the daemon again when it dies (for debuggers)");
  serve_command->add_option("--supervised", serve_options.supervised)->group("");
  serve_command->add_option("--because", serve_options.because)->group("");
  serve_command->callback([&] { code = serve(serve_options); });

  DemoOptions demo_options;
  CLI::App* demo_command = app.add_subcommand("demo", "watch a small simulated network: something to see without a device");
  demo_command->add_option("--data", demo_options.data, "data directory")->capture_default_str();
  demo_command->add_option("--http", demo_options.http, "address and port of the status page")->capture_default_str();
  demo_command->add_option("--syslog-port", demo_options.syslog_port, "UDP port for syslog on 127.0.0.1")->capture_default_str();
  demo_command->add_option("--seed", demo_options.seed, "the network's randomness")->capture_default_str();
  demo_command->callback([&] { code = demo(demo_options); });

  CheckOptions check_options;
  CLI::App* check_command = app.add_subcommand("check", "check configuration, rules and profiles; every error with its place");
  check_command->add_option("file", check_options.config, "configuration file (default: as for serve)");
  check_command->add_flag("--json", check_options.json, "print JSON");
  check_command->callback([&] { code = check(check_options); });

  GetOptions get_options;
  CLI::App* get_command = app.add_subcommand("get", "ask a device for objects by SNMP");
  add_snmp_options(*get_command, get_options.snmp);
  get_command->add_option("oid", get_options.oids, "objects by name or number, such as sysUpTime.0 or IF-MIB::ifName.1")
      ->required();
  get_command->add_flag("--numeric", get_options.numeric, "print OIDs as numbers");
  get_command->callback([&] { code = get(get_options); });

  GetOptions set_options;
  CLI::App* set_command = app.add_subcommand("set", "write objects of a device by SNMP, all or none");
  add_snmp_options(*set_command, set_options.snmp);
  set_command
      ->add_option("assignments", set_options.oids,
                   "OID TYPE VALUE, as often as needed; types as snmpset's: i u c s x d n o t a b F D, or = as the MIB says")
      ->required();
  set_command->add_flag("--numeric", set_options.numeric, "print OIDs as numbers");
  set_command->callback([&] { code = set(set_options); });

  GetOptions walk_options;
  CLI::App* walk_command = app.add_subcommand("walk", "read a subtree of a device by SNMP");
  add_snmp_options(*walk_command, walk_options.snmp);
  walk_command->add_option("oid", walk_options.oids, "roots by name or number (default: 1.3.6.1.2.1)");
  walk_command->add_flag("--numeric", walk_options.numeric, "print OIDs as numbers");
  walk_command
      ->add_option("--rows", walk_options.rows, "most rows of one column: with more it is taken for endless, and the walk ends")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str();
  walk_command->callback([&] { code = walk(walk_options); });

  CollectOptions collect_options;
  CLI::App* collect_command =
      app.add_subcommand("collect", "identify a device, read all that its profiles know once, and print it");
  add_snmp_options(*collect_command, collect_options.snmp);
  collect_command->add_option("--rules", collect_options.rules, "further folders with profiles/ in them");
  collect_command->add_flag("--explain", collect_options.explain, "say why profiles match or nearly do");
  collect_command->add_flag("--all", collect_options.all, "and why each of the others does not");
  collect_command->add_flag("--once", collect_options.once,
                            "do not wait for a second reading, which what grows in shares of time needs");
  collect_command->add_option("--time", collect_options.time_seconds, "seconds for all of it; what is left over then is named")
      ->check(CLI::Range(1, 36'000))
      ->capture_default_str();
  collect_command->callback([&] { code = collect(collect_options); });

  CLI::App* profile_command = app.add_subcommand("profile", "device profiles: what to read from which device");
  profile_command->require_subcommand(1);
  ProposeOptions propose_options;
  CLI::App* propose_command = profile_command->add_subcommand(
      "propose", "a profile for what a device answers, its MIB modules name, and no profile reads yet");
  add_snmp_options(*propose_command, propose_options.snmp);
  propose_command->get_option("host")->description("name or address of the device, or its name in the configuration");
  propose_command->add_option("--config", propose_options.config, "configuration file (default: as for serve)");
  propose_command->add_option("--url", propose_options.url, "where the daemon listens (default: as the configuration says)");
  propose_command->add_flag("--accept", propose_options.accept, "keep it, and use it from now on");
  propose_command->callback([&] { code = propose(propose_options); });

  DoctorOptions doctor_options;
  CLI::App* doctor_command = app.add_subcommand("doctor", "examine a device: what is wrong with its SNMP, and what to do");
  add_snmp_options(*doctor_command, doctor_options.snmp);
  doctor_command->get_option("host")->description("name or address of the device, or its name in the configuration");
  doctor_command->add_option("--config", doctor_options.config,
                             "configuration file to find the device in (default: as for serve; none is needed)");
  doctor_command->add_option("--url", doctor_options.url, "where the daemon listens (default: as the configuration says)");
  doctor_command->add_option("--rules", doctor_options.rules, "further folders with profiles/ in them");
  doctor_command->add_option("--time", doctor_options.time_seconds, "seconds for all of it; what is left over then is named")
      ->check(CLI::Range(1, 36'000))
      ->capture_default_str();
  doctor_command->callback([&] {
    const auto given = [&](std::initializer_list<const char*> names) {
      return std::any_of(names.begin(), names.end(), [&](const char* name) { return doctor_command->count(name) > 0; });
    };
    doctor_options.credentials_given = given({"-v", "-c", "-u", "-l", "-a", "-A", "-x", "-X", "-n"});
    doctor_options.timeout_given = given({"-t"});
    doctor_options.retries_given = given({"-r"});
    code = doctor(doctor_options);
  });

  BackupOptions backup_options;
  CLI::App* backup_command =
      app.add_subcommand("backup", "copy the data into a new folder, with the daemon running or not, and read the copy back");
  backup_command->add_option("dir", backup_options.dir, "a folder that is not there yet, or is empty")->required();
  backup_command->add_option("--url", backup_options.url, "where the daemon listens (default: as the configuration says)");
  add_data_options(*backup_command, backup_options.data);
  backup_command->callback([&] { code = backup(backup_options); });

  RestoreOptions restore_options;
  CLI::App* restore_command = app.add_subcommand("restore", "put a backup where the data are; stop the daemon first");
  restore_command->add_option("dir", restore_options.dir, "the backup")->required();
  restore_command->add_flag("--replace", restore_options.replace, "also when there are data: they are kept under another name");
  add_data_options(*restore_command, restore_options.data);
  restore_command->callback([&] { code = restore(restore_options); });

  CLI::App* store_command = app.add_subcommand("store", "look into the data, or move some, while no daemon uses them");
  store_command->require_subcommand(1);
  StoreOptions info_options;
  CLI::App* info_command = store_command->add_subcommand("info", "how much there is of what, and which labels cost most");
  info_command->add_option("--top", info_options.top, "lines of each list")->check(CLI::Range(0, 1000))->capture_default_str();
  add_data_options(*info_command, info_options.data);
  info_command->callback([&] { code = store_info(info_options); });
  StoreOptions verify_options;
  CLI::App* verify_command =
      store_command->add_subcommand("verify", "read everything against its checksums; exit code 1 when something is damaged");
  add_data_options(*verify_command, verify_options.data);
  verify_command->callback([&] { code = store_verify(verify_options); });
  ExportOptions export_options;
  CLI::App* export_command = store_command->add_subcommand("export", "write points, or with --events events and logs, as text");
  export_command->add_option("--match", export_options.match, "only these series: {device=\"db1\"}, up, up{site=~\"s.*\"}");
  export_command->add_option("--from", export_options.from, "from this time on, such as 2026-11-23T00:00:00Z");
  export_command->add_option("--to", export_options.to, "up to this time");
  export_command->add_option("--format", export_options.format, "jsonl or openmetrics, of points; events are jsonl")
      ->check(CLI::IsMember({"jsonl", "openmetrics"}))
      ->capture_default_str();
  export_command->add_option("-o,--output", export_options.output, "file to make (default: standard output)");
  CLI::Option* events = export_command->add_flag("--events", export_options.events, "events and logs instead of points");
  events->excludes(export_command->get_option("--match"));
  add_data_options(*export_command, export_options.data);
  export_command->callback([&] { code = store_export(export_options); });
  ImportOptions import_options;
  CLI::App* import_command = store_command->add_subcommand("import", "take in what export wrote, or other OpenMetrics text");
  import_command->add_option("file", import_options.files, "files of points and events, of any form; - for standard input")
      ->required();
  add_data_options(*import_command, import_options.data);
  import_command->callback([&] { code = store_import(import_options); });

  CLI::App* mib_command = app.add_subcommand("mib", "MIB modules: what is loaded, and what is wrong with one");
  mib_command->require_subcommand(1);
  MibOptions mib_options;
  const auto add_mib_command = [&](const char* name, const char* what, int (*does)(const MibOptions&)) {
    CLI::App* command = mib_command->add_subcommand(name, what);
    command->add_option("--config", mib_options.config, "configuration file, for its folders of modules (default: as for serve)");
    command->add_option("-M,--mibs", mib_options.mibs, "further folders of MIB modules");
    command->callback([&code, &mib_options, does] { code = does(mib_options); });
    return command;
  };
  CLI::App* list_command = add_mib_command("list", "loaded modules: objects kept, date, file", mib_list);
  list_command->add_option("word", mib_options.words, "only modules with one of these in their names");
  list_command->add_flag("--json", mib_options.json, "print JSON");
  CLI::App* show_command = add_mib_command("show", "all that is known of an object", mib_show);
  show_command->add_option("name", mib_options.words, "objects by name or number, such as ifName or IF-MIB::ifName")->required();
  show_command->add_flag("--json", mib_options.json, "print JSON");
  CLI::App* tree_command = add_mib_command("tree", "the objects below one", mib_tree);
  tree_command->add_option("oid", mib_options.words, "name or number (default: 1.3.6.1)")->expected(0, 1);
  tree_command->add_option("--depth", mib_options.depth, "levels")->check(CLI::Range(0, 128))->capture_default_str();
  add_mib_command("dump", "every object, one JSON object a line", mib_dump);
  MibAddOptions mib_add_options;
  CLI::App* mib_add_command = mib_command->add_subcommand("add", "keep MIB files, and load them into the running daemon at once");
  mib_add_command->add_option("path", mib_add_options.mib.words, "files, folders or ZIP archives")->required();
  mib_add_command->add_option("--config", mib_add_options.mib.config, "configuration file (default: as for serve)");
  mib_add_command->add_option("--data", mib_add_options.data, "data directory, for when no daemon runs (default: as configured)");
  mib_add_command->add_option("--url", mib_add_options.url, "where the daemon listens (default: as the configuration says)");
  mib_add_command->add_flag("--json", mib_add_options.mib.json, "print JSON");
  mib_add_command->callback([&] { code = mib_add(mib_add_options); });
  CLI::App* mib_remove_command = mib_command->add_subcommand("remove", "take away what was added with mib add");
  mib_remove_command
      ->add_option("name", mib_add_options.mib.words,
                   "files, folders or archives as they were added, or names of modules in them")
      ->required();
  mib_remove_command->add_option("--config", mib_add_options.mib.config, "configuration file (default: as for serve)");
  mib_remove_command->add_option("--data", mib_add_options.data,
                                 "data directory, for when no daemon runs (default: as configured)");
  mib_remove_command->add_option("--url", mib_add_options.url, "where the daemon listens (default: as the configuration says)");
  mib_remove_command->callback([&] { code = mib_remove(mib_add_options); });
  CLI::App* lint_command = add_mib_command("lint", "what is wrong with MIB files: place, cause, what was done", mib_lint);
  lint_command->add_option("path", mib_options.words, "files, folders or ZIP archives")->required();
  lint_command->add_flag("--json", mib_options.json, "print JSON");

  PingOptions ping_options;
  CLI::App* ping_command = app.add_subcommand("ping", "ICMP echo to many hosts at once");
  ping_command->add_option("host", ping_options.hosts, "names or addresses")->required();
  ping_command->add_option("-c,--count", ping_options.count, "echoes to each host")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  ping_command->add_option("-i,--interval", ping_options.interval_seconds, "seconds between echoes")
      ->check(CLI::Range(0.001, 60.0))
      ->capture_default_str();
  ping_command->add_option("-t,--timeout", ping_options.timeout_seconds, "seconds to wait for an answer")
      ->check(CLI::Range(0.01, 60.0))
      ->capture_default_str();
  ping_command->add_flag("--json", ping_options.json, "print JSON");
  ping_command->callback([&] { code = ping(ping_options); });

  AskOptions status_options;
  CLI::App* status_command = app.add_subcommand("status", "the running daemon's state at a glance");
  add_ask_options(*status_command, status_options);
  status_command->callback([&] { code = status(status_options); });

  AlarmsOptions alarms_options;
  CLI::App* alarms_command = app.add_subcommand("alarms", "alarms of the running daemon, worst first");
  add_ask_options(*alarms_command, alarms_options.ask);
  alarms_command->add_flag("--all", alarms_options.all, "recovered ones too");
  alarms_command->add_option("--level", alarms_options.level, "this level or worse")
      ->check(CLI::IsMember({"harmless", "caution", "danger", "urgent", "fatal"}));
  alarms_command->add_option("--device", alarms_options.device, "of one device");
  AcknowledgeOptions ack_options;
  const auto add_ack_command = [&](const char* name, const char* what, bool back) {
    CLI::App* command = alarms_command->add_subcommand(name, what);
    add_ask_options(*command, ack_options.ask);
    command->add_option("id", ack_options.alarms, "of the alarm, as `bongsu alarms` and the pages show it; several are taken")
        ->required();
    command->add_option("--note", ack_options.note, "what you know, for whoever looks next");
    command->callback([&code, &ack_options, back] {
      ack_options.back = back;
      code = acknowledge(ack_options);
    });
    return command;
  };
  CLI::App* ack_command = add_ack_command("ack", "say that somebody has it in hand: no more repeats and escalations", false);
  ack_command->add_option("--for", ack_options.span, "how long, such as 2h (default: until the alarm ends)");
  ack_command->add_flag("--until-worse", ack_options.until_worse, "only until its level rises");
  add_ack_command("unack", "take an acknowledgement back", true);
  alarms_command->callback([&, alarms_command] {
    if (alarms_command->get_subcommands().empty()) code = alarms(alarms_options);
  });

  LogsOptions logs_options;
  CLI::App* logs_command = app.add_subcommand("logs", "search the logs that the running daemon received");
  add_ask_options(*logs_command, logs_options.ask);
  logs_command->add_option("word", logs_options.words, "words that must all occur");
  logs_command->add_option("--device", logs_options.device, "of one device");
  logs_command->add_option("--severity", logs_options.severity, "this or worse: err, warning, ... or caution, danger, ...")
      ->check(is_log_severity);
  logs_command->add_option("--since", logs_options.since, "how far back")->capture_default_str();
  logs_command->add_option("--limit", logs_options.limit, "at most so many lines")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  logs_command->callback([&] { code = logs(logs_options); });

  CLI::App* notify_command = app.add_subcommand("notify", "who is told of alarms, and how");
  notify_command->require_subcommand(1);
  AskOptions channels_options;
  CLI::App* channels_command =
      notify_command->add_subcommand("channels", "the channels that notices leave by, and how they fare");
  add_ask_options(*channels_command, channels_options);
  channels_command->callback([&] { code = notify_channels(channels_options); });
  NotifyTestOptions test_options;
  CLI::App* test_command = notify_command->add_subcommand("test", "send a test message and print what the service says");
  add_ask_options(*test_command, test_options.ask);
  test_command->add_option("channel", test_options.channel, "as channels: in the configuration names it")->required();
  test_command->add_option("--to", test_options.person, "a person (default: the channel's own room)");
  test_command->callback([&] { code = notify_test(test_options); });
  NotifyExplainOptions explain_options;
  CLI::App* explain_command =
      notify_command->add_subcommand("explain", "what each route did about an alarm, or why it did nothing");
  add_ask_options(*explain_command, explain_options.ask);
  explain_command->add_option("alarm", explain_options.alarm, "its id, as `bongsu alarms` prints it")->required();
  explain_command->callback([&] { code = notify_explain(explain_options); });

  CLI::App* maintenance_command = app.add_subcommand("maintenance", "windows in which nobody is told of alarms");
  maintenance_command->require_subcommand(1);
  MaintenanceOptions window_options;
  CLI::App* window_command = maintenance_command->add_subcommand("add", "set one: what it matches, and when");
  add_ask_options(*window_command, window_options.ask);
  window_command->add_option("--device", window_options.devices, "devices; * stands for any text");
  window_command->add_option("--item", window_options.items, "watch items, likewise");
  window_command->add_option("--tag", window_options.tags, "of devices: site=seoul");
  window_command->add_option("--label", window_options.labels, "of alarms: interface=eth0");
  window_command->add_option("--for", window_options.span, "how long, such as 2h; from now, or from --from");
  window_command->add_option("--from", window_options.from, "2026-12-01 02:00 on the clock of --zone (default: now)");
  window_command->add_option("--until", window_options.until, "likewise");
  window_command->add_option("--hours", window_options.hours, "where it comes again: \"Sun 02:00-04:00\"");
  window_command->add_option("--zone", window_options.zone, "time zone, such as Asia/Seoul (default: UTC)");
  window_command->add_option("--name", window_options.name, "what it is called (default: one is made)");
  window_command->add_option("--note", window_options.note, "what is done");
  window_command->callback([&] { code = maintenance_add(window_options); });
  AskOptions windows_options;
  CLI::App* windows_command = maintenance_command->add_subcommand("list", "all of them");
  add_ask_options(*windows_command, windows_options);
  windows_command->callback([&] { code = maintenance_list(windows_options); });
  MaintenanceEndOptions window_end_options;
  CLI::App* window_end_command = maintenance_command->add_subcommand("end", "end one that was set by command or API");
  add_ask_options(*window_end_command, window_end_options.ask);
  window_end_command->add_option("name", window_end_options.name, "its name")->required();
  window_end_command->callback([&] { code = maintenance_end(window_end_options); });

  CLI::App* rules_command = app.add_subcommand("rules", "watch items and their levels");
  rules_command->require_subcommand(1);
  RulesTestOptions rules_options;
  CLI::App* rules_test_command =
      rules_command->add_subcommand("test", "run scripts of alarms; or, with --since, tell when an item would have fired");
  add_ask_options(*rules_test_command, rules_options.ask);
  rules_test_command->add_option("file", rules_options.names, "scripts; with --since names of watch items")->required();
  rules_test_command->add_option("--rules", rules_options.folders, "folders of your own items, as rules: in the configuration");
  rules_test_command->add_option("--since", rules_options.since, "replay so much of what is stored, such as 30d");
  CLI::Option* rules_data =
      rules_test_command->add_option("--data", rules_options.data, "of this data directory (default: ask the running daemon)");
  rules_test_command
      ->add_option("--config", rules_options.config,
                   "with --data: the configuration, for what overrides ask of the devices' tags")
      ->needs(rules_data);
  rules_test_command->callback([&] { code = rules_test(rules_options); });

  CoverageOptions coverage_options;
  CLI::App* coverage_command =
      app.add_subcommand("coverage", "what should be watched and is not: items, unknown senders, channels never used");
  add_ask_options(*coverage_command, coverage_options.ask);
  coverage_command->add_flag("--all", coverage_options.all, "devices that lack nothing, too");
  coverage_command->add_option("--device", coverage_options.device, "of one device");
  CLI::Option* set_coverage =
      coverage_command->add_flag("--set", coverage_options.set, "switch on the items that are switched off and should not be");
  coverage_command->add_flag("--dry-run", coverage_options.dry_run, "with --set: say which, and change nothing")
      ->needs(set_coverage);
  coverage_command->callback([&] { code = coverage(coverage_options); });

  AskOptions topology_options;
  CLI::App* topology_command =
      app.add_subcommand("topology", "links between devices, what stands on the way to what, and how that is known");
  add_ask_options(*topology_command, topology_options);
  topology_command->callback([&] { code = topology(topology_options); });

  CLI::App* overlay_command = app.add_subcommand(
      "overlay", "watch items, people, routes and remedies: what holds, and what is set while the daemon runs");
  overlay_command->require_subcommand(1);
  OverlayOptions overlay_options;
  const auto add_overlay = [&](const char* name, const char* about, int (*does)(const OverlayOptions&)) {
    CLI::App* command = overlay_command->add_subcommand(name, about);
    add_ask_options(*command, overlay_options.ask);
    CLI::Option* part = command->add_option("part", overlay_options.part, "items, people, routes or remedies")
                            ->check(CLI::IsMember({"items", "people", "routes", "remedies"}));
    if (does != overlay_list) {
      part->required();
      command->add_option("name", overlay_options.name, "its name")->required();
    }
    command->callback([&code, &overlay_options, does] { code = does(overlay_options); });
    return command;
  };
  add_overlay("list", "all of them by name, with the keys that are set here", overlay_list)
      ->add_flag("--set-here", overlay_options.set_here, "those alone of which something is");
  add_overlay("show", "one, as it holds and as it is set here", overlay_show);
  CLI::App* overlay_set_command = add_overlay(
      "set", "set one as a file would say it: at once, and where a file says the same key, the file wins", overlay_set);
  overlay_set_command->add_option("file", overlay_options.file, "its keys in YAML or JSON; - for standard input")->required();
  CLI::App* overlay_remove_command = add_overlay("remove", "take away what was set here", overlay_remove);
  for (CLI::App* command : {overlay_set_command, overlay_remove_command})
    command->add_flag("--dry-run", overlay_options.dry_run, "check alone, and tell what would be");

  DrillOptions drill_options;
  CLI::App* drill_command = app.add_subcommand(
      "drill", "a fault that is none: follow it from the device to whoever is told, and say which link is broken");
  add_ask_options(*drill_command, drill_options.ask);
  drill_command->add_option("--device", drill_options.device, "of this device");
  drill_command->add_option("--item", drill_options.item, "this watch item");
  drill_command->add_option("--level", drill_options.level, "at this level (default: the worst that the item has)")
      ->check(CLI::IsMember({"harmless", "caution", "danger", "urgent", "fatal"}));
  drill_command->add_flag("--all", drill_options.all, "everybody whom a route or a channel reaches, whatever it matches");
  drill_command->callback([&] { code = drill(drill_options); });

  CLI::App* remedies_command = app.add_subcommand("remedies", "scripts that run on alarms, and what became of them");
  remedies_command->require_subcommand(1);
  AskOptions remedies_options;
  CLI::App* remedy_list_command = remedies_command->add_subcommand("list", "the scripts, and how they fare");
  add_ask_options(*remedy_list_command, remedies_options);
  remedy_list_command->callback([&] { code = remedies_list(remedies_options); });
  RemedyRunsOptions runs_options;
  CLI::App* runs_command = remedies_command->add_subcommand("runs", "what was run, and what was not and why, newest first");
  add_ask_options(*runs_command, runs_options.ask);
  runs_command->add_option("--state", runs_options.state, "only these")
      ->check(CLI::IsMember({"waiting", "queued", "started", "done", "failed", "unknown", "skipped", "dry"}));
  runs_command->add_option("--limit", runs_options.limit, "at most so many")->check(CLI::Range(1, 1'000))->capture_default_str();
  runs_command->callback([&] { code = remedies_runs(runs_options); });
  RemedyShowOptions one_run_options;
  const auto add_one_run = [&](const char* name, const char* about, auto act) {
    CLI::App* command = remedies_command->add_subcommand(name, about);
    add_ask_options(*command, one_run_options.ask);
    command->add_option("run", one_run_options.run, "its id, as `bongsu remedies runs` prints it")->required();
    command->callback([&, act] { code = act(one_run_options); });
  };
  add_one_run("show", "one run, with what its script printed", remedies_show);
  add_one_run("approve", "let a run go that waits for approval",
              [](const RemedyShowOptions& options) { return remedies_approve(options, true); });
  add_one_run("refuse", "end a run that waits for approval",
              [](const RemedyShowOptions& options) { return remedies_approve(options, false); });
  RemedyRunOptions order_options;
  CLI::App* order_command =
      remedies_command->add_subcommand("run", "run a script for an open alarm, whatever its limits by the hour");
  add_ask_options(*order_command, order_options.ask);
  order_command->add_option("remedy", order_options.remedy, "as remedies: in the configuration names it")->required();
  order_command->add_option("alarm", order_options.alarm, "its id, as `bongsu alarms` prints it")->required();
  order_command->add_flag("--dry-run", order_options.dry_run, "print what the script would get, and run nothing");
  order_command->callback([&] { code = remedies_run(order_options); });
  CLI::App* resume_command = remedies_command->add_subcommand("resume", "let a script run again that failed too often");
  add_ask_options(*resume_command, order_options.ask);
  resume_command->add_option("remedy", order_options.remedy, "as remedies: in the configuration names it")->required();
  resume_command->callback([&] { code = remedies_resume(order_options); });

  QueryOptions query_options;
  CLI::App* query_command = app.add_subcommand("query", "ask the running daemon in PromQL, at one time or over a range");
  add_ask_options(*query_command, query_options.ask);
  query_command->add_option("expr", query_options.expr, "such as 'avg by (device) (cpu_usage_percent)'")->required();
  query_command->add_option("--time", query_options.time,
                            "at this time, or a range that ends there: 2026-11-23T01:00:00Z (default: now)");
  query_command->add_option("--range", query_options.range, "over this time, such as 1h or 7d");
  query_command->add_option("--step", query_options.step, "between points of a range (default: a sixtieth of it)");
  query_command->add_flag("--csv", query_options.csv, "print comma-separated values")
      ->excludes(query_command->get_option("--json"));
  query_command->callback([&] { code = query(query_options); });

  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::find(names.begin(), names.end(), argv[1]) == names.end()) {
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(argv[1], known);
    std::fprintf(stderr, "bongsu: no command \"%s\"%s; see bongsu --help\n", escape_terminal(argv[1]).c_str(),
                 near ? ("; did you mean \"" + std::string(*near) + "\"?").c_str() : "");
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    if (app.exit(fault) == 0) return 0;
    for (const CLI::App* command : app.get_subcommands()) {
      for (const std::string& hint : misspelt(*command, std::span(argv, static_cast<std::size_t>(argc)).subspan(2)))
        std::fprintf(stderr, "%s\n", escape_terminal(hint).c_str());
    }
    return 2;
  }
  return code;
}

}  // namespace
}  // namespace bongsu::app

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return bongsu::app::run(argc, argv);
}
