/* The versions of a page: what each is, whether visitors get it, and what can be done with it. Two that are chosen are
   compared. */

import { get } from "../lib/api.js";
import { announce } from "../lib/announce.js";
import { copyButton } from "../lib/copy.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { emptyState, PagedList } from "../lib/list.js";
import { button } from "../lib/parts.js";
import { status } from "../lib/status.js";
import { clockShort, when } from "../lib/time.js";
import { comparisonAddress } from "./addresses.js";
import { menu } from "./menu.js";
import { refreshList, stretch } from "./refresh.js";
import { restore } from "./restore.js";
import { goTo, isBack } from "./roll-back.js";
import { permanent } from "./work.js";
import { kilobytes } from "./sizes.js";

const COLUMNS = [
  { label: "Version", class: "table-main" },
  { label: "Saved" },
  { label: "Finished" },
  { label: "Compare" },
  { label: "Actions", class: "table-end", isHidden: true },
];

export function versionList(work) {
  const chosen = new Choice(work);
  const list = new PagedList({
    load: (cursor, signal) => get(`${work.path}/versions${stretch(list, cursor)}`, { signal }),
    caption: "Versions, newest first", columns: COLUMNS, keyOf: (version) => version.number,
    cells: (version) => cells(work, chosen, version), signal: work.signal, more: "Show older versions",
    empty: () => emptyState({ drawing: "clock", title: "No version yet", text: "Publishing saves the first one.", level: "h3" }),
  });
  work.onChange(() => refreshList(list));
  return { element: h("div", { class: "history-versions" }, chosen.element, list.element), load: () => list.reload() };
}

function cells(work, chosen, version) {
  const { number, note, author, created_at: at } = version;
  return [
    [h("strong", { class: "number" }, `v${number}`), " ", marks(version), note && h("div", { class: "history-note" }, note)],
    [when(at), h("div", { class: "muted small" }, clockShort(at), author && ` by ${author}`)],
    finished(version),
    chosen.box(number),
    actions(work, version),
  ];
}

/** What visitors get is marked by word; so is what can be made live at once. */
function marks({ is_live: isLive, is_kept: isKept }) {
  if (isLive) return status("live");
  return isKept && h("span", { class: "status status-quiet", title: "Its finished page is kept: going back needs no build" }, icon("check"), "Instant");
}

function finished({ built_at: at, size }) {
  if (!at) return h("span", { class: "muted" }, "not built");
  return [h("span", { class: "number" }, size ? kilobytes(size) : ""), h("div", { class: "muted small" }, "built ", when(at))];
}

function actions(work, version) {
  const { number, is_live: isLive, is_kept: isKept } = version;
  const own = h("span", { class: "visually-hidden" }, ` of v${number}`);
  return [
    number > 1 && h("a", { class: "button button-quiet button-small", href: comparisonAddress(work, number - 1, number) }, "Changes", own),
    work.can.publish && !isLive && goButton(work, version),
    menu(`More for v${number}`, [
      work.can.draft && button("Restore as draft", () => restore(work, number), { kind: "quiet small" }),
      work.newest > number && h("a", { class: "button button-quiet button-small", href: comparisonAddress(work, number, work.newest) }, `Compare with v${work.newest}`),
      isKept && h("a", { class: "button button-quiet button-small", href: permanent(work, number), target: "_blank", rel: "noopener" },
        "Open", h("span", { class: "visually-hidden" }, " in a new tab"), icon("external")),
      isKept && copyLink(work, number),
    ]),
  ];
}

function goButton(work, version) {
  const [verb, rest] = isBack(work, version) ? ["Roll back", ` to v${version.number}`] : ["Publish", ` v${version.number}`];
  return button([verb, h("span", { class: "visually-hidden" }, rest)], () => goTo(work, version), { kind: "small" });
}

function copyLink(work, number) {
  const made = copyButton(location.origin + permanent(work, number), "Copy permanent link");
  made.classList.add("button-quiet", "button-small");
  return made;
}

/** At most two versions, by number; a third takes the place of the one that was chosen first. */
class Choice {
  constructor(work) {
    this.work = work;
    this.numbers = [];
    this.element = h("div", { class: "history-choice", hidden: true });
  }

  box(number) {
    return h("label", { class: "check history-box" },
      h("input", { type: "checkbox", name: "compare", value: number, checked: this.numbers.includes(number), onchange: (event) => this.choose(number, event.target) }),
      h("span", { class: "visually-hidden" }, `Compare v${number}`));
  }

  choose(number, box) {
    this.numbers = this.numbers.filter((chosen) => chosen !== number);
    if (box.checked) this.numbers.push(number);
    if (this.numbers.length > 2) this.drop(this.numbers.shift(), box);
    this.show();
  }

  drop(number, box) {
    const other = box.closest("table").querySelector(`input[name="compare"][value="${number}"]`);
    if (other) other.checked = false;
  }

  show() {
    const [before, after] = [...this.numbers].sort((one, other) => one - other);
    this.element.hidden = before === undefined;
    if (before === undefined) return;
    const text = after ? `v${before} and v${after} are chosen.` : `v${before} is chosen. Choose another version to compare it with.`;
    this.element.replaceChildren(h("p", {}, text),
      after ? h("a", { class: "button button-primary", href: comparisonAddress(this.work, before, after) }, `Compare v${before} with v${after}`) : "");
    announce(text);
  }
}
