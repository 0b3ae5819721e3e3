/* Two renderings beside each other, at the same width and scrolled to the same place. A version whose finished page is
   kept is shown from its permanent address, everything else is rendered as a preview. */

import { announce } from "../lib/announce.js";
import { send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { sentence } from "../lib/forms.js";
import { loadingState } from "../lib/list.js";
import { may } from "../lib/session.js";

const WIDTHS = [["Phone", 390], ["Tablet", 768], ["Desktop", 1280]];
const HEIGHT_PX = 900;

/**
 * @param {object} work what the screen works on
 * @param {[object, object]} sides each {name, address} or {name, config}
 */
export function sideBySide(work, sides) {
  const frames = sides.map((side) => new Frame(work, side));
  const show = (width) => frames.forEach((frame) => frame.resize(width));
  keepTogether(frames);
  show(WIDTHS[2][1]);
  return h("div", { class: "side-by-side" }, widthChoice(show), h("div", { class: "side-frames" }, frames.map((frame) => frame.element)));
}

function widthChoice(show) {
  const choose = (name, width) => () => {
    show(width);
    announce(`Both at ${name.toLowerCase()} width, ${width} pixels.`);
  };
  return h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, "Width"),
    WIDTHS.map(([name, width], at) => h("label", {},
      h("input", { type: "radio", name: "width", value: width, checked: at === 2, onchange: choose(name, width) }), h("span", {}, name))));
}

class Frame {
  constructor(work, side) {
    this.width = 0;
    // Nothing in a page runs; the same origin is what lets both be scrolled together.
    this.iframe = h("iframe", { class: "side-frame", title: `${side.name}, as visitors see it`, sandbox: "allow-same-origin", loading: "eager" });
    this.hole = h("div", { class: "side-hole" }, loadingState("Rendering…"));
    this.element = h("figure", { class: "side" }, h("figcaption", {}, side.name), this.hole);
    new ResizeObserver(() => this.scale()).observe(this.hole);
    this.load(work, side).catch((error) => this.fail(error));
  }

  async load(work, side) {
    if (!side.address && !may("draft", work.site)) {
      return fill(this.hole, h("p", { class: "note" }, "It was never built; whoever may edit the page can see it."));
    }
    this.iframe.src = side.address ?? (await send("POST", `${work.path}/previews`, { config: side.config }, { signal: work.signal })).body.url;
    fill(this.hole, this.iframe);
    this.scale();
  }

  fail(error) {
    if (error.name === "AbortError") return;
    if (error.name !== "Problem") throw error;
    fill(this.hole, h("p", { class: "note" }, `It cannot be shown. ${error.errors[0] ? sentence(error.errors[0]) : error.detail}`));
  }

  resize(width) {
    this.width = width;
    this.scale();
  }

  scale() {
    const factor = Math.min(1, this.hole.clientWidth / this.width) || 1;
    this.iframe.style.setProperty("inline-size", `${this.width}px`);
    this.iframe.style.setProperty("block-size", `${HEIGHT_PX}px`);
    this.iframe.style.setProperty("transform", `scale(${factor})`);
    this.hole.style.setProperty("block-size", `${HEIGHT_PX * factor}px`);
  }
}

/** Each follows the other, by how far down it is. */
function keepTogether(frames) {
  let leader = null;
  let timer;
  for (const frame of frames) {
    frame.iframe.addEventListener("load", () => frame.iframe.contentWindow?.addEventListener("scroll", () => {
      if (leader && leader !== frame) return;
      leader = frame;
      clearTimeout(timer);
      timer = setTimeout(() => (leader = null), 120);
      for (const other of frames) if (other !== frame) scrollAlike(frame, other);
    }, { passive: true }));
  }
}

function scrollAlike(from, to) {
  const [one, other] = [from, to].map((frame) => frame.iframe.contentDocument?.documentElement);
  if (!one || !other) return;
  const part = one.scrollTop / Math.max(1, one.scrollHeight - one.clientHeight);
  other.scrollTop = part * (other.scrollHeight - other.clientHeight);
}
