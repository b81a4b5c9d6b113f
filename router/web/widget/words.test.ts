/** Every catalog has every sentence, every plural form of its language and the same places to fill. */
import { expect, test } from "vitest";
import { CLOSE } from "./greeting.js";
import en from "./words/en.js";
import { fill, speechFor, type Catalog, type Forms } from "./words.js";

const CATALOGS = import.meta.glob<{ default: Catalog }>("./words/*.ts", { eager: true });
const LANGUAGES = ["ar", "de", "en", "es", "fr", "he", "it", "nl", "pl", "pt", "tr", "uk"];
const CATEGORIES = new Set(["zero", "one", "two", "few", "many", "other"]);

type Told = string | readonly string[] | Record<string, unknown>;
const isForms = (told: Told): told is Forms =>
  typeof told === "object" && Object.keys(told).every((key) => CATEGORIES.has(key));
const holes = (text: string): string => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort().join();

function check(language: string, path: string, told: Told, model: Told): void {
  if (typeof model === "string") {
    expect(told, `${language} ${path}`).toBeTypeOf("string");
    expect(holes(told as string), `${language} ${path}`).toBe(holes(model));
  } else if (Array.isArray(model)) {
    expect((told as string[]).filter(Boolean).length, `${language} ${path}`).toBe(model.length);
  } else if (isForms(model)) {
    const type = path === ".place" ? "ordinal" : "cardinal";
    const rules = new Intl.PluralRules(language, { type });
    expect(Object.keys(told), `${language} ${path}`).toEqual(
      expect.arrayContaining(rules.resolvedOptions().pluralCategories.filter((one) => one !== "other")),
    );
    expect(holes((told as Forms).other), `${language} ${path}`).toBe(holes(model.other));
  } else {
    expect(Object.keys(told).sort(), `${language} ${path}`).toEqual(Object.keys(model).sort());
    for (const [key, value] of Object.entries(model)) {
      check(language, `${path}.${key}`, (told as Record<string, Told>)[key]!, value as Told);
    }
  }
}

test("there are the twelve languages that the documentation names", () => {
  expect(Object.keys(CATALOGS).map((path) => path.slice(8, 10)).sort()).toEqual(LANGUAGES);
});

test("the loader's own words are in all of them", () => {
  expect(Object.keys(CLOSE).sort()).toEqual(LANGUAGES);
  expect(new Set(Object.values(CLOSE)).size).toBe(LANGUAGES.length);
});

test.each(LANGUAGES)("%s has every sentence and all of its plurals", (language) => {
  check(language, "", CATALOGS[`./words/${language}.ts`]!.default, en);
});

test.each([
  ["pl", 1, "1 nowa wiadomość"], ["pl", 2, "2 nowe wiadomości"], ["pl", 5, "5 nowych wiadomości"],
  ["uk", 21, "21 нове повідомлення"], ["ar", 2, "رسالتان جديدتان"], ["he", 2, "שתי הודעות חדשות"],
  ["fr", 0, "0 nouveau message"], ["de-AT", 3, "3 neue Nachrichten"], ["xx", 1, "1 new message"],
])("%s counts %i", async (tag, count, text) => {
  const speech = await speechFor(tag);
  expect(speech.count(speech.words.news, count)).toBe(text);
});

test.each([[1, "1st in line"], [2, "2nd in line"], [3, "3rd in line"], [11, "11th in line"], [21, "21st in line"]])(
  "English ranks %i", async (place, text) => {
    const speech = await speechFor("en");
    expect(speech.rank(speech.words.place, place)).toBe(text);
  });

test("a moment is near by name and far by date, in the reader's words", async () => {
  const now = new Date(2026, 0, 5, 22).getTime();
  const at = (day: number): number => new Date(2026, 0, day, 8).getTime();
  const speech = await speechFor("de");
  expect([5, 6, 9, 20].map((day) => speech.moment(at(day), now))).toEqual(
    ["heute, 8:00", "morgen, 8:00", "Freitag, 8:00", "20. Januar, 8:00"].map((one) => expect.stringMatching(one.replace("8:00", "0?8:00"))),
  );
});

test("a place to fill that nobody fills stays in sight", () => {
  expect(fill("{name} joined", {})).toBe("{name} joined");
});
