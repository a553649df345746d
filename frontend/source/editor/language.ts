// YAML whose values hold Jinja2: what stands in {{ }}, {% %} and {# #} is read as that, the rest stays text.
import { LRLanguage, LanguageSupport } from "@codemirror/language";
import { jinjaLanguage } from "@codemirror/lang-jinja";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { parseMixed, type Input, type SyntaxNodeRef } from "@lezer/common";

const TEXTS = new Set(["BlockLiteralContent", "QuotedLiteral", "Literal"]);
const MARKED = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\}/g;

function marks(node: SyntaxNodeRef, input: Input): { from: number; to: number }[] {
  const found = input.read(node.from, node.to).matchAll(MARKED);
  return [...found].map((mark) => ({ from: node.from + mark.index, to: node.from + mark.index + mark[0].length }));
}

const wrap = parseMixed((node, input) => {
  if (!TEXTS.has(node.name)) return null;
  const overlay = marks(node, input);
  return overlay.length ? { parser: jinjaLanguage.parser, overlay } : null;
});

const language: LRLanguage = yamlLanguage.configure({ wrap }, "gristmill");

export const templateLanguage = new LanguageSupport(language);
