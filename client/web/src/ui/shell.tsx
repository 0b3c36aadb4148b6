import type { ReactNode } from "react";
import { Link } from "../state/navigation";
import { connection, logOut, server } from "../state/session";
import { useStore } from "../state/store";
import { setTheme, theme, type Theme } from "../state/theme";
import { compareRoute, kDefaultJobs, type Route } from "../state/url";
import { Toast } from "./toast";

// Of the libraries in the bundle; its name has a hash, which the document knows.
const kLicences = document.querySelector("link[rel=license]")?.getAttribute("href");

// What is around every view.
export function Shell({ route, children }: { readonly route: Route; readonly children: ReactNode }): JSX.Element {
  const info = useStore(server);
  const state = useStore(connection);
  const chosen = useStore(theme);
  const away = () => void logOut().catch(() => undefined);
  return (
    <>
      <a className="skip" href="#main">Skip to the content</a>
      <header className="top">
        <Link to={kDefaultJobs} className="brand"><Logo />OneLoop</Link>
        <nav aria-label="Views">
          <Link to={kDefaultJobs} current={route.view === "jobs"}>Jobs</Link>
          <Link to={compareRoute([])} current={route.view === "compare"}>Compare</Link>
          <Link to={{ view: "submit", from: "" }} current={route.view === "submit"}>Submit</Link>
        </nav>
        <span className="top-right">
          <span className={`connection ${state.replace(" ", "-")}`} role="status">{state}</span>
          {info && <span className="user">{info.user}<span className="scope"> {info.scope}</span></span>}
          <select aria-label="Colours of the page" value={chosen} onChange={(event) => setTheme(event.target.value as Theme)}>
            <option value="auto">auto</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
          {info && <button className="quiet" onClick={away}>Log out</button>}
        </span>
      </header>
      {state === "disconnected" && (
        <div className="banner" role="alert">
          The daemon does not answer. What is shown is from before; the page goes on by itself once the daemon is back.
        </div>
      )}
      <main id="main" tabIndex={-1}>{children}</main>
      <footer className="bottom">
        {info && <span>oneloopd {info.version}</span>}
        <a href="/v1/openapi.json">HTTP API</a>
        {kLicences && <a href={kLicences}>Licences</a>}
      </footer>
      <Toast />
    </>
  );
}

function Logo(): JSX.Element {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
      <rect x="2" y="2" width="28" height="28" rx="7" className="logo-ground" />
      <circle cx="16" cy="16" r="8" className="logo-loop" />
      <circle cx="24" cy="16" r="3" className="logo-dot" />
    </svg>
  );
}
