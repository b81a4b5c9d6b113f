/**
 * What all parts of the wallboard are made of.
 *
 * Owns: the wall that they show. Does not know: any part.
 */
import { property } from "lit/decorators.js";
import { Drawn } from "../../staff/drawn.js";
import type { Wall } from "../wall.js";

export abstract class Part extends Drawn {
  @property({ attribute: false }) wall!: Wall;

  protected override get source(): EventTarget {
    return this.wall;
  }
}
