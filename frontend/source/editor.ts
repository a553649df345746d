// The editor of templates: the page's text area with colours, completion and errors at their lines, and a preview that
// follows what is typed. The text area stays what the form sends.
import { openEditor } from "./editor/view";

const area = document.querySelector<HTMLTextAreaElement>("textarea#source");
if (area?.form) openEditor(area, area.form);
