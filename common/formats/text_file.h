#ifndef ONELOOP_COMMON_FORMATS_TEXT_FILE_H_
#define ONELOOP_COMMON_FORMATS_TEXT_FILE_H_

#include <string>
#include <vector>

namespace oneloop {

// A file to be written, by its name in some folder.
struct TextFile {
  std::string name;
  std::string text;
};

// What an export makes: files, and what the reader should know of them, a sentence each.
struct ExportedFiles {
  std::vector<TextFile> files;
  std::vector<std::string> warnings;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TEXT_FILE_H_
