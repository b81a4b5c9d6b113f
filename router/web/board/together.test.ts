import { describe, expect, it } from "vitest";
import type { Told } from "../client/protocol.js";
import { targetOf, together } from "./together.js";

function queue(accepted: number, abandoned: number, inTarget: number, target = 0.8, speed = 10_000): Told.QueueFigures {
  const counted = accepted + abandoned;
  const recent = { accepted, abandoned, ...(counted ? { service_level: inTarget / counted, abandonment: abandoned / counted, speed_of_answer_ms: speed } : {}) };
  return { queue: "q", waiting: 0, oldest_ms: 0, offered: 0, active: 0, service: { within_ms: 20_000, target, recent, today: recent } } as Told.QueueFigures;
}

describe("several queues together", () => {
  it("count as if they were one", () => {
    const told = together([queue(30, 10, 20, 0.8, 5_000), queue(10, 0, 10, 0.8, 25_000), queue(0, 0, 0)], "recent");
    expect(told).toEqual({ accepted: 40, abandoned: 10, service_level: 30 / 50, abandonment: 10 / 50, speed_of_answer_ms: 10_000 });
  });

  it("have no ratios where nothing happened", () => {
    expect(together([queue(0, 0, 0)], "today")).toEqual({ accepted: 0, abandoned: 0 });
    expect(targetOf([])).toBe(0);
  });

  it("have the target of those who took most", () => {
    expect(targetOf([queue(99, 0, 99, 0.9), queue(0, 0, 0, 0.5)])).toBeCloseTo(0.896);
  });
});
