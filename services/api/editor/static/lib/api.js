/* The API's client. A change carries an Idempotency-Key, so that sending it again after a lost answer, a moment of
   trouble or a new sign-in never does it twice. */

export const V1 = "/-/api/v1";

const TRIES = 4;
const LONGEST_WAIT_MS = 5_000;
// A connection may be dead without anybody telling the browser; it would wait for minutes.
const ANSWER_WITHIN_MS = 30_000;

/** What the API, or the way to it, refused. `status` is 0 where no answer came. */
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.name = "Problem";
    this.status = status;
    this.body = body;
    this.code = body.code ?? "";
    this.detail = this.message;
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }

  get isOffline() {
    return this.status === 0;
  }

  /** Whether it may have been done all the same. */
  get isUncertain() {
    return this.isOffline || this.status >= 500;
  }
}

let signInAgain = async () => false;
let signIns = 0;

/** Say what to do when the session has ended: answers whether somebody is signed in again. */
export function whenSignedOut(handler) {
  signInAgain = handler;
}

/** @returns {Promise<*>} the body of the answer */
export async function get(path, { signal } = {}) {
  return (await ask("GET", path, { signal })).body;
}

/** @returns {Promise<{status: number, body: *, etag: string|null}>} */
export function send(method, path, body, { ifMatch, idempotencyKey = newKey(), signal, isSigningIn = false, withinMs } = {}) {
  const headers = { "Idempotency-Key": idempotencyKey };
  if (body !== undefined && body !== null) headers["Content-Type"] = "application/json";
  if (ifMatch) headers["If-Match"] = ifMatch;
  return ask(method, path, { headers, body: body ?? undefined, signal, isSigningIn, withinMs });
}

/** A GET with the headers of its answer, for what has an ETag. */
export function look(path, { signal } = {}) {
  return ask("GET", path, { signal });
}

/** crypto.randomUUID is missing where the origin is neither https nor this machine. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(method, path, { headers = {}, body, signal, isSigningIn = false, withinMs = ANSWER_WITHIN_MS }) {
  const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  for (let tried = 1; ; tried += 1) {
    const before = signIns;
    const answer = await once(path, request, signal, withinMs);
    if (answer.ok) return answer;
    const problem = new Problem(answer.status, answer.body, answer.retryAfter);
    if (answer.status === 401 && !isSigningIn && (before !== signIns || (await isBack()))) continue;
    if (![0, 503].includes(answer.status) || tried === TRIES) throw problem;
    await pause(waitMs(tried, answer.retryAfter), signal);
  }
}

/** Whether somebody is signed in again; an answer that was on its way meanwhile says nothing of that. */
async function isBack() {
  const found = await signInAgain();
  if (found) signIns += 1;
  return found;
}

async function once(path, request, signal, withinMs) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), withinMs);
  try {
    const response = await fetch(V1 + path, { ...request, signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal });
    const retryAfter = Number(response.headers.get("Retry-After")) || null;
    const body = await bodyOf(response);
    return { ok: response.ok, status: response.status, body, etag: response.headers.get("ETag"), retryAfter };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { ok: false, status: 0, body: { code: "offline", detail: "Platen is not reached. Are you offline?" } };
  } finally {
    clearTimeout(timer);
  }
}

async function bodyOf(response) {
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  return isJson ? response.json() : { detail: `The server answered ${response.status}.` };
}

/** Longer each time and never twice the same, so that many browsers do not come back at once. */
function waitMs(tried, retryAfter) {
  const least = retryAfter ? retryAfter * 1000 : 200 * 2 ** tried;
  return Math.min(least, LONGEST_WAIT_MS) * (1 + Math.random() / 2);
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
