// Scripts that a page can be read without: they are fetched at once, and begin when the page has been painted.
export function beginLater(): void {
  const links = document.querySelectorAll<HTMLLinkElement>("link[rel='modulepreload'][data-later]");
  requestAnimationFrame(() => setTimeout(() => links.forEach((link) => void import(link.href))));
}
