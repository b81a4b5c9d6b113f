/**
 * What all parts of the desktop are made of.
 *
 * Owns: the desk that they show. Does not know: any part.
 */
import { property } from "lit/decorators.js";
import { Drawn } from "../../staff/drawn.js";
import type { Desk } from "../desk.js";

export abstract class Part extends Drawn {
  @property({ attribute: false }) desk!: Desk;

  protected override get source(): EventTarget {
    return this.desk;
  }
}
