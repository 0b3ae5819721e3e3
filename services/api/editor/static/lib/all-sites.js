/* Every site that somebody may look at, to choose one from. */

import { get } from "./api.js";

const AT_ONCE = 200;
// Nobody finds their way in a longer list.
const MOST = 4000;

/** @returns {Promise<{slug: string, title: string}[]>} by slug */
export async function allSites({ signal } = {}) {
  const sites = [];
  let cursor = "";
  do {
    const { items, next } = await get(`/sites?limit=${AT_ONCE}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { signal });
    sites.push(...items);
    cursor = next;
  } while (cursor && sites.length < MOST);
  return sites;
}
