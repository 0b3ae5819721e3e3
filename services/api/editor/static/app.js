/* Starts the app: who is there, what is around the screens, and the first of them. */

import { EDITOR, isOwn } from "./lib/addresses.js";
import { whenSignedOut } from "./lib/api.js";
import { onConnection } from "./lib/events.js";
import * as router from "./lib/router.js";
import * as session from "./lib/session.js";
import { match } from "./routes.js";
import { showConnection } from "./shell/connection.js";
import { showHeader } from "./shell/header.js";
import { failed } from "./shell/failed.js";
import { signInAgain } from "./shell/sign-in-again.js";
import { showTray } from "./tray/tray.js";

const byId = (id) => document.getElementById(id);

/** The screen of a path; what needs somebody signed in leads there first, and back afterwards. */
function find(path) {
  const found = match(path.slice(EDITOR.length - 1));
  if (!found) return { module: () => import("./shell/nowhere.js"), parameters: {} };
  if (found.isOpen || session.current()) return found;
  const address = location.pathname + location.search + location.hash;
  return { module: () => import("./screens/sign-in.js"), parameters: { next: isOwn(address) ? address : EDITOR } };
}

async function begin() {
  whenSignedOut(signInAgain);
  onConnection((state) => showConnection(byId("banner"), state));
  session.onSession(() => showHeader(byId("header")));
  session.onSession((found) => showTray(byId("tray"), found));
  await session.load();
  showHeader(byId("header"));
  await router.start({
    outlet: byId("main"),
    progress: byId("progress"),
    find,
    contextOf: (context) => ({ ...context, session: session.current() }),
    onShown: () => showHeader(byId("header")),
    failed,
  });
}

begin().catch((error) => byId("main").replaceChildren(failed(error, () => location.reload()).element));
