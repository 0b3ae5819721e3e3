/* One's own account: the password, where one is signed in, and the tokens by which scripts act for one. */

import { h } from "../lib/dom.js";
import { screenHead, section } from "../lib/parts.js";
import { roleWord } from "../lib/roles.js";
import { passwordPart } from "../account/password.js";
import { sessionsPart } from "../account/sessions.js";
import { tokensPart } from "../account/tokens.js";

export async function show({ session, signal }) {
  const [sessions, tokens] = await Promise.all([sessionsPart(signal), tokensPart(session, signal)]);
  const parts = [rolesPart(session), passwordPart(session, sessions.reload), sessions.element, tokens];
  const element = h("div", { class: "screen" },
    screenHead({ title: session.account.name, text: "Your account." }), h("div", { class: "panels" }, parts));
  return { title: "Your account", element };
}

function rolesPart({ roles }) {
  const held = Object.entries(roles);
  return section({ title: "What you may do" }, held.length === 0
    ? h("p", {}, "You have no role yet. Whoever manages a site can make you a member of it.")
    : h("ul", {}, held.map(([site, role]) => h("li", {}, h("strong", {}, roleWord(role)), site === "*" ? " on every site" : ` on ${site}`))));
}
