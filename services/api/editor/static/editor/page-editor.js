/* Puts the parts of the page editor together; each of them knows the model, and hardly any knows another. */

import { announce, toast } from "../lib/announce.js";
import { Problem, look, pause } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { Attempt } from "../lib/attempt.js";
import { h } from "../lib/dom.js";
import { may } from "../lib/session.js";
import { Autosave, baseOf } from "./autosave.js";
import { chooseSide } from "./conflict.js";
import { widgetName } from "./differences.js";
import { FaultList, todo } from "./fault-list.js";
import { Faults } from "./faults.js";
import { Form } from "./form.js";
import { Head } from "./head.js";
import { Keeper } from "./keeper.js";
import { listenToKeys } from "./keys.js";
import { Model } from "./model.js";
import { Panes } from "./panes.js";
import { Presence } from "./presence.js";
import { Preview } from "./preview.js";
import { askForNote, publish } from "./publish.js";
import { SaveState } from "./save-state.js";
import { Schema } from "./schema.js";
import { Showable } from "./showable.js";
import { Standing } from "./standing.js";

// A save that takes longer keeps nobody on the screen.
const LEAVE_AFTER_MS = 5_000;
const UNANSWERED = "No answer came, so this may be published or not. Publish it again: it is done only once.";
const KEPT = "They are kept in this browser, and are back when you open this page again.";

export class PageEditor {
  constructor({ site, page, path, schema, draft, state, session, signal, query }) {
    Object.assign(this, { site, page, path, signal, own: session.account.id, schema: new Schema(schema), note: "", publishing: new Attempt() });
    const keeper = new Keeper({ account: session.account.id, site, page });
    const kept = keeper.read();
    this.model = new Model((kept?.base ?? draft.body).config);
    this.autosave = new Autosave({ model: this.model, path, keeper, base: kept?.base ?? baseOf(draft), sent: kept?.sent });
    this.#makeParts(state);
    this.#connect();
    this.#found("draft", draft.body.faults, draft.body.config);
    if (kept) this.#bringBack(kept);
    this.preview.touch(0);
    this.screen = { title: this.title, element: this.element, leave: this.#leave() };
    const field = query.get("field");
    if (field) queueMicrotask(() => requestAnimationFrame(() => this.form.reveal(field.replace(/^\/config/, ""))));
  }

  get title() {
    return this.model.config.title || this.page;
  }

  /** Publish what stands here. */
  async publish() {
    if (!may("publish", this.site) || this.head.isPublishing) return;
    if (this.known.length > 0) return this.#mendFirst();
    const note = await askForNote({ unchanged: this.autosave.isClean && this.standing.isSame && this.standing.version, begun: this.note });
    if (note === undefined) return;
    this.note = note;
    this.head.setPublishing(true);
    await this.#publish(note).finally(() => this.head.setPublishing(false));
  }

  async #publish(note) {
    await this.autosave.flush();
    if (this.autosave.state.kind === "conflict") return this.#choose(this.autosave.state);
    const { config } = this.model;
    try {
      const idempotencyKey = this.publishing.keyOf(JSON.stringify([config, note]));
      const version = await publish({ site: this.site, page: this.page, path: this.path, config, note, widgets: this.#widgetNames(), idempotencyKey });
      this.publishing.end();
      this.note = "";
      this.#found("publish", [], config);
      announce(`v${version.number} is accepted`);
    } catch (problem) {
      this.#refused(problem, config);
    }
  }

  async save() {
    if (this.autosave.state.kind === "conflict") return this.#choose(this.autosave.state);
    if (await this.autosave.flush()) announce("Saved");
  }

  undo() {
    if (!this.model.canUndo) return;
    this.model.undo();
    announce("Undone");
  }

  redo() {
    if (!this.model.canRedo) return;
    this.model.redo();
    announce("Done again");
  }

  #makeParts(state) {
    const { model, path, signal, site } = this;
    this.form = new Form(model, this.schema, { site });
    this.faults = new Faults((pointer) => this.form.viewAt(pointer).spec);
    this.known = [];
    this.list = new FaultList(this.form);
    this.refused = new WeakMap();
    this.preview = new Preview({
      model, path, signal,
      showable: (config) => new Showable(this.schema, config, this.refused),
      nameOf: (config) => this.#nameOf(config),
      onFaults: (faults, config) => this.#found("preview", faults, config),
    });
    this.presence = new Presence({ path, own: this.own, model, signal, onRevision: (revision) => this.#follow(revision) });
    this.panes = new Panes(this.preview, signal, h("div", {}, this.list.element, this.form.element));
    this.standing = new Standing({ site, page: this.page, path, live: state?.live, autosave: this.autosave, signal });
    const saving = new SaveState(this.autosave, { signal, onChoose: () => this.save() }).element;
    this.head = new Head({ editor: this, saving, presence: this.presence.element, panes: this.panes });
    this.element = h("div", { class: "screen screen-wide page-editor" }, this.head.element, this.panes.element);
  }

  #connect() {
    const { model, autosave, signal } = this;
    model.addEventListener("change", () => this.#changed(), { signal });
    this.form.element.addEventListener("focusin", ({ target }) => this.#followWidget(target), { signal });
    autosave.addEventListener("draft", ({ detail }) => this.#saved(detail), { signal });
    autosave.addEventListener("conflict", ({ detail }) => this.#choose(detail), { signal });
    autosave.addEventListener("state", () => this.preview.refresh(), { signal });
    signal.addEventListener("abort", () => autosave.end());
    listenToKeys(this, signal);
  }

  /** The preview shows what somebody is at. */
  #followWidget(target) {
    const widget = target.closest(".widget");
    if (widget) this.preview.follow([...widget.parentElement.children].indexOf(widget));
  }

  #bringBack(kept) {
    this.model.replace(kept.config);
    this.autosave.touch();
    toast("What you had not saved is back.", { kind: "info" });
  }

  #changed() {
    this.head.update();
    this.#showFaults();
  }

  /** What was wrong with one widget may have been mended in another, such as an id that both had. */
  #saved({ draft, config }) {
    this.#found("draft", draft.faults, config);
    this.refused = new WeakMap();
    this.preview.lookAgain();
  }

  #found(source, faults, config) {
    this.faults.found(source, faults, config);
    this.#showFaults();
  }

  #showFaults() {
    const known = this.faults.of(this.model.config);
    if (JSON.stringify(known) === JSON.stringify(this.known)) return;
    this.known = known;
    this.form.fault(known);
    this.list.show(known);
  }

  #mendFirst() {
    toast(`Not published: ${todo(this.known)} first.`, { kind: "problem" });
    this.form.reveal(this.known[0].pointer);
  }

  #refused(problem, config) {
    if (!(problem instanceof Problem)) throw problem;
    if (!problem.isUncertain) this.publishing.end();
    toast(problem.isOffline ? UNANSWERED : `Not published: ${problem.detail}`, { kind: "problem" });
    if (problem.status !== 422) return;
    this.#found("publish", problem.errors, config);
    if (this.known.length > 0) this.form.reveal(this.known[0].pointer);
  }

  /** Somebody else may have saved: see it at once where there is nothing of our own to lose. */
  async #follow(revision) {
    if (!this.#mayFollow(revision)) return;
    const draft = await look(`${this.path}/draft`, { signal: this.signal });
    if (!this.#mayFollow(draft.body.revision)) return;
    this.autosave.follow(baseOf(draft));
    this.#found("draft", draft.body.faults, draft.body.config);
    announce(`${draft.body.by?.name ?? "Somebody"} saved this page; you see the newest`);
  }

  /** Answers may come in another order than they were asked for; and whoever is asked something decides on what they see. */
  #mayFollow(revision) {
    return revision > this.autosave.base.revision && this.autosave.isClean && !document.querySelector("dialog[open]");
  }

  async #choose({ theirs, base }) {
    if (this.isChoosing) return;
    this.isChoosing = true;
    const sides = { schema: this.schema, base: this.autosave.base.config, mine: this.model.config, theirs, own: this.own };
    const chosen = await chooseSide(sides).finally(() => (this.isChoosing = false));
    if (chosen !== undefined) await this.autosave.resolve(chosen, base);
  }

  #nameOf(config) {
    const { base } = this.autosave;
    const isSaved = config === this.model.config && this.autosave.isClean;
    return isSaved ? `revision ${base.revision}` : `revision ${base.revision}, with changes that are not saved yet`;
  }

  #widgetNames() {
    const [, spec] = this.schema.fields(this.schema.root.schema).find(([, field]) => field.shape === "widgets") ?? [];
    const kinds = spec ? this.schema.widgets(spec) : new Map();
    return (this.model.config.widgets ?? []).map((item) => widgetName(kinds, item));
  }

  #leave() {
    const leave = async () => {
      if (this.autosave.isClean || (await Promise.race([this.autosave.flush(), pause(LEAVE_AFTER_MS)]))) return true;
      return ask({
        title: "Leave with changes that are not saved?",
        text: this.autosave.keep() ? KEPT : "They will be lost: this browser has no room to keep them.",
        confirm: "Leave",
        cancel: "Stay",
        danger: true,
      });
    };
    leave.hasUnsaved = () => !this.autosave.isClean;
    return leave;
  }
}
