#include "tests/docs/docs.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

bool IsFence(const std::string& line) { return line.starts_with("```"); }

// Calls `use` with the place and the text of each line outside of fenced blocks.
template <class Use>
void ForProse(const Doc& doc, Use use) {
  bool fenced = false;
  for (std::size_t i = 0; i < doc.lines.size(); ++i) {
    if (IsFence(doc.lines[i])) {
      fenced = !fenced;
    } else if (!fenced) {
      use(absl::StrCat(doc.path, ":", i + 1), doc.lines[i]);
    }
  }
}

// The first group of each match.
void AddMatches(const std::string& place, const std::string& line, const std::regex& pattern,
                std::vector<DocText>* found) {
  for (std::sregex_iterator match(line.begin(), line.end(), pattern), end; match != end; ++match) {
    found->push_back({place, (*match)[1].str()});
  }
}

std::string WithoutComment(std::string line) {
  if (line.starts_with("$ ")) line.erase(0, 2);
  if (const std::size_t comment = line.find(" #"); comment != std::string::npos) line.resize(comment);
  absl::StripAsciiWhitespace(&line);
  if (line.ends_with(" &")) line.resize(line.size() - 2);
  absl::StripAsciiWhitespace(&line);
  return line;
}

}  // namespace

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(SourceDir() + "/" + path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<Doc> AllDocs() {
  std::vector<std::string> paths = {"README.md", "CONTRIBUTING.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(SourceDir() + "/docs")) {
    if (entry.path().extension() != ".md") continue;
    paths.push_back(std::filesystem::relative(entry.path(), SourceDir()).string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Doc> docs;
  docs.reserve(paths.size());
  for (const std::string& path : paths) docs.push_back({path, LinesOf(path)});
  return docs;
}

std::vector<DocBlock> FencedBlocks(const Doc& doc) {
  std::vector<DocBlock> blocks;
  bool inside = false;
  for (const std::string& line : doc.lines) {
    if (IsFence(line)) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(std::string("```").size()), ""});
    } else if (inside) {
      absl::StrAppend(&blocks.back().text, line, "\n");
    }
  }
  return blocks;
}

std::vector<DocText> CommandLines(const Doc& doc) {
  std::vector<DocText> commands;
  bool fenced = false;
  bool continued = false;
  for (std::size_t i = 0; i < doc.lines.size(); ++i) {
    if (IsFence(doc.lines[i])) {
      fenced = !fenced;
      continue;
    }
    if (!fenced) continue;
    std::string line = WithoutComment(doc.lines[i]);
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line.pop_back();
    if (continued) {
      absl::StrAppend(&commands.back().text, " ", line);
    } else {
      commands.push_back({absl::StrCat(doc.path, ":", i + 1), line});
    }
    continued = goes_on;
  }
  return commands;
}

std::vector<DocText> CodeSpans(const Doc& doc) {
  static const auto* const kSpan = new std::regex("`([^`]+)`");
  std::vector<DocText> spans;
  ForProse(doc, [&](const std::string& place, const std::string& line) { AddMatches(place, line, *kSpan, &spans); });
  return spans;
}

std::vector<DocText> Links(const Doc& doc) {
  static const auto* const kLink = new std::regex("\\]\\(([^)]+)\\)");
  std::vector<DocText> links;
  ForProse(doc, [&](const std::string& place, const std::string& line) { AddMatches(place, line, *kLink, &links); });
  return links;
}

}  // namespace oneloop
