/**
 * The six figures of the wall, each with its target, its level and where it is heading.
 *
 * Owns: how a figure follows from what the server told. Does not know: how a tile looks.
 */
import type { Told } from "../client/protocol.js";
import { FAR } from "./alerts.js";
import { ceilingLevel, floorLevel, limits, worst, type Level } from "./limits.js";
import { percent, span } from "./words.js";
import type { Panel, Wall } from "./wall.js";

export interface Tile {
  key: string;
  label: string;
  value: string;
  target: string;
  level: Level;
  /** How it changed within a quarter of an hour, and whether that is good. */
  trend?: { way: "up" | "down" | "flat"; words: string; good: boolean };
  more: string;
  opens: Panel;
}

const AT_WORK = ["free", "offered", "serving", "wrap_up"];

export function tilesOf(wall: Wall): Tile[] {
  const { queues, house } = wall;
  return [serviceLevel(wall), waiting(wall, queues, house), longest(wall, queues), abandoned(wall), occupancy(wall, house)];
}

function serviceLevel(wall: Wall): Tile {
  const now = wall.served("recent").service_level;
  const { target } = wall;
  return {
    key: "level", label: "Service level", value: percent(now), target: `target ${percent(target)}`,
    level: floorLevel(now, target), trend: trend(wall, "level", now, 100, 1),
    more: `today ${percent(wall.served("today").service_level)}`, opens: { sort: "numbers" },
  };
}

function waiting(wall: Wall, queues: Told.QueueFigures[], house: Told.HouseFigures | null): Tile {
  const count = queues.reduce((sum, one) => sum + one.waiting, 0);
  const offered = queues.reduce((sum, one) => sum + one.offered, 0);
  const atWork = AT_WORK.reduce((sum, state) => sum + (house?.agents[state] ?? 0), 0);
  const most = Math.round(atWork * limits().waiting);
  return {
    key: "waiting", label: "Waiting", value: String(count), target: `target ≤ ${most}`,
    level: ceilingLevel(count, most, 2), trend: trend(wall, "waiting", count, 1, -1),
    more: `${offered} offered now`, opens: { sort: "conversations", heading: "Who waits", status: "waiting" },
  };
}

function longest(wall: Wall, queues: Told.QueueFigures[]): Tile {
  const first = [...queues].sort((a, b) => wall.oldest(b) - wall.oldest(a))[0];
  const age = first ? wall.oldest(first) : 0;
  const level = worst(queues.map((one) => ceilingLevel(wall.oldest(one), one.service?.within_ms ?? 0, FAR)));
  return {
    key: "longest", label: "Longest wait", value: span(age), level,
    target: first?.service ? `target ${span(first.service.within_ms)}` : "",
    more: age && first ? `in ${first.name || first.queue}` : "nobody waits",
    opens: { sort: "conversations", heading: "Who waits", status: "waiting" },
  };
}

function abandoned(wall: Wall): Tile {
  const now = wall.served("recent").abandonment;
  const most = limits().abandonment;
  return {
    key: "abandoned", label: "Abandoned", value: percent(now), target: `target ≤ ${percent(most)}`,
    level: ceilingLevel(now, most, 2), trend: trend(wall, "abandonment", now, 100, -1),
    more: `today ${wall.served("today").abandoned ?? 0}`, opens: { sort: "numbers" },
  };
}

function occupancy(wall: Wall, house: Told.HouseFigures | null): Tile {
  const now = house?.occupancy;
  const most = limits().occupancy;
  const free = house?.capacity_free ?? 0;
  return {
    key: "occupancy", label: "Occupancy", value: percent(now), target: `target ≤ ${percent(most)}`,
    level: ceilingLevel(now, most, 1.12), trend: trend(wall, "occupancy", now, 100, -1),
    more: `${free} places free`, opens: { sort: "agents", heading: "Agents by load" },
  };
}

function trend(wall: Wall, name: string, now: number | null | undefined, unit: number, better: 1 | -1): Tile["trend"] {
  const before = wall.past.before(name === "occupancy" ? name : wall.series(name), wall.model.now());
  if (before === undefined || now === null || now === undefined) return undefined;
  const change = Math.round((now - before) * unit);
  if (change === 0) return { way: "flat", words: "", good: true };
  return { way: change > 0 ? "up" : "down", words: `${Math.abs(change)}`, good: change * better > 0 };
}
