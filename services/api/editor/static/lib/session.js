/* Who is signed in, and what they may do. What is hidden here is refused by the API as well. */

import { Problem, send } from "./api.js";

let session = null;
const listeners = new Set();

export const current = () => session;

/** Ask who is signed in; null where nobody is. Without a cookie there is nothing to ask. */
export async function load() {
  if (document.documentElement.dataset.session === "none") return null;
  try {
    const { body } = await send("GET", "/session", null, { isSigningIn: true });
    remember(body);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    remember(null);
  }
  return session;
}

export async function signIn(name, password) {
  const { body } = await send("POST", "/session", { name, password }, { isSigningIn: true });
  remember(body);
  return body;
}

export async function signOut() {
  await send("DELETE", "/session", null, { isSigningIn: true });
  remember(null);
}

/** Accepting an invitation signs in, too. */
export function remember(found) {
  session = found;
  document.documentElement.dataset.session = found ? "maybe" : "none";
  for (const listener of listeners) listener(session);
}

/** Call a listener whenever somebody signs in or out. */
export function onSession(listener) {
  listeners.add(listener);
}

/** Whether whoever is signed in may do something: on a site, or, where none is given, on every site. */
export function may(permission, site = "*") {
  const permissions = session?.permissions ?? {};
  return [permissions["*"], permissions[site]].some((granted) => granted?.includes(permission));
}

/** Whether they may do something on any site at all. */
export function mayAnywhere(permission) {
  return Object.values(session?.permissions ?? {}).some((granted) => granted.includes(permission));
}

