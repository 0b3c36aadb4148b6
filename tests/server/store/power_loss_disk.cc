#include "tests/server/store/power_loss_disk.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <utility>

#include "common/base/random.h"

namespace oneloop {
namespace {

constexpr std::size_t kSector = 512;

std::string NameOf(const std::string& path) { return std::filesystem::path(path).filename().string(); }

}  // namespace

void WriteImage(const DiskImage& image, const std::string& folder) {
  for (const auto& [name, content] : image) {
    std::ofstream(std::filesystem::path(folder) / name, std::ios::binary | std::ios::trunc) << content;
  }
}

PowerLossDisk::PowerLossDisk(const Options& options, std::function<void()> on_operation)
    : options_(options), on_operation_(std::move(on_operation)) {
  layer_ = std::make_unique<VfsLayer>(options_.name, /*is_default=*/false, [this](const VfsOperation& operation) {
    if (operation.path.empty()) return 0;
    Record(operation);
    on_operation_();
    Sync(operation);
    return 0;
  });
}

void PowerLossDisk::Apply(const Change& change, std::string& content) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (!change.data) {
    content.resize(offset);
    return;
  }
  content.resize(std::max(content.size(), offset + change.data->size()));
  content.replace(offset, change.data->size(), *change.data);
}

void PowerLossDisk::Record(const VfsOperation& operation) {
  const std::string name = NameOf(operation.path);
  MutexLock lock(&mutex_);
  switch (operation.kind) {
    case VfsOperation::Kind::kOpen:
      if (!operation.creates || names_.contains(name)) return;
      name_changes_.push_back({name, names_[name] = std::make_shared<Node>()});
      return;
    case VfsOperation::Kind::kDelete:
      if (names_.erase(name) != 0) name_changes_.push_back({name, nullptr});
      return;
    case VfsOperation::Kind::kWrite:
      names_.at(name)->changes.push_back({std::string(operation.data), operation.offset});
      return;
    case VfsOperation::Kind::kTruncate:
      names_.at(name)->changes.push_back({std::nullopt, operation.offset});
      return;
    case VfsOperation::Kind::kSync:
      return;
  }
}

void PowerLossDisk::Sync(const VfsOperation& operation) {
  if (options_.ignores_syncs) return;
  MutexLock lock(&mutex_);
  if (operation.kind == VfsOperation::Kind::kSync) {
    Node& node = *names_.at(NameOf(operation.path));
    for (const Change& change : node.changes) Apply(change, node.synced);
    node.changes.clear();
  }
  if (operation.syncs_folder) SyncFolder();
}

void PowerLossDisk::SyncFolder() {
  synced_names_ = names_;
  name_changes_.clear();
}

DiskImage PowerLossDisk::Promised() const {
  MutexLock lock(&mutex_);
  DiskImage image;
  for (const auto& [name, node] : synced_names_) image[name] = node->synced;
  return image;
}

DiskImage PowerLossDisk::WithLuck(std::uint64_t seed) const {
  Random random(seed);
  const double survives = random.Uniform();
  const bool in_order = random.Below(2) == 0;
  MutexLock lock(&mutex_);
  Names names = synced_names_;
  for (const NameChange& change : name_changes_) {
    if (random.Uniform() >= survives) continue;
    if (change.node != nullptr) {
      names[change.name] = change.node;
    } else {
      names.erase(change.name);
    }
  }
  DiskImage image;
  for (const auto& [name, node] : names) {
    std::vector<Change> lucky;
    for (const Change& change : node->changes) {
      if (!change.data) {
        if (random.Uniform() < survives) lucky.push_back(change);
        continue;
      }
      for (std::size_t begin = 0; begin < change.data->size(); begin += kSector) {
        if (random.Uniform() >= survives) continue;
        lucky.push_back({change.data->substr(begin, kSector), change.offset + static_cast<std::int64_t>(begin)});
      }
    }
    for (std::size_t i = lucky.size(); !in_order && i > 1; --i) std::swap(lucky[i - 1], lucky[random.Below(i)]);
    std::string& content = image[name] = node->synced;
    for (const Change& change : lucky) Apply(change, content);
  }
  return image;
}

}  // namespace oneloop
