// In place of @codemirror/lang-html, in which lang-jinja reads the text around its marks: we give it marks alone, so
// that half of the editor's size need not be sent. See build.mjs.
import { LanguageSupport } from "@codemirror/language";
import { yamlLanguage } from "@codemirror/lang-yaml";

export function html(): LanguageSupport {
  return new LanguageSupport(yamlLanguage);
}
