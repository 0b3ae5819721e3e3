/* Which widget is which, in two states of a list: by its id, where it has one. */

/** The key of each item of a list: its id, otherwise its kind; where several have the same, the later ones are counted. */
export function keysOf(list) {
  const seen = new Map();
  return list.map((item) => {
    const name = item?.id ? `#${item.id}` : `@${item?.type ?? ""}`;
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return seen.get(name) === 1 ? name : `${name} ${seen.get(name)}`;
  });
}

/** An id that no item has yet: `hero-1`, `hero-2`, … */
export function newId(kind, list) {
  const taken = new Set(list.map((item) => item?.id));
  const stem = /^[a-z][a-z0-9-]*$/.test(kind) ? kind.slice(0, 40) : "widget";
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}-${number}`)) return `${stem}-${number}`;
}

/** Whether items of a list are told apart by key: widgets are, rows and cells are not. */
export function isKeyed(list) {
  return Array.isArray(list) && list.length > 0 && list.every((item) => typeof item?.type === "string");
}
