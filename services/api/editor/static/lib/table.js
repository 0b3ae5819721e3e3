/* Tables that stay tables: with a caption, column headings and a heading per row. On a phone each row becomes a card by
   style alone; the roles are written out because some browsers forget them when a table's boxes change. */

import { h } from "./dom.js";

/**
 * Make an empty table.
 * @param {{caption: string, columns: {label: string, class?: string, isHidden?: boolean}[]}} options the first column
 *   names the row; a hidden label is told to screen readers only
 * @returns {{element: HTMLElement, body: HTMLElement, row: function(...*): HTMLElement}}
 *   `row` makes a row of cells
 */
export function table({ caption, columns }) {
  const body = h("tbody", { role: "rowgroup" });
  const heads = columns.map(({ label, class: name, isHidden }) =>
    h("th", { scope: "col", role: "columnheader", class: name }, isHidden ? h("span", { class: "visually-hidden" }, label) : label));
  const element = h("table", { class: "table", role: "table" },
    h("caption", { class: "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads)), body);
  return { element, body, row: (...cells) => makeRow(columns, cells) };
}

function makeRow(columns, cells) {
  return h("tr", { role: "row" }, cells.map((cell, at) => {
    const { label, class: name, isHidden } = columns[at];
    const isEmpty = cell === null || cell === undefined || cell === "";
    const properties = { class: name, dataset: { label: isHidden ? "" : label, empty: isEmpty ? "yes" : "no" } };
    return at === 0
      ? h("th", { scope: "row", role: "rowheader", ...properties }, h("div", { class: "table-cell" }, cell))
      : h("td", { role: "cell", ...properties }, h("div", { class: "table-cell" }, cell));
  }));
}
