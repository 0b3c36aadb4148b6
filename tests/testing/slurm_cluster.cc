#include "tests/testing/slurm_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/numbers.h"
#include "client/slurm/run_program.h"
#include "common/base/read_file.h"
#include "common/base/status.h"
#include "tests/client/process.h"
#include "tests/testing/wait_until.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::array kPrograms = {"munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"};

// Ports of the loopback interface that nobody had a moment ago.
absl::StatusOr<std::vector<int>> FreePorts(int count) {
  std::vector<Descriptor> sockets;
  std::vector<int> ports;
  for (int i = 0; i < count; ++i) {
    sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(sockets.back().number(), plain, size) != 0 || getsockname(sockets.back().number(), plain, &size) != 0) {
      return absl::InternalError(absl::StrCat("no free port: ", std::strerror(errno)));
    }
    ports.push_back(ntohs(address.sin_port));
  }
  return ports;
}

std::string UserName() {
  const passwd* const user = getpwuid(geteuid());
  return user == nullptr ? std::to_string(geteuid()) : user->pw_name;
}

std::string ShortHostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return std::string(name.data(), std::strcspn(name.data(), "."));
}

void WriteText(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
}

}  // namespace

std::string SlurmCluster::Missing() {
  for (const char* const program : kPrograms) {
    if (!FindProgram(program, kPath).has_value()) return absl::StrCat(program, " is not installed");
  }
  return "";
}

SlurmCluster::SlurmCluster(Options options, std::string folder)
    : options_(std::move(options)), folder_(std::move(folder)), nodes_(static_cast<std::size_t>(options_.nodes)) {}

SlurmCluster::~SlurmCluster() {
  for (Service& node : nodes_) End(&node);
  End(&controller_);
  End(&munged_);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> SlurmCluster::environment() const {
  return {absl::StrCat("SLURM_CONF=", folder_, "/slurm.conf"), absl::StrCat("PATH=", kPath),
          absl::StrCat("HOME=", folder_)};
}

// Host names are this machine's, since slurmctld looks for its own; all addresses are those of the loopback interface.
std::string SlurmCluster::ConfigText(const std::vector<int>& ports) const {
  const std::string host = ShortHostName();
  const std::string user = UserName();
  std::string text = absl::StrCat(
      "ClusterName=virtual\n"
      "SlurmctldHost=",
      host, "(127.0.0.1)\nSlurmctldPort=", ports[0], "\nSlurmUser=", user, "\nSlurmdUser=", user,
      "\nAuthType=auth/munge\n"
      // A requeued job waits as long as credentials last.
      "AuthInfo=socket=",
      folder_, "/munge.sock,cred_expire=5\nStateSaveLocation=", folder_, "/state\nSlurmdSpoolDir=", folder_,
      "/%n\nSlurmctldPidFile=", folder_, "/slurmctld.pid\nSlurmdPidFile=", folder_, "/%n.pid\n",
      "ProctrackType=proctrack/pgid\n"
      "TaskPlugin=task/none\n"
      "JobAcctGatherType=jobacct_gather/none\n"
      "AccountingStorageType=accounting_storage/none\n"
      "MpiDefault=none\n"
      "SelectType=select/cons_tres\n"
      "SelectTypeParameters=CR_Core\n"
      "SlurmdParameters=config_overrides\n"
      // A node that an administrator set down stays so; one that was silent comes back.
      "ReturnToService=1\n"
      "SlurmdTimeout=10\n"
      "SchedulerParameters=sched_interval=1\n"
      "KillWait=",
      options_.kill_wait_s, "\nMaxArraySize=", options_.max_array_size, "\n", options_.more_config);
  for (int i = 1; i <= options_.nodes; ++i) {
    absl::StrAppend(&text, "NodeName=node", i, " NodeHostname=", host,
                    " NodeAddr=127.0.0.1 Port=", ports[static_cast<std::size_t>(i)],
                    " Sockets=1 CoresPerSocket=", options_.cpus, " ThreadsPerCore=1 RealMemory=1024\n");
  }
  return text + "PartitionName=main Nodes=ALL Default=YES State=UP MaxTime=INFINITE\n";
}

absl::Status SlurmCluster::WriteFiles() const {
  ASSIGN_OR_RETURN(const std::vector<int> ports, FreePorts(1 + options_.nodes));
  for (const char* const name : {"/state", "/logs", "/munge"}) {
    fs::create_directories(folder_ + name);
    chmod((folder_ + name).c_str(), 0700);
  }
  // slurmd does not make it before it needs it.
  for (int i = 1; i <= options_.nodes; ++i) fs::create_directories(absl::StrCat(folder_, "/node", i));
  std::random_device random;
  std::string key;
  for (int i = 0; i < 16; ++i) absl::StrAppend(&key, random());
  WriteText(folder_ + "/munge/key", key.substr(0, 128), 0600);
  WriteText(folder_ + "/slurm.conf", ConfigText(ports), 0600);
  return absl::OkStatus();
}

absl::StatusOr<SlurmCluster::Service> SlurmCluster::Launch(const std::string& name, const std::string& program,
                                                           const std::vector<std::string>& arguments) const {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::InternalError("pipe");
  const Descriptor read_end(ends[0]);
  Service service;
  service.lifeline.Reset(ends[1]);
  std::vector<std::string> words = {BuiltProgram("end_with_parent"), FindProgram(program, kPath).value_or(program)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment();
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  };
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, read_end.number(), STDIN_FILENO);
  const std::string log = absl::StrCat(folder_, "/logs/", name);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error = posix_spawn(&service.pid, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                                pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return absl::InternalError(absl::StrCat(words[0], ": ", std::strerror(error)));
  return service;
}

void SlurmCluster::End(Service* service) {
  if (service->pid < 0) return;
  service->lifeline.Reset();
  while (waitpid(service->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  service->pid = -1;
}

absl::Status SlurmCluster::StartAll() {
  RETURN_IF_ERROR(WriteFiles());
  const std::string munge = folder_ + "/munge";
  ASSIGN_OR_RETURN(munged_, Launch("munged", "munged",
                                   {"--foreground", "--force", "--key-file=" + munge + "/key",
                                    "--socket=" + folder_ + "/munge.sock", "--pid-file=" + munge + "/pid",
                                    "--seed-file=" + munge + "/seed", "--log-file=" + munge + "/log"}));
  if (!WaitUntil([this] { return fs::exists(folder_ + "/munge.sock"); }, absl::Seconds(20))) {
    return absl::InternalError("munged does not start");
  }
  ASSIGN_OR_RETURN(controller_, Launch("slurmctld", "slurmctld", {"-D", "-c"}));
  for (int i = 1; i <= options_.nodes; ++i) RETURN_IF_ERROR(StartNode(i));
  const bool is_up = WaitUntil(
      [this] {
        int idle = 0;
        for (int i = 1; i <= options_.nodes; ++i) idle += NodeState(absl::StrCat("node", i)) == "IDLE" ? 1 : 0;
        return idle == options_.nodes;
      },
      absl::Seconds(30));
  return is_up ? absl::OkStatus() : absl::InternalError("not all nodes become idle");
}

absl::StatusOr<std::unique_ptr<SlurmCluster>> SlurmCluster::Start(const Options& options) {
  absl::Status started;
  // Somebody else may take one of the ports just before Slurm does.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::string pattern = "/tmp/oneloop_slurm_XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) return absl::InternalError("no temporary folder");
    std::unique_ptr<SlurmCluster> cluster(new SlurmCluster(options, pattern));
    started = cluster->StartAll();
    if (started.ok()) return cluster;
    started = absl::InternalError(absl::StrCat(started.message(), "\n", cluster->Logs()));
  }
  return started;
}

absl::StatusOr<std::string> SlurmCluster::Run(const std::string& program, const std::vector<std::string>& arguments,
                                              const std::string& input) const {
  ASSIGN_OR_RETURN(const ProgramOutcome outcome,
                   RunProgram({FindProgram(program, kPath).value_or(program), arguments, environment(), input}));
  if (outcome.exit_code == 0) return outcome.out;
  return absl::InternalError(absl::StrCat(program, ": ", outcome.err));
}

std::string SlurmCluster::NodeState(const std::string& node) const {
  const absl::StatusOr<std::string> text = Run("sinfo", {"--noheader", "--nodes=" + node, "--format=%T"});
  if (!text.ok()) return "";
  std::string state = text->substr(0, text->find('\n'));
  // What it is besides is told by a sign.
  while (!state.empty() && std::ispunct(static_cast<unsigned char>(state.back())) != 0) state.pop_back();
  for (char& c : state) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return state;
}

void SlurmCluster::KillNode(int number) { End(&nodes_[static_cast<std::size_t>(number - 1)]); }

absl::Status SlurmCluster::StartNode(int number) {
  const std::string name = absl::StrCat("node", number);
  ASSIGN_OR_RETURN(nodes_[static_cast<std::size_t>(number - 1)], Launch(name, "slurmd", {"-D", "-N", name}));
  return absl::OkStatus();
}

absl::Status SlurmCluster::SetNodeDown(const std::string& node) const {
  return Run("scontrol", {"update", "NodeName=" + node, "State=DOWN", "Reason=test"}).status();
}

absl::Status SlurmCluster::ResumeNode(const std::string& node) const {
  return Run("scontrol", {"update", "NodeName=" + node, "State=RESUME"}).status();
}

std::vector<pid_t> SlurmCluster::ProcessesWith(const std::vector<std::string>& variables) {
  std::vector<pid_t> processes;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::optional<pid_t> pid = ParseInteger<pid_t>(entry->path().filename().string());
    if (!pid.has_value()) continue;
    const absl::StatusOr<std::string> text = ReadFile(entry->path().string() + "/environ");
    if (!text.ok()) continue;
    const std::set<absl::string_view> present = absl::StrSplit(*text, '\0');
    if (std::all_of(variables.begin(), variables.end(), [&](const auto& name) { return present.contains(name); })) {
      processes.push_back(*pid);
    }
  }
  return processes;
}

std::vector<pid_t> SlurmCluster::Processes() const { return ProcessesWith({environment()[0]}); }

std::vector<pid_t> SlurmCluster::JobProcesses(const std::string& id) const {
  const std::size_t mark = id.find('_');
  if (mark == std::string::npos) return ProcessesWith({environment()[0], "SLURM_JOB_ID=" + id});
  return ProcessesWith(
      {environment()[0], "SLURM_ARRAY_JOB_ID=" + id.substr(0, mark), "SLURM_ARRAY_TASK_ID=" + id.substr(mark + 1)});
}

std::vector<pid_t> SlurmCluster::Keepers() const {
  std::vector<pid_t> keepers = {munged_.pid, controller_.pid};
  for (const Service& node : nodes_) keepers.push_back(node.pid);
  return keepers;
}

std::string SlurmCluster::Logs() const {
  std::string all;
  std::error_code error;
  for (fs::directory_iterator entry(folder_ + "/logs", error), end; !error && entry != end; entry.increment(error)) {
    const absl::StatusOr<std::string> text = ReadFile(entry->path().string());
    if (!text.ok()) continue;
    constexpr std::size_t kEnd = 2000;
    absl::StrAppend(&all, "== ", entry->path().filename().string(), "\n",
                    text->substr(text->size() > kEnd ? text->size() - kEnd : 0));
  }
  return all;
}

}  // namespace oneloop
