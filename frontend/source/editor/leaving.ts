// Asks before a page is left whose source is not saved.
export function guardLeaving(form: HTMLFormElement, area: HTMLTextAreaElement): void {
  let kept = area.value;
  form.addEventListener("submit", (event) => {
    // After all who may keep it from being sent.
    window.setTimeout(() => {
      if (!event.defaultPrevented) kept = area.value;
    });
  });
  window.addEventListener("beforeunload", (event) => {
    if (area.value !== kept) event.preventDefault();
  });
}
