/* Where things are in the app. Slugs need no escaping, but whatever else ends up here does. */

export const EDITOR = "/-/editor/";

// Addresses that the app has for itself, where a site's or a page's would be.
export const RESERVED_SITES = ["sign-in", "invitation"];
export const RESERVED_PAGES = ["settings"];

const escaped = encodeURIComponent;

export const SIGN_IN = `${EDITOR}sign-in`;
export const ACCOUNT = `${EDITOR}-/account`;
export const ACCOUNTS = `${EDITOR}-/accounts`;
export const AUDIT = `${EDITOR}-/audit`;

export const siteAddress = (site) => EDITOR + escaped(site);

export const settingsAddress = (site) => `${siteAddress(site)}/settings`;

/** The page editor; a page whose slug is an address of the app's own has one behind a dash, which is no slug. */
export function pageAddress(site, page) {
  return RESERVED_PAGES.includes(page) ? `${siteAddress(site)}/-/${page}` : `${siteAddress(site)}/${escaped(page)}`;
}

export const historyAddress = (site, page) => `${siteAddress(site)}/${escaped(page)}/history`;

export const scheduleAddress = (site, page) => `${siteAddress(site)}/${escaped(page)}/schedule`;

/** Where visitors find a page on the shared host. */
export const visitorsAddress = (site, page) => `/${escaped(site)}${page === "index" ? "" : `/${escaped(page)}`}`;

/** The path of a page in the API. */
export const pagePath = (site, page) => `/sites/${escaped(site)}/pages/${escaped(page)}`;

/** Only an address of the app's own is followed after signing in. */
export function isOwn(address) {
  return typeof address === "string" && (address + "/").startsWith(EDITOR) && !address.includes("\\");
}
