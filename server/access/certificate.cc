#include "server/access/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::StatusOr<Bio> OpenFile(const std::string& path) {
  Bio file(BIO_new_file(path.c_str(), "r"), BIO_free);
  if (file == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
  }
  return file;
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& path) {
  ASSIGN_OR_RETURN(const Bio file, OpenFile(path));
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  ERR_clear_error();
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no certificate in PEM form"));
  }
  return certificate;
}

// Gives no password, where OpenSSL would ask on the terminal.
int NoPassword(char*, int, int, void*) { return 0; }

absl::StatusOr<Key> ReadKey(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 0007u) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ", the private key, is open to everyone; change that: chmod o= ", path));
  }
  ASSIGN_OR_RETURN(const Bio file, OpenFile(path));
  Key key(PEM_read_bio_PrivateKey(file.get(), nullptr, NoPassword, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no private key in PEM form without a password"));
  }
  return key;
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  absl::StatusOr<Certificate> certificate = ReadCertificate(files.cert);
  if (!certificate.ok()) return PrefixField("--tls_cert", certificate.status());
  absl::StatusOr<Key> key = ReadKey(files.key);
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
  if (files.client_ca.empty()) return absl::OkStatus();
  return PrefixField("--tls_client_ca", ReadCertificate(files.client_ca).status());
}

std::string MakeCertificateCommand(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[';
  const std::string bare = bracketed ? host.substr(1, host.size() - 2) : host;
  const bool is_address = bracketed || bare.find_first_not_of("0123456789.") == std::string::npos;
  return absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -keyout tls.key ",
                      "-out tls.crt -subj /CN=", bare, " -addext subjectAltName=", is_address ? "IP:" : "DNS:", bare);
}

}  // namespace oneloop
