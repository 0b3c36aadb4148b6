import { scaleOf, ticksOf, type Domain } from "./scales";

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number; // margins
  readonly top: number;
  readonly bottom: number;
}

export function frameOf(width: number, height: number): Frame {
  return { width, height, left: 56, right: 14, top: 10, bottom: 40 };
}

interface AxesProps {
  readonly frame: Frame;
  readonly x: Domain;
  readonly y: Domain;
  readonly xTitle: string;
  readonly yTitle: string;
}

// Grid, ticks and titles of a plot with two axes.
export function Axes({ frame, x, y, xTitle, yTitle }: AxesProps): JSX.Element {
  const { width, height, left, right, top, bottom } = frame;
  const xScale = scaleOf(x, left, width - right);
  const yScale = scaleOf(y, height - bottom, top);
  const xTicks = ticksOf(x, Math.max(3, Math.floor((width - left - right) / 75)));
  const yTicks = ticksOf(y, Math.max(3, Math.floor((height - top - bottom) / 45)));
  return (
    <g className="axes" aria-hidden="true">
      {xTicks.map((tick) => (
        <g key={tick.value} transform={`translate(${xScale(tick.value)},0)`}>
          <line y1={top} y2={height - bottom} />
          <text y={height - bottom + 14} textAnchor="middle">{tick.label}</text>
        </g>
      ))}
      {yTicks.map((tick) => (
        <g key={tick.value} transform={`translate(0,${yScale(tick.value)})`}>
          <line x1={left} x2={width - right} />
          <text x={left - 6} dy="0.32em" textAnchor="end">{tick.label}</text>
        </g>
      ))}
      <path className="axis" d={`M${left},${top}V${height - bottom}H${width - right}`} />
      <text className="axis-title" x={(left + width - right) / 2} y={height - 6} textAnchor="middle">{xTitle}</text>
      <text className="axis-title" transform={`translate(11,${(top + height - bottom) / 2}) rotate(-90)`} textAnchor="middle">
        {yTitle}
      </text>
    </g>
  );
}
