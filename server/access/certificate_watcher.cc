#include "server/access/certificate_watcher.h"

#include <sys/stat.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace oneloop {

absl::StatusOr<std::unique_ptr<CertificateWatcher>> CertificateWatcher::Create(Options options) {
  // Before the read: what changes during it is read again.
  const Version version = VersionOf(options.files);
  ASSIGN_OR_RETURN(TlsContents contents, ReadTlsFiles(options.files));
  return std::unique_ptr<CertificateWatcher>(new CertificateWatcher(std::move(options), version, std::move(contents)));
}

CertificateWatcher::CertificateWatcher(Options options, const Version& version, TlsContents contents)
    : options_(std::move(options)),
      version_(version),
      current_(std::make_shared<const TlsContents>(std::move(contents))),
      thread_([this] { Loop(); }) {}

CertificateWatcher::~CertificateWatcher() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

std::shared_ptr<const TlsContents> CertificateWatcher::Current() {
  MutexLock lock(&mutex_);
  return current_;
}

CertificateWatcher::Version CertificateWatcher::VersionOf(const TlsFiles& files) {
  Version version;
  for (const std::string* path : {&files.cert, &files.key, &files.client_ca}) {
    struct stat info = {};
    if (stat(path->c_str(), &info) != 0) info = {};
    version.emplace_back(info.st_dev, info.st_ino, info.st_size, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  }
  return version;
}

void CertificateWatcher::Look() {
  MutexLock look_lock(&look_mutex_);
  const Version version = VersionOf(options_.files);
  // What was refused is read again each time: no descriptors may have been left.
  if (version == version_ && refusal_.ok()) return;
  absl::StatusOr<TlsContents> contents = ReadTlsFiles(options_.files);
  const bool is_news = version != version_ || contents.status() != refusal_;
  version_ = version;
  refusal_ = contents.status();
  if (!contents.ok()) {
    if (!is_news) return;
    ++refused_;
    Log(LogLevel::kError,
        absl::StrCat("the changed certificate is not taken, the one before goes on serving: ", Message(refusal_)));
    return;
  }
  Log(LogLevel::kInfo, absl::StrCat("serving the changed certificate in ", options_.files.cert));
  MutexLock lock(&mutex_);
  current_ = std::make_shared<const TlsContents>(*std::move(contents));
}

void CertificateWatcher::Loop() {
  for (;;) {
    {
      MutexLock lock(&mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, absl::ToChronoMicroseconds(options_.interval));
      if (stopping_) return;
    }
    Look();
  }
}

}  // namespace oneloop
