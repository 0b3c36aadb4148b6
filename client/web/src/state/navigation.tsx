import type { MouseEvent, ReactNode } from "react";
import { Store, useStore } from "./store";
import { formatRoute, parseRoute, type Route } from "./url";

const route = new Store<Route>(parseRoute(window.location.href));

window.addEventListener("popstate", () => route.set(parseRoute(window.location.href)));

export function useRoute(): Route {
  return useStore(route);
}

// To another view: a step in the browser's history.
export function navigate(to: Route): void {
  window.history.pushState(null, "", formatRoute(to));
  route.set(to);
  window.scrollTo(0, 0);
}

// Another setting of the same view: the address follows, without a step.
export function adjust(to: Route): void {
  window.history.replaceState(null, "", formatRoute(to));
  route.set(to);
}

interface LinkProps {
  readonly to: Route;
  readonly children: ReactNode;
  readonly className?: string;
  readonly current?: boolean;
  readonly title?: string;
}

export function Link({ to, children, className, current, title }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent) => {
    // A new tab or window is the browser's business.
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={formatRoute(to)} onClick={follow} className={className} title={title} aria-current={current ? "page" : undefined}>
      {children}
    </a>
  );
}
