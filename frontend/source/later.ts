// Scripts that a page can be read without: fetched and begun when it has been painted. Then the page is `begun`.
const LATEST_MS = 1000;

export function beginLater(): void {
  const named = document.querySelectorAll<HTMLMetaElement>("meta[name='later']");
  const addresses = [...named].map((meta) => new URL(meta.content, location.href).href);
  // A page in a tab that nobody looks at is not painted.
  void Promise.race([painted(), elapsed()])
    .then(() => Promise.all(addresses.map((href) => import(href))))
    .then(() => document.documentElement.classList.add("begun"));
}

function painted(): Promise<void> {
  return new Promise((resolve) => new PerformanceObserver(() => resolve()).observe({ type: "paint", buffered: true }));
}

function elapsed(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LATEST_MS));
}
