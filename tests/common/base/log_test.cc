#include "common/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace oneloop {
namespace {

const absl::Time kTime = absl::FromUnixMillis(1769860800123);

std::string Text(std::string_view text, std::initializer_list<LogField> fields = {}) {
  return LogLine(LogFormat::kText, kTime, LogLevel::kInfo, text, fields);
}
std::string Json(std::string_view text, std::initializer_list<LogField> fields = {}) {
  return LogLine(LogFormat::kJson, kTime, LogLevel::kWarning, text, fields);
}
// What stands between the message's quotes.
std::string JsonMessage(std::string_view text) {
  const std::string line = Json(text);
  const std::string before = "\"message\":\"";
  const std::size_t begin = line.find(before) + before.size();
  return line.substr(begin, line.size() - begin - std::string("\"}\n").size());
}

TEST(LogTest, TextLineHasTimeLevelTextAndFields) {
  EXPECT_EQ(Text("stopping"), "2026-01-31T12:00:00.123Z INFO stopping\n");
  EXPECT_EQ(Text("call", {{"code", "OK"}, {"duration_ms", "1.5", true}, {"user", ""}, {"text", "a =\"b\""}}),
            "2026-01-31T12:00:00.123Z INFO call code=OK duration_ms=1.5 user=\"\" text=\"a =\\\"b\\\"\"\n");
}

TEST(LogTest, JsonLineHasTimeLevelMessageAndFields) {
  EXPECT_EQ(Json("call", {{"code", "OK"}, {"duration_ms", "1.5", true}}),
            "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"WARNING\",\"message\":\"call\",\"code\":\"OK\","
            "\"duration_ms\":1.5}\n");
  EXPECT_EQ(JsonMessage(R"(a "quoted" \ path)"), R"(a \"quoted\" \\ path)");
}

TEST(LogTest, NoTextForgesALineOrSteersATerminal) {
  for (const std::string& attack : {std::string("a\n2026-01-31T12:00:00.123Z INFO forged"), std::string("a\r\nforged"),
                                    std::string("\x1b[2Jgone"), std::string("nul\0byte", 8),
                                    std::string("\xc2\x9b"
                                                "31m"),
                                    std::string("\xe2\x80\xae"
                                                "desrever"),
                                    std::string("\xe2\x80\xa8line"), std::string("\x7f")}) {
    for (const std::string& line :
         {Text(attack), Json(attack), Text("x", {{"user", attack}}), Json("x", {{"user", attack}})}) {
      EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
      for (const char c : line.substr(0, line.size() - 1)) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
      for (const char* bytes : {"\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\xa8"}) {
        EXPECT_EQ(line.find(bytes), std::string::npos) << line;
      }
    }
  }
  EXPECT_EQ(JsonMessage("x\",\"level\":\"ERROR"), R"(x\",\"level\":\"ERROR)");
  EXPECT_EQ(JsonMessage("tab\t"), R"(tab\u0009)");
}

TEST(LogTest, CharactersThatAreNotSeenAreWrittenOut) {
  EXPECT_EQ(JsonMessage("al\xe2\x80\x8bice"), R"(al\u200bice)");
  EXPECT_EQ(JsonMessage("tag\xf3\xa0\x80\x81"), R"(tag\udb40\udc01)");
  EXPECT_EQ(Text("tag\xf3\xa0\x80\x81"), "2026-01-31T12:00:00.123Z INFO tag\\U000e0001\n");
}

TEST(LogTest, OtherLanguagesStayReadable) {
  const std::string text =
      "Gr\xc3\xb6\xc3\x9f"
      "e \xe6\xb8\xac\xf0\x9f\x98\x80";
  EXPECT_EQ(JsonMessage(text), text);
  EXPECT_THAT(Text(text), ::testing::HasSubstr(text));
}

TEST(LogTest, BytesThatAreNoUtf8AreReplaced) {
  for (const char* bytes : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const std::string message = JsonMessage(bytes);
    EXPECT_EQ(message.substr(0, 6), "\\ufffd") << message;
    for (const char c : message) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << message;
  }
  EXPECT_EQ(Text("\xff"), "2026-01-31T12:00:00.123Z INFO \\xff\n");
}

TEST(LogTest, NamesAreCutAtABound) {
  const std::string long_name(15 << 20, '\x01');
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = LogLine(format, kTime, LogLevel::kInfo, long_name, {{"user", long_name}});
    EXPECT_LT(line.size(), 10000u);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    EXPECT_THAT(line, ::testing::HasSubstr("... (15728640 bytes)"));
  }
  const std::string fits(kMostLogTextBytes, 'x');
  EXPECT_EQ(JsonMessage(fits), fits);
}

TEST(LogTest, LevelsBelowTheChosenAreDropped) {
  testing::internal::CaptureStderr();
  SetLogLevel(LogLevel::kWarning);
  Log(LogLevel::kInfo, "quiet");
  Log(LogLevel::kWarning, "loud");
  SetLogFormat(LogFormat::kJson);
  Log(LogLevel::kError, "structured");
  SetLogFormat(LogFormat::kText);
  SetLogLevel(LogLevel::kInfo);
  const std::string written = testing::internal::GetCapturedStderr();
  EXPECT_EQ(written.find("quiet"), std::string::npos);
  EXPECT_THAT(written, ::testing::HasSubstr("WARNING loud\n"));
  EXPECT_THAT(written, ::testing::HasSubstr("\"message\":\"structured\"}\n"));
}

}  // namespace
}  // namespace oneloop
