/* Loads a list again without anybody noticing: as many items as are shown, and menus that are open stay open. */

const MOST = 200;
const USUAL = 50;

/** The query for the beginning of a list, or for what follows a cursor. */
export function stretch(list, cursor) {
  if (cursor) return `?cursor=${encodeURIComponent(cursor)}`;
  return `?limit=${Math.min(MOST, Math.max(USUAL, list?.items.size ?? 0))}`;
}

/** @param {import("../lib/list.js").PagedList} list */
export async function refreshList(list) {
  const open = [...list.rows].filter(([, row]) => row.querySelector("details[open]")).map(([key]) => key);
  await list.reload({ isQuiet: true });
  for (const key of open) list.rows.get(key)?.querySelector("details")?.setAttribute("open", "");
}
