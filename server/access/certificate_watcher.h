#ifndef ONELOOP_SERVER_ACCESS_CERTIFICATE_WATCHER_H_
#define ONELOOP_SERVER_ACCESS_CERTIFICATE_WATCHER_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/mutex.h"
#include "server/access/certificate.h"

namespace oneloop {

// The files of TLS as a running daemon serves them: a thread looks at them every second. What has changed and fits is
// taken as a whole; what does not fit (a key of another certificate, a file that is half-written or cannot be read) is
// refused with the file's name in the log, looked at again, and what was there before goes on serving. Thread-safe.
class CertificateWatcher {
 public:
  struct Options {
    TlsFiles files;
    absl::Duration interval = absl::Seconds(1);
  };
  // Errors: those of ReadTlsFiles.
  static absl::StatusOr<std::unique_ptr<CertificateWatcher>> Create(Options options);
  ~CertificateWatcher();
  CertificateWatcher(const CertificateWatcher&) = delete;
  CertificateWatcher& operator=(const CertificateWatcher&) = delete;

  // What new connections are served with. Shared, because connections begin while another set is taken; a new set is
  // another object.
  std::shared_ptr<const TlsContents> Current();
  const TlsFiles& files() const { return options_.files; }
  // Looks at the files now; the thread does it by itself.
  void Look();

  // Changes that were refused, since the beginning.
  std::int64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  // Which contents the files have: of each its device, inode, size, and time of change in seconds and nanoseconds.
  using Version = std::vector<std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>>;

  CertificateWatcher(Options options, const Version& version, TlsContents contents);
  static Version VersionOf(const TlsFiles& files);
  void Loop();

  const Options options_;
  std::atomic<std::int64_t> refused_{0};

  Mutex look_mutex_;                                   // held while files are read
  Version version_ ABSL_GUARDED_BY(look_mutex_);       // that was looked at last
  absl::Status refusal_ ABSL_GUARDED_BY(look_mutex_);  // of that version

  Mutex mutex_;
  CondVar wake_;
  std::shared_ptr<const TlsContents> current_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_CERTIFICATE_WATCHER_H_
