#include "server/store/store_backup.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"
#include "server/store/store_check.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreBackupTest : public testing::Test {
 protected:
  StoreBackupTest() : store_(OpenStore(directory_.path())), restored_(other_.path() + "/restored") {
    EXPECT_TRUE(store_->CreateJob(TestJob(2)).ok());
    EXPECT_EQ(Append(*store_, TestBatch(1, 0, 0, 400)), absl::OkStatus());
  }

  void ExpectSound(const std::string& directory) {
    const auto report = CheckStore(directory);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_THAT(report->findings, IsEmpty());
  }

  TempDirectory directory_;
  TempDirectory other_;
  std::unique_ptr<RunStore> store_;
  const std::string restored_;
};

TEST_F(StoreBackupTest, HoldsWhatWasThereAndTheStoreGoesOn) {
  const auto backup = BackUpStore(directory_.path(), "monday.db", {});
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(backup->path, directory_.path() + "/backups/monday.db");
  EXPECT_EQ(backup->revision, store_->revision());
  EXPECT_EQ(static_cast<std::uintmax_t>(backup->size_bytes), std::filesystem::file_size(backup->path));
  ASSERT_EQ(Append(*store_, TestBatch(1, 1, 0, 400)), absl::OkStatus());
  ExpectConsistent(*store_, 1);

  ASSERT_EQ(RestoreStore(backup->path, restored_), absl::OkStatus());
  ExpectSound(restored_);
  const auto restored = OpenStore(restored_);
  ExpectConsistent(*restored, 1);
  EXPECT_EQ(restored->GetJob(1)->points, 400);
  EXPECT_EQ(restored->revision(), backup->revision);
}

TEST_F(StoreBackupTest, IsOneStateOfTheStoreHoweverMuchIsWrittenMeanwhile) {
  std::thread writer([this] {
    for (std::int64_t first = 0; first < 4000; first += 20) {
      EXPECT_EQ(Append(*store_, TestBatch(1, 1, first, 20)), absl::OkStatus());
    }
  });
  for (int i = 0; i < 5; ++i) {
    const auto backup = BackUpStore(directory_.path(), "at_work_" + std::to_string(i), {});
    ASSERT_TRUE(backup.ok()) << backup.status();
    const std::string target = restored_ + std::to_string(i);
    ASSERT_EQ(RestoreStore(backup->path, target), absl::OkStatus());
    ExpectSound(target);
  }
  writer.join();
}

TEST_F(StoreBackupTest, IsAFileByItself) {
  const auto backup = BackUpStore(directory_.path(), "alone", {});
  ASSERT_TRUE(backup.ok()) << backup.status();
  const auto connection = SqliteConnection::Open(backup->path, SqliteConnection::Mode::kReadOnly, "");
  auto mode = (*connection)->Prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode->Step().ok());
  EXPECT_EQ(mode->Text(0), "delete");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path() + "/backups")) {
    EXPECT_EQ(entry.path().filename(), "alone");
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_F(StoreBackupTest, NamesThatLeaveTheFolderOrAreTakenAreRefused) {
  for (const char* name : {"", ".", "..", "../oneloop.db", "/tmp/x", "a/b", ".hidden", "a b", "x.partial", "-rf"}) {
    const absl::Status status = BackUpStore(directory_.path(), name, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(FieldOf(status), "name");
  }
  EXPECT_FALSE(BackUpStore(directory_.path(), std::string(101, 'a'), {}).ok());
  ASSERT_TRUE(BackUpStore(directory_.path(), "once", {}).ok());
  EXPECT_EQ(BackUpStore(directory_.path(), "once", {}).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(StoreBackupTest, CancelledOneLeavesNothing) {
  int asked = 0;
  for (int stop_at = 1;; ++stop_at) {
    asked = 0;
    const absl::Status status = BackUpStore(directory_.path(), "b", [&] { return ++asked == stop_at; }).status();
    if (asked < stop_at) {
      EXPECT_EQ(status, absl::OkStatus());
      break;
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path() + "/backups"));
  }
  EXPECT_GT(asked, 2) << "while it copies and while it checks";
}

TEST_F(StoreBackupTest, RemainsOfAKilledOneAreRemoved) {
  const std::string remains = directory_.path() + "/backups/.partial";
  std::filesystem::create_directories(remains);
  for (const char* name : {"/backup.db", "/backup.db-journal"}) std::ofstream(remains + name) << "half of it";
  ASSERT_TRUE(BackUpStore(directory_.path(), "next", {}).ok());
  EXPECT_FALSE(std::filesystem::exists(remains));
}

TEST_F(StoreBackupTest, NameThatLooksLikeALeftoverIsKept) {
  for (const char* name : {"monday.partial.1", "v1.partial-release", "partial"}) {
    ASSERT_TRUE(BackUpStore(directory_.path(), name, {}).ok()) << name;
  }
  const auto next = BackUpStore(directory_.path(), "next", {});
  ASSERT_TRUE(next.ok()) << next.status();
  for (const char* name : {"monday.partial.1", "v1.partial-release", "partial"}) {
    EXPECT_EQ(std::filesystem::file_size(directory_.path() + "/backups/" + name),
              static_cast<std::uintmax_t>(next->size_bytes))
        << name;
  }
}

TEST_F(StoreBackupTest, FilesOfOthersInTheFolderAreKept) {
  const std::string folder = directory_.path() + "/backups";
  std::filesystem::create_directories(folder + "/dir.partial.keep");
  std::ofstream(folder + "/my.partial.notes") << "notes";
  std::ofstream(folder + "/old.partial") << "of another program";
  std::filesystem::create_directories(folder + "/.partial");
  std::ofstream(folder + "/.partial/notes") << "notes";
  ASSERT_TRUE(BackUpStore(directory_.path(), "next", {}).ok());
  for (const char* name : {"/dir.partial.keep", "/my.partial.notes", "/old.partial", "/.partial/notes"}) {
    EXPECT_TRUE(std::filesystem::exists(folder + name)) << name;
  }
}

TEST_F(StoreBackupTest, LinksAreNotFollowed) {
  const std::string folder = directory_.path() + "/backups";
  const std::string elsewhere = other_.path() + "/elsewhere";
  std::filesystem::create_directories(folder);
  std::filesystem::create_directories(elsewhere);
  std::ofstream(elsewhere + "/backup.db") << "of somebody else";
  std::filesystem::create_symlink(other_.path() + "/target", folder + "/taken");
  EXPECT_EQ(BackUpStore(directory_.path(), "taken", {}).status().code(), absl::StatusCode::kAlreadyExists);
  std::filesystem::create_directory_symlink(elsewhere, folder + "/.partial");
  EXPECT_EQ(BackUpStore(directory_.path(), "b", {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::filesystem::file_size(elsewhere + "/backup.db"), 16u);
  std::filesystem::remove(folder + "/.partial");
  std::filesystem::create_directory(folder + "/.partial");
  std::filesystem::create_symlink(elsewhere + "/backup.db", folder + "/.partial/backup.db");
  EXPECT_EQ(BackUpStore(directory_.path(), "b", {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::filesystem::file_size(elsewhere + "/backup.db"), 16u);
  EXPECT_FALSE(std::filesystem::exists(other_.path() + "/target"));
}

TEST_F(StoreBackupTest, FileThatComesToHaveTheNameMeanwhileIsKept) {
  const std::string path = directory_.path() + "/backups/b";
  const absl::Status status = BackUpStore(directory_.path(), "b", [&] {
                                std::ofstream(path) << "of somebody else";
                                return false;
                              }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists) << status;
  EXPECT_EQ(std::filesystem::file_size(path), 16u);
}

TEST_F(StoreBackupTest, RestoreOverwritesNothing) {
  const auto backup = BackUpStore(directory_.path(), "b", {});
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(RestoreStore(backup->path, directory_.path()).code(), absl::StatusCode::kFailedPrecondition) << "in use";
  store_ = nullptr;
  EXPECT_EQ(RestoreStore(backup->path, directory_.path()).code(), absl::StatusCode::kAlreadyExists);
  ExpectSound(directory_.path());

  std::filesystem::create_directory(restored_);
  std::ofstream(restored_ + "/oneloop.db-wal") << "the log of another store";
  EXPECT_EQ(RestoreStore(backup->path, restored_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/oneloop.db"));
}

TEST_F(StoreBackupTest, FilesThatAreNoSoundBackupAreRefused) {
  EXPECT_EQ(RestoreStore(other_.path() + "/missing", restored_).code(), absl::StatusCode::kNotFound);
  const std::string text = other_.path() + "/text";
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_EQ(RestoreStore(text, restored_).code(), absl::StatusCode::kDataLoss);
  const std::string empty = other_.path() + "/empty";
  std::ofstream(empty).flush();
  EXPECT_EQ(RestoreStore(empty, restored_).code(), absl::StatusCode::kFailedPrecondition);

  const auto backup = BackUpStore(directory_.path(), "b", {});
  ASSERT_TRUE(backup.ok()) << backup.status();
  std::fstream file(backup->path, std::ios::binary | std::ios::in | std::ios::out);
  for (std::int64_t offset = std::int64_t{16} * 4096; offset + 100 < backup->size_bytes; offset += 4096) {
    file.seekp(offset);
    file << std::string(100, 'x');
  }
  file.close();
  EXPECT_EQ(RestoreStore(backup->path, restored_).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/oneloop.db"));
  EXPECT_FALSE(std::filesystem::exists(restored_ + "/oneloop.db.partial"));
}

TEST_F(StoreBackupTest, BackupsOfNewerVersionsAreRefused) {
  const auto backup = BackUpStore(directory_.path(), "b", {});
  ASSERT_TRUE(backup.ok()) << backup.status();
  {
    auto connection = SqliteConnection::Open(backup->path, SqliteConnection::Mode::kReadWrite, "");
    ASSERT_EQ((*connection)->Execute("PRAGMA user_version = 99"), absl::OkStatus());
  }
  const absl::Status status = RestoreStore(backup->path, restored_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("version 99"));
}

}  // namespace
}  // namespace oneloop
