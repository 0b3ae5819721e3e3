/* The page as it will be published, beside the form. Two frames take turns: the next one loads unseen, takes over the
   scroll position, and only then is shown, so that nothing flickers while somebody writes. */

import { Problem, send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { newName } from "./fields/frame.js";

// Shorter than the pause between two keys of most people, so they see each; a preview costs a builder milliseconds.
const AFTER_MS = 80;
const AGAIN_AFTER_MS = 3_000;
// The API says of one thing at a time what is wrong with it.
const MOST_TRIES = 4;
const WIDTHS = [["Phone", 390], ["Tablet", 820], ["Desktop", 1280]];
// Where tests and benches read how long a keystroke took to its frame, and how much of that was waiting for more.
const MEASURE = "keystroke-to-frame";

export class Preview {
  #timer = 0;
  #asking = null;
  #changedAt = 0;
  #shown = null;
  #part = null;
  #wanted = null;

  /**
   * @param {{model: import("./model.js").Model, path: string, nameOf: (config: object) => string,
   *   onFaults: (faults: object[], config: object) => void,
   *   showable: (config: object) => import("./showable.js").Showable, signal: AbortSignal}} given
   */
  constructor({ model, path, nameOf, onFaults, showable, signal }) {
    Object.assign(this, { model, path, nameOf, onFaults, showable, signal, isVisible: true });
    this.frames = [this.#frame(), this.#frame()];
    this.status = h("p", { class: "preview-status" });
    this.stage = h("div", { class: "preview-stage" }, this.frames);
    this.element = h("section", { class: "preview", "aria-label": "Preview" },
      h("div", { class: "preview-head" }, this.#widths(), this.status), this.stage);
    this.#fit();
    model.addEventListener("change", () => this.touch(), { signal });
    signal.addEventListener("abort", () => this.#stop());
  }

  /** Something changed: show it, once nothing more has for a moment. */
  touch(afterMs = AFTER_MS) {
    this.#changedAt = performance.now();
    this.#asking?.abort();
    clearTimeout(this.#timer);
    if (this.isVisible) this.#timer = setTimeout(() => this.#render(), afterMs);
  }

  /** Ask again for what was refused. */
  lookAgain() {
    if (this.#part?.errors.length > 0) this.touch(0);
  }

  /** Bring a widget into view, by its place; one that is not shown yet, once it is. */
  follow(place) {
    this.#wanted = place;
    this.#bring();
  }

  /** A pane that nobody sees asks for nothing. */
  setVisible(isVisible) {
    const comes = isVisible && !this.isVisible;
    this.isVisible = isVisible;
    if (comes && this.#shown !== this.model.config) this.touch(0);
  }

  /** Say anew which state of the page is shown; saving changes that without changing the page. */
  refresh() {
    if (!this.#shown || this.#shown !== this.model.config) return;
    if (this.#part.left === 0) this.#say("check", `Preview of ${this.nameOf(this.#shown)}`);
    else this.#say("pencil", `Without ${this.#part.left === 1 ? "1 widget that is" : `${this.#part.left} widgets that are`} not finished`);
  }

  async #render() {
    const { config } = this.model;
    const wanted = this.showable(config);
    if (!wanted.isShowable) return this.#sayIncomplete();
    const [changedAt, startedAt] = [this.#changedAt, performance.now()];
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const { url, part } = await this.#ask(wanted, signal);
      await this.#show(url, signal);
      [this.#shown, this.#part] = [config, part];
      this.#bring();
      this.onFaults(part.errors, config);
      this.refresh();
      this.#measure(changedAt, startedAt);
    } catch (problem) {
      this.#failed(problem, config);
    }
  }

  /** Have it rendered; widgets that the API refuses are left out, like those that are not filled in. */
  async #ask(part, signal, tried = 1) {
    try {
      const { body } = await send("POST", `${this.path}/previews`, { config: part.config }, { signal });
      return { url: body.url, part };
    } catch (problem) {
      if (problem.status !== 422) throw problem;
      const rest = tried < MOST_TRIES ? part.without(problem.errors) : null;
      if (rest) return this.#ask(rest, signal, tried + 1);
      problem.errors = [...part.errors, ...part.ofWhole(problem.errors)];
      throw problem;
    }
  }

  async #show(url, signal) {
    const [front, back] = this.frames;
    await loaded(back, url, signal);
    const { scrollX, scrollY } = front.contentWindow ?? { scrollX: 0, scrollY: 0 };
    back.contentWindow.scrollTo({ left: scrollX, top: scrollY, behavior: "instant" });
    back.contentDocument.addEventListener("click", stay);
    this.frames = [back, front];
    back.classList.add("is-shown");
    front.classList.remove("is-shown");
    back.removeAttribute("inert");
    front.setAttribute("inert", "");
    front.tabIndex = -1;
    back.tabIndex = 0;
    this.element.dataset.preview = url;
  }

  /** Each widget is one element of the page; what the page puts before them comes first. */
  #bring() {
    const at = this.#part?.places.indexOf(this.#wanted) ?? -1;
    const { contentDocument: document, contentWindow: window } = this.frames[0];
    const elements = document?.querySelector("main")?.children ?? [];
    const element = elements[elements.length - (this.#part?.places.length ?? 0) + at];
    if (this.#wanted === null || at < 0 || !element) return;
    this.#wanted = null;
    const { top, bottom } = element.getBoundingClientRect();
    const isSeen = top >= 0 && (bottom <= window.innerHeight || top < window.innerHeight / 2);
    // Not scrollIntoView, which would scroll the form's screen as well.
    if (!isSeen) window.scrollBy({ top: top - window.innerHeight / 8, behavior: "instant" });
  }

  #measure(changedAt, startedAt) {
    // A frame later it has been painted.
    requestAnimationFrame(() => {
      const end = performance.now();
      performance.measure(MEASURE, { start: changedAt, end, detail: { waited_ms: startedAt - changedAt } });
      this.element.dataset.tookMs = String(Math.round(end - startedAt));
    });
  }

  #failed(problem, config) {
    if (problem.name === "AbortError") return;
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 422) return this.#refused(problem, config);
    const words = problem.isOffline ? "Preview paused: offline" : `Preview paused: ${problem.detail}`;
    this.#say("pause", words);
    this.#timer = setTimeout(() => this.#render(), (problem.retryAfter ?? 0) * 1000 || AGAIN_AFTER_MS);
  }

  #refused(problem, config) {
    this.onFaults(problem.errors.length > 0 ? problem.errors : [{ pointer: "", detail: problem.detail, mend: "" }], config);
    this.#sayIncomplete();
  }

  #sayIncomplete() {
    this.#say("pencil", this.#shown ? "Something is to be filled in or mended; this is how it was before." : "Shown once what is needed is filled in.");
  }

  #say(drawing, words) {
    if (words === this.words) return;
    this.words = words;
    fill(this.status, icon(drawing), words);
  }

  #frame() {
    // No scripts, and nothing but this frame to go to: the page is shown, not visited.
    return h("iframe", { class: "preview-frame", title: "The page as it will be published", sandbox: "allow-same-origin", tabIndex: -1, inert: "" });
  }

  #widths() {
    const name = newName("width");
    const choices = WIDTHS.map(([word, width]) => {
      const input = h("input", { type: "radio", name, value: String(width), checked: width === 1280, onchange: () => this.#setWidth(width) });
      return h("label", { class: "preview-width" }, input, word);
    });
    return h("fieldset", { class: "preview-widths" }, h("legend", { class: "visually-hidden" }, "Width"), choices);
  }

  #setWidth(width) {
    this.width = width;
    const scale = Math.min(1, this.stage.clientWidth / width || 1);
    this.stage.style.setProperty("--preview-width", `${width}px`);
    this.stage.style.setProperty("--preview-scale", String(scale));
  }

  #fit() {
    this.resizing = new ResizeObserver(() => this.#setWidth(this.width ?? 1280));
    this.resizing.observe(this.stage);
  }

  #stop() {
    this.#asking?.abort();
    clearTimeout(this.#timer);
    this.resizing.disconnect();
  }
}

/** Load an address into a frame. */
function loaded(frame, url, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException("Another preview is on its way", "AbortError"));
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    frame.addEventListener("load", () => {
      // The browser's own page about what went wrong is nobody else's to look into; and the one before may load as well.
      if (!frame.contentDocument) reject(new Problem(0));
      else if (frame.contentDocument.URL === new URL(url, location.href).href) resolve();
    }, { signal });
    return frame.contentWindow ? frame.contentWindow.location.replace(url) : (frame.src = url);
  });
}

/** Links lead nowhere in a preview, but within the page. */
function stay(event) {
  const anchor = event.target.closest?.("a[href]");
  if (anchor && !anchor.getAttribute("href").startsWith("#")) event.preventDefault();
}
