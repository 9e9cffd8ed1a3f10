// Bundles every widget, that is every folder of src with an index.ts, into ig_widgets/widgets/static.
import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const widgets = readdirSync("src").filter((name) => existsSync(`src/${name}/index.ts`));

await build({
  entryPoints: widgets.flatMap((name) => [
    { in: `src/${name}/index.ts`, out: name },
    { in: `src/${name}/style.css`, out: name },
  ]),
  outdir: "../ig_widgets/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
