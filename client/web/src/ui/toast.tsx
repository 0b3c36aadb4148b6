import { Store, useStore } from "../state/store";

export interface Notice {
  readonly text: string;
  readonly bad: boolean;
  readonly action?: { readonly name: string; readonly run: () => void };
}

const notice = new Store<Notice | undefined>(undefined);
let timer: ReturnType<typeof setTimeout> | undefined;

const kShown = 12_000; // ms: long enough to reach a way back

export function notify(what: Notice): void {
  clearTimeout(timer);
  notice.set(what);
  timer = setTimeout(() => notice.set(undefined), kShown);
}

export function Toast(): JSX.Element {
  const shown = useStore(notice);
  return (
    <div className="toast-place" role="status" aria-live="polite">
      {shown && (
        <div className={shown.bad ? "toast bad" : "toast"}>
          <span>{shown.text}</span>
          {shown.action && (
            <button onClick={() => { notice.set(undefined); shown.action?.run(); }}>{shown.action.name}</button>
          )}
          <button className="quiet" aria-label="Close the notice" onClick={() => notice.set(undefined)}>✕</button>
        </div>
      )}
    </div>
  );
}
