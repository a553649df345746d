// The text area as a CodeMirror editor. Tab is not bound: it leaves the editor, as everywhere on a page.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { completeWords } from "./completion";
import { guardLeaving } from "./leaving";
import { templateLanguage } from "./language";
import { Looking } from "./looking";
import { colours, theme } from "./theme";
import { typedOver } from "./typing";
import { Vocabulary } from "./vocabulary";

export function openEditor(area: HTMLTextAreaElement, form: HTMLFormElement): void {
  const vocabulary = new Vocabulary();
  const looking = new Looking(form, vocabulary);
  const view = new EditorView({
    state: EditorState.create({
      doc: area.value,
      extensions: [
        ...common(),
        EditorView.cspNonce.of(area.dataset["nonce"] ?? ""),
        EditorView.contentAttributes.of(saidOf(area)),
        EditorState.readOnly.of(area.readOnly),
        autocompletion({ override: [completeWords(vocabulary)], icons: false, maxRenderedOptions: 60 }),
        keymap.of([{ key: "Mod-s", preventDefault: true, run: () => save(form) }]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          area.value = update.state.doc.toString();
          looking.soon();
        }),
      ],
    }),
  });
  area.before(view.dom);
  looking.watch(view);
  guardLeaving(form, area);
}

function common(): Extension[] {
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    foldGutter(),
    lintGutter(),
    drawSelection(),
    indentOnInput(),
    indentUnit.of("  "),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    templateLanguage,
    typedOver,
    colours,
    theme,
    EditorView.lineWrapping,
    keymap.of([
      { key: "Mod-]", run: indentMore },
      { key: "Mod-[", run: indentLess },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
  ];
}

function saidOf(area: HTMLTextAreaElement): Record<string, string> {
  return {
    "aria-label": area.labels?.[0]?.textContent?.trim() ?? "Source",
    "aria-describedby": area.getAttribute("aria-describedby") ?? "",
    // What can be scrolled can be reached: a browser knows that of a text area, and not of this.
    tabindex: "0",
  };
}

function save(form: HTMLFormElement): boolean {
  const button = document.querySelector<HTMLButtonElement>(`button[name="save"][form="${form.id}"]`);
  if (button) form.requestSubmit(button);
  return true;
}
