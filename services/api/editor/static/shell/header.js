/* The bar on top: where one is, where one can go, and who one is. Nobody is shown a door that stays shut. */

import { ACCOUNT, ACCOUNTS, AUDIT, EDITOR } from "../lib/addresses.js";
import { toast } from "../lib/announce.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { navigate } from "../lib/router.js";
import { current, may, signOut } from "../lib/session.js";

export function showHeader(header) {
  const session = current();
  header.hidden = !session;
  if (!session) return;
  fill(header,
    h("a", { class: "brand", href: EDITOR }, h("span", { class: "brand-mark", "aria-hidden": "true" }), "Platen"),
    h("nav", { class: "shell-nav", "aria-label": "Main" },
      entry(EDITOR, "Sites", isOfSites()),
      may("administer") && entry(ACCOUNTS, "Accounts"),
      may("administer") && entry(AUDIT, "Audit log"),
      h("a", { href: "/-/api/docs" }, "API")),
    h("div", { class: "shell-who" },
      h("a", { class: "shell-account", href: ACCOUNT, "aria-current": location.pathname === ACCOUNT ? "page" : null },
        icon("people"), h("span", { class: "shell-name" }, h("span", { class: "visually-hidden" }, "Your account: "), session.account.name)),
      h("button", { type: "button", class: "button button-quiet", onclick: leave }, "Sign out")));
}

function entry(address, text, isHere = location.pathname === address) {
  return h("a", { href: address, "aria-current": isHere ? "page" : null }, text);
}

const isOfSites = () => location.pathname.startsWith(EDITOR) && !location.pathname.startsWith(`${EDITOR}-/`);

async function leave() {
  // Left first: a screen with unsaved changes may hold somebody back.
  if (!(await navigate(EDITOR))) return;
  try {
    await signOut();
  } catch (error) {
    toast(`You are still signed in: ${error.detail}`, { kind: "problem" });
    return;
  }
  await navigate(EDITOR, { replace: true });
}
