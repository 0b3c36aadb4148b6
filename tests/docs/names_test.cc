// Whatever file, folder, test and program the documents name is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/docs/docs.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

bool Exists(const std::string& path) { return fs::exists(SourceDir() + "/" + path); }

// All files of the project, by their names without folders.
const std::multimap<std::string, std::string>& Files() {
  static const auto* const kFiles = [] {
    auto* files = new std::multimap<std::string, std::string>;
    for (const char* folder : {"client", "cmake", "common", "data", "deploy", "proto", "server", "tests", "tools"}) {
      for (const auto& entry : fs::recursive_directory_iterator(SourceDir() + "/" + folder)) {
        if (!entry.is_regular_file()) continue;
        files->emplace(entry.path().filename().string(), fs::relative(entry.path(), SourceDir()).string());
      }
    }
    return files;
  }();
  return *kFiles;
}

// As a heading is linked to.
std::string AnchorOf(const std::string& heading) {
  std::string anchor;
  for (const char c : heading.substr(heading.find_first_not_of("# "))) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

TEST(DocsTest, LinksLeadToFilesAndHeadings) {
  int links = 0;
  for (const Doc& doc : AllDocs()) {
    for (const DocText& link : Links(doc)) {
      if (link.text.starts_with("http")) continue;
      ++links;
      const std::string file = link.text.substr(0, link.text.find('#'));
      const fs::path path = file.empty() ? fs::path(doc.path) : fs::path(doc.path).parent_path() / file;
      EXPECT_TRUE(Exists(path.string())) << link.place << ": " << link.text;
      if (link.text.find('#') == std::string::npos) continue;
      const std::string anchor = link.text.substr(link.text.find('#') + 1);
      const std::vector<std::string> lines = LinesOf(path.string());
      EXPECT_TRUE(
          std::any_of(lines.begin(), lines.end(),
                      [&](const std::string& line) { return line.starts_with("#") && AnchorOf(line) == anchor; }))
          << link.place << ": " << link.text;
    }
  }
  EXPECT_GT(links, 30);
}

TEST(DocsTest, PathsThatTheyNameExist) {
  const std::regex path(
      "(\\./)?(\\.ci|client|cmake|common|data|deploy|docs|proto|server|tests|tools)/[A-Za-z0-9_./-]*");
  const std::regex file("[a-z][a-z0-9_]*\\.(h|cc|py|proto|cmake)");
  int seen = 0;
  for (const Doc& doc : AllDocs()) {
    for (const DocText& span : CodeSpans(doc)) {
      // "tools/check --all lint" names a path, too.
      const std::string word = span.text.substr(0, span.text.find(' '));
      const bool is_path = std::regex_match(word, path);
      if (!is_path && !std::regex_match(word, file)) continue;
      ++seen;
      EXPECT_TRUE(is_path ? Exists(word) || Exists(word + ".cc") : Files().contains(word))
          << span.place << ": " << span.text;
    }
  }
  EXPECT_GT(seen, 60);
}

TEST(DocsTest, TestsThatTheyNameExist) {
  const std::regex target("[a-z][a-z0-9_]*_test");
  const std::regex one_test("([A-Z]\\w*Test)\\.(\\w+)");
  std::set<std::string> targets;
  std::string sources;
  for (const auto& [name, path] : Files()) {
    if (!path.starts_with("tests/") || !name.ends_with(".cc")) continue;
    // Its own name, and that of its target: tests/common/mapping/x_test.cc is common_mapping_x_test.
    targets.insert(name.substr(0, name.size() - 3));
    std::string whole = path.substr(6, path.size() - 9);
    std::replace(whole.begin(), whole.end(), '/', '_');
    targets.insert(whole);
    for (const std::string& line : LinesOf(path)) {
      if (line.starts_with("TEST")) absl::StrAppend(&sources, line, "\n");
    }
  }
  int seen = 0;
  for (const Doc& doc : AllDocs()) {
    for (const DocText& span : CodeSpans(doc)) {
      std::smatch match;
      const std::string word = span.text.substr(span.text.rfind('/') + 1);
      if (std::regex_match(word, target)) {
        ++seen;
        EXPECT_TRUE(targets.contains(word)) << span.place << ": " << span.text;
      } else if (std::regex_match(span.text, match, one_test)) {
        ++seen;
        EXPECT_NE(sources.find(absl::StrCat("(", match[1].str(), ", ", match[2].str(), ")")), std::string::npos)
            << span.place << ": " << span.text;
      }
    }
  }
  EXPECT_GT(seen, 40);
}

TEST(DocsTest, ProgramsThatTheyRunExist) {
  // `latency_gain gemmini_default_tiler.csv 5`: a word with "_" and arguments behind it.
  const std::regex program("([a-z][a-z0-9]*(_[a-z0-9]+)+) [^=<>≤]+");
  int seen = 0;
  for (const Doc& doc : AllDocs()) {
    for (const DocText& span : CodeSpans(doc)) {
      std::smatch match;
      if (!std::regex_match(span.text, match, program)) continue;
      ++seen;
      EXPECT_TRUE(Files().contains(match[1].str() + ".cc") || Exists("tools/" + match[1].str()))
          << span.place << ": " << span.text;
    }
  }
  EXPECT_GT(seen, 3);
}

}  // namespace
}  // namespace oneloop
