import { describe, expect, it } from "vitest";
import { unitOf } from "./units.js";

describe("a crowd", () => {
  it("has one shape for each agent as long as they fit", () => {
    expect(unitOf([100, 120])).toBe(1);
    expect(unitOf([100, 121])).toBe(2);
  });

  it("never has more shapes than fit, and one for whoever is alone", () => {
    for (const counts of [[1, 1, 998], [5_000, 4_000, 1], [30_000, 20_000, 7, 1]]) {
      const unit = unitOf(counts);
      expect(counts.reduce((sum, count) => sum + Math.ceil(count / unit), 0)).toBeLessThanOrEqual(220);
    }
  });
});
