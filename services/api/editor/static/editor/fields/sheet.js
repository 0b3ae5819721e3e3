/* Rows and columns under a header, as in a spreadsheet, from which they can be pasted. */

import { announce, toast } from "../../lib/announce.js";
import { fill, h } from "../../lib/dom.js";
import { parseSheet, withSheet } from "../sheets.js";
import { Group, iconButton, smallButton } from "./group.js";
import { arrange } from "./rows.js";

// More cells than this make a browser slow; the rest is there, and shown when asked for.
const SHOWN_ROWS = 100;
const HEADER = -1;

export class SheetField extends Group {
  /**
   * @param {{header: [string, object], rows: [string, object]}} named the two fields: name and spec
   * @param {import("../place.js").Place} place of the object that has both
   */
  constructor({ header, rows }, place) {
    super(`${header[1].label} and ${rows[1].label.toLowerCase()}`);
    Object.assign(this, { place, headerName: header[0], rowsName: rows[0], most: SHOWN_ROWS, shown: null });
    this.label = rows[1].label;
    this.bounds = { columns: header[1].schema.maxItems ?? 20, rows: rows[1].schema.maxItems ?? 1000 };
    this.head = h("tr", {});
    this.cells = h("tbody", {});
    this.more = smallButton("down", "", () => this.#showAll());
    this.addingRow = smallButton("add", "Add row", () => this.#addRow());
    this.addingColumn = smallButton("add", "Add column", () => this.#addColumn());
    const table = h("table", { class: "sheet", "aria-label": this.label }, h("thead", {}, this.head), this.cells);
    fill(this.body,
      h("p", { class: "field-hint" }, "Cells can be pasted from a spreadsheet."),
      h("div", { class: "sheet-scroll" }, table), this.more,
      h("div", { class: "sheet-buttons" }, this.addingRow, this.addingColumn));
  }

  get sheet() {
    return this.#sheetOf(this.place.value);
  }

  update(value) {
    const { header, rows } = this.#sheetOf(value);
    const columns = Math.max(header.length, ...rows.map((row) => row.length));
    const count = Math.min(rows.length, this.most);
    if (this.shown?.columns !== columns) this.#rebuild(columns);
    const kept = [...this.cells.children].slice(0, count);
    const added = Array.from({ length: count - kept.length }, (_, index) => this.#row(kept.length + index, columns));
    arrange(this.cells, [...kept, ...added]);
    showTexts(this.head, header);
    rows.slice(0, count).forEach((row, index) => showTexts(this.cells.children[index], row));
    this.shown = { columns, rows };
    this.#offer(rows.length, columns);
  }

  find([name, row, column]) {
    if (row === undefined) return this;
    const input = name === this.headerName ? this.#cellAt(HEADER, Number(row)) : this.#cellAt(Number(row), Number(column ?? 0));
    return input ? new Cell(this, input) : this;
  }

  all() {
    return [this];
  }

  focus() {
    (this.#cellAt(HEADER, 0) ?? this.addingColumn).focus();
  }

  fault(faults) {
    super.fault(faults);
    if (faults.length > 0) return;
    for (const input of this.element.querySelectorAll("input[aria-invalid]")) input.removeAttribute("aria-invalid");
  }

  #sheetOf(value) {
    const listOf = (name) => (Array.isArray(value?.[name]) ? value[name] : []);
    return { header: listOf(this.headerName), rows: listOf(this.rowsName).map((row) => (Array.isArray(row) ? row : [])) };
  }

  #put({ header, rows }, typing = null) {
    const value = { ...this.place.value, [this.headerName]: header, [this.rowsName]: rows };
    this.place.model.change(this.place.steps, value, typing);
  }

  #typed(row, column, text) {
    const { sheet } = withSheet(this.sheet, row, column, [[text]], this.bounds);
    this.#put(sheet, `${this.place.pointer} ${row} ${column}`);
  }

  #pasted(event, row, column) {
    const widget = parseSheet(event.clipboardData.getData("text/plain"));
    if (widget.length === 1 && widget[0].length === 1) return;
    event.preventDefault();
    const { sheet, lost } = withSheet(this.sheet, row, column, widget, this.bounds);
    this.#put(sheet);
    announce(`${widget.length} rows pasted`);
    const { rows, columns } = this.bounds;
    if (lost) toast(`What went beyond ${rows} rows or ${columns} columns was left out.`, { kind: "problem" });
  }

  #pressed(event, row, column) {
    const by = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined || event.shiftKey || event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    this.#cellAt(row + by, column)?.focus();
  }

  #addRow() {
    const { header, rows } = this.sheet;
    if (rows.length >= this.most) this.most = Infinity;
    this.#put({ header, rows: [...rows, header.map(() => "")] });
    this.#cellAt(rows.length, 0)?.focus();
  }

  #addColumn() {
    const { header, rows } = this.sheet;
    this.#put({ header: [...header, ""], rows: rows.map((row) => [...row, ""]) });
    this.#cellAt(HEADER, header.length)?.focus();
  }

  #removeRow(row) {
    const { header, rows } = this.sheet;
    this.#put({ header, rows: rows.toSpliced(row, 1) });
    (this.#cellAt(row, 0) ?? this.#cellAt(row - 1, 0) ?? this.addingRow).focus();
    announce(`Row ${row + 1} removed`);
  }

  #removeColumn(column) {
    const { header, rows } = this.sheet;
    this.#put({ header: header.toSpliced(column, 1), rows: rows.map((row) => row.toSpliced(column, 1)) });
    (this.#cellAt(HEADER, column) ?? this.#cellAt(HEADER, column - 1) ?? this.addingColumn).focus();
    announce(`Column ${column + 1} removed`);
  }

  #showAll() {
    this.most = Infinity;
    this.update(this.place.value);
  }

  #offer(rows, columns) {
    this.more.hidden = rows <= this.most;
    this.more.lastChild.textContent = `Show all ${rows} rows`;
    this.addingRow.disabled = rows >= this.bounds.rows;
    this.addingColumn.disabled = columns >= this.bounds.columns;
  }

  #rebuild(columns) {
    const heads = Array.from({ length: columns }, (_, column) => this.#headCell(column));
    fill(this.head, ...heads, h("td", {}));
    fill(this.cells);
  }

  #headCell(column) {
    const remove = iconButton("cross", `Remove column ${column + 1}`, () => this.#removeColumn(column));
    return h("th", { scope: "col" }, h("div", { class: "sheet-head" }, this.#cell(HEADER, column), remove));
  }

  #row(row, columns) {
    const remove = iconButton("cross", `Remove row ${row + 1}`, () => this.#removeRow(row));
    const cells = Array.from({ length: columns }, (_, column) => h("td", {}, this.#cell(row, column)));
    return h("tr", {}, ...cells, h("td", {}, remove));
  }

  #cell(row, column) {
    return h("input", {
      type: "text",
      autocomplete: "off",
      "aria-label": row === HEADER ? `Header ${column + 1}` : `Row ${row + 1}, column ${column + 1}`,
      oninput: (event) => this.#typed(row, column, event.target.value),
      onpaste: (event) => this.#pasted(event, row, column),
      onkeydown: (event) => this.#pressed(event, row, column),
    });
  }

  #cellAt(row, column) {
    const line = row === HEADER ? this.head : this.cells.children[row];
    return line?.querySelectorAll("input")[column];
  }
}

/** One cell, for its faults: told below the sheet, marked in the cell. */
class Cell {
  constructor(sheet, input) {
    Object.assign(this, { sheet, input, label: input.getAttribute("aria-label"), element: input });
  }

  focus() {
    this.input.focus();
  }

  fault(faults) {
    this.sheet.fault(faults);
    if (faults.length > 0) this.input.setAttribute("aria-invalid", "true");
  }
}

function showTexts(line, texts) {
  line.querySelectorAll("input").forEach((input, column) => {
    const text = String(texts[column] ?? "");
    if (input.value !== text) input.value = text;
  });
}
