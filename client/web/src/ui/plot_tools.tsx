import type { PlotSettings } from "../state/url";
import type { Figure } from "../text/figures";
import { Check, Select } from "./select";

interface PlotToolsProps {
  readonly plot: PlotSettings;
  readonly figures: readonly Figure[];
  readonly coloured: boolean; // whether there is a choice of colour
  readonly onChange: (plot: PlotSettings) => void;
}

// Which figures a scatter plot has on its axes and as its colour.
export function PlotTools({ plot, figures, coloured, onChange }: PlotToolsProps): JSX.Element {
  const choices = figures.map(({ key, label }) => ({ value: key, name: label }));
  return (
    <>
      <Select label="x" value={plot.x} choices={choices} onChange={(x) => onChange({ ...plot, x })} />
      <Check label="log" checked={plot.xLog} onChange={(xLog) => onChange({ ...plot, xLog })} />
      <Select label="y" value={plot.y} choices={choices} onChange={(y) => onChange({ ...plot, y })} />
      <Check label="log" checked={plot.yLog} onChange={(yLog) => onChange({ ...plot, yLog })} />
      {coloured && (
        <Select label="colour" value={plot.colour} choices={[{ value: "", name: "none" }, ...choices]}
          onChange={(colour) => onChange({ ...plot, colour })} />
      )}
    </>
  );
}
