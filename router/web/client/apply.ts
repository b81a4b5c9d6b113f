/**
 * How what the server says changes what a person knows.
 *
 * Owns: one function for each kind of event.
 * Does not know: sockets, screens.
 */
import { add, fresh, lastSeq, line, readUpTo, resume, type Conversation, type Message } from "./conversations.js";
import type { Events } from "./fairline.js";
import type { Model } from "./model.js";

const TYPING_MS = 6_000;
const WAITING: ReadonlySet<string> = new Set(["waiting", "held", "offered"]);

type Apply = { [T in keyof Events]?: (model: Model, event: Events[T]) => void };

/** Changes the model; false where it does not care for this kind of event. */
export function apply(model: Model, type: keyof Events, event: Events[keyof Events]): boolean {
  const change = APPLY[type] as ((model: Model, event: unknown) => void) | undefined;
  change?.(model, event);
  return change !== undefined;
}

function welcomed(model: Model, { state, you, at }: Events["welcome"]): void {
  model.skew = at - Date.now();
  if (model.you && model.you.id !== you.id) model.clear();
  model.you = you;
  presented(model, { ...state.presence, capacity: state.capacity, load: state.load });
  model.offers = (state.offers ?? []).map((one) => ({ ...one, until: Date.now() + one.expires_ms }));
  model.invitations = (state.invitations ?? []).map((one) => ({ ...one, until: Date.now() + one.expires_ms }));
  const told = (state.conversations ?? []).map((one) => resume(model.find(one.conversation), one, you));
  model.conversations = new Map(told.map((one) => [one.conversation, one]));
  model.queues = state.queues ?? [];
  model.skills = [];
  model.help = state.help ?? [];
  model.agents = state.agents ?? [];
  model.topics = new Map();
  model.counted = new Set();
  model.stale = new Map();
}

type Presented = Partial<Omit<Events["presence.self"], "capacity" | "load">> & {
  since_at?: number;
  capacity?: Record<string, number> | null;
  load?: Record<string, number> | null;
};

function presented(model: Model, event: Presented): void {
  const before = model.presence?.show;
  model.presence = { ...model.presence, ...event } as Model["presence"];
  if (event.since_at) model.presenceSince = event.since_at - model.skew;
  else if (before !== event.show) model.presenceSince = Date.now();
  model.capacity = event.capacity ?? model.capacity;
  model.load = event.load ?? model.load;
}

/** The answer to a command of this page that created something. */
function answered(model: Model, { command, reply }: Events["answered"]): void {
  const { t, fields } = command;
  if (t === "conversation.request" && reply.ok) requested(model, fields, reply);
  // A supervisor who passes on what others have goes on looking at it.
  if (t === "conversation.transfer" && reply.ok && model.you?.role === "agent") model.forget(String(fields.conversation));
  if (t !== "message.send") return;
  const conversation = model.find(String(fields.conversation));
  if (!conversation) return;
  if (reply.ok) add(conversation, own(model, fields, reply.seq ?? 0));
  else {
    const { op, body, kind } = fields as { op: string; body: string; kind?: string };
    conversation.failed.push({ op, body, kind, why: reply.err?.msg || reply.err?.name || "" });
  }
}

function own(model: Model, fields: Record<string, unknown>, seq: number): Message {
  const { id = "", role = "", name = "" } = model.you ?? {};
  const kind = String(fields.kind ?? "text");
  return { seq, from: { id, role, name }, body: String(fields.body), kind, at: model.now() };
}

function requested(model: Model, fields: Record<string, unknown>, reply: Events["reply"]): void {
  const id = reply.conversation ?? "";
  const { status, position, ahead, wait_ms } = reply;
  const told = {
    conversation: id, status: status ?? "waiting", position, ahead, wait_ms,
    queue: String(fields.queue ?? ""),
  };
  const known = model.find(id) ?? fresh({ channel: String(fields.channel) });
  const conversation: Conversation = { ...known, ...told };
  model.conversations.set(id, conversation);
  // Joined to one in line, the body's number is not known here: ask.
  if (reply.joined) model.fetchHistory(id).catch(() => {});
  else if (fields.body) add(conversation, own(model, fields, reply.seq ?? 1));
}

/** Another device of this person asked, or a service did; the messages follow. */
function requestedElsewhere(model: Model, event: Events["conversation.requested"]): void {
  if (!model.you) return;
  const told = { ...event.state, more: false };
  model.conversations.set(event.conversation, resume(model.find(event.conversation), told, model.you));
}

function assigned(model: Model, event: Events["conversation.assigned"]): void {
  const offers = [...model.offers, model.lastOffer];
  const offer = offers.find((one) => one?.conversation === event.conversation);
  const { queue = "", channel = "chat", customer } = offer ?? {};
  const { t: _t, pos: _pos, state, ...told } = event;
  const base = model.find(event.conversation) ?? fresh({ queue, channel, customer });
  const known = state && model.you ? resume(base, state, model.you) : base;
  const conversation: Conversation = { ...known, ...told, status: "active", assignedAt: model.now() };
  model.conversations.set(event.conversation, conversation);
  if (event.agent?.name) line(conversation, { joined: event.agent }, model.now());
  if (model.you?.role === "agent" && lastSeq(conversation) === 0) {
    model.fetchHistory(event.conversation).catch(() => {});
  }
}

function updated(model: Model, { t: _t, pos: _pos, ...told }: Events["conversation.updated"]): void {
  const conversation = model.find(told.conversation);
  if (!conversation) return;
  const waits = WAITING.has(told.status ?? "");
  const elsewhere = told.agent && told.agent.id !== model.you?.id;
  // Whoever was asked into a colleague's conversation stays in it, whoever has it.
  const guest = conversation.agent?.id && conversation.agent.id !== model.you?.id;
  if (model.you?.role === "agent" && !guest && (waits || elsewhere)) {
    model.forget(told.conversation);
    return;
  }
  if (waits && conversation.status === "active") {
    const how = told.why === "transferred" ? "passed" : "returned";
    line(conversation, { [how]: conversation.agent ?? {} }, model.now());
    conversation.agent = null;
  }
  if (told.joined) line(conversation, { joined: told.joined }, model.now());
  if (told.left && told.left.id === model.you?.id && told.left.role === "agent") {
    model.forget(told.conversation);
    return;
  }
  if (told.left) line(conversation, { left: told.left }, model.now());
  Object.assign(conversation, told);
}

function ended(model: Model, { conversation: id, reason }: Events["conversation.ended"]): void {
  const conversation = model.find(id);
  if (!conversation) return;
  conversation.reason = reason;
  // The agent's work after the end goes on until it is completed.
  if (conversation.status === "wrap_up" && (conversation.wrapUpUntil ?? 0) > Date.now()) return;
  conversation.status = "ended";
}

const APPLY: Apply = {
  welcome: welcomed,
  answered,
  "presence.self": presented,
  "offer.new": (model, offer) => {
    model.offers = model.offers.filter((one) => one.offer !== offer.offer);
    model.offers.push({ ...offer, until: Date.now() + offer.expires_ms });
  },
  "offer.ended": (model, { offer }) => model.dropOffer(offer),
  "conversation.requested": requestedElsewhere,
  "conversation.assigned": assigned,
  "conversation.updated": updated,
  "conversation.ended": ended,
  "conversation.invited": (model, invitation) => {
    const others = model.invitations.filter((one) => one.conversation !== invitation.conversation);
    model.invitations = [...others, { ...invitation, until: Date.now() + invitation.expires_ms }];
  },
  "skills.set": (model, { skills, languages }) => {
    if (model.you) model.you = { ...model.you, skills, languages: Object.keys(languages) };
  },
  "help.asked": (model, { t: _t, ...call }) => {
    const conversation = model.find(call.conversation);
    if (conversation) conversation.help_since_at = call.at;
    const others = model.help.filter((one) => one.conversation !== call.conversation);
    if (model.you?.role === "supervisor") model.help = [...others, call].sort((a, b) => a.at - b.at);
  },
  "help.ended": (model, { conversation: id }) => {
    const conversation = model.find(id);
    if (conversation) conversation.help_since_at = null;
    model.help = model.help.filter((one) => one.conversation !== id);
  },
  "invitation.ended": (model, { conversation, agent }) => {
    if (agent.id !== model.you?.id) return;
    model.invitations = model.invitations.filter((one) => one.conversation !== conversation);
  },
  "wrapup.started": (model, { conversation: id, wrap_up_ms, wrap_up }) => {
    const conversation = model.find(id);
    if (conversation) {
      Object.assign(conversation, { status: "wrap_up", wrapUpUntil: Date.now() + wrap_up_ms, wrap_up });
    }
  },
  "queue.position": (model, { t: _t, pos: _pos, why = null, ...told }) => {
    const conversation = model.find(told.conversation);
    if (conversation) Object.assign(conversation, told, { why });
  },
  message: (model, { conversation: id, t: _t, pos: _pos, ...message }) => {
    const conversation = model.find(id);
    if (!conversation) return;
    add(conversation, message);
    if (message.from?.id !== model.you?.id) conversation.typingUntil = 0;
  },
  "message.read": (model, { conversation: id, by, seq }) => {
    const conversation = model.find(id);
    if (conversation) readUpTo(conversation, by.id, seq, model.you);
  },
  typing: (model, { conversation: id, by, on }) => {
    const conversation = model.find(id);
    if (!conversation || by.id === model.you?.id) return;
    conversation.typingUntil = on ? Date.now() + TYPING_MS : 0;
  },
  presence: (model, { topic, set, gone, whole }) => {
    const people = (whole ? undefined : model.topics.get(topic)) ?? new Map();
    for (const one of set) people.set(one.id, one);
    for (const one of gone) people.delete(one.id);
    model.topics.set(topic, people);
    model.counted.delete(topic);
  },
  "topic.stale": (model, { topic, stale, at }) => {
    if (stale) model.stale.set(topic, at);
    else model.stale.delete(topic);
  },
  board: (model, { topic, queues, agents, mode, skills }) => {
    if (skills) {
      model.skills = skills;
      return;
    }
    if (mode === "counts") {
      model.topics.delete(topic); // who is there is not told any longer, only how many
      model.counted.add(topic);
      return;
    }
    model.queues = queues ?? model.queues;
    model.agents = agents ?? model.agents;
  },
};
