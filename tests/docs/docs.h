#ifndef ONELOOP_TESTS_DOCS_DOCS_H_
#define ONELOOP_TESTS_DOCS_DOCS_H_

#include <string>
#include <vector>

namespace oneloop {

// A piece of a document and where it stands: "docs/MODEL.md:12".
struct DocText {
  std::string place;
  std::string text;
};

// A document that people read, relative to the sources.
struct Doc {
  std::string path;
  std::vector<std::string> lines;
};

// README.md, CONTRIBUTING.md and everything in docs/.
std::vector<Doc> AllDocs();
std::vector<std::string> LinesOf(const std::string& path);

// Lines of fenced blocks, continued ones joined, without prompt, comment and "&".
std::vector<DocText> CommandLines(const Doc& doc);
// What stands between backquotes outside of fenced blocks.
std::vector<DocText> CodeSpans(const Doc& doc);
// Fenced blocks.
struct DocBlock {
  std::string language;  // as behind the fence, "yaml"
  std::string text;
};
std::vector<DocBlock> FencedBlocks(const Doc& doc);
// The targets of links.
std::vector<DocText> Links(const Doc& doc);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_DOCS_DOCS_H_
