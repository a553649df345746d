// What can come next: keys of the template, models, and within prompts names, fields and filters.
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { keysAt, valuesAt } from "./grammar";
import { readSource } from "./outline";
import { fieldsOf, namesOf } from "./names";
import type { Vocabulary } from "./vocabulary";

const WORD = /^[\w-]*$/;
const STATEMENTS = "if elif else endif for endfor set endset include import from macro endmacro".split(" ");

export function completeWords(vocabulary: Vocabulary): CompletionSource {
  return (context) => (isInMark(context) ? completeMark(context, vocabulary) : completeYaml(context, vocabulary));
}

// Within {{ }} or {% %}: the last mark before here that opens is not closed yet.
function isInMark(context: CompletionContext): boolean {
  const before = context.state.sliceDoc(Math.max(0, context.pos - 2000), context.pos);
  return Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%")) > Math.max(before.lastIndexOf("}}"), before.lastIndexOf("%}"));
}

function completeMark(context: CompletionContext, vocabulary: Vocabulary): CompletionResult | null {
  const words = vocabulary.words;
  const filter = context.matchBefore(/\|\s*\w*$/);
  if (filter) {
    const options = (words?.filters ?? []).map((one) => ({ label: one.name, info: one.says, boost: one.own ? 5 : 0 }));
    return result(context, options);
  }
  const statement = context.matchBefore(/\{%-?\s*\w*$/);
  if (statement) return result(context, STATEMENTS.map((label) => ({ label })));
  const dotted = context.matchBefore(/[A-Za-z_]\w*(\.\w+)*\.\w*$/);
  const source = readSource(context.state);
  if (dotted) return result(context, fieldsOf(dotted.text.split(".").slice(0, -1), source, words?.rows ?? {}));
  return context.explicit || context.matchBefore(/\w+$/) || context.matchBefore(/\{\{-?\s*$/)
    ? result(context, namesOf(source, words?.rows ?? {}))
    : null;
}

function completeYaml(context: CompletionContext, vocabulary: Vocabulary): CompletionResult | null {
  const words = vocabulary.words;
  if (!words) return null;
  const model = context.matchBefore(/\b(model|judge):\s*["']?[\w:./-]*$/);
  if (model) {
    const options = words.models.map((one) => ({ label: one.name, detail: one.says }));
    return { from: context.pos - (/[\w:./-]*$/.exec(model.text.replace(/^\w+:\s*["']?/, ""))?.[0].length ?? 0), options };
  }
  const value = context.matchBefore(/[\w-]+:\s+[\w-]*$/);
  if (value) return result(context, valuesAt(context, words.schema));
  const key = context.matchBefore(/(^|[\s{,-])[\w-]*$/);
  const isTyping = context.explicit || context.matchBefore(/[\w-]+$/);
  return key && isTyping ? result(context, keysAt(context, words.schema)) : null;
}

function result(context: CompletionContext, options: readonly Completion[]): CompletionResult | null {
  const word = context.matchBefore(/[\w-]*$/);
  return options.length ? { from: word?.from ?? context.pos, options, validFor: WORD } : null;
}
