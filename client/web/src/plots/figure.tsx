import { useState, type ReactNode } from "react";

export interface TableData {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface FigureProps {
  readonly title: string;
  readonly summary: string; // what the plot shows, in a sentence or two
  readonly table: () => TableData; // the same as numbers; asked for when somebody opens it
  readonly tools?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

const kMostRows = 500;

// A plot with its title, what it says in words, and its data as a table.
export function Figure({ title, summary, table, tools, children, className = "" }: FigureProps): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <section className={`panel figure ${className}`} aria-label={title}>
      <header className="panel-head">
        <h2>{title}</h2>
        {tools && <div className="tools">{tools}</div>}
      </header>
      {children}
      <p className="summary">{summary}</p>
      <details className="data-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Data as a table</summary>
        {open && <Table data={table()} label={title} />}
      </details>
    </section>
  );
}

function Table({ data, label }: { readonly data: TableData; readonly label: string }): JSX.Element {
  const shown = data.rows.slice(0, kMostRows);
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`${label}: data`}>
      <table>
        <thead><tr>{data.header.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {shown.map((row, i) => <tr key={i}>{row.map((cell, k) => <td key={k} className="number">{cell}</td>)}</tr>)}
        </tbody>
      </table>
      {shown.length < data.rows.length && <p className="hint">The first {shown.length} of {data.rows.length} rows.</p>}
    </div>
  );
}
