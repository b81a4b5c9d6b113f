/**
 * Staff sign-in: a pasted token, or one click where the demo runs.
 *
 * Owns: the token in sessionStorage (never in the address), the sign-in card.
 * Does not know: what the screen behind it does.
 */
import { h, initials, languageName, say, show, tagsOf } from "./dom.js";
import { claimsOf } from "./protocol.js";

const NO_TOKEN = "That is no whole token. Copy it again: three parts of letters with a dot between them, no blanks.";

export class SignIn {
  /** @param {string} role "agent" or "supervisor"; @param {string} title of the card */
  constructor(role, title) {
    this.role = role;
    this.key = `fairline.${role}.sign-in`;
    this.notice = h("p", { class: "notice", role: "alert", hidden: true });
    this.hint = h("p", {}, "Paste the token your service gave you.");
    this.people = h("div", { class: "people", hidden: true });
    this.field = h("textarea", { id: "token", required: true, spellcheck: "false", autocomplete: "off" });
    const form = h("form", {}, h("label", { for: "token" }, "Token"), this.field,
      h("button", { class: "main" }, "Sign in"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = this.field.value.trim();
      const { role } = claimsOf(token);
      if (role === this.role) this._done({ token });
      else this._complain(role ? `This token is for a ${role}; this page needs one for ${this.role === "agent" ? "an agent" : "a supervisor"}.` : NO_TOKEN);
    });
    this.element = h("main", { class: "sign-in", hidden: true },
      h("div", { class: "card" }, h("h1", {}, title),
        this.hint, this.notice, this.people, form));
    this.signedIn = () => {};
  }

  /** The kept sign-in of this tab, or null. */
  kept() {
    return JSON.parse(sessionStorage.getItem(this.key) ?? "null");
  }

  async open(notice = "") {
    say(this.notice, notice);
    show(this.notice, !!notice);
    show(this.element, true);
    const answer = await fetch("/desktop/people").catch(() => null);
    if (answer?.ok) this._offer(await answer.json());
  }

  forget() {
    sessionStorage.removeItem(this.key);
  }

  /** The token provider of the connection: a new one where the demo gives it, else sign in again. */
  async token({ fresh }) {
    const kept = this.kept();
    if (!kept) throw Object.assign(new Error("Please sign in."), { stop: true });
    if (!fresh && kept.token) return kept.token;
    if (!kept.demo) throw Object.assign(new Error("Your sign-in has run out."), { stop: true });
    const token = await demoToken(kept.demo);
    sessionStorage.setItem(this.key, JSON.stringify({ ...kept, token }));
    return token;
  }

  _offer(people) {
    const mine = people.filter((person) => person.role === this.role);
    show(this.people, mine.length > 0);
    if (mine.length > 0) say(this.hint, "Choose somebody of the demo, or paste a token.");
    this.people.replaceChildren(...mine.map((person) => this._button(person)));
  }

  _button({ id, name, role, languages = {}, skills = {} }) {
    const spoken = tagsOf(languages).map((tag) => languageName(tag, "en"));
    const able = [...spoken, ...tagsOf(skills)].join(", ");
    return h("button", { type: "button", class: "person", onclick: () => this._demo({ id, role }) },
      h("span", { class: "face", "aria-hidden": "true" }, initials(name)),
      h("span", {}, h("b", {}, `Sign in as ${name}`), h("small", {}, able)));
  }

  async _demo(person) {
    try {
      this._done({ token: await demoToken(person), demo: person });
    } catch {
      this._complain("The demo gave no token. Is it still running?");
    }
  }

  _complain(notice) {
    say(this.notice, notice);
    show(this.notice, true);
  }

  _done(kept) {
    sessionStorage.setItem(this.key, JSON.stringify(kept));
    this.field.value = "";
    show(this.element, false);
    this.signedIn();
  }
}

async function demoToken(person) {
  const answer = await fetch("/demo/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(person),
  });
  if (!answer.ok) throw new Error("no token");
  return (await answer.json()).token;
}
