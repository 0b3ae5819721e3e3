/* Keeps the views of a list's items in step with the items: a view stays with its item when that moves. */

/**
 * Pair each item with a view: the one that showed this very item, otherwise one with the same key, otherwise the one at
 * its place; what is left over goes.
 * @param {Array} items
 * @param {Array<{item: unknown, key: string}>} views
 * @param {(item: unknown) => string} keyOf
 * @param {(item: unknown) => object} make
 * @returns {Array} views in the order of the items
 */
export function paired(items, views, keyOf, make) {
  const free = new Set(views);
  const take = (found) => found && free.delete(found) && found;
  const result = items.map((item) => take([...free].find((view) => view.item === item)));
  items.forEach((item, index) => {
    result[index] ||= take([...free].find((view) => view.key === keyOf(item)));
  });
  items.forEach((item, index) => {
    const there = views[index];
    const isLike = there && free.has(there) && there.kind === item?.type;
    result[index] ||= isLike ? take(there) : make(item);
  });
  return result;
}

/** Bring the children of an element into an order, moving as few of them as that takes, so that the focus stays. */
export function arrange(container, elements) {
  for (const child of [...container.children]) if (!elements.includes(child)) child.remove();
  elements.forEach((element, index) => {
    if (container.children[index] !== element) container.insertBefore(element, container.children[index] ?? null);
  });
}
