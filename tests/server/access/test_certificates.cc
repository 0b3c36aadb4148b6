#include "tests/server/access/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace oneloop {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

constexpr long kDaySeconds = 86400;

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Bio Memory(const std::string& text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free}; }

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Without an authority it signs itself, and is one.
TestCertificate Make(const TestCertificate* authority, const std::string& common_name, const std::string& names,
                     int days) {
  static std::atomic<long> serial{1};
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDaySeconds);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                             -1, -1, 0);
  Certificate issuer(nullptr, X509_free);
  Key issuer_key(nullptr, EVP_PKEY_free);
  if (authority != nullptr) {
    issuer.reset(PEM_read_bio_X509(Memory(authority->cert).get(), nullptr, nullptr, nullptr));
    issuer_key.reset(PEM_read_bio_PrivateKey(Memory(authority->key).get(), nullptr, nullptr, nullptr));
  }
  X509* const issuer_or_self = issuer ? issuer.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer_or_self));
  AddExtension(certificate.get(), issuer_or_self, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (!names.empty()) AddExtension(certificate.get(), issuer_or_self, NID_subject_alt_name, names);
  X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());
  const Bio cert_text(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(cert_text.get(), certificate.get());
  const Bio key_text(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {TextOf(cert_text), TextOf(key_text)};
}

}  // namespace

TestCertificate MakeAuthority(const std::string& name) { return Make(nullptr, name, "", 1); }

TestCertificate MakeCertificate(const TestCertificate& authority, const std::string& common_name,
                                const std::string& names, int days) {
  return Make(&authority, common_name, names, days);
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  chmod(path.c_str(), 0600);
}

}  // namespace oneloop
