/* An invitation's link. It is shown once: only a digest of its code is kept. */

import { copyable } from "../lib/copy.js";
import { h } from "../lib/dom.js";
import { clockShort } from "../lib/time.js";

export function invitationNote(name, { path, expires_at: expiresAt }) {
  return h("div", { class: "once" },
    h("p", {}, h("strong", {}, `Send this link to ${name}.`), " It is shown only now, works once, and until ", clockShort(expiresAt), "."),
    copyable({ label: `Link for ${name}`, text: location.origin + path }));
}
