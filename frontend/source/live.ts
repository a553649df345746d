// Says on a page that follows a stream when the stream is broken; htmx itself connects again, once it was connected.
import htmx from "htmx.org";

const AGAIN_MILLISECONDS = 3000;

export function tellBreaks(): void {
  // What its reader unfolded stays so, whatever the stream brings.
  htmx.config.morphIgnore = [...htmx.config.morphIgnore, "open"];
  document.addEventListener("htmx:sse:error", (event) => {
    mark(event, true);
    // Logged out meanwhile, or what was followed is gone: the page itself says so.
    if ([401, 404].includes(detailOf(event).status ?? 0)) location.reload();
  });
  document.addEventListener("htmx:sse:before:connection", (event) => {
    if ((detailOf(event).connection?.attempt ?? 0) > 1) mark(event, true);
  });
  document.addEventListener("htmx:sse:after:connection", (event) => mark(event, false));
  // What never was connected is not connected again by htmx.
  document.addEventListener("htmx:error", connectAgain);
  document.addEventListener("htmx:response:error", connectAgain);
}

interface Detail {
  status?: number;
  connection?: { attempt: number };
}

function detailOf(event: Event): Detail {
  return ((event as CustomEvent).detail ?? {}) as Detail;
}

function mark(event: Event, isBroken: boolean): void {
  (event.target as Element).classList?.toggle("broken", isBroken);
}

function connectAgain(event: Event): void {
  const element = event.target as Element;
  if (!element.matches?.(".stream")) return;
  mark(event, true);
  setTimeout(() => element.dispatchEvent(new CustomEvent("again")), AGAIN_MILLISECONDS);
}
