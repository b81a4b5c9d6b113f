/**
 * Everything that can be done by a key or from the palette, named once.
 *
 * Owns: names, keys, when each is possible. Does not know: keyboards, elements.
 */
import { mayHurry } from "../client/pace.js";
import type { Desk } from "./desk.js";
import { nameOf, SHOWS } from "./words.js";

export interface Deed {
  name: string;
  /** A single key, where it has one; a letter may be another one by the agent's wish. */
  key?: string;
  group: string;
  possible?: boolean;
  act(): void;
}

/** The deeds of now, in the order in which they are listed, with the agent's own keys. */
export function deedsOf(desk: Desk): Deed[] {
  const deeds = [...answering(desk), ...talking(desk), ...presence(desk), ...looking(desk)];
  return withKeys(deeds, desk.settings.liked.keys);
}

/** The key of now for the deed that had this one when delivered; empty where it has none. */
export function keyNow(desk: Desk, delivered: string): string {
  const wished = desk.settings.liked.keys;
  if (Object.keys(wished).length === 0) return delivered;
  const deeds = [...answering(desk), ...talking(desk), ...presence(desk), ...looking(desk)];
  const place = deeds.findIndex(({ key }) => key === delivered);
  return withKeys(deeds, wished)[place]?.key ?? "";
}

const FIXED = /^(Enter|Ctrl K|\?|,)$/;

/** Whether an agent may give this deed another key. */
export const mayChange = ({ key = "", name }: Deed): boolean => !FIXED.test(key) && !/theme$/.test(name);

/** A key that can be a deed's: one letter or digit, or nothing. */
export const isKey = (key: string): boolean => /^[\p{L}\p{N}]?$/u.test(key) && key === key.toLowerCase();

/** The deeds with the keys wished for; whoever had such a key before has none, so no key does two things. */
export function withKeys(deeds: Deed[], wished: Record<string, string>): Deed[] {
  const taken = new Set(deeds.filter((one) => mayChange(one) && wished[one.name]).map(({ name }) => wished[name]));
  return deeds.map((one) => {
    if (!mayChange(one)) return one;
    const wish = wished[one.name];
    if (wish !== undefined && isKey(wish)) return { ...one, key: wish || undefined };
    return one.key && taken.has(one.key) ? { ...one, key: undefined } : one;
  });
}

/** The conversations at hand, to go to by name. */
export function goals(desk: Desk): Deed[] {
  return desk.conversations.map((one) => ({
    name: `Go to ${nameOf(one.customer)}`, group: "Conversations", act: () => desk.choose(one.conversation),
  }));
}

function answering(desk: Desk): Deed[] {
  const offered = !!desk.offer;
  return [
    { name: "Accept the offer", key: "Enter", group: "Offers", possible: offered, act: () => void desk.accept() },
    { name: "Decline the offer", key: "d", group: "Offers", possible: offered && !desk.offer?.auto, act: () => void desk.decline() },
  ];
}

function talking(desk: Desk): Deed[] {
  const { conversation } = desk;
  const active = conversation?.status === "active";
  const own = active && !desk.isGuest(conversation);
  const about = { conversation: conversation?.conversation };
  const write = (kind: string) => desk.dispatchEvent(new CustomEvent("write", { detail: kind }));
  return [
    { name: "Next conversation", key: "j", group: "Conversation", act: () => desk.step(1) },
    { name: "Conversation before", key: "k", group: "Conversation", act: () => desk.step(-1) },
    { name: "Write a reply", key: "r", group: "Conversation", possible: active, act: () => write("text") },
    { name: "Write a note", key: "n", group: "Conversation", possible: active, act: () => write("note") },
    { name: "Quote what the customer said last", key: "q", group: "Conversation", possible: active, act: () => desk.quote() },
    { name: "Transfer", key: "t", group: "Conversation", possible: own, act: () => desk.open("transfer", about) },
    { name: "Ask a colleague for help", key: "c", group: "Conversation", possible: own, act: () => desk.open("consult", about) },
    { name: "Call a supervisor", key: "h", group: "Conversation", possible: own, act: () => desk.open("supervisor", about) },
    { name: "Put aside", key: "z", group: "Conversation", possible: own, act: () => desk.open("snooze", about) },
    { name: "End the conversation", key: "e", group: "Conversation", possible: own, act: () => desk.end() },
    { name: "End it with a wrap-up", key: "u", group: "Conversation", possible: own && !!desk.conversation?.wrap_up_optional,
      act: () => desk.end({ wrap_up: true }) },
    { name: "Why did I get this?", key: "w", group: "Conversation", possible: !!conversation, act: () => desk.open("explain", about) },
  ];
}

function presence(desk: Desk): Deed[] {
  const set = (show: string, key?: string): Deed => ({
    name: `Set me: ${SHOWS[show]}`, key, group: "Presence", act: () => desk.declare(show),
  });
  const agent = desk.model.you?.id;
  return [
    set("available", "a"), set("busy"), set("away", "x"), set("dnd"),
    { name: "Away after this conversation", group: "Presence", possible: desk.busy > 0,
      act: () => desk.declare(desk.model.presence?.show ?? "away", { next: "away" }) },
    { name: "Why do I get no offers?", group: "Presence", act: () => desk.open("explain", { agent }) },
  ];
}

function looking(desk: Desk): Deed[] {
  const { settings } = desk;
  const dark = document.documentElement.dataset.theme === "dark";
  return [
    { name: "All commands", key: "Ctrl K", group: "Desktop", act: () => desk.open("palette") },
    { name: "Keys", key: "?", group: "Desktop", act: () => desk.open("keys") },
    { name: "Settings: sound, theme, keys", key: ",", group: "Desktop", act: () => desk.open("settings") },
    { name: "Ready replies", group: "Desktop", act: () => desk.open("replies") },
    { name: "My day", group: "Desktop", act: () => desk.open("day") },
    { name: dark ? "Light theme" : "Dark theme", group: "Desktop", act: () => settings.set({ theme: dark ? "light" : "dark" }) },
    { name: "Try to connect now", group: "Desktop", possible: mayHurry(desk.link.status), act: () => desk.link.tryNow() },
    { name: "Sign out", group: "Desktop", act: () => desk.link.signOut() },
  ];
}
