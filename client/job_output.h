#ifndef ONELOOP_CLIENT_JOB_OUTPUT_H_
#define ONELOOP_CLIENT_JOB_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "client/common_flags.h"
#include "google/protobuf/map.h"
#include "google/protobuf/timestamp.pb.h"
#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/job.pb.h"

namespace oneloop {

bool IsFinal(v1::JobState state);

// One job: lines of "name  value" for people, the message as JSON, or a CSV header with one row.
void PrintJob(const v1::Job& job, OutputFormat format, std::ostream& out);

// The columns of jobs in CSV; numbers exact.
std::vector<std::string> JobCsvHeader();
std::vector<std::string> JobCsvRow(const v1::Job& job);

// "2026-01-31 12:00:00" in UTC; "" when absent.
std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp);

// "pe_dim 16, scratchpad_kib 128", by name.
std::string FormatParameters(const google::protobuf::Map<std::string, double>& parameters);
// The names, sorted.
std::vector<std::string> ParameterNames(const google::protobuf::Map<std::string, double>& parameters);

// A line "  name      value" of a description for people.
std::string DetailLine(const std::string& name, const std::string& value);

// The four figures and the hardware of a point, as detail lines.
std::string PointDetails(const v1::EvaluatedPoint& point);

// What is proven of a design with these figures among all designs of `space`, as detail lines; rounded so that no more
// is claimed than is proven.
std::string CertificateDetails(const v1::Certificate& certificate, const std::string& space);
// The same of a job's best design; "" while the job has no certificate.
std::string CertificateDetails(const v1::Job& job);
// How large its front is and from where that is measured; "" for a job without FrontFigures.
std::string FrontDetails(const v1::Job& job);
// How much of its samples a job has done: "42 %", "-" while that is unknown.
std::string ShareText(const v1::JobProgress& progress);
// "1.8 %", or `none` while it is unknown.
std::string GapText(const v1::Job& job, const std::string& none);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_JOB_OUTPUT_H_
