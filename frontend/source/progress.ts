// How far the sending of a file is, in words and on a bar: bytes, per cent, and the time that is left.
const UNITS = ["B", "KiB", "MiB", "GiB"];
// The pace of so many last milliseconds says how long the rest takes.
const PACE_WINDOW = 5000;
// Whoever listens to the page is told no more often.
const TOLD_EVERY = 10_000;

export interface Progress {
  sent(loaded: number, total: number): void;
  reading(): void;
  tell(words: string): void;
}

const languages = [...navigator.languages];
const number = new Intl.NumberFormat(languages, { maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(languages, { style: "percent" });

export function bytes(size: number): string {
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${number.format(size)} ${UNITS[unit]}`;
}

export function startProgress(within: HTMLElement, file: File): Progress {
  const bar = within.querySelector("progress")!;
  const amounts = within.querySelector<HTMLElement>(".amounts")!;
  const status = within.querySelector<HTMLElement>("[role=status]")!;
  const looks: { at: number; loaded: number }[] = [{ at: performance.now(), loaded: 0 }];
  let toldAt = 0;
  within.querySelector<HTMLElement>(".name")!.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  amounts.textContent = `${bytes(file.size)} to send`;
  status.textContent = `Sending ${file.name}`;
  return {
    sent(loaded, total) {
      const now = performance.now();
      looks.push({ at: now, loaded });
      while (looks.length > 2 && now - looks[0]!.at > PACE_WINDOW) looks.shift();
      bar.value = loaded / total;
      amounts.textContent = `${bytes(loaded)} of ${bytes(total)} (${percent.format(loaded / total)})${rest(looks, total)}`;
      if (now - toldAt > TOLD_EVERY) {
        toldAt = now;
        status.textContent = `${percent.format(loaded / total)} sent`;
      }
    },
    reading() {
      // Nobody knows how long the server reads: the bar has no value.
      bar.removeAttribute("value");
      amounts.textContent = status.textContent = `All ${bytes(file.size)} are sent. The rows are being read…`;
    },
    tell(words) {
      status.textContent = words;
    },
  };
}

function rest(looks: readonly { at: number; loaded: number }[], total: number): string {
  const [first, last] = [looks[0]!, looks[looks.length - 1]!];
  const seconds = (last.at - first.at) / 1000;
  const pace = (last.loaded - first.loaded) / seconds;
  if (seconds < 1 || pace <= 0) return "";
  return ` · ${bytes(pace)}/s · ${duration((total - last.loaded) / pace)} left`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h`;
}
