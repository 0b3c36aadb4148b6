import { useEffect } from "react";
import { useRoute, Link } from "./state/navigation";
import { askServer, connection, noteError, server } from "./state/session";
import { useStore } from "./state/store";
import { kDefaultJobs, type Route } from "./state/url";
import { Loop } from "./api/loop";
import { Empty, Loading } from "./ui/states";
import { Shell } from "./ui/shell";
import { LoginView } from "./views/login";
import { JobsView } from "./views/jobs/jobs_view";
import { SubmitView } from "./views/submit/submit_view";
import { JobView } from "./views/job/job_view";
import { DesignView } from "./views/design/design_view";
import { CompareView } from "./views/compare/compare_view";

// How often a page looks whether its daemon is still there when no view asks it anything.
const kHeartbeat = 10_000;

function titleOf(route: Route): string {
  switch (route.view) {
    case "jobs": return "Jobs";
    case "submit": return "Submit a job";
    case "job": return `Job ${route.job}`;
    case "design": return `Design ${route.point} of job ${route.job}`;
    case "compare": return "Compare";
    case "unknown": return "No such page";
  }
}

export function App(): JSX.Element {
  const route = useRoute();
  const state = useStore(connection);
  const info = useStore(server);

  // Also while logged out: another tab may have logged in.
  useEffect(() => {
    const loop = new Loop(askServer, { interval: () => kHeartbeat, onError: noteError });
    return () => loop.stop();
  }, []);

  const title = titleOf(route);
  useEffect(() => {
    document.title = `${title} – OneLoop`;
  }, [title]);

  return <Shell route={route}>{state === "logged out" ? <LoginView /> : info ? <View route={route} /> : <Loading what="the page" />}</Shell>;
}

function View({ route }: { readonly route: Route }): JSX.Element {
  switch (route.view) {
    case "jobs": return <JobsView route={route} />;
    case "submit": return <SubmitView key={route.from} route={route} />;
    case "job": return <JobView key={`${route.project}/${route.job}`} route={route} />;
    case "design": return <DesignView key={`${route.project}/${route.job}/${route.point}`} route={route} />;
    case "compare": return <CompareView route={route} />;
    case "unknown": return <Empty title="There is no such page"><Link to={kDefaultJobs}>All jobs</Link></Empty>;
  }
}
