import { expect, test } from "vitest";
import { pieces } from "./links.js";

test.each([
  ["See https://shop.example/a?b=1#c.", ["See ", "https://shop.example/a?b=1#c", "."]],
  ["(http://a.example/x) and https://b.example!", ["(", "http://a.example/x", ") and ", "https://b.example", "!"]],
  ["javascript:alert(1) ftp://a.example www.a.example", ["javascript:alert(1) ftp://a.example www.a.example"]],
  ["nothing", ["nothing"]],
])("%s", (text, expected) => {
  expect(pieces(text)).toEqual(expected);
  expect(pieces(text).join("")).toBe(text);
});
