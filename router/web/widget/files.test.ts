import { beforeEach, expect, test, vi } from "vitest";

vi.stubGlobal("document", { baseURI: "https://shop.example/" });

import type { Files } from "./api.js";
import { fits, limitsOf, Uploads } from "./files.js";
import { speechFor } from "./words.js";

const speech = await speechFor("en");
let sent: string[];
let warned: unknown[];
let conversation: string | null;

beforeEach(() => {
  sent = [];
  warned = [];
  conversation = null;
  vi.stubGlobal("console", { ...console, warn: (...said: unknown[]) => void warned.push(said) });
});

function uploads(files: Files): Uploads {
  return new Uploads({ files: () => files, speech: () => speech, conversation: () => conversation, send: (body) => Boolean(sent.push(body)), draw: () => {} });
}
/** Uploads that end when the test says so. */
function slow(): { it: Uploads; up: (name: string) => Promise<void>; asked: string[] } {
  const done = new Map<string, (address: string) => void>();
  const asked: string[] = [];
  const it = uploads({ send: ({ name }) => new Promise<string>((given) => { asked.push(name); done.set(name, given); }) });
  return { it, asked, up: (name) => { done.get(name)!(`https://files.example/${name}`); return settled(); } };
}
const two = (): File[] => [new File(["1"], "one.txt"), new File(["2"], "two.txt")];
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 5));

test.each([
  ["a.PDF", "", ".pdf", true], ["a.png", "image/png", "image/*", true], ["a.png", "image/png", "application/pdf, image/png", true],
  ["a.exe", "application/x-msdownload", "image/*,.pdf", false], ["pdf", "", ".pdf", false], ["a.png", "", "image/*", false],
])("%s of type '%s' by '%s': %s", (name, type, accept, expected) => {
  expect(fits({ name, type }, accept)).toBe(expected);
});

test("files go up one after the other, and their addresses are what is sent", async () => {
  const order: string[] = [];
  const it = uploads({ send: async ({ name }) => { order.push(name); await settled(); order.push(`${name} up`); return `https://files.example/${name}`; } });
  it.add([new File(["1"], "one.txt"), new File(["2"], "two.txt")]);
  await settled().then(settled).then(settled);
  expect(order).toEqual(["one.txt", "one.txt up", "two.txt", "two.txt up"]);
  expect(sent).toEqual(["one.txt\nhttps://files.example/one.txt", "two.txt\nhttps://files.example/two.txt"]);
  expect(it.note).toBe("");
});

test.each([
  [{ accept: "image/*", send: () => "https://never.example" }, "a.txt is not of a kind that can be sent.", 0],
  [{ max_bytes: 1500, send: () => "https://never.example" }, "a.txt is larger than 1.5 kB.", 0],
  [{ send: () => "javascript:alert(1)" }, "a.txt could not be sent.", 1],
  [{ send: () => Promise.reject(new Error("disk")) }, "a.txt could not be sent.", 1],
] as [Files, string, number][])("what is not taken is said: %#", async (files, said, warnings) => {
  const it = uploads(files);
  it.add([new File(["x".repeat(1501)], "a.txt")]);
  await settled();
  expect([it.note, sent, warned.length]).toEqual([said, [], warnings]);
});

test("files of somebody who is gone are neither sent nor spoken of, and the next one's are", async () => {
  const { it, up, asked } = slow();
  it.add(two());
  await settled();
  it.cancel();
  it.add([new File(["3"], "three.txt")]);
  await up("one.txt");
  expect(asked).toEqual(["one.txt", "three.txt"]);
  await up("three.txt");
  expect([sent, it.note]).toEqual([["three.txt\nhttps://files.example/three.txt"], ""]);
});

test.each([null, "later"])("a file for a conversation that is over goes nowhere else, and that is said (then %s)", async (then) => {
  const { it, up, asked } = slow();
  conversation = "first";
  it.add(two());
  await settled();
  conversation = then;
  await up("one.txt");
  expect([sent, it.note, asked]).toEqual([[], "two.txt could not be sent.", ["one.txt"]]);
});

test("files chosen before a conversation are for the first that begins, and for that one alone", async () => {
  const { it, up } = slow();
  it.add(two());
  await settled();
  it.began(conversation = "first");
  await up("one.txt");
  expect(sent).toEqual(["one.txt\nhttps://files.example/one.txt"]);
  conversation = null;
  await up("two.txt");
  expect([sent.length, it.note]).toEqual([1, "two.txt could not be sent."]);
});

test("what a page throws where nobody expects it does not keep the files after it", async () => {
  const it = uploads({ get accept(): string { if (!warned.length) throw new Error("no limits"); return ""; }, send: ({ name }) => `https://files.example/${name}` });
  it.add(two());
  await settled().then(settled);
  expect([warned.length, sent]).toEqual([1, ["two.txt\nhttps://files.example/two.txt"]]);
});

test("limits are said before", () => {
  expect(limitsOf({ accept: "image/*,.pdf", max_bytes: 10_000_000, send: () => "" }, speech)).toBe("Send a file (image/*, .pdf, 10 MB)");
  expect(limitsOf({ send: () => "" }, speech)).toBe("Send a file");
});
