/* A whole site as one file: taken away, and put in again. */

import { announce } from "../lib/announce.js";
import { send, V1 } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { loadingState } from "../lib/list.js";
import { section } from "../lib/parts.js";
import { status } from "../lib/status.js";
import { table } from "../lib/table.js";

const IMPORT_WITHIN_MS = 600_000;
const COLUMNS = [{ label: "Page", class: "table-main" }, { label: "Outcome" }, { label: "Version" }, { label: "Why" }];

export function transferPart(site) {
  const path = `/sites/${encodeURIComponent(site.slug)}`;
  const report = h("div");
  const input = h("input", { type: "file", accept: ".json,application/json", id: "import-file", class: "visually-hidden" });
  input.addEventListener("change", async () => {
    await take(input.files[0], path, report);
    input.value = "";
  });
  const zone = h("label", { class: "drop", htmlFor: "import-file" }, icon("add"), h("strong", {}, "Choose a file"), h("span", { class: "muted" }, "or drag it here"));
  letDrop(zone, (file) => take(file, path, report));
  return section(
    {
      title: "Export and import",
      text: "A site's pages and defaults as one JSON file. To import the same file twice changes nothing the second time; nothing is published by it.",
      actions: [h("a", { class: "button", href: `${V1}${path}/export`, download: `${site.slug}.json` }, icon("down"), "Export")],
    },
    h("div", { class: "drop-frame" }, input, zone), report);
}

function letDrop(zone, take) {
  const mark = (isOver) => zone.classList.toggle("is-over", isOver);
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  zone.addEventListener("dragleave", () => mark(false));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files[0]);
  });
}

async function take(file, path, report) {
  if (!file) return;
  fill(report, loadingState(`Importing ${file.name}…`));
  try {
    const { body } = await send("POST", `${path}/import`, JSON.parse(await file.text()), { withinMs: IMPORT_WITHIN_MS });
    fill(report, shown(body.pages, file.name));
  } catch (error) {
    fill(report, refused(error, file.name));
  }
}

function shown(pages, name) {
  const { element, body, row } = table({ caption: `What came of ${name}`, columns: COLUMNS });
  body.append(...pages.map((page) => row(page.page, status(page.outcome), page.version ? `v${page.version}` : "", page.detail)));
  const count = (outcome) => pages.filter((page) => page.outcome === outcome).length;
  const text = `${name}: ${count("saved")} saved, ${count("unchanged")} unchanged, ${count("refused")} refused.`;
  announce(text);
  return h("div", { class: "panel" }, h("p", {}, text), pages.length > 0 && element);
}

function refused(error, name) {
  if (!["Problem", "SyntaxError"].includes(error.name)) throw error;
  const text = error.name === "SyntaxError" ? `${name} is not JSON: choose a file that Export has made.` : error.detail;
  return h("div", { class: "form-problem", role: "alert" }, icon("warning"), h("p", {}, text));
}
