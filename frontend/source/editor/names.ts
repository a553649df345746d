// The names a prompt may use: fields of the seeds, what `vary` draws, and what earlier steps give.
import type { Completion } from "@codemirror/autocomplete";
import { isTable, type Json, type Table } from "./vocabulary";

type Rows = Record<string, Table>;

export function namesOf(source: Table, rows: Rows): Completion[] {
  const vary = isTable(source["vary"]) ? source["vary"] : {};
  return [
    ...entries(rows[""] ?? {}, "seed"),
    ...Object.keys(vary).map((label) => ({ label, detail: "drawn", boost: 2 })),
    { label: "steps", detail: "what steps give" },
    { label: "record", detail: "the finished record, in checks" },
    { label: "seed", detail: "the whole seed row" },
    { label: "slot", detail: "the record's number, from 0" },
  ];
}

// What can be read of steps.question.output, product, or a variable that is a row of a seed set.
export function fieldsOf(path: string[], source: Table, rows: Rows): Completion[] {
  const [head = "", ...rest] = path;
  if (head === "steps") return stepFields(rest, stepsOf(source));
  if (head === "record") return Object.keys(isTable(source["record"]) ? source["record"] : {}).map((label) => ({ label }));
  return entries(within(rowOf(head, source, rows), head === "seed" || isSet(head, source) ? rest : path), "");
}

function stepFields(rest: string[], steps: Table[]): Completion[] {
  if (!rest.length) return steps.map((step) => ({ label: String(step["id"] ?? ""), detail: "step" })).filter((one) => one.label);
  if (rest.length === 1) return [{ label: "output", detail: "what the step gives" }];
  const schema = steps.find((step) => step["id"] === rest[0])?.["output"];
  const below = rest.slice(2).reduce<Json | undefined>((at, name) => propertiesOf(at)[name], schema);
  return Object.entries(propertiesOf(below)).map(([label, said]) => ({ label, detail: isTable(said) ? String(said["type"] ?? "") : "" }));
}

function propertiesOf(schema: Json | undefined): Table {
  return isTable(schema) && isTable(schema["properties"]) ? schema["properties"] : {};
}

function stepsOf(source: Table): Table[] {
  return Array.isArray(source["steps"]) ? source["steps"].filter(isTable) : [];
}

function setOf(name: string, source: Table): string {
  const vary = isTable(source["vary"]) ? source["vary"][name] : undefined;
  return isTable(vary) && typeof vary["seeds"] === "string" ? vary["seeds"] : "";
}

function isSet(name: string, source: Table): boolean {
  return setOf(name, source) !== "";
}

function rowOf(name: string, source: Table, rows: Rows): Table {
  return rows[setOf(name, source)] ?? {};
}

function within(row: Table, path: string[]): Table {
  const found = path.reduce<Json | undefined>((at, name) => (isTable(at) ? at[name] : undefined), row);
  return isTable(found) ? found : {};
}

function entries(fields: Table, kind: string): Completion[] {
  return Object.entries(fields).map(([label, value]) => ({ label, detail: isTable(value) ? kind || "fields" : sample(value), boost: 3 }));
}

function sample(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
