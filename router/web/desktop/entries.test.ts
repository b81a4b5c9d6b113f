import { describe, expect, it } from "vitest";
import { fresh, type Conversation, type Message } from "../client/conversations.js";
import type { Model } from "../client/model.js";
import { entriesOf } from "./entries.js";
import { answerBy, isLate, rankOf } from "./order.js";
import { filled } from "./replies.js";
import { dayOf, refusalWords, whyWords } from "./words.js";

const NOW = new Date(2026, 4, 20, 12, 0).getTime();
const MINUTE = 60_000;
const YOU = { id: "alice", role: "agent", tenant: "acme" };

function model(pending: { op: string; body: string; kind: string }[] = []): Model {
  return { you: YOU, now: () => NOW, pending: () => pending } as unknown as Model;
}

function said(seq: number, by: string, minutes: number, kind = "text"): Message {
  const role = by === "ada" ? "customer" : "agent";
  return { seq, from: { id: by, role, name: by }, body: `message ${seq}`, at: NOW - minutes * MINUTE, kind } as Message;
}

function talk(messages: Message[], more: Partial<Conversation> = {}): Conversation {
  return fresh({ conversation: "c", messages, customer: { id: "ada", name: "Ada" } as never, ...more });
}

const shown = (conversation: Conversation, start = 0, end = conversation.messages.length) =>
  entriesOf(conversation, model(), start, end).map(({ sort, text }) => `${sort} ${text}`);

describe("a transcript", () => {
  it("says the day before what was said on it", () => {
    const conversation = talk([said(1, "ada", 24 * 60), said(2, "alice", 5)]);
    expect(shown(conversation)).toEqual(["day Yesterday", "theirs message 1", "day Today", "mine message 2"]);
  });

  it("puts who came and went between the messages, by time", () => {
    const lines = [{ text: { joined: { name: "Bela" } }, at: NOW - 7 * MINUTE, after: 1 }];
    const conversation = talk([said(1, "ada", 9), said(2, "alice", 5)], { lines });
    expect(shown(conversation)[2]).toBe("line Bela joined");
  });

  it("names a speaker once for what is said in one go", () => {
    const rows = entriesOf(talk([said(1, "ada", 5), said(2, "ada", 4), said(3, "ada", 0)]), model(), 0, 3);
    expect(rows.map(({ leads }) => leads)).toEqual([true, true, false, true]);
  });

  it("ticks the last message of a kind and not those before it", () => {
    const conversation = talk([said(1, "alice", 3), said(2, "alice", 2)], { readBy: { ada: 2 } });
    expect(entriesOf(conversation, model(), 0, 2).map(({ tick }) => tick)).toEqual(["", "", "✓✓ Read"]);
  });

  it("ends with what could not be sent and what is under way, only at its end", () => {
    const failed = [{ op: "a", body: "refused", why: "too long" }];
    const conversation = talk([said(1, "ada", 3), said(2, "ada", 2)], { failed });
    const pending = model([{ op: "b", body: "on its way", kind: "text" }]);
    const whole = entriesOf(conversation, pending, 0, 2).slice(-2).map(({ text, tick }) => [text, tick]);
    expect(whole).toEqual([["refused", "Not sent: too long"], ["on its way", "Sending"]]);
    expect(entriesOf(conversation, pending, 0, 1).at(-1)?.text).toBe("message 1");
  });
});

describe("the list", () => {
  it("has who waits for an answer first, then wrap-ups, then the rest", () => {
    const waiting = rankOf(talk([said(1, "ada", 5)]), YOU);
    const answered = rankOf(talk([said(1, "ada", 9), said(2, "alice", 1)]), YOU);
    const wrapUp = rankOf(talk([], { status: "wrap_up" }), YOU);
    expect([waiting[0], wrapUp[0], answered[0]]).toEqual([1, 2, 3]);
  });

  it("calls late what the server flags, and what waits more than a minute", () => {
    expect(isLate(talk([]), 61_000)).toBe(true);
    expect(isLate(talk([]), 59_000)).toBe(false);
    expect(isLate(talk([], { unanswered: true }), 0)).toBe(true);
  });
});

describe("an answer that is due", () => {
  const reply = { within_ms: 300_000, then: "requeue" };

  it("counts from the first message without one, or from the assignment", () => {
    const messages = [said(1, "ada", 9), said(2, "ada", 2)];
    expect(answerBy(talk(messages, { reply }), YOU)).toEqual({ due: NOW - 4 * MINUTE, urgent: NOW - 5 * MINUTE });
    const due = answerBy(talk(messages, { reply, assignedAt: NOW }), YOU)?.due;
    expect(due).toBe(NOW + 5 * MINUTE);
  });

  it("is urgent for the last half of a short rule", () => {
    const by = answerBy(talk([said(1, "ada", 0)], { reply: { within_ms: 40_000, then: "flag" } }), YOU);
    expect(by).toEqual({ due: NOW + 40_000, urgent: NOW + 20_000 });
  });

  it("is none once a colleague answered, a rule struck, or where there is no rule", () => {
    const answered = [said(1, "ada", 9), said(2, "bela", 8)];
    expect(answerBy(talk(answered, { reply }), YOU)).toBeNull();
    expect(answerBy(talk([said(1, "ada", 9)], { reply, unanswered: true }), YOU)).toBeNull();
    expect(answerBy(talk([said(1, "ada", 9)]), YOU)).toBeNull();
  });
});

describe("words", () => {
  it("fill a ready reply and leave what is unknown", () => {
    const known = { customer: "Ada Lovelace", agent: "Alice", queue: "Billing" };
    expect(filled("{{first_name}}, {{ agent }}, {{queue}}, {{x}}", known)).toBe("Ada, Alice, Billing, {{x}}");
  });

  it("tell days, reasons and refusals", () => {
    expect(dayOf(NOW - 3 * 24 * 60 * MINUTE, NOW)).toContain("17");
    expect(["language:de", "skill:lamp_repair", "longest_idle"].map(whyWords)).toEqual(["German", "lamp repair", "longest idle"]);
    expect(refusalWords({ code: 113, message: "", details: { outcome: "withdrawn" } })).toBe("The customer left the line.");
    expect(refusalWords({ code: 999, message: "odd", details: {} })).toBe("That did not work: odd");
  });
});
