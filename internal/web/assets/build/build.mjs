// Builds ../dist from Tabler, uPlot, htmx and our own css/ and js/, and the names
// of the icons into ../../ui/icons.go. Run by `go generate ./internal/web/assets`.
//
//   dist/app.css          Tabler without what classes.txt doesn't name, uPlot's few rules, ours
//   dist/app.js           htmx with its SSE extension, and what every page may need
//   dist/chart.js         uPlot and the report's chart
//   dist/editor.js        the live preview beside a message
//   dist/icons.svg        the icons, each a symbol
//   dist/SOURCES.sha256   the sources of all that; a Go test compares, so that no build is forgotten
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "../dist");
const read = (...path) => readFileSync(join(here, ...path), "utf8");
const words = (file) =>
  read(file)
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join(" ")
    .split(/\s+/)
    .filter(Boolean);
const files = (folder) => readdirSync(join(here, folder)).sort().map((name) => `${folder}/${name}`);

// purge drops the rules, variables and animations that no listed word uses.
async function purge(css) {
  const list = words("classes.txt");
  const [{ css: kept }] = await new PurgeCSS().purge({
    content: [{ raw: list.join(" ") + read("css", "app.css"), extension: "txt" }],
    css: [{ raw: css }],
    defaultExtractor: (text) => text.match(/[\w-]+/g) ?? [],
    keyframes: true,
    variables: false,
  });
  return kept;
}

// dropUnusedVariables removes custom properties that no rule reads, until
// there are none: Tabler declares hundreds of shades.
function dropUnusedVariables(root) {
  for (;;) {
    const used = new Set(read("js", "chart.js").match(/--tblr-[\w-]+/g));
    root.walkDecls((d) => {
      for (const m of d.value.matchAll(/var\(\s*(--[\w-]+)/g)) if (m[1] !== d.prop) used.add(m[1]);
    });
    let dropped = 0;
    root.walkDecls(/^--/, (d) => {
      if (!used.has(d.prop)) d.remove(), dropped++;
    });
    if (!dropped) return;
  }
}

// follow gives data-bs-theme=auto, by which the server says that it doesn't
// know, the rules of the system's theme: no script, so no flash.
function follow(root) {
  root.walkRules((rule) => {
    const theme = rule.selector.match(/\[data-bs-theme=["']?(dark|light)["']?\]/)?.[1];
    if (!theme || inside(rule, "prefers-color-scheme")) return;
    const copy = rule.clone({
      selectors: rule.selectors
        .filter((s) => s.includes("data-bs-theme"))
        .map((s) => s.replace(/\[data-bs-theme=["']?(dark|light)["']?\]/g, "[data-bs-theme=auto]")),
    });
    const media = postcss.atRule({ name: "media", params: `(prefers-color-scheme: ${theme})` });
    media.append(copy);
    rule.after(media);
  });
}

function inside(node, params) {
  for (let p = node.parent; p; p = p.parent) if (p.type === "atrule" && p.params.includes(params)) return true;
  return false;
}

async function styles() {
  const tabler = await purge(read("node_modules/@tabler/core/dist/css/tabler.css"));
  const root = postcss.parse(tabler + read("node_modules/uplot/dist/uPlot.min.css") + files("css").map((f) => read(f)).join("\n"));
  root.walkComments((c) => c.text.startsWith("!") || c.remove());
  dropUnusedVariables(root);
  root.walkRules((rule) => rule.nodes.length || rule.remove());
  follow(root);
  const { code } = await esbuild.transform(root.toString(), { loader: "css", minify: true, target: ["chrome111", "firefox113", "safari16.4"], legalComments: "inline" });
  return code;
}

async function script(name) {
  const built = await esbuild.build({
    entryPoints: [join(here, "js", name)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: ["es2022"],
    legalComments: "inline",
    banner: { js: { "app.js": "/*! htmx (0BSD) */", "chart.js": "/*! uPlot (MIT), Leon Sorokin */" }[name] ?? "" },
  });
  return built.outputFiles[0].text;
}

// icons makes a file of symbols, one for each listed icon.
function icons() {
  const symbols = words("icons.txt").map((name) => {
    const svg = read("node_modules/@tabler/icons/icons/outline", `${name}.svg`);
    const inner = svg.replace(/<!--.*?-->/gs, "").match(/<svg[^>]*>(.*)<\/svg>/s)[1];
    const paths = inner.match(/<[^>]+>/g).filter((p) => !p.includes('fill="none"')).join("").replaceAll(" />", "/>");
    return `<symbol id="${name}" viewBox="0 0 24 24">${paths}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg"><!-- Tabler Icons (MIT), Paweł Kuna -->\n${symbols.join("\n")}\n</svg>\n`;
}

// iconNames names the symbols for the pages, and the file by its content, as
// package assets does.
function iconNames(file) {
  const rows = words("icons.txt").map((name) => ["Icon" + name.split("-").map((w) => w[0].toUpperCase() + w.slice(1)).join(""), name]);
  const width = Math.max(...rows.map(([constant]) => constant.length));
  const digest = createHash("sha256").update(file).digest("hex").slice(0, 12);
  return `// Code generated by internal/web/assets/build; DO NOT EDIT.

package ui

// iconsURL is where the symbols of the icons are served.
const iconsURL = "/static/icons-${digest}.svg"

// The icons of Tabler (MIT, Paweł Kuna) that pages use.
const (
${rows.map(([constant, name]) => `\t${constant.padEnd(width)} IconName = "${name}"`).join("\n")}
)
`;
}

// sources lists the hash of every file that the result depends on.
function sources() {
  const list = ["build.mjs", "classes.txt", "favicon.svg", "icons.txt", "package.json", "package-lock.json", ...files("css"), ...files("js")];
  return list.sort().map((f) => `${createHash("sha256").update(read(f)).digest("hex")}  ${f}\n`).join("");
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const write = (name, text) => writeFileSync(join(dist, name), text);
write("app.css", await styles());
write("app.js", await script("app.js"));
write("chart.js", await script("chart.js"));
write("editor.js", await script("editor.js"));
write("favicon.svg", read("favicon.svg"));
const symbols = icons();
write("icons.svg", symbols);
writeFileSync(join(here, "../../ui/icons.go"), iconNames(symbols));
write("SOURCES.sha256", sources());
