import { useMemo } from "react";
import type { Design, Explanation, Template } from "../../api/types";
import { nestLines, parseMapping } from "../../text/mapping";
import { percent, shortNumber } from "../../text/numbers";
import { paddingText } from "./padding";

interface LayersPanelProps {
  readonly design: Design;
  readonly explanation: Explanation;
  readonly selected: number;
  readonly onLayer: (layer: number) => void;
}

// One row a layer: what it takes and what bounds it.
export function LayersPanel({ design, explanation, selected, onLayer }: LayersPanelProps): JSX.Element {
  const several = design.networks.length > 0;
  const padded = design.padding_share > 0;
  return (
    <section className="panel wide flush" aria-label="Layers">
      <header className="panel-head"><h2>Layers</h2><span className="hint">energy and latency of one occurrence</span></header>
      <div className="scroll tall" tabIndex={0} role="region" aria-label="Layers">
        <table className="layers">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              {several && <th scope="col">Network</th>}
              {["Count", "Energy (µJ)", "Of the run", "Latency (cycles)", "Of the run"].map((name, i) => <th key={i} scope="col" className="number">{name}</th>)}
              <th scope="col">Bound by</th>
              <th scope="col">Next</th>
              <th scope="col" className="number">Utilisation</th>
              <th scope="col" className="number">Units in use</th>
              <th scope="col" className="number" title="multiply-accumulate units that do nothing, by step">Idle</th>
              {padded && <th scope="col" title="what factors that divide would have needed">Padding</th>}
            </tr>
          </thead>
          <tbody>
            {design.layers.map((layer, i) => {
              const why = explanation.layers[i];
              return (
                <tr key={i} className={i === selected ? "selected" : ""}>
                  <th scope="row"><button className="link" aria-pressed={i === selected} onClick={() => onLayer(i)}>{layer.name}</button></th>
                  {several && <td>{layer.network}</td>}
                  <td className="number">{layer.count}</td>
                  <td className="number">{shortNumber(layer.energy_uj)}</td>
                  <td className="number"><ShareBar share={why?.energy_share ?? 0} /></td>
                  <td className="number">{shortNumber(layer.latency_cycles)}</td>
                  <td className="number"><ShareBar share={why?.latency_share ?? 0} /></td>
                  <td>{why?.bound_by || "-"}</td>
                  <td className="faint">{why?.next ? `${why.next} at ${percent(why.next_cycles / why.bound_cycles)}` : "-"}</td>
                  <td className="number">{percent(why?.utilisation)}</td>
                  <td className="number">{percent(why?.units_in_use)}</td>
                  <td className="number">{percent(layer.idle_share)}</td>
                  {padded && <td>{paddingText(layer.padding) || "-"}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ShareBar({ share }: { readonly share: number }): JSX.Element {
  return <span className="share"><span className="share-bar" aria-hidden="true"><span style={{ width: `${100 * Math.min(1, share)}%` }} /></span>{percent(share)}</span>;
}

interface NestPanelProps {
  readonly design: Design;
  readonly template: Template;
  readonly selected: number;
}

// The loops of one layer as one reads a program.
export function NestPanel({ design, template, selected }: NestPanelProps): JSX.Element | null {
  const layer = design.layers[selected] ?? design.layers[0];
  const lines = useMemo(() => {
    const levels = layer && parseMapping(layer.mapping);
    return levels && nestLines(levels, template.levels.map(({ name }) => name));
  }, [layer, template]);
  if (!layer) return null;
  return (
    <section className="panel" aria-label="Loop nest">
      <header className="panel-head"><h2>Loop nest</h2><span className="faint">{layer.name}</span></header>
      <p className="hint">
        {["N", "G", "C", "K", "P", "Q", "R", "S"].filter((dim) => (layer.bounds[dim] ?? 1) > 1).map((dim) => `${dim} ${layer.bounds[dim]}`).join(", ")}
      </p>
      <pre className="nest" tabIndex={0}>
        {lines ? lines.map((line, i) => <span key={i} className={line.kind}>{"  ".repeat(line.depth)}{line.text}{"\n"}</span>) : layer.mapping}
      </pre>
    </section>
  );
}
