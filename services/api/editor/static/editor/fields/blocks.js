/* The blocks of a page: add, move by button or by hand, duplicate, remove. */

import { announce } from "../../lib/announce.js";
import { h } from "../../lib/dom.js";
import { blockName } from "../differences.js";
import { keysOf, newId } from "../identity.js";
import { tagOf } from "../schema.js";
import { AddBlock } from "./add-block.js";
import { Block } from "./block.js";
import { draggable } from "./drag.js";
import { Group, smallButton } from "./group.js";
import { arrange, paired } from "./rows.js";

export class BlocksField extends Group {
  constructor(spec, place, form) {
    super(spec.label, "blocks");
    Object.assign(this, { spec, place, form, label: spec.label, blocks: [], kinds: form.schema.blocks(spec) });
    this.adding = new AddBlock(this.kinds, (kind) => this.#add(kind));
    this.folding = h("div", { class: "blocks-tools" },
      smallButton("up", "Fold all", () => this.#fold(true)), smallButton("down", "Unfold all", () => this.#fold(false)));
    this.empty = h("p", { class: "field-hint" }, "Nothing is on the page yet. Add the first block.");
    this.body.before(this.folding, this.empty);
    this.element.append(this.adding.element);
    draggable(this.body, (from, to) => this.moveTo(from, to));
  }

  get items() {
    return Array.isArray(this.place.value) ? this.place.value : [];
  }

  update(value) {
    const items = Array.isArray(value) ? value : [];
    const keys = new Map(keysOf(items).map((key, index) => [items[index], key]));
    this.blocks = paired(items, this.blocks, (item) => keys.get(item), (item) => this.#make(item));
    this.blocks.forEach((block, index) => block.update(items[index], keys.get(items[index]), index, items.length));
    arrange(this.body, this.blocks.map((block) => block.element));
    this.empty.hidden = items.length > 0;
    this.folding.hidden = items.length < 2;
    this.adding.setFull(items.length >= (this.spec.schema.maxItems ?? Infinity));
  }

  find([step, ...rest]) {
    return step === undefined ? this : (this.blocks[Number(step)]?.find(rest) ?? this);
  }

  all() {
    return [this, ...this.blocks.flatMap((block) => block.all())];
  }

  focus() {
    (this.blocks[0] ?? this.adding).focus();
  }

  nameOf(item) {
    return blockName(this.kinds, item);
  }

  /** Move a block to another place; it is told, since a screen reader sees no movement. */
  moveTo(from, to) {
    if (to === from || to < 0 || to >= this.items.length) return;
    const moved = [...this.items];
    const [item] = moved.splice(from, 1);
    moved.splice(to, 0, item);
    this.place.set(moved);
    announce(`${this.nameOf(item)} moved to place ${to + 1} of ${moved.length}`);
  }

  duplicate(index) {
    const item = this.items[index];
    const copy = { ...item, id: newId(item.type, this.items) };
    this.place.set(this.items.toSpliced(index + 1, 0, copy));
    this.blocks[index + 1].reveal();
    announce(`${this.nameOf(copy)} duplicated`);
  }

  remove(index) {
    const name = this.nameOf(this.items[index]);
    this.place.set(this.items.toSpliced(index, 1));
    (this.blocks[index] ?? this.blocks.at(-1) ?? this.adding).focus();
    this.form.onRemoved(name);
  }

  #make(item) {
    const schema = this.kinds.get(item?.type);
    return new Block(this, schema ?? { title: String(item?.type ?? "Block"), properties: {} }, item?.type);
  }

  #add(kind) {
    const blank = this.form.schema.blankObject(this.kinds.get(kind));
    const [tag] = tagOf(this.kinds.get(kind));
    // The id stands behind the tag, and lets a comparison of two versions follow the block wherever it goes.
    const item = { [tag]: kind, id: newId(kind, this.items), ...blank };
    this.place.set([...this.items, item]);
    this.blocks.at(-1).reveal();
    announce(`${this.nameOf(item)} added as block ${this.items.length}`);
  }

  #fold(isFolded) {
    for (const block of this.blocks) block.fold(isFolded);
  }
}
