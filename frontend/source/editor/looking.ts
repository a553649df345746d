// What is typed, looked at by the server: errors at their lines and in a list, and a preview of one record. Of answers
// that cross, the one to the newest question counts; a preview that can no longer be drawn stays, greyed.
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorView } from "@codemirror/view";
import type { Text } from "@codemirror/state";
import type { Vocabulary } from "./vocabulary";

const PAUSE = 300;
const SLOW = 400;

interface Finding {
  severity: "error" | "warning";
  code: string;
  message: string;
  suggestion: string;
  line: number;
  column: number;
}

interface Look {
  findings: Finding[];
  list: string;
  choices: string | null;
  preview: string | null;
  trouble: string;
}

export class Looking {
  private timer = 0;
  private asked: AbortController | null = null;
  private view: EditorView | null = null;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly vocabulary: Vocabulary,
  ) {}

  watch(view: EditorView): void {
    this.view = view;
    this.form.addEventListener("change", (event) => this.changed(event));
    this.form.addEventListener("click", (event) => this.clicked(event));
    this.form.addEventListener("keydown", (event) => this.pressed(event));
    this.now();
  }

  soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.now(), PAUSE);
  }

  now(): void {
    window.clearTimeout(this.timer);
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const slow = window.setTimeout(() => this.busy(true), SLOW);
    try {
      const body = new URLSearchParams(new FormData(this.form) as unknown as Record<string, string>);
      const answer = await fetch("/templates/look", {
        method: "POST",
        body,
        signal: asked.signal,
        headers: { "HX-Request": "true", "HX-Current-URL": window.location.href },
      });
      if (this.asked === asked) await this.answered(answer);
    } catch (error) {
      if (!asked.signal.aborted) this.told(`The server cannot be reached, so nothing is checked now. (${String(error)})`);
    } finally {
      window.clearTimeout(slow);
      if (this.asked === asked) this.busy(false);
    }
  }

  private async answered(answer: Response): Promise<void> {
    const login = answer.headers.get("HX-Redirect");
    if (login) return this.told("You are logged out. Log in again in another tab, then go on here: nothing is lost.");
    if (!answer.ok) {
      return this.told(`The server answered ${answer.status}, so this is not checked: it may be too long, or too much at once.`);
    }
    this.show((await answer.json()) as Look);
  }

  private show(look: Look): void {
    const view = this.view!;
    view.dispatch(setDiagnostics(view.state, look.findings.map((finding) => diagnostic(finding, view.state.doc))));
    put("findings", look.list);
    put("trouble", look.trouble);
    if (look.choices !== null) putChoices(look.choices);
    if (look.preview !== null) put("preview", look.preview);
    element("preview").classList.toggle("stale", look.preview === null);
    this.vocabulary.follow(this.form);
  }

  private told(words: string): void {
    const said = document.createElement("p");
    said.className = "warning";
    said.textContent = words;
    element("trouble").replaceChildren(said);
    element("preview").classList.add("stale");
  }

  private busy(is: boolean): void {
    element("busy").hidden = !is;
  }

  private changed(event: Event): void {
    const name = (event.target as HTMLInputElement).name;
    if (name === "slot" || name.startsWith("seeds")) this.now();
  }

  private clicked(event: Event): void {
    const target = event.target as HTMLElement;
    const turn = target.closest<HTMLButtonElement>('button[name="turn"]');
    const link = target.closest<HTMLAnchorElement>("a[data-line]");
    if (turn) {
      event.preventDefault();
      this.turn(turn.value === "next" ? 1 : -1);
    } else if (link) {
      event.preventDefault();
      this.goTo(Number(link.dataset["line"]), Number(link.dataset["column"]));
    }
  }

  private pressed(event: KeyboardEvent): void {
    // Enter in a field would press the form's first button.
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    const isTrying = ["model", "budget"].includes(event.target.name);
    if (isTrying) this.form.querySelector<HTMLButtonElement>('button[formaction="/templates/try"]')?.click();
    else this.now();
  }

  private turn(by: number): void {
    const slot = this.form.elements.namedItem("slot") as HTMLInputElement;
    slot.value = String(Math.max(1, (Number.parseInt(slot.value, 10) || 1) + by));
    this.now();
  }

  private goTo(line: number, column: number): void {
    const view = this.view!;
    view.dispatch({ selection: { anchor: place(view.state.doc, line, column) }, scrollIntoView: true });
    view.focus();
  }
}

// Lines and columns count from 1. What is marked ends with the word that begins there.
function diagnostic(finding: Finding, doc: Text): Diagnostic {
  const from = place(doc, finding.line, finding.column);
  const rest = doc.lineAt(from).text.slice(from - doc.lineAt(from).from);
  const word = /^[\w.-]+|^\S+|^/.exec(rest)?.[0] ?? "";
  const message = finding.suggestion ? `${finding.message} ${finding.suggestion}` : finding.message;
  return { from, to: from + Math.max(word.length, rest ? 1 : 0), severity: finding.severity, message, source: finding.code };
}

function place(doc: Text, line: number, column: number): number {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  // The server counts characters, a browser halves of some of them.
  const before = [...found.text].slice(0, Math.max(column - 1, 0)).join("");
  return Math.min(found.from + before.length, found.to);
}

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

function put(id: string, html: string): void {
  const into = element(id);
  if (into.innerHTML !== html) into.innerHTML = html;
}

// A choice that somebody is making is not taken out of their hands.
function putChoices(html: string): void {
  if (!element("choices").contains(document.activeElement)) put("choices", html);
}
