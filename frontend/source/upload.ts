// Sends the file of the seeds page while saying how much is sent: chosen or dropped, and cancelled if need be.
// Without scripts the same form does the same, silently.
import { type Progress, bytes, startProgress } from "./progress";

const LATER = 500;
const BROKEN = "The connection broke before all of it was there. Nothing was kept: try once more.";

interface Upload {
  form: HTMLFormElement;
  input: HTMLInputElement;
  choose: HTMLElement;
  sending: HTMLElement;
  said: HTMLElement;
  request: XMLHttpRequest | null;
}

function part<Kind extends HTMLElement>(within: HTMLElement, selector: string): Kind {
  const found = within.querySelector<Kind>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

const form = document.querySelector<HTMLFormElement>("#upload");
if (form) followForm(form);

function followForm(form: HTMLFormElement): void {
  const upload: Upload = {
    form,
    input: part(form, "input[type=file]"),
    choose: part(form, ".choose"),
    sending: part(form, ".sending"),
    said: part(form, ".said"),
    request: null,
  };
  form.addEventListener("submit", (event) => {
    const file = upload.input.files?.[0];
    if (!file) return;
    event.preventDefault();
    send(upload, file);
  });
  upload.input.addEventListener("change", () => upload.said.replaceChildren());
  part(form, ".cancel").addEventListener("click", () => upload.request?.abort());
  // What was sent so far is lost with the page.
  window.addEventListener("beforeunload", (event) => {
    if (upload.request) event.preventDefault();
  });
  takeDrops(upload);
}

function send(upload: Upload, file: File): void {
  const most = Number(upload.form.dataset["most"]);
  if (file.size > most) {
    const words = `The file has ${bytes(file.size)}; at most ${upload.form.dataset["mostWords"]} are taken.`;
    refuse(upload, file.name, words);
    return;
  }
  const request = new XMLHttpRequest();
  upload.request = request;
  const progress = startProgress(upload.sending, file);
  request.upload.addEventListener("progress", (event) => progress.sent(event.loaded, event.total));
  request.upload.addEventListener("load", () => progress.reading());
  request.addEventListener("load", () => answered(upload, file.name, request));
  request.addEventListener("error", () => refuse(upload, file.name, BROKEN));
  request.addEventListener("abort", () => cancelled(upload, progress));
  request.open("POST", upload.form.action);
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("HX-Current-URL", location.href);
  request.send(new FormData(upload.form));
  show(upload, true);
}

// The server answers with where to go, or with a part of a page that says why not; what it refuses unread it
// refuses in JSON.
function answered(upload: Upload, name: string, request: XMLHttpRequest): void {
  const address = request.getResponseHeader("HX-Redirect");
  if (address) {
    upload.request = null;
    location.assign(address);
    return;
  }
  const kind = request.getResponseHeader("Content-Type") ?? "";
  if (kind.startsWith("text/html")) {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const problem = page.querySelector(".problem");
    if (problem) {
      finish(upload, problem);
      // How the file is written is asked for where that may be what is wrong.
      if (problem.hasAttribute("data-reading")) part<HTMLDetailsElement>(upload.form, "details").open = true;
      return;
    }
  }
  refuse(upload, name, detailOf(request.responseText));
}

function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : BROKEN;
  } catch {
    return BROKEN;
  }
}

function refuse(upload: Upload, name: string, words: string): void {
  const problem = document.createElement("div");
  problem.className = "problem";
  problem.setAttribute("role", "alert");
  const title = document.createElement("strong");
  title.textContent = `${name} was not taken`;
  const detail = document.createElement("p");
  detail.textContent = words;
  problem.append(title, detail);
  finish(upload, problem);
}

function cancelled(upload: Upload, progress: Progress): void {
  finish(upload);
  progress.tell("Cancelled. Nothing was kept.");
  upload.input.focus();
}

function finish(upload: Upload, problem?: Element): void {
  upload.request = null;
  show(upload, false);
  upload.said.replaceChildren(...(problem ? [problem] : []));
}

function show(upload: Upload, isSending: boolean): void {
  if (isSending) upload.said.replaceChildren();
  upload.choose.hidden = isSending;
  upload.sending.hidden = !isSending;
  if (isSending) part(upload.sending, ".cancel").focus();
}

function takeDrops(upload: Upload): void {
  let leaving = 0;
  upload.form.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || upload.request) return;
    event.preventDefault();
    window.clearTimeout(leaving);
    upload.form.dataset["drag"] = "";
  });
  // It is left for each element within it too: the last word is had a little later.
  upload.form.addEventListener("dragleave", () => {
    leaving = window.setTimeout(() => delete upload.form.dataset["drag"], LATER / 5);
  });
  upload.form.addEventListener("drop", (event) => {
    if (!hasFiles(event) || upload.request) return;
    event.preventDefault();
    delete upload.form.dataset["drag"];
    take(upload, event.dataTransfer?.files);
  });
  // A file that misses the card would take the place of the page.
  for (const kind of ["dragover", "drop"] as const) {
    window.addEventListener(kind, (event) => {
      if (hasFiles(event) && !event.defaultPrevented) {
        event.preventDefault();
        if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
      }
    });
  }
}

function take(upload: Upload, files: FileList | undefined): void {
  const [first] = files ?? [];
  if (!files || !first) return;
  if (files.length > 1) {
    refuse(upload, `${files.length} files`, "Drop one file at a time: each becomes a set of its own.");
    return;
  }
  upload.input.files = files;
  upload.said.replaceChildren();
  part(upload.form, "button.primary").focus();
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
