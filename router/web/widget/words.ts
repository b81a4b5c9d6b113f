/**
 * The widget's sentences: choosing a language, loading its catalog, plurals, numbers and dates.
 *
 * Owns: the shape of a catalog, which languages there are.
 * Does not know: screens.
 * Invariants: only English is in the panel's own file; a catalog that cannot be had is English.
 */
import en from "./words/en.js";

/** A sentence by the plural category of its number (`Intl.PluralRules`). */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export interface Words {
  [name: string]: string | Forms | readonly string[] | Record<string, string | Forms>;
}

/** What every catalog has to have. */
export type Catalog = {
  [K in keyof typeof en]: (typeof en)[K] extends string ? string
    : (typeof en)[K] extends { other: string; one: string } ? Forms
      : (typeof en)[K] extends readonly string[] ? readonly string[]
        : { [S in keyof (typeof en)[K]]: (typeof en)[K][S] extends string ? string : Forms };
};

const CATALOGS: Record<string, () => Promise<{ default: Catalog }>> = {
  ar: () => import("./words/ar.js"),
  de: () => import("./words/de.js"),
  es: () => import("./words/es.js"),
  fr: () => import("./words/fr.js"),
  he: () => import("./words/he.js"),
  it: () => import("./words/it.js"),
  nl: () => import("./words/nl.js"),
  pl: () => import("./words/pl.js"),
  pt: () => import("./words/pt.js"),
  tr: () => import("./words/tr.js"),
  uk: () => import("./words/uk.js"),
};

const RIGHT_TO_LEFT = new Set(["ar", "he"]);
/** Browsers of old say it otherwise. */
const ALIASES: Record<string, string> = { iw: "he" };

export const primary = (tag: string): string => tag.toLowerCase().split(/[-_]/)[0]!;

/** Everything a screen says in one language. */
export class Speech {
  readonly dir: "ltr" | "rtl";
  private readonly counts: Intl.PluralRules;
  private readonly ranks: Intl.PluralRules;
  private readonly digits: Intl.NumberFormat;

  constructor(readonly language: string, readonly words: Catalog, private readonly locale: string) {
    this.dir = RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
    this.counts = new Intl.PluralRules(language);
    this.ranks = new Intl.PluralRules(language, { type: "ordinal" });
    this.digits = new Intl.NumberFormat(locale);
  }

  number(value: number): string {
    return this.digits.format(value);
  }

  /** "2 new messages" from the forms of "{n} new messages". */
  count(forms: Forms, value: number, more: Record<string, string> = {}): string {
    return fill(forms[this.counts.select(value)] ?? forms.other, { n: this.number(value), ...more });
  }

  /** "3rd in line" from the forms of "{n}rd in line". */
  rank(forms: Forms, value: number): string {
    return fill(forms[this.ranks.select(value)] ?? forms.other, { n: this.number(value) });
  }

  /** "2 minutes", for sentences that say how long something lasts. */
  minutes(ms: number): string {
    const value = Math.max(1, Math.round(ms / 60_000));
    return new Intl.NumberFormat(this.locale, { style: "unit", unit: "minute", unitDisplay: "long" }).format(value);
  }

  /** The time of day of an instant. */
  time(at: number): string {
    return new Date(at).toLocaleTimeString(this.locale, { hour: "numeric", minute: "2-digit" });
  }

  /** "tomorrow, 08:00", "Monday, 08:00", by the reader's own clock. */
  moment(at: number, now: number): string {
    return `${this.day(at, now)}, ${this.time(at)}`;
  }

  private day(at: number, now: number): string {
    const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
    if (days < 2) return new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" }).format(days, "day");
    const far: Intl.DateTimeFormatOptions = { day: "numeric", month: "long" };
    return new Date(at).toLocaleDateString(this.locale, days < 7 ? { weekday: "long" } : far);
  }

  date(at: number): string {
    return new Date(at).toLocaleDateString(this.locale, { dateStyle: "long" });
  }

  /** "German, English", each in the reader's words. */
  languages(tags: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: "unit" }).format(tags.map((tag) => this.nameOf(tag)));
  }

  /** "German or English". */
  anyOf(tags: readonly string[]): string {
    return new Intl.ListFormat(this.locale, { type: "disjunction" }).format(tags.map((tag) => this.nameOf(tag)));
  }

  nameOf(tag: string): string {
    try {
      return new Intl.DisplayNames([this.locale], { type: "language" }).of(tag) ?? tag;
    } catch {
      return tag;
    }
  }

  /** A band of waiting time, from whole minutes. */
  band({ low, high }: { low: number; high: number }): string {
    const { words } = this;
    if (high < 1) return words.soon;
    if (low === high) return fill(words.about, { n: this.number(high) });
    return fill(words.band, { low: this.number(low), high: this.number(high) });
  }
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Puts values into a sentence: "{name} joined". */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The language for a tag, English where there is none, with its catalog loaded. */
export async function speechFor(tag: string): Promise<Speech> {
  const short = primary(tag || "en");
  const language = ALIASES[short] ?? short;
  const load = CATALOGS[language];
  if (!load) return new Speech("en", en, language === "en" ? locale(tag, "en") : "en");
  try {
    return new Speech(language, (await load()).default, locale(tag, language));
  } catch {
    return new Speech("en", en, "en");
  }
}

/** The tag as `Intl` takes it: "de-CH" stays, "de_CH" and nonsense become "de". */
function locale(tag: string, language: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? language;
  } catch {
    return language;
  }
}
