import type { ReactNode } from "react";
import { ApiError } from "../api/http";

export function Loading({ what }: { readonly what: string }): JSX.Element {
  return <div className="state" role="status"><span className="spinner" aria-hidden="true" />Loading {what}…</div>;
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): JSX.Element {
  return <div className="state"><strong>{title}</strong>{children && <p>{children}</p>}</div>;
}

interface ErrorStateProps {
  readonly error: ApiError;
  readonly what: string; // what could not be had
  readonly onRetry?: () => void;
}

export function ErrorState({ error, what, onRetry }: ErrorStateProps): JSX.Element {
  return (
    <div className="state bad" role="alert">
      <strong>{error.status === 404 ? `There is no such ${what}` : `The ${what} could not be loaded`}</strong>
      <p>{error.message}</p>
      {error.passing ? <p className="hint">Trying again by itself.</p> : onRetry && <button onClick={onRetry}>Try again</button>}
    </div>
  );
}

// What a view shows while it has no data.
export function Pending({ error, what, onRetry }: { readonly error: ApiError | undefined } & Omit<ErrorStateProps, "error">): JSX.Element {
  return error ? <ErrorState error={error} what={what} {...(onRetry ? { onRetry } : {})} /> : <Loading what={what} />;
}
