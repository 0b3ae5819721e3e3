/* Which screen an address shows: the first pattern that fits. `:name` is a part of the path. A screen is a module with

     export async function show(context) -> {title, element, leave?()}
     context = {parameters, query, session, navigate, signal}

   `signal` ends when the screen is left; give it to requests and watchers. `leave()` answers whether it may be left;
   `leave.hasUnsaved()`, where it is there, whether the browser shall ask before the tab is closed. */

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export const ROUTES = [
  ["/", () => import("./screens/sites.js")],
  ["/sign-in", () => import("./screens/sign-in.js"), { isOpen: true }],
  ["/invitation", () => import("./screens/invitation.js"), { isOpen: true }],
  ["/-/account", () => import("./screens/account.js")],
  ["/-/accounts", () => import("./screens/accounts.js")],
  ["/-/audit", () => import("./screens/audit.js")],
  ["/:site", () => import("./screens/site.js")],
  ["/:site/settings", () => import("./screens/settings.js")],
  ["/:site/-/:page", () => import("./screens/page.js")],
  ["/:site/:page", () => import("./screens/page.js")],
  ["/:site/:page/history", () => import("./screens/history.js")],
  ["/:site/:page/schedule", () => import("./screens/schedule.js")],
];

/** Find the screen of a path below the app's root, null where there is none. */
export function match(path) {
  for (const [pattern, module, options = {}] of ROUTES) {
    const parameters = fit(pattern, path);
    if (parameters) return { module, parameters, isOpen: options.isOpen ?? false };
  }
  return null;
}

function fit(pattern, path) {
  const expected = pattern.split("/");
  const given = path.replace(/(.)\/$/, "$1").split("/");
  if (expected.length !== given.length) return null;
  const parameters = {};
  for (const [at, part] of expected.entries()) {
    if (part.startsWith(":")) parameters[part.slice(1)] = given[at];
    else if (part !== given[at]) return null;
  }
  // All parameters are slugs: anything else is nobody's address.
  return Object.values(parameters).every((value) => SLUG.test(value)) ? parameters : null;
}
