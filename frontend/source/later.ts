// Scripts that a page can be read without: they are fetched at once, and begin when the page has been painted.
export function beginLater(): void {
  const named = document.querySelectorAll<HTMLMetaElement>("meta[name='later']");
  const addresses = [...named].map((meta) => new URL(meta.content, location.href).href);
  for (const href of addresses) document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  requestAnimationFrame(() => setTimeout(() => addresses.forEach((href) => void import(href))));
}
