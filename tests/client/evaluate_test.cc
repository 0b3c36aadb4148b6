#include <algorithm>
#include <atomic>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kHeader[] = "R,S,P,Q,C,K,N,Wstride,Hstride,pe_dim,mapping";

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() : client_(daemon_.address()) {
    daemon_.get_template = [](const v1::GetTemplateRequest& request) -> absl::StatusOr<v1::Template> {
      if (request.name() != "templates/tiny") return absl::NotFoundError("there is no template 'tinny'");
      v1::Template message;
      message.set_name("tiny");
      message.add_parameters()->set_name("pe_dim");
      return message;
    };
    // The energy tells which row was scored, the latency which mapping.
    daemon_.evaluate_designs = [this](const v1::EvaluateDesignsRequest& request) {
      v1::EvaluateDesignsResponse response;
      for (const v1::MappingRow& row : request.rows()) {
        v1::MappingScore* const score = response.add_scores();
        score->set_energy_uj(row.bounds().k() + 0.1);
        score->set_latency_cycles(static_cast<double>(row.mapping().size()));
        score->set_area_mm2(row.parameters().at("pe_dim"));
      }
      const MutexLock lock(&mutex_);
      received_.push_back(request);
      return response;
    };
  }

  // Takes those that have arrived, under the lock: gRPC's own order of things is invisible to ThreadSanitizer.
  std::vector<v1::EvaluateDesignsRequest> TakeRequests() {
    const MutexLock lock(&mutex_);
    return std::exchange(received_, {});
  }
  void TearDown() override { TakeRequests(); }

  ClientHarness::Result Evaluate(const std::string& csv, const std::string& name = "tiny") {
    client_.input = csv;
    return client_.Run({"evaluate", "-", "--template", name});
  }

  std::string ErrorOf(const std::string& csv) {
    const auto result = Evaluate(csv);
    EXPECT_EQ(result.code, ExitCode::kInvalidInput);
    EXPECT_EQ(result.out, "");
    return result.err;
  }

  FakeDaemon daemon_;
  ClientHarness client_;
  Mutex mutex_;
  std::vector<v1::EvaluateDesignsRequest> received_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(EvaluateTest, AppendsThreeColumns) {
  const auto result = Evaluate(absl::StrCat(kHeader, "\n3,3,8,8,4,17,1,2,1,16,L1 K17\n"));
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out, absl::StrCat(kHeader,
                                     ",energy_uj,latency_cycles,area_mm2\n"
                                     "3,3,8,8,4,17,1,2,1,16,L1 K17,17.1,6,16\n"));
  const auto requests = TakeRequests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].template_name(), "tiny");
  EXPECT_EQ(requests[0].rows(0).bounds().wstride(), 2);
  EXPECT_FALSE(requests[0].rows(0).bounds().has_g());
}

TEST_F(EvaluateTest, PassesOtherColumnsThroughAndMovesItsOwnNamesAside) {
  const auto result = Evaluate(
      "note,mapping,R,S,P,Q,C,K,N,G,Wstride,Hstride,pe_dim,cycles,energy_uj,area_mm2\r\n"
      "\"a, \"\"b\"\"\",m,1,1,1,1,1,5,1,2,1,1,4.5,0012,1.50,\r\n");
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  EXPECT_EQ(result.out,
            "note,mapping,R,S,P,Q,C,K,N,G,Wstride,Hstride,pe_dim,cycles,given_energy_uj,given_area_mm2,energy_uj,"
            "latency_cycles,area_mm2\n"
            "\"a, \"\"b\"\"\",m,1,1,1,1,1,5,1,2,1,1,4.5,0012,1.50,,5.1,1,4.5\n");
  EXPECT_EQ(TakeRequests().at(0).rows(0).bounds().g(), 2);
}

TEST_F(EvaluateTest, OwnOutputCanBeEvaluatedAgain) {
  const auto first = Evaluate(absl::StrCat(kHeader, "\n1,1,1,1,1,5,1,1,1,4,m\n"));
  const auto second = Evaluate(Evaluate(first.out).out);
  ASSERT_EQ(second.code, ExitCode::kOk) << second.err;
  EXPECT_THAT(second.out, HasSubstr("given_given_energy_uj,"));
}

TEST_F(EvaluateTest, KeepsTheOrderOfManyRowsOverManyChunks) {
  std::string csv = absl::StrCat(kHeader, "\n");
  for (int k = 1; k <= 9001; ++k) absl::StrAppend(&csv, "1,1,1,1,1,", k, ",1,1,1,4,m\n");
  const auto result = Evaluate(csv);
  ASSERT_EQ(result.code, ExitCode::kOk) << result.err;
  const std::vector<std::string> lines = absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 9002u);
  for (int k = 1; k <= 9001; ++k) {
    ASSERT_EQ(lines[static_cast<std::size_t>(k)], absl::StrCat("1,1,1,1,1,", k, ",1,1,1,4,m,", k, ".1,1,4"));
  }
  EXPECT_EQ(TakeRequests().size(), 5u);
}

TEST_F(EvaluateTest, SendsLongRowsInSmallerMessages) {
  std::string csv = absl::StrCat(kHeader, "\n");
  for (int k = 1; k <= 20; ++k) absl::StrAppend(&csv, "1,1,1,1,1,", k, ",1,1,1,4,", std::string(300000, 'm'), "\n");
  EXPECT_EQ(Evaluate(csv).code, ExitCode::kOk);
  for (const v1::EvaluateDesignsRequest& request : TakeRequests()) EXPECT_LT(request.ByteSizeLong(), 1300000u);
}

TEST_F(EvaluateTest, NamesTheLineOfTheEarliestRowThatTheDaemonRefuses) {
  daemon_.evaluate_designs =
      [](const v1::EvaluateDesignsRequest& request) -> absl::StatusOr<v1::EvaluateDesignsResponse> {
    v1::EvaluateDesignsResponse response;
    for (int i = 0; i < request.rows_size(); ++i) {
      if (request.rows(i).mapping() == "bad") {
        return FieldError(absl::StrCat("rows[", i, "].mapping"), "column 1: a level is expected");
      }
      response.add_scores();
    }
    return response;
  };
  std::string csv = absl::StrCat(kHeader, "\n");
  for (int k = 0; k < 9000; ++k) {
    absl::StrAppend(&csv, "1,1,1,1,1,1,1,1,1,4,", k == 4500 || k == 4600 || k == 8700 ? "bad" : "m", "\n");
  }
  EXPECT_EQ(ErrorOf(csv), "oneloop: <stdin>:4502: column mapping: column 1: a level is expected\n");
}

TEST_F(EvaluateTest, NamesTheColumnThatTheDaemonRefuses) {
  daemon_.evaluate_designs = [](const v1::EvaluateDesignsRequest&) -> absl::StatusOr<v1::EvaluateDesignsResponse> {
    return FieldError("rows[0].bounds.R", "must be 1 to 2147483647");
  };
  const std::string row = "\n0,1,1,1,1,1,1,1,1,4,m\n";
  EXPECT_EQ(ErrorOf(kHeader + row), "oneloop: <stdin>:2: column R: must be 1 to 2147483647\n");
  daemon_.evaluate_designs = [](const v1::EvaluateDesignsRequest&) -> absl::StatusOr<v1::EvaluateDesignsResponse> {
    return FieldError("rows[0]", "does not fit");
  };
  EXPECT_EQ(ErrorOf(kHeader + row), "oneloop: <stdin>:2: does not fit\n");
}

// A fake whose daemon finds rows with an odd K wrong.
class BadRowsTest : public EvaluateTest {
 protected:
  BadRowsTest() {
    daemon_.evaluate_designs = [](const v1::EvaluateDesignsRequest& request) {
      EXPECT_TRUE(request.keep_going());
      v1::EvaluateDesignsResponse response;
      for (const v1::MappingRow& row : request.rows()) {
        v1::MappingScore* const score = response.add_scores();
        if (row.bounds().k() % 2 == 0) {
          score->set_energy_uj(row.bounds().k());
        } else {
          score->mutable_error()->set_field("bounds.K");
          score->mutable_error()->set_description("is odd");
        }
      }
      return response;
    };
  }
  // Lines 2 to 5: wrong for the daemon, for the client, right, of another length.
  const std::string csv_ = absl::StrCat(kHeader,
                                        "\n1,1,1,1,1,3,1,1,1,16,L1\n1,1,1,1,x,4,1,1,1,16,L1\n"
                                        "1,1,1,1,1,4,1,1,1,16,L1\n1,1\n");
};

TEST_F(BadRowsTest, AreAllToldInTheOrderOfTheFile) {
  EXPECT_EQ(ErrorOf(csv_),
            "oneloop: <stdin>:2: column K: is odd\n"
            "oneloop: <stdin>:3: column C: 'x' is not a whole number from 1 to 2147483647\n"
            "oneloop: <stdin>:5: the row has 2 cells, the header 11, separated by commas\n"
            "oneloop: 3 rows are wrong\n");
}

TEST_F(BadRowsTest, OnlyTheFirstTwentyAreTold) {
  std::string csv = absl::StrCat(kHeader, "\n");
  for (int i = 0; i < 30; ++i) absl::StrAppend(&csv, "1,1,1,1,1,3,1,1,1,16,L1\n");
  const std::vector<std::string> lines = absl::StrSplit(ErrorOf(csv), '\n');
  ASSERT_EQ(lines.size(), 22u);
  EXPECT_EQ(lines[19], "oneloop: <stdin>:21: column K: is odd");
  EXPECT_EQ(lines[20], "oneloop: 30 rows are wrong, of which the first 20 are shown");
}

TEST_F(BadRowsTest, SkipBadLeavesThemOut) {
  client_.input = csv_;
  const auto result = client_.Run({"evaluate", "-", "--template", "tiny", "--skip_bad"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, absl::StrCat(kHeader, ",energy_uj,latency_cycles,area_mm2\n1,1,1,1,1,4,1,1,1,16,L1,4,0,0\n"));
  EXPECT_THAT(result.err, HasSubstr("oneloop: 3 rows are wrong and left out\n"));
}

TEST_F(EvaluateTest, SemicolonsAndTabsAreReadAndWritten) {
  for (const char separator : {';', '\t'}) {
    std::string csv = absl::StrCat(kHeader, "\n3,3,8,8,4,17,1,2,1,16,L1 K17\n");
    std::replace(csv.begin(), csv.end(), ',', separator);
    std::string expected = absl::StrCat(kHeader,
                                        ",energy_uj,latency_cycles,area_mm2\n"
                                        "3,3,8,8,4,17,1,2,1,16,L1 K17,17.1,6,16\n");
    std::replace(expected.begin(), expected.end(), ',', separator);
    const auto result = Evaluate(csv);
    EXPECT_EQ(result.code, ExitCode::kOk) << result.err;
    EXPECT_EQ(result.out, expected);
  }
}

TEST_F(EvaluateTest, RefusesAMissingColumnWithTheNearestName) {
  EXPECT_EQ(ErrorOf("R,S,P,Q,C,K,N,Wstrid,Hstride,pe_dim,mapping\n"),
            "oneloop: <stdin>:1: there is no column 'Wstride'; is 'Wstrid' meant?\n");
  EXPECT_EQ(ErrorOf("R,S,P,Q,C,K,N,Wstride,Hstride,mapping\n"), "oneloop: <stdin>:1: there is no column 'pe_dim'\n");
  EXPECT_EQ(ErrorOf(absl::StrCat(kHeader, ",R\n")), "oneloop: <stdin>:1: there are two columns named 'R'\n");
}

TEST_F(EvaluateTest, RefusesWhatIsNoNumber) {
  const std::string header = absl::StrCat(kHeader, "\n1,1,1,1,1,1,1,1,1,4,m\n");
  EXPECT_EQ(ErrorOf(header + "1,1,1,1,1,2.5,1,1,1,4,m\n"),
            "oneloop: <stdin>:3: column K: '2.5' is not a whole number from 1 to 2147483647\n");
  EXPECT_THAT(ErrorOf(header + "1,1,1,1,1,99999999999,1,1,1,4,m\n"), HasSubstr("column K: '99999999999' is not"));
  EXPECT_THAT(ErrorOf(header + "1,1,1,1,1,,1,1,1,4,m\n"), HasSubstr("column K: '' is not a whole number"));
  EXPECT_THAT(ErrorOf(header + "1,1,1,1,1,1,1,1,1,four,m\n"), HasSubstr(":3: column pe_dim: 'four' is not a number"));
  EXPECT_THAT(ErrorOf(header + "1,1\n"), HasSubstr("<stdin>:3: the row has 2 cells, the header 11"));
}

TEST_F(EvaluateTest, RefusesEmptyAndBinaryInput) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("<stdin>:1: the file is empty"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHeader, "\n1,1,1,1,1,1,1,1,1,4,\xFF\n")), HasSubstr("-:2: not UTF-8 text"));
}

TEST_F(EvaluateTest, OfAHeaderAloneIsAHeaderAlone) {
  const auto result = Evaluate(absl::StrCat(kHeader, "\n"));
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(result.out, absl::StrCat(kHeader, ",energy_uj,latency_cycles,area_mm2\n"));
  EXPECT_TRUE(TakeRequests().empty());
}

TEST_F(EvaluateTest, ReadsFilesAndNamesThem) {
  const std::string path = daemon_.folder() + "/rows.csv";
  std::ofstream(path) << kHeader << "\nx,1,1,1,1,5,1,1,1,4,m\n";
  EXPECT_THAT(client_.Run({"evaluate", path, "--template", "tiny"}).err,
              StartsWith("oneloop: " + path + ":2: column R: 'x'"));
  const auto missing = client_.Run({"evaluate", daemon_.folder() + "/none.csv", "--template", "tiny"});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_THAT(missing.err, HasSubstr("none.csv: cannot be read: No such file or directory"));
  const auto folder = client_.Run({"evaluate", daemon_.folder(), "--template", "tiny"});
  EXPECT_THAT(folder.err, HasSubstr("Is a directory"));
}

TEST_F(EvaluateTest, RefusesUnknownTemplatesAndPredictors) {
  const auto result = Evaluate(absl::StrCat(kHeader, "\n"), "tinny");
  EXPECT_EQ(result.code, ExitCode::kNotFound);
  EXPECT_EQ(result.err, "oneloop: there is no template 'tinny'\n");
  EXPECT_EQ(client_.Run({"evaluate", "-", "--template", "tiny", "--predictor", "magic"}).code, ExitCode::kUsage);
  EXPECT_EQ(client_.Run({"evaluate", "-"}).code, ExitCode::kUsage);
}

}  // namespace
}  // namespace oneloop
