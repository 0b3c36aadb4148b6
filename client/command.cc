#include "client/command.h"

namespace oneloop {

CommandList AllCommands() {
  CommandList commands;
  commands.push_back(MakeSubmitCommand());
  commands.push_back(MakeJobsCommand());
  commands.push_back(MakeGetCommand());
  commands.push_back(MakeWatchCommand());
  commands.push_back(MakeCancelCommand());
  commands.push_back(MakePauseCommand());
  commands.push_back(MakeResumeCommand());
  commands.push_back(MakeUpdateCommand());
  commands.push_back(MakeDeleteCommand());
  commands.push_back(MakeUndeleteCommand());
  commands.push_back(MakeParetoCommand());
  commands.push_back(MakePointsCommand());
  commands.push_back(MakeDesignCommand());
  commands.push_back(MakeExplainCommand());
  commands.push_back(MakeExportCommand());
  commands.push_back(MakeEvaluateCommand());
  commands.push_back(MakeCalibrateCommand());
  commands.push_back(MakeCalibrationsCommand());
  commands.push_back(MakeBenchCommand());
  commands.push_back(MakeSweepCommand());
  commands.push_back(MakeSweepsCommand());
  commands.push_back(MakeCompareCommand());
  commands.push_back(MakeWorkloadsCommand());
  commands.push_back(MakeTemplatesCommand());
  commands.push_back(MakeWorkersCommand());
  commands.push_back(MakeAdminCommand());
  commands.push_back(MakeDoctorCommand());
  commands.push_back(MakeHelpCommand());
  commands.push_back(MakeVersionCommand());
  return commands;
}

}  // namespace oneloop
