import { listWorkers } from "../../api/calls";
import type { WorkerList } from "../../api/types";
import { usePoll } from "../../state/use_poll";
import { counted, groupedNumber, shortDuration, siNumber } from "../../text/numbers";

const kInterval = 5000;

// Who works for the daemon, in a line; each worker of another machine when it is opened. Nothing where there is none.
export function Workers(): JSX.Element | null {
  const { data } = usePoll<WorkerList>("workers", (_, signal) => listWorkers(signal), () => kInterval);
  if (!data || data.workers.length === 0) return null;
  const threads = data.workers.reduce((sum, worker) => sum + worker.threads, 0);
  const leases = data.workers.reduce((sum, worker) => sum + worker.leases, 0);
  const now = Date.now();
  return (
    <details className="panel workers">
      <summary>
        {counted(data.workers.length, "worker")}: {groupedNumber(leases)} of {counted(threads, "thread")} busy
        {data.local_threads > 0 && `; here ${data.local_leases} of ${data.local_threads}`}
        ; {counted(data.waiting_leases, "part")} of jobs waiting
      </summary>
      <div className="scroll" tabIndex={0} role="region" aria-label="Workers">
        <table>
          <thead>
            <tr><th>worker</th><th>host</th><th className="number">busy</th><th className="number">points/s</th>
              <th className="number">last heard</th></tr>
          </thead>
          <tbody>
            {data.workers.map((worker) => (
              <tr key={worker.name}>
                <td>{worker.display_name}</td>
                <td>{worker.host}</td>
                <td className="number">{worker.leases} of {worker.threads}</td>
                <td className="number">{siNumber(worker.points_per_second)}</td>
                <td className="number">
                  {worker.last_heard_time ? shortDuration(Math.max(0, (now - worker.last_heard_time.getTime()) / 1000)) : ""}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
