/* Tables as text: what a spreadsheet puts on the clipboard, and laying it over what is there. */

/** Cells of tab-separated values; a cell in quotes may hold line ends and tabs, which become spaces. */
export function parseSheet(text) {
  const cells = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").matchAll(/(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))(\t|\n|$)/g);
  const rows = [[]];
  for (const [, quoted, plain, end] of cells) {
    rows.at(-1).push((quoted === undefined ? plain : quoted.replaceAll('""', '"')).replace(/[\n\t]+/g, " "));
    if (end === "") break;
    if (end === "\n") rows.push([]);
  }
  return rows;
}

/**
 * A sheet with a widget of cells laid over it, grown as far as it may.
 * @param {{header: string[], rows: string[][]}} sheet
 * @param {number} row where the widget begins; -1 is the header
 * @param {number} column
 * @param {string[][]} widget
 * @param {{rows: number, columns: number}} bounds
 * @returns {{sheet: object, lost: boolean}} `lost` where the widget did not fit
 */
export function withSheet({ header, rows }, row, column, widget, bounds) {
  const wide = Math.max(header.length, column + Math.max(...widget.map((line) => line.length)));
  const columns = Math.min(wide, Math.max(bounds.columns, header.length));
  const count = Math.min(Math.max(rows.length, row + widget.length), Math.max(bounds.rows, rows.length));
  const all = [header, ...Array.from({ length: count }, (_, index) => rows[index] ?? [])];
  const laid = all.map((line, index) => laidOver(line, columns, column, widget[index - 1 - row]));
  const lost = columns < wide || count < row + widget.length;
  return { sheet: { header: laid[0], rows: laid.slice(1) }, lost };
}

function laidOver(line, columns, column, given) {
  // A row that the widget does not touch stays the same row.
  if (given === undefined && line.length >= columns) return line;
  const length = Math.max(columns, line.length);
  return Array.from({ length }, (_, index) => given?.[index - column] ?? line[index] ?? "");
}
