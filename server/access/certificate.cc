#include "server/access/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/read_file.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// Much more than chains and authorities take.
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

absl::StatusOr<std::string> ReadPem(const std::string& path) {
  absl::StatusOr<std::string> content = ReadFile(path, kMostBytes);
  if (content.ok()) return content;
  // The flag is what is wrong, whatever the system says.
  return absl::InvalidArgumentError(
      absl::StrCat(path, " ", absl::StripPrefix(content.status().message(), absl::StrCat(path, ": "))));
}

Bio OpenText(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
}

absl::StatusOr<Certificate> ParseCertificates(const std::string& text, const std::string& path) {
  const Bio file = OpenText(text);
  Certificate first(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  if (first == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no certificate in PEM form"));
  }
  Certificate next(nullptr, X509_free);
  do {
    next.reset(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
  } while (next != nullptr);
  const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_end) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " holds a certificate, and after it something that is none or is cut off"));
  }
  return first;
}

// Gives no password, where OpenSSL would ask on the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

absl::Status CheckKeyIsClosed(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0 || (info.st_mode & 0007u) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(path, ", the private key, is open to everyone; change that: chmod o= ", path));
}

absl::StatusOr<Key> ParseKey(const std::string& text, const std::string& path) {
  const Bio file = OpenText(text);
  Key key(PEM_read_bio_PrivateKey(file.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no private key in PEM form without a password"));
  }
  return key;
}

absl::Status CheckPair(const TlsFiles& files, const TlsContents& contents) {
  const absl::StatusOr<Certificate> certificate = ParseCertificates(contents.cert, files.cert);
  if (!certificate.ok()) return PrefixField("--tls_cert", certificate.status());
  const absl::StatusOr<Key> key = ParseKey(contents.key, files.key);
  if (!key.ok()) return PrefixField("--tls_key", key.status());
  const bool fits = X509_check_private_key(certificate->get(), key->get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tls_key: ", files.key, " is not the key of the certificate in ", files.cert));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate->get())) < 0) {
    return absl::InvalidArgumentError(absl::StrCat("--tls_cert: the certificate in ", files.cert, " has expired"));
  }
  return absl::OkStatus();
}

absl::Status ReadInto(const char* flag, const std::string& path, std::string* content) {
  absl::StatusOr<std::string> text = ReadPem(path);
  if (!text.ok()) return PrefixField(flag, text.status());
  *content = *std::move(text);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsContents> ReadTlsFiles(const TlsFiles& files) {
  TlsContents contents;
  RETURN_IF_ERROR(ReadInto("--tls_cert", files.cert, &contents.cert));
  if (const absl::Status closed = CheckKeyIsClosed(files.key); !closed.ok()) return PrefixField("--tls_key", closed);
  RETURN_IF_ERROR(ReadInto("--tls_key", files.key, &contents.key));
  RETURN_IF_ERROR(CheckPair(files, contents));
  if (files.client_ca.empty()) return contents;
  RETURN_IF_ERROR(ReadInto("--tls_client_ca", files.client_ca, &contents.client_ca));
  const absl::Status authorities = ParseCertificates(contents.client_ca, files.client_ca).status();
  if (!authorities.ok()) return PrefixField("--tls_client_ca", authorities);
  return contents;
}

absl::Status CheckTlsFiles(const TlsFiles& files) { return ReadTlsFiles(files).status(); }

std::string MakeCertificateCommand(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[';
  const std::string bare = bracketed ? host.substr(1, host.size() - 2) : host;
  const bool is_address = bracketed || bare.find_first_not_of("0123456789.") == std::string::npos;
  return absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -keyout tls.key ",
                      "-out tls.crt -subj /CN=", bare, " -addext subjectAltName=", is_address ? "IP:" : "DNS:", bare);
}

}  // namespace oneloop
