// Single keys can be turned off, by whoever's voice or switch presses them unmeant; their browser remembers it.
const KEPT = "gristmill-keys";
const OFF = "off";

export function areKeysOn(): boolean {
  return localStorage.getItem(KEPT) !== OFF;
}

export function switchKeys(): void {
  show();
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (box.id === "keys") localStorage.setItem(KEPT, box.checked ? "on" : OFF);
  });
}

function show(): void {
  const box = document.querySelector<HTMLInputElement>("#keys");
  if (box) box.checked = areKeysOn();
}
