/**
 * Replies that an agent need not type: by shortcut, in the customer's language, with variables.
 *
 * Owns: the agent's own replies (as this browser knows them; own.ts has the server keep them), those of the house (`?replies=` names a
 * JSON file of this origin), filling in. Does not know: the composer.
 */
import { Kept } from "./kept.js";
import { ownPage } from "./settings.js";

export interface Canned {
  key: string;
  language: string;
  text: string;
}

const DEFAULTS: Canned[] = [
  { key: "hello", language: "en", text: "Hello {{first_name}}, this is {{agent}}. Let me have a look." },
  { key: "moment", language: "en", text: "One moment please, I am checking this for you." },
  { key: "thanks", language: "en", text: "Thank you for your patience, {{first_name}}." },
  { key: "bye", language: "en", text: "I am glad I could help. Have a nice day!" },
  { key: "hello", language: "de", text: "Guten Tag {{first_name}}, hier ist {{agent}}. Ich schaue gleich nach." },
  { key: "moment", language: "de", text: "Einen Moment bitte, ich prüfe das für Sie." },
  { key: "bye", language: "de", text: "Gern geschehen. Ich wünsche Ihnen einen schönen Tag!" },
  { key: "hello", language: "fr", text: "Bonjour {{first_name}}, ici {{agent}}. Je regarde tout de suite." },
  { key: "moment", language: "fr", text: "Un instant, s'il vous plaît, je vérifie." },
];

export class Replies {
  private readonly kept = new Kept<Canned[] | null>("replies", null);
  private house: Canned[] = [];

  constructor() {
    const page = ownPage("replies");
    if (page) void this.load(page);
  }

  get own(): Canned[] {
    return this.kept.value ?? DEFAULTS;
  }

  set own(replies: Canned[]) {
    this.kept.value = replies.filter(({ key, text }) => key && text);
  }

  /** Whose they were is gone; those as delivered are left. */
  forget(): void {
    this.kept.value = null;
  }

  /** What the server keeps is put in the place of what this browser knew. */
  adopt(replies: unknown[]): void {
    this.kept.value = replies.filter(isCanned);
  }

  /** Those that fit what was typed after `/`, in the customer's languages where there are any. */
  matching(typed: string, languages: string[]): Canned[] {
    const wanted = typed.toLowerCase();
    const rank = ({ language }: Canned): number => {
      const place = languages.findIndex((one) => one.split("-")[0] === language.split("-")[0]);
      return place < 0 ? languages.length : place;
    };
    const all = [...this.house, ...this.own];
    const theirs = all.filter((one) => rank(one) < languages.length);
    return (theirs.length > 0 ? theirs : all)
      .filter(({ key, text }) => key.toLowerCase().startsWith(wanted) || (wanted.length > 2 && text.toLowerCase().includes(wanted)))
      .sort((a, b) => rank(a) - rank(b) || a.key.localeCompare(b.key));
  }

  private async load(page: string): Promise<void> {
    const answer = await fetch(page).catch(() => null);
    const told: unknown = answer?.ok ? await answer.json() : [];
    if (Array.isArray(told)) this.house = told.filter(isCanned);
  }
}

function isCanned(told: unknown): told is Canned {
  const { key, language, text } = (told ?? {}) as Record<string, unknown>;
  return [key, language, text].every((one) => typeof one === "string");
}

/** Puts names in the place of `{{first_name}}`, `{{customer}}`, `{{agent}}`, `{{queue}}`. */
export function filled(text: string, known: { customer: string; agent: string; queue: string }): string {
  const values: Record<string, string> = { ...known, first_name: known.customer.split(/\s+/)[0] };
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);
}
