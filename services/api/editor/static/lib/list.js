/* A list that comes page by page: it says that it is on its way, that there is nothing, that it failed, or shows a
   table with a button for what follows. */

import { announce, toast } from "./announce.js";
import { goToHeading } from "./dialog.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { table } from "./table.js";

/** What stands where nothing is yet. */
export function emptyState({ drawing = "dots", title, text, actions = [], level = "h2" }) {
  return h("div", { class: "empty" }, icon(drawing), h(level, {}, title), text && h("p", {}, text),
    actions.some(Boolean) && h("div", { class: "empty-actions" }, actions));
}

/** What stands where something will be in a moment. */
export function loadingState(text = "Loading…") {
  return h("div", { class: "loading" }, h("span", { class: "visually-hidden" }, text),
    [1, 2, 3].map(() => h("div", { class: "loading-line", "aria-hidden": "true" })));
}

/**
 * Make a list.
 * @param {{
 *   load: function(string|null, AbortSignal): Promise<{items: object[], next: *}>,
 *   caption: string, columns: object[], cells: function(object): *[], keyOf: function(object): string,
 *   empty: function(): HTMLElement, more?: string, signal?: AbortSignal,
 * }} options `cells` makes the cells of an item, in the order of the columns
 */
export class PagedList {
  constructor(options) {
    this.options = { more: "Show more", ...options };
    this.items = new Map();
    this.rows = new Map();
    this.element = h("div", { class: "list" });
    this.turn = 0;
    this.next = null;
    this.firstCount = 0;
  }

  /**
   * Load the list from its beginning.
   * @param {{isQuiet?: boolean, keeps?: boolean}} [how] quietly: what is shown stays meanwhile; `keeps`: also where it fails
   * @returns {Promise<boolean>} whether it is the newest that is shown now
   */
  async reload({ isQuiet = false, keeps = isQuiet } = {}) {
    const own = (this.turn += 1);
    if (!isQuiet) fill(this.element, loadingState());
    return this.take(null, own, () => this.begin(), keeps && this.items.size > 0);
  }

  begin() {
    this.items.clear();
    this.rows.clear();
    const { caption, columns } = this.options;
    this.table = table({ caption, columns });
    this.foot = h("div", { class: "list-foot" });
  }

  async take(cursor, own, before = () => {}, keeps = false) {
    try {
      const found = await this.options.load(cursor, this.options.signal);
      if (own !== this.turn) return false;
      const focus = this.focus();
      before();
      found.items.forEach((item) => this.put(item));
      this.next = found.next ?? null;
      if (cursor === null) this.firstCount = this.items.size;
      this.show();
      this.refocus(focus);
      return true;
    } catch (error) {
      if (error.name === "AbortError") return false;
      if (error.name !== "Problem") throw error;
      // What is shown and may be old is better than nothing; that Platen is not reached, the banner says.
      if (own === this.turn && cursor !== null) toast(error.detail, { kind: "problem" });
      else if (own === this.turn && !keeps) this.fail(error);
      return false;
    }
  }

  /** Show an item's newest state: in its row, or in a new row at the end. */
  put(item) {
    const key = this.options.keyOf(item);
    const row = this.table.row(...this.options.cells(item));
    if (this.rows.has(key)) this.rows.get(key).replaceWith(row);
    else this.table.body.append(row);
    this.items.set(key, item);
    this.rows.set(key, row);
  }

  /** Change an item that is shown. @returns {boolean} whether it is */
  change(key, change) {
    if (!this.items.has(key)) return false;
    const focus = this.focus();
    this.put({ ...this.items.get(key), ...change });
    this.refocus(focus);
    return true;
  }

  /** Which control of which row has the focus: rows are made anew when they change, and nobody shall lose their place. */
  focus() {
    const found = [...this.rows].find(([, row]) => row.contains(document.activeElement));
    return found && { key: found[0], at: focusable(found[1]).indexOf(document.activeElement) };
  }

  refocus(focus) {
    if (!focus || this.element.contains(document.activeElement)) return;
    const row = this.rows.get(focus.key);
    const controls = row ? focusable(row) : [];
    goTo(controls[focus.at] ?? controls.at(-1) ?? focusable(this.element)[0]);
  }

  remove(key) {
    const row = this.rows.get(key);
    const near = row?.contains(document.activeElement) && (row.nextElementSibling ?? row.previousElementSibling ?? this.element);
    row?.remove();
    this.items.delete(key);
    this.rows.delete(key);
    if (this.items.size === 0) this.show();
    if (near) goTo(focusable(near)[0]);
  }

  show() {
    if (this.items.size === 0 && !this.next) fill(this.element, this.options.empty());
    else fill(this.element, this.table.element, this.foot);
    fill(this.foot, this.next !== null && this.moreButton());
  }

  moreButton() {
    const button = h("button", { type: "button", class: "button", onclick: () => this.loadMore(button) }, this.options.more);
    return button;
  }

  async loadMore(button) {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    const before = this.items.size;
    const hasCome = await this.take(this.next, this.turn);
    button.ariaDisabled = "false";
    if (!hasCome) return;
    announce(`${this.items.size - before} more, ${this.items.size} in all.`);
    // The button is another one now, or gone: whoever pressed it goes on with what it brought.
    const first = [...this.rows.values()][before];
    if (first) focusable(first)[0]?.focus();
  }

  fail(error) {
    const again = h("button", { type: "button", class: "button", onclick: () => this.reload() }, "Try again");
    fill(this.element, emptyState({ drawing: "warning", title: "The list could not be loaded", text: error.detail, actions: [again] }));
    announce(`The list could not be loaded. ${error.detail}`, { assertive: true });
  }
}

const goTo = (control) => (control ? control.focus() : goToHeading());

const focusable = (element) => [...element.querySelectorAll("a[href], button, input, select, textarea, summary")];
