/* Two people changed one page: both sides brought together, field by field and widget by widget.

   Mine where I changed something, theirs elsewhere. What one side removed and the other changed stays, for a change is
   work and a removal is quickly done again. */

import { isKeyed, keysOf } from "./identity.js";
import { isContainer, isEqual } from "./pointer.js";

/**
 * @param {unknown} base what both began with
 * @param {unknown} mine
 * @param {unknown} theirs
 * @returns {unknown}
 */
export function merge(base, mine, theirs) {
  if (isEqual(mine, base)) return theirs;
  if (isEqual(theirs, base) || isEqual(mine, theirs)) return mine;
  if (areLists(mine, theirs)) return mergeLists(Array.isArray(base) ? base : [], mine, theirs);
  if (areObjects(mine, theirs)) return mergeObjects(isObject(base) ? base : {}, mine, theirs);
  return mine;
}

function mergeObjects(base, mine, theirs) {
  const names = new Set([...Object.keys(theirs), ...Object.keys(mine)]);
  const merged = [...names].map((name) => [name, merge(base[name], mine[name], theirs[name])]);
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined));
}

function mergeLists(base, mine, theirs) {
  const sides = { base: byKey(base), mine: byKey(mine), theirs: byKey(theirs) };
  const order = mergeOrder([...sides.base.keys()], [...sides.mine.keys()], [...sides.theirs.keys()]);
  return order.filter((key) => stays(key, sides)).map((key) => mergeItem(key, sides));
}

function mergeItem(key, { base, mine, theirs }) {
  if (!mine.has(key)) return theirs.get(key);
  if (!theirs.has(key)) return mine.get(key);
  return merge(base.get(key), mine.get(key), theirs.get(key));
}

function stays(key, { base, mine, theirs }) {
  if (mine.has(key) && theirs.has(key)) return true;
  if (!base.has(key)) return true;
  const left = mine.has(key) ? mine : theirs;
  return !isEqual(left.get(key), base.get(key));
}

/** My order where I moved something, theirs elsewhere; what only the other side has stands behind what it follows there. */
function mergeOrder(base, mine, theirs) {
  const [leading, other] = isSameOrder(base, mine) ? [theirs, mine] : [mine, theirs];
  const order = [...leading];
  other.forEach((key, index) => {
    if (order.includes(key)) return;
    const before = other.slice(0, index).findLast((earlier) => order.includes(earlier));
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, key);
  });
  return order;
}

function isSameOrder(base, list) {
  const common = list.filter((key) => base.includes(key));
  return common.every((key, index) => key === base.filter((known) => list.includes(known))[index]);
}

function byKey(list) {
  const keys = keysOf(list);
  return new Map(list.map((item, index) => [keys[index], item]));
}

function areLists(mine, theirs) {
  return [mine, theirs].every((list) => Array.isArray(list) && (list.length === 0 || isKeyed(list)));
}

function areObjects(mine, theirs) {
  return isObject(mine) && isObject(theirs) && mine.type === theirs.type;
}

function isObject(value) {
  return isContainer(value) && !Array.isArray(value);
}
