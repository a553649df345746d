// What stands in the source right now, read from the syntax tree: it is there even while the source is broken.
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import type { SyntaxNode } from "@lezer/common";
import { isTable, type Json, type Table } from "./vocabulary";

const DEPTH = 24;

// The source as a value; what cannot be read is left out.
export function readSource(state: EditorState): Table {
  const stream = syntaxTree(state).topNode;
  const body = stream.getChild("Document")?.firstChild ?? null;
  const value = body ? read(body, state, DEPTH) : null;
  return isTable(value) ? value : {};
}

// The keys and places that lead to a node, from the outside: ["steps", "[]", "output"].
export function pathTo(node: SyntaxNode, state: EditorState): string[] {
  const path: string[] = [];
  for (let at: SyntaxNode | null = node; at; at = at.parent) {
    if (at.name === "Item") path.unshift("[]");
    if (at.name === "Pair") path.unshift(textOf(at.getChild("Key"), state));
  }
  return path;
}

function read(node: SyntaxNode, state: EditorState, depth: number): Json {
  if (!depth) return null;
  switch (node.name) {
    case "BlockMapping":
    case "FlowMapping":
      return Object.fromEntries(node.getChildren("Pair").map((pair) => readPair(pair, state, depth)));
    case "BlockSequence":
    case "FlowSequence":
      return node.getChildren("Item").map((item) => (item.firstChild ? read(valueOf(item), state, depth - 1) : null));
    default:
      return textOf(node, state);
  }
}

function readPair(pair: SyntaxNode, state: EditorState, depth: number): [string, Json] {
  const key = pair.getChild("Key");
  const value = key?.nextSibling ? valueOf(pair) : null;
  return [textOf(key, state), value && value.name !== "Key" ? read(value, state, depth - 1) : null];
}

// The last child: what stands before it are the key, marks and anchors.
function valueOf(node: SyntaxNode): SyntaxNode {
  let last = node.lastChild!;
  while (last.name === "⚠" && last.prevSibling) last = last.prevSibling;
  return last;
}

function textOf(node: SyntaxNode | null, state: EditorState): string {
  const text = node ? state.sliceDoc(node.from, node.to).trim() : "";
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}
