// Records looked through without a mouse: rows are moved between, opened, chosen and marked with single keys.
import { areKeysOn, switchKeys } from "./keyswitch";

type Opinion = "good" | "bad" | "clear";

// The server takes no form of more than a thousand fields.
const MOST_FIELDS = 500;
const ROW = ".records .rows tr";
const OPINIONS: Record<string, Opinion> = { g: "good", b: "bad", c: "clear" };

const rows = (): HTMLTableRowElement[] => [...document.querySelectorAll<HTMLTableRowElement>(ROW)];
const current = (): HTMLTableRowElement | null => document.activeElement?.closest<HTMLTableRowElement>(ROW) ?? null;
const box = (row: HTMLTableRowElement): HTMLInputElement => row.querySelector<HTMLInputElement>(".pick input")!;
const press = (selector: string): void => document.querySelector<HTMLElement>(selector)?.click();

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement;
  return element.matches("textarea, select, input:not([type='checkbox'])") || element.isContentEditable;
}

function move(by: number): void {
  const all = rows();
  const from = current();
  const next = all[from ? all.indexOf(from) + by : 0];
  if (!next) {
    // Behind the last row that is there come the next ones.
    if (by > 0) press("#rest");
    return;
  }
  next.querySelector<HTMLElement>("a.open")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function onTable(key: string): boolean {
  const row = current();
  const opinion = OPINIONS[key];
  if (key === "j" || (row && key === "ArrowDown")) move(1);
  else if (key === "k" || (row && key === "ArrowUp")) move(-1);
  else if (key === "/") document.querySelector<HTMLElement>("#q")?.focus();
  else if (row && key === "x") box(row).click();
  else if (opinion && (row || chosen().length)) void mark(opinion, chosen().length ? chosen() : [row!]);
  else return false;
  return true;
}

// One record has a page of its own: the same keys lead to its neighbours and mark it.
function onRecord(key: string): boolean {
  const opinion = OPINIONS[key];
  if (key === "j") press("a[rel='next']");
  else if (key === "k") press("a[rel='prev']");
  else if (key === "u") press("a.up");
  else if (opinion) press(`#marks button[value='${opinion}']`);
  else return false;
  return true;
}

function chosen(): HTMLTableRowElement[] {
  return rows().filter((row) => box(row).checked);
}

// Marks are kept without leaving the page, which may show many pages of rows by now. Where that fails the form is sent
// as it would be without a script, and the page that answers says what is wrong.
async function mark(opinion: Opinion, marked: HTMLTableRowElement[]): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("#marks")!;
  const note = form.querySelector<HTMLInputElement>("[name='note']")!;
  const slots = [...new Set(marked.map((row) => box(row).value))];
  for (let i = 0; i < slots.length; i += MOST_FIELDS) {
    const some = slots.slice(i, i + MOST_FIELDS);
    const body = new URLSearchParams([...some.map((slot) => ["slots", slot]), ["mark", opinion], ["note", note.value]]);
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.status !== 204) return sendAsForm(form, opinion, marked);
  }
  show(opinion, slots, note.value);
  for (const row of marked) box(row).checked = false;
  note.value = "";
  count();
}

function sendAsForm(form: HTMLFormElement, opinion: Opinion, marked: HTMLTableRowElement[]): void {
  for (const row of marked) box(row).checked = true;
  const button = form.querySelector<HTMLButtonElement>(`button[value='${opinion}']`)!;
  button.dataset["asForm"] = "";
  button.click();
}

function show(opinion: Opinion, slots: string[], note: string): void {
  for (const slot of slots) {
    for (const cell of document.querySelectorAll<HTMLElement>(`td.mark[data-slot='${slot}']`)) {
      cell.replaceChildren(...(opinion === "clear" ? [] : [badge(opinion, note)]));
    }
  }
  const which = slots.length === 1 ? `Slot ${slots[0]}` : `${slots.length} slots`;
  const said = opinion === "clear" ? "unmarked" : `marked ${opinion}`;
  document.querySelector("#said")!.textContent = `${which} ${said}.`;
}

function badge(opinion: Opinion, note: string): HTMLElement {
  const made = document.createElement("span");
  made.className = "badge";
  made.dataset["status"] = opinion;
  made.textContent = opinion;
  made.title = note;
  return made;
}

function count(): void {
  const number = chosen().length;
  const told = document.querySelector("#chosen");
  if (told) told.textContent = number ? `${number} selected` : "";
  const all = document.querySelector<HTMLInputElement>("#choose-all");
  if (all) {
    all.checked = number > 0 && number === rows().length;
    all.indeterminate = number > 0 && !all.checked;
  }
}

// Whoever asked for more goes on with the first of it: the link that was pressed is gone then.
let asked: HTMLTableRowElement | undefined;
document.addEventListener("click", (event) => {
  if ((event.target as HTMLElement).closest("#rest")) asked = rows().at(-1);
});
document.addEventListener("htmx:after:swap", () => {
  if (asked && document.activeElement === document.body) {
    const next = rows()[rows().indexOf(asked) + 1];
    next?.querySelector<HTMLElement>("a.open")?.focus({ preventScroll: true });
    asked = undefined;
  }
  count();
});

switchKeys();
document.addEventListener("keydown", (event) => {
  if (!areKeysOn() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
  const known = document.querySelector(".record-page") ? onRecord : onTable;
  if (known(event.key)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const target = event.target as HTMLInputElement;
  if (target.id === "choose-all") for (const row of rows()) box(row).checked = target.checked;
  if (target.id === "choose-all" || target.name === "slots") count();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter as HTMLButtonElement | null;
  if ((event.target as HTMLElement).id !== "marks" || document.querySelector(".record-page")) return;
  if (!button || "asForm" in button.dataset || !chosen().length) return;
  event.preventDefault();
  void mark(button.value as Opinion, chosen());
});

// A click anywhere in a row opens its record, unless it was meant for something in it or for selecting text.
document.addEventListener("click", (event) => {
  const target = event.target as HTMLElement;
  const row = target.closest<HTMLTableRowElement>(ROW);
  if (!row || target.closest("a, input, .pick") || window.getSelection()?.toString()) return;
  row.querySelector<HTMLElement>("a.open")?.click();
});
