// The keys and values that the template's JSON Schema allows where the cursor is.
import type { Completion, CompletionContext } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { pathTo } from "./outline";
import { isTable, type Json, type Table } from "./vocabulary";

// Where a JSON Schema of the author's own stands: its words, and nothing of the template's.
const SCHEMAS = new Set(["seeds", "output", "schema"]);
const SCHEMA_KEYS = (
  "type properties required additionalProperties items enum const pattern minLength maxLength minimum maximum " +
  "minItems maxItems uniqueItems description anyOf oneOf"
).split(" ");
const SCHEMA_TYPES = "string integer number boolean array object".split(" ");

export function keysAt(context: CompletionContext, schema: Table): Completion[] {
  const path = pathAt(context);
  const own = ownSchema(path);
  if (own) return own.at(-1) === "properties" ? [] : SCHEMA_KEYS.map((label) => ({ label, apply: `${label}: ` }));
  const found = new Map<string, Completion>();
  for (const table of tablesAt(schema, path)) {
    const properties = isTable(table["properties"]) ? table["properties"] : {};
    for (const [label, said] of Object.entries(properties)) {
      const info = isTable(said) && typeof said["description"] === "string" ? { info: said["description"] } : {};
      found.set(label, { label, apply: `${label}: `, ...info });
    }
  }
  return [...found.values()];
}

export function valuesAt(context: CompletionContext, schema: Table): Completion[] {
  const line = context.state.doc.lineAt(context.pos);
  const key = /([\w-]+):\s+[\w-]*$/.exec(line.text.slice(0, context.pos - line.from))?.[1] ?? "";
  const path = pathAt(context);
  if (ownSchema(path)) {
    const words = key === "type" ? SCHEMA_TYPES : key === "additionalProperties" ? ["false", "true"] : [];
    return words.map((label) => ({ label }));
  }
  const at = path.at(-1) === key ? path : [...path, key];
  return tablesAt(schema, at).flatMap(valuesOf).map((value) => ({ label: String(value) }));
}

function valuesOf(table: Table): Json[] {
  if (Array.isArray(table["enum"])) return table["enum"];
  return table["const"] === undefined ? [] : [table["const"]];
}

function ownSchema(path: string[]): string[] | null {
  const at = path.findIndex((key) => SCHEMAS.has(key));
  // In `vary`, `seeds` names a set.
  return at < 0 || path[0] === "vary" ? null : path.slice(at);
}

// The keys above the cursor: by the tree where it has them, and by indentation on a line that is only begun.
function pathAt(context: CompletionContext): string[] {
  const { state, pos } = context;
  const line = state.doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  const isBegun = /^\s*(- )?\s*[\w-]*$/.test(before);
  if (isBegun) return pathByIndent(state, line.number, before);
  const path = pathTo(syntaxTree(state).resolveInner(pos, -1), state);
  const last = path.at(-1) ?? "[]";
  // A key that is being written leads nowhere yet.
  return last !== "[]" && before.endsWith(last) ? path.slice(0, -1) : path;
}

function pathByIndent(state: EditorState, number: number, before: string): string[] {
  const path: string[] = [];
  let indent = before.search(/[^\s]|$/);
  if (/^\s*- /.test(before)) path.unshift("[]");
  for (let at = number - 1; at >= 1 && (indent > 0 || path[0] === "[]"); at--) {
    const text = state.doc.line(at).text;
    const own = text.search(/\S/);
    if (own < 0 || text.trimStart().startsWith("#")) continue;
    const item = /^(\s*)- +/.exec(text);
    if (item && path[0] !== "[]" && own < indent && item[0].length <= indent) {
      path.unshift(...keysBetween(text, item[0].length, indent));
      path.unshift("[]");
      indent = own;
      continue;
    }
    const key = /^\s*([\w-]+):\s*(#.*)?$/.exec(text)?.[1];
    if (key && (own < indent || (own === indent && path[0] === "[]"))) {
      path.unshift(key);
      indent = own;
    }
  }
  return path;
}

// `- output:` opens a table for what stands deeper than its key.
function keysBetween(text: string, column: number, indent: number): string[] {
  const key = /^([\w-]+):\s*$/.exec(text.slice(column))?.[1];
  return key && column < indent ? [key] : [];
}

function tablesAt(schema: Table, path: string[]): Table[] {
  return path.reduce<Table[]>((tables, key) => tables.flatMap((table) => step(table, key)), spread(schema));
}

function step(table: Table, key: string): Table[] {
  if (key === "[]") return spread(table["items"]);
  const properties = isTable(table["properties"]) ? table["properties"] : {};
  return spread(properties[key] ?? table["additionalProperties"]);
}

function spread(schema: Json | undefined): Table[] {
  if (!isTable(schema)) return [];
  const ways = Array.isArray(schema["oneOf"]) ? schema["oneOf"] : [];
  return [schema, ...ways.flatMap((way) => spread(way))];
}
