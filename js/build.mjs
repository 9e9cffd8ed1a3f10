// Bundles every widget, that is every folder of src with an index.ts, into ig_widgets/widgets/static.
// manifest.json is written last: it is there only when all of the others are, and says which sources they are made of.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const STATIC = "../ig_widgets/widgets/static";

const widgets = readdirSync("src").filter((name) => existsSync(`src/${name}/index.ts`));

// build_hook.py computes the same digest
const sources = createHash("sha256");
for (const path of ["build.mjs", "package-lock.json", ...filesIn("src")].sort()) {
  sources.update(`${path}\0`).update(readFileSync(path));
}

rmSync(STATIC, { recursive: true, force: true });
await build({
  entryPoints: widgets.flatMap((name) => [
    { in: `src/${name}/index.ts`, out: name },
    { in: `src/${name}/style.css`, out: name },
  ]),
  outdir: STATIC,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "warning",
});
writeFileSync(`${STATIC}/manifest.json`, `${JSON.stringify({ widgets, sources: sources.digest("hex") })}\n`);

function filesIn(folder) {
  const paths = readdirSync(folder, { recursive: true }).map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return paths.filter((path) => statSync(path).isFile());
}
