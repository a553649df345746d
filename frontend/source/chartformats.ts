// How the numbers and times of a chart are written, in the browser's language.
import type { Unit } from "./chart";

const DAY = 86_400;
const MINUTE = 60;
// Little money is written with the two digits that say most, as the pages do.
const FINEST = 9;

export function unitFormat(unit: Unit): (value: number) => string {
  switch (unit) {
    case "usd":
      return dollars;
    case "seconds":
      return (value) => `${new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value)} s`;
    default:
      return (value) => new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 }).format(value);
  }
}

function dollars(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 1 || !size ? 2 : Math.min(FINEST, Math.max(4, 1 - Math.floor(Math.log10(size))));
  return new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits }).format(value);
}

// The labels of a time axis by how many seconds its ticks are apart; bars stand for whole days.
export function axisTimes(isDays: boolean) {
  return (_plot: unknown, ticks: number[], _axis: number, _space: number, step: number): string[] => {
    const format = isDays ? day : step >= DAY ? localDay : step >= MINUTE ? minute : second;
    return ticks.map((at) => format.format(at * 1000));
  };
}

// A moment in full.
export function wholeTime(at: number, isDay: boolean): string {
  return (isDay ? day : moment).format(at * 1000);
}

const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const date = { day: "numeric", month: "short" } as const;
const day = new Intl.DateTimeFormat(undefined, { ...date, timeZone: "UTC" });
const localDay = new Intl.DateTimeFormat(undefined, date);
const minute = new Intl.DateTimeFormat(undefined, clock);
const second = new Intl.DateTimeFormat(undefined, { ...clock, second: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { ...date, ...clock, second: "2-digit" });
