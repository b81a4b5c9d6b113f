/**
 * The few helpers every screen builds its elements with.
 *
 * Owns: making elements, keeping lists in step with data, words for durations.
 * Does not know: the protocol.
 * Invariants: whatever comes from people or the server becomes a text node, never markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: `h("p", {class: "x", onclick: f}, "text", child, null)`. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon from one path on a 24 by 24 grid. */
export function icon(path) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" },
    svg("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": "2",
      "stroke-linecap": "round", "stroke-linejoin": "round" }));
}

/**
 * Keeps `parent`'s children in step with `items`, reusing elements by key, so that focus, scroll
 * and screen readers are not disturbed by what did not change.
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
  const known = (parent.keyedElements ??= new Map());
  const wanted = new Map(items.map((item) => [String(keyOf(item)), item]));
  for (const [key, element] of known) {
    if (wanted.has(key)) continue;
    element.remove();
    known.delete(key);
  }
  let place = parent.firstElementChild;
  for (const [key, item] of wanted) {
    let element = known.get(key);
    if (!element) known.set(key, (element = make(item)));
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}

/** Sets text only where it differs: live regions stay quiet, selections stay. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** "0:07", "12:40", "1:02:09". */
export function clock(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

/** The time of day of an instant, in the reader's zone and manner. */
export function timeOf(at, language) {
  return new Date(at).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

/** The language's own word for a tag: "Deutsch" for "de". */
export function languageName(tag, reader = tag) {
  try {
    return new Intl.DisplayNames([reader], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

/** The tags of languages, told as a list or as a table with levels. */
export const tagsOf = (told) => (Array.isArray(told) ? told.map((one) => one.tag ?? one) : Object.keys(told));

export function initials(name) {
  const words = String(name || "?").trim().split(/\s+/);
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}
