// Draws what `data-chart` holds: on load, after a part of the page was swapped or morphed, and when the colours change.
import "./charts.css";
import uPlot from "uplot";
import { type Chart, readChart } from "./chart";
import { axisTimes, unitFormat, wholeTime } from "./chartformats";

const HEIGHT = 176;
// In this order; more series than colours begin anew.
const COLOURS = ["--accent", "--warn", "--ink-soft", "--bad", "--good"];
const LIMIT_NAMES: Record<string, string> = { usd: "Budget", records: "Asked" };
// Bars stand for days, and the days of money are those of UTC.
const DAY = 86_400;

interface Drawn {
  text: string;
  form: string;
  plot: uPlot;
}

const drawn = new Map<HTMLElement, Drawn>();
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const plot = drawn.get(target as HTMLElement)?.plot;
    if (plot && contentRect.width > 0) plot.setSize({ width: contentRect.width, height: HEIGHT });
  }
});

drawAll();
document.addEventListener("htmx:after:swap", () => drawAll());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const element of [...drawn.keys()]) forget(element);
  drawAll();
});

function drawAll(): void {
  for (const element of [...drawn.keys()]) if (!element.isConnected) forget(element);
  for (const element of document.querySelectorAll<HTMLElement>("[data-chart]")) draw(element);
}

function draw(element: HTMLElement): void {
  const text = element.dataset["chart"] ?? "";
  // A morph takes our attribute and what we drew back to what the server sent, unless it is told not to.
  element.setAttribute("hx-morph-skip-children", "");
  const before = drawn.get(element);
  if (before?.text === text && before.plot.root.isConnected) return;
  const chart = readChart(text);
  if (!chart) return;
  const form = formOf(chart);
  if (before?.form === form && before.plot.root.isConnected) {
    before.plot.setData(columns(chart));
    drawn.set(element, { ...before, text });
    return;
  }
  forget(element);
  drawn.set(element, { text, form, plot: new uPlot(options(chart, element), columns(chart), element) });
  sizes.observe(element);
}

function forget(element: HTMLElement): void {
  drawn.get(element)?.plot.destroy();
  drawn.delete(element);
  sizes.unobserve(element);
}

// Charts of one form differ only in their numbers: these are exchanged, and whoever points at one still does.
function formOf(chart: Chart): string {
  return JSON.stringify([chart.kind, chart.stacked, chart.unit, chart.limit, chart.series.map(({ name }) => name)]);
}

function columns(chart: Chart): uPlot.AlignedData {
  const values = chart.series.map((series) => series.values);
  const shown = chart.stacked ? stack(values) : values;
  const limit = chart.limit === null ? [] : [chart.x.map(() => chart.limit)];
  // What is drawn later lies above: the lowest of a stack comes last.
  return [chart.x, ...(chart.stacked ? shown.reverse() : shown), ...limit];
}

function stack(values: (number | null)[][]): (number | null)[][] {
  const sums: number[] = [];
  return values.map((column) => column.map((value, at) => (sums[at] = (sums[at] ?? 0) + (value ?? 0))));
}

function options(chart: Chart, element: HTMLElement): uPlot.Options {
  const ink = colour(element, "--ink-soft");
  const grid = { stroke: colour(element, "--line"), width: 1 };
  const format = unitFormat(chart.unit);
  return {
    width: element.clientWidth || 320,
    height: HEIGHT,
    padding: [8, 28, 0, 0],
    ...(chart.kind === "bars" ? { tzDate: (at: number) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC") } : {}),
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
    legend: { live: true, markers: { width: 0, fill: (plot, at) => paint(plot.series[at]?.stroke, plot, at) } },
    scales: { x: { time: true, range: (_, least, most) => spread(chart, least, most) }, y: { range: (plot) => reach(plot, chart) } },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: grid, size: 32, space: 80, font: font(element), values: axisTimes(chart.kind === "bars") },
      { stroke: ink, grid, ticks: { show: false }, size: 64, space: 36, font: font(element), incrs: steps(chart), values: (_, at) => at.map(format) },
    ],
    series: [{ label: "Time", value: (_, at) => legendTime(chart, at) }, ...seriesOf(chart, element, format), ...limitOf(chart, ink, format)],
  };
}

function seriesOf(chart: Chart, element: HTMLElement, format: (value: number) => string): uPlot.Series[] {
  const series = chart.series.map(({ name, values }, at): uPlot.Series => {
    const stroke = colour(element, COLOURS[at % COLOURS.length] ?? "--accent");
    const shown = (place: number | null): number | null => (place === null ? total(chart, values) : (values[place] ?? null));
    const value: uPlot.Series.Value = (_plot, _value, _series, place) => written(shown(place), format);
    if (chart.kind === "bars") return { label: name, stroke, fill: stroke, width: 0, points: { show: false }, value, ...bars() };
    return { label: name, stroke, width: 2, points: { show: chart.x.length === 1 }, value, ...(at ? {} : { fill: faint(stroke) }) };
  });
  return chart.stacked ? series.reverse() : series;
}

// What the legend says while nobody points anywhere: of sums over time the last, of bars all together.
function total(chart: Chart, values: (number | null)[]): number | null {
  if (chart.kind === "bars") return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  return values.findLast((value) => value !== null) ?? null;
}

// Of bars all are meant while nobody points at one.
function legendTime(chart: Chart, at: number | null): string {
  if (chart.kind === "bars") return at === null ? "all days" : wholeTime(at, true);
  return wholeTime(at ?? chart.x.at(-1) ?? 0, false);
}

function limitOf(chart: Chart, stroke: string, format: (value: number) => string): uPlot.Series[] {
  if (chart.limit === null) return [];
  const label = LIMIT_NAMES[chart.unit] ?? "Limit";
  return [{ label, stroke, width: 1, dash: [4, 4], points: { show: false }, value: () => written(chart.limit, format) }];
}

function bars(): Partial<uPlot.Series> {
  return uPlot.paths.bars ? { paths: uPlot.paths.bars({ size: [0.7, 48], radius: 0.1 }) } : {};
}

function written(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}

// From nothing to a little above the highest; a limit that is far away would make everything flat.
function reach(plot: uPlot, { limit, unit }: Chart): uPlot.Range.MinMax {
  const last = plot.series.length - (limit === null ? 0 : 1);
  const most = Math.max(0, ...plot.data.slice(1, last).flatMap((column) => [...column].map((value) => value ?? 0)));
  const top = limit !== null && most >= limit / 4 ? Math.max(limit, most) : most;
  return [0, top * 1.08 || (unit === "usd" ? 0.01 : 1)];
}

// Bars need room at both ends, and a single moment room around it.
function spread({ kind, x }: Chart, least: number, most: number): uPlot.Range.MinMax {
  if (kind === "line") return least === most ? [least - 1, most + 1] : [least, most];
  const gaps = x.slice(1).map((at, place) => at - (x[place] ?? at));
  const half = (gaps.length ? Math.min(...gaps) : DAY) / 2;
  return [least - half, most + half];
}

// There is no half a record.
function steps({ unit }: Chart): number[] {
  const decades = Array.from({ length: 13 }, (_, power) => 10 ** power);
  const whole = decades.flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const parts = [9, 8, 7, 6, 5, 4, 3, 2, 1].flatMap((power) => [1, 2, 5].map((head) => head / 10 ** power));
  return unit === "usd" || unit === "seconds" ? [...parts, ...whole] : whole;
}

// A custom property of ours is written for both schemes: only an element that wears it knows what it is now.
function colour(element: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function faint(stroke: string): string {
  return `color-mix(in srgb, ${stroke} 12%, transparent)`;
}

function paint(stroke: uPlot.Series["stroke"], plot: uPlot, at: number): string {
  const found = typeof stroke === "function" ? stroke(plot, at) : stroke;
  return typeof found === "string" ? found : "transparent";
}

function font(element: HTMLElement): string {
  return `12px ${getComputedStyle(element).fontFamily}`;
}
