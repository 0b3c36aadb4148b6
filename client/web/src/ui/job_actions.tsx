import { useState } from "react";
import { changeJob, type JobAction } from "../api/calls";
import { ApiError } from "../api/http";
import type { Job, ServerInfo } from "../api/types";
import { server } from "../state/session";
import { useStore } from "../state/store";
import { notify } from "./toast";

const kNames: Readonly<Record<JobAction, string>> = {
  pause: "Pause", resume: "Resume", cancel: "Cancel", undelete: "Undelete", delete: "Delete",
};
const kDone: Readonly<Record<JobAction, string>> = {
  pause: "is paused", resume: "goes on", cancel: "is cancelled", undelete: "is back", delete: "is deleted",
};

// What can be done to a job in its state, most usual first.
export function actionsOf(job: Job): readonly JobAction[] {
  if (job.delete_time) return ["undelete"];
  switch (job.state) {
    case "PENDING": case "RUNNING": return ["pause", "cancel"];
    case "PAUSED": return ["resume", "cancel"];
    default: return ["delete"];
  }
}

function mayChange(info: ServerInfo | undefined, job: Job): boolean {
  return info?.scope === "admin" || (info?.scope === "user" && (job.owner === "" || job.owner === info.user));
}

interface JobActionsProps {
  readonly job: Job;
  readonly onChange: () => void;
  readonly small?: boolean;
}

export function JobActions({ job, onChange, small = false }: JobActionsProps): JSX.Element | null {
  const info = useStore(server);
  const [busy, setBusy] = useState(false);
  const act = async (action: JobAction) => {
    setBusy(true);
    try {
      await changeJob(job.name, action);
      const undo = action === "delete" ? { action: { name: "Undo", run: () => void act("undelete") } } : {};
      notify({ text: `Job ${job.id} ${kDone[action]}.`, bad: false, ...undo });
      onChange();
    } catch (cause) {
      notify({ text: cause instanceof ApiError ? cause.message : String(cause), bad: true });
    } finally {
      setBusy(false);
    }
  };
  if (!mayChange(info, job)) return null;
  return (
    <span className={small ? "actions small" : "actions"}>
      {actionsOf(job).map((action) => (
        <button key={action} disabled={busy} onClick={() => void act(action)} aria-label={`${kNames[action]} job ${job.id}`}>
          {kNames[action]}
        </button>
      ))}
    </span>
  );
}
