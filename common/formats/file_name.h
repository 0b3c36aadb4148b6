#ifndef ONELOOP_COMMON_FORMATS_FILE_NAME_H_
#define ONELOOP_COMMON_FORMATS_FILE_NAME_H_

#include <string>

namespace oneloop {

// "model.onnx" of "/a/b/model.onnx".
std::string FileName(const std::string& path);

// A valid name of a workload made from that of its file: "my-model_v2" of "/a/b/My-Model v2.onnx".
std::string WorkloadNameOf(const std::string& path);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_FILE_NAME_H_
