import { expect, test } from "vitest";

import { isTouched, withLevel } from "./levels.js";

const skills = { billing: 80, lamps: 20 };

test("only the table that was touched is wished for, and the whole of it", () => {
  const wished = withLevel({}, "skills", skills, "billing", 60);
  expect(wished).toEqual({ skills: { billing: 60, lamps: 20 } });
  expect(withLevel(wished, "languages", { en: 100 }, "de", 50)).toEqual({ ...wished, languages: { en: 100, de: 50 } });
  expect([isTouched({}), isTouched(wished)]).toEqual([false, true]);
  expect(skills.billing).toBe(80);
});

test.each([[-3, 0], [49.6, 50], [101, 100]])("a level of %d is %d", (level, kept) => {
  expect(withLevel({}, "skills", {}, "billing", level)).toEqual({ skills: { billing: kept } });
});

test.each([NaN, Infinity, -Infinity])("%d is no level, and touches nothing", (level) => {
  const before = {};
  expect(withLevel(before, "skills", skills, "billing", level)).toBe(before);
});
