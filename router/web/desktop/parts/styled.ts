/**
 * Style properties by the object model: a policy without inline styles refuses the attribute.
 */
import { Directive, directive, type ElementPart } from "lit/directive.js";
import { noChange } from "lit";

class Styled extends Directive {
  override render(_wanted: Record<string, string>): typeof noChange {
    return noChange;
  }

  override update({ element }: ElementPart, [wanted]: [Record<string, string>]): typeof noChange {
    const { style } = element as HTMLElement;
    for (const [name, value] of Object.entries(wanted)) {
      if (style.getPropertyValue(name) !== value) style.setProperty(name, value);
    }
    return noChange;
  }
}

/** `<p ${styled({"inset-block-start": "3px"})}>` */
export const styled = directive(Styled);
