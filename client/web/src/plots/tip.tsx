interface TipProps {
  readonly x: number;
  readonly y: number;
  readonly width: number; // of the plot
  readonly lines: readonly string[];
}

// What is said beside the pointer.
export function Tip({ x, y, width, lines }: TipProps): JSX.Element {
  const leftward = x > width / 2;
  return (
    <div className={leftward ? "tip leftward" : "tip"} style={{ left: x, top: y }} role="presentation">
      {lines.map((line, i) => <div key={i} className={i === 0 ? "tip-head" : ""}>{line}</div>)}
    </div>
  );
}
