// Copies what stands in another element: `data-copy` on a button holds its selector.
const SAID_MS = 2000;

export function copyOnPress(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLElement>("[data-copy]");
    const text = button && document.querySelector(button.dataset["copy"] ?? "")?.textContent;
    if (button && text) void copy(text, button);
  });
}

async function copy(text: string, button: HTMLElement): Promise<void> {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without https a browser lets no script write there: it can still be marked and copied by hand.
    button.textContent = "Mark it and press Ctrl+C";
  }
  setTimeout(() => (button.textContent = words), SAID_MS);
}
