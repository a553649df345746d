// Bundles the scripts of the pages into the Python package, each page's own in one file.
import { rm } from "node:fs/promises";
import { build } from "esbuild";

const outdir = "../src/gristmill/web/built";

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: ["begin", "pages", "editor", "charts", "records", "upload"].map((name) => `source/${name}.ts`),
  outdir,
  bundle: true,
  // Jinja2 of the editor stands within YAML: what lang-jinja has for HTML, CSS and scripts is never read.
  alias: { "@codemirror/lang-html": "./source/editor/around.ts" },
  minify: true,
  format: "esm",
  target: ["chrome120", "firefox120", "safari17"],
  legalComments: "linked",
  logLevel: "info",
});
