// A daemon under a team's open pages:
//   http_load [seconds] [pollers] [rounds]        default: 20, 200, 3
// Eight long ResNet-50 jobs run on all workers. Each poller asks once a second, on a connection that it keeps, for one
// of the jobs and in turn for its front, with the tag of the reply before. Prints the latencies, how many samples a
// second the jobs get with and without pollers, by turns, then what a poll without news takes of the daemon's processor
// time, and what is left open after 10,000 connections that were dropped in all manners.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/client/process.h"
#include "tests/server/http/raw_http.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kJobs = 8;
constexpr int kDropped = 10000;
constexpr int kQuietPolls = 20000;

double Milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string FieldOf(const std::string& text, const std::string& before, char end) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + before.size();
  return text.substr(begin, text.find(end, begin) - begin);
}

// A daemon of its own process, so that what it takes is told apart from what the pollers take.
class Daemon {
 public:
  Daemon()
      : process_({BuiltProgram("oneloopd"), "--data_dir", directory_.path(), "--http", "127.0.0.1:0", "--log_level",
                  "warning"},
                 false) {
    const std::string line = process_.ReadLine();
    port_ = std::atoi(FieldOf(line, "http://127.0.0.1:", ')').c_str());
    pid_ = std::atoi(FieldOf(line, "(pid ", ',').c_str());
    token_ = ReadText(directory_.path() + "/local.token");
    token_.erase(token_.find_last_not_of('\n') + 1);
  }
  ~Daemon() {
    process_.Signal(SIGTERM);
    process_.Wait();
  }

  std::string Request(const std::string& verb, const std::string& target, const std::string& more = "",
                      const std::string& body = "") const {
    return absl::StrCat(verb, " ", target, " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ", token_,
                        "\r\nX-OneLoop: 1\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n",
                        more, "\r\n", body);
  }
  std::string Call(const std::string& verb, const std::string& target, const std::string& body = "") const {
    RawHttp client(port_);
    client.Send(Request(verb, target, "", body));
    return client.ReadReply();
  }

  // Of all jobs.
  std::int64_t Samples() const {
    std::int64_t samples = 0;
    for (int job = 1; job <= kJobs; ++job) {
      samples += std::atoll(
          FieldOf(Call("GET", absl::StrCat("/v1/projects/default/jobs/", job)), "\"samples_done\":\"", '"').c_str());
    }
    return samples;
  }
  // Processor time so far, in milliseconds.
  double CpuMilliseconds() const {
    const std::string text = ReadText(absl::StrCat("/proc/", pid_, "/stat"));
    const std::string fields = text.substr(text.rfind(')') + 2);
    std::vector<std::string> words;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = fields.find(' ', begin)) != std::string::npos; begin = end + 1) {
      words.push_back(fields.substr(begin, end - begin));
    }
    return 1000.0 * (std::atof(words[11].c_str()) + std::atof(words[12].c_str())) /
           static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::int64_t Descriptors() const {
    return std::distance(std::filesystem::directory_iterator(absl::StrCat("/proc/", pid_, "/fd")), {});
  }
  std::int64_t ResidentKib() const {
    return std::atoll(FieldOf(ReadText(absl::StrCat("/proc/", pid_, "/status")), "VmRSS:", 'k').c_str());
  }
  int port() const { return port_; }

 private:
  const TempDirectory directory_;
  ChildProcess process_;
  int port_ = 0;
  int pid_ = 0;
  std::string token_;
};

int Connect(int port) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) std::perror("connect");
  const int yes = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  return client;
}

struct Poller {
  int socket = -1;
  std::string target[2];
  std::string tag[2];
  std::string revision = "0";
  int turn = 0;
  bool waiting = false;
  std::string reply;
  Clock::time_point asked;
  Clock::time_point next;
};

// Whether the reply is whole.
bool IsWhole(const std::string& reply) {
  const std::size_t end = reply.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string length = FieldOf(reply.substr(0, end + 2), "Content-Length: ", '\r');
  return reply.size() >= end + 4 + static_cast<std::size_t>(std::atoll(length.c_str()));
}

// Processor time of this process so far, in milliseconds.
double OwnCpuMilliseconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return 1000.0 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1000.0;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

// What pollers got, in one turn.
struct Polls {
  std::vector<double> milliseconds;
  std::int64_t without_news = 0;
  std::int64_t errors = 0;
};

void PollFor(const Daemon& daemon, int count, Clock::duration time, Polls* polls) {
  const Clock::time_point begin = Clock::now();
  std::vector<Poller> pollers(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    Poller& poller = pollers[static_cast<std::size_t>(i)];
    poller.socket = Connect(daemon.port());
    const std::string job = absl::StrCat("/v1/projects/default/jobs/", i % kJobs + 1);
    poller.target[0] = job;
    poller.target[1] = job + "/front?after_revision=";
    poller.next = begin + i * std::chrono::milliseconds(1000) / count;
  }
  std::vector<char> buffer(1 << 20);
  while (Clock::now() - begin < time) {
    std::vector<pollfd> waiting;
    Clock::time_point next = begin + time;
    const Clock::time_point now = Clock::now();
    for (Poller& poller : pollers) {
      if (!poller.waiting && poller.next <= now) {
        const std::string& tag = poller.tag[poller.turn];
        const std::string target = poller.target[poller.turn] + (poller.turn == 1 ? poller.revision : "");
        const std::string request =
            daemon.Request("GET", target, tag.empty() ? "" : absl::StrCat("If-None-Match: ", tag, "\r\n"));
        poller.asked = now;
        poller.waiting = send(poller.socket, request.data(), request.size(), MSG_NOSIGNAL) > 0;
        poller.next += std::chrono::seconds(1);
        polls->errors += poller.waiting ? 0 : 1;
      }
      waiting.push_back({poller.socket, static_cast<short>(poller.waiting ? POLLIN : 0), 0});
      if (!poller.waiting) next = std::min(next, poller.next);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    poll(waiting.data(), waiting.size(), static_cast<int>(std::max<std::int64_t>(0, wait)));
    for (std::size_t i = 0; i < pollers.size(); ++i) {
      if ((waiting[i].revents & POLLIN) == 0) continue;
      Poller& poller = pollers[i];
      const ssize_t size = recv(poller.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size > 0) poller.reply.append(buffer.data(), static_cast<std::size_t>(size));
      if (size == 0) ++polls->errors;
      if (size > 0 && !IsWhole(poller.reply)) continue;
      polls->milliseconds.push_back(Milliseconds(Clock::now() - poller.asked));
      const int status = StatusOf(poller.reply);
      polls->without_news += status == 304 ? 1 : 0;
      polls->errors += status == 200 || status == 304 ? 0 : 1;
      if (poller.turn == 1 && status == 200) {
        const bool is_quiet = poller.reply.find("\"entered\"") == std::string::npos;
        polls->without_news += is_quiet && poller.reply.find("\"left\"") == std::string::npos ? 1 : 0;
        poller.revision = FieldOf(poller.reply.substr(poller.reply.find("\r\n\r\n")), "\"revision\":\"", '"');
      }
      if (poller.turn == 0 && status == 200) poller.tag[poller.turn] = FieldOf(poller.reply, "ETag: ", '\r');
      poller.reply.clear();
      poller.waiting = false;
      poller.turn = 1 - poller.turn;
    }
  }
  for (const Poller& poller : pollers) close(poller.socket);
}

double At(std::vector<double>* values, double share) {
  if (values->empty()) return 0;
  std::sort(values->begin(), values->end());
  return (*values)[static_cast<std::size_t>(share * static_cast<double>(values->size() - 1))];
}

void MeasureSearchAndPolls(const Daemon& daemon, int seconds, int pollers, int rounds) {
  for (int job = 0; job < kJobs; ++job) {
    daemon.Call("POST", "/v1/projects/default/jobs",
                R"({"spec":{"workload_name":"resnet50","template_name":"gemmini","starts":10000,"steps":10000}})");
  }
  Polls polls;
  double alone = 0;
  double together = 0;
  double pollers_cpu = 0;
  PollFor(daemon, 0, std::chrono::seconds(5), &polls);
  for (int turn = 0; turn < 2 * rounds; ++turn) {
    const bool with = turn % 2 == 1;
    const std::int64_t before = daemon.Samples();
    const Clock::time_point begin = Clock::now();
    const double cpu = OwnCpuMilliseconds();
    PollFor(daemon, with ? pollers : 0, std::chrono::seconds(seconds), &polls);
    if (with) pollers_cpu += OwnCpuMilliseconds() - cpu;
    const double rate = static_cast<double>(daemon.Samples() - before) / (Milliseconds(Clock::now() - begin) / 1000);
    (with ? together : alone) += rate / rounds;
    std::printf("turn %d: %s, %.0f samples/s\n", turn, with ? "with pollers" : "alone", rate);
    std::fflush(stdout);
  }
  const std::size_t count = polls.milliseconds.size();
  std::printf("%zu polls, %lld without news, %lld errors; p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", count,
              static_cast<long long>(polls.without_news), static_cast<long long>(polls.errors),
              At(&polls.milliseconds, 0.5), At(&polls.milliseconds, 0.99), At(&polls.milliseconds, 1));
  const double machine = 1000.0 * seconds * rounds * static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  std::printf(
      "search alone %.0f samples/s, with %d pollers %.0f: %+.1f %%; the pollers themselves took %.1f %% of the "
      "processors\n",
      alone, pollers, together, 100 * (together / alone - 1), 100 * pollers_cpu / machine);
  for (int job = 1; job <= kJobs; ++job) {
    daemon.Call("POST", absl::StrCat("/v1/projects/default/jobs/", job, ":cancel"));
  }
}

void MeasureQuietPolls(const Daemon& daemon) {
  RawHttp client(daemon.port());
  client.Send(daemon.Request("GET", "/v1/projects/default/jobs/1"));
  const std::string tag = FieldOf(client.ReadReply(), "ETag: ", '\r');
  const std::string request =
      daemon.Request("GET", "/v1/projects/default/jobs/1", absl::StrCat("If-None-Match: ", tag, "\r\n"));
  const double before = daemon.CpuMilliseconds();
  const Clock::time_point begin = Clock::now();
  int without_news = 0;
  for (int i = 0; i < kQuietPolls; ++i) {
    client.Send(request);
    without_news += StatusOf(client.ReadReply()) == 304 ? 1 : 0;
  }
  std::printf(
      "%d polls one after the other, %d without news: %.4f ms of the daemon's processor time each, %.3f ms until "
      "the reply\n",
      kQuietPolls, without_news, (daemon.CpuMilliseconds() - before) / kQuietPolls,
      Milliseconds(Clock::now() - begin) / kQuietPolls);
}

void MeasureDropped(const Daemon& daemon) {
  const std::int64_t descriptors = daemon.Descriptors();
  const std::int64_t memory = daemon.ResidentKib();
  for (int i = 0; i < kDropped; ++i) {
    RawHttp client(daemon.port());
    // Says nothing, half a head, a head without its body, or a whole request, and does not wait for the reply.
    if (i % 4 == 1) client.Send("GET /v1/ser");
    if (i % 4 == 2)
      client.Send("POST /v1/session HTTP/1.1\r\nHost: localhost\r\nX-OneLoop: 1\r\nContent-Length: 50\r\n\r\n{");
    if (i % 4 == 3) client.Send(daemon.Request("GET", "/v1/projects/default/jobs"));
  }
  // The gate looks at ends once a second.
  Polls none;
  PollFor(daemon, 0, std::chrono::seconds(8), &none);
  std::printf("%d connections dropped: descriptors %lld before, %lld after; memory %lld KiB before, %lld after\n",
              kDropped, static_cast<long long>(descriptors), static_cast<long long>(daemon.Descriptors()),
              static_cast<long long>(memory), static_cast<long long>(daemon.ResidentKib()));
}

int Main(int argc, char** argv) {
  const int seconds = argc > 1 ? std::atoi(argv[1]) : 20;
  const int pollers = argc > 2 ? std::atoi(argv[2]) : 200;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  const Daemon daemon;
  MeasureSearchAndPolls(daemon, seconds, pollers, rounds);
  MeasureQuietPolls(daemon);
  MeasureDropped(daemon);
  MeasureDropped(daemon);
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) { return oneloop::Main(argc, argv); }
