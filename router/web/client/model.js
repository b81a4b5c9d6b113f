/**
 * What one person knows: presence, offers, conversations, as the server last told it.
 *
 * Owns: applying `welcome.state` and every event to it; the transcript of each conversation.
 * Does not know: sockets, screens.
 * Invariants: `welcome` replaces everything but the messages up to `seen`; a message is in a
 * transcript once, whichever way it came (event, reply, history, welcome).
 */

const TYPING_MS = 6_000;

export class Model {
  /** @param {import("./fairline.js").Fairline} connection */
  constructor(connection) {
    this.connection = connection;
    this.changed = () => {};
    this.clear();
    connection.on("*", (type, event) => {
      APPLY[type]?.(this, event);
      if (type in APPLY || REDRAWN.has(type)) this.changed(type, event);
    });
  }

  clear() {
    this.you = null;
    this.skew = 0;
    this.presence = null;
    this.presenceSince = Date.now();
    this.capacity = null;
    this.load = null;
    this.offers = [];
    this.lastOffer = null;
    this.conversations = new Map();
    this.queues = [];
    this.agents = [];
  }

  /** For `hello`: the newest message held without a hole, by conversation. */
  seen() {
    const held = [...this.conversations.values()].filter((one) => one.status !== "ended");
    return Object.fromEntries(held.map((one) => [one.conversation, lastSeq(one)]));
  }

  /** Now, by the server's clock. */
  now() {
    return Date.now() + this.skew;
  }

  get open() {
    return [...this.conversations.values()].filter((one) => one.status !== "ended");
  }

  find(id) {
    return this.conversations.get(id);
  }

  forget(id) {
    this.conversations.delete(id);
  }

  /** Takes an offer away; what it said of the conversation is kept for `conversation.assigned`. */
  dropOffer(id) {
    this.lastOffer = this.offers.find((one) => one.offer === id) ?? this.lastOffer;
    this.offers = this.offers.filter((one) => one.offer !== id);
  }

  /** Messages sent from here that the server has not answered yet. */
  pending(id) {
    const commands = this.connection.outbox.filter(({ t, fields }) =>
      id ? t === "message.send" && fields.conversation === id : t === "conversation.request");
    return commands.filter(({ fields }) => fields.body).map(({ fields }) => (
      { op: fields.op, body: fields.body, kind: fields.kind ?? "text" }));
  }

  /** Lays the messages before the first one held, or all, beside those known. */
  async fetchHistory(id, limit = 50) {
    const conversation = this.find(id);
    const first = conversation?.messages.find((message) => message.kind !== "note");
    const before = first ? { before_seq: first.seq } : {};
    const reply = await this.connection.command("history", { conversation: id, limit, ...before });
    for (const message of reply.messages) add(conversation, message);
    conversation.more = reply.more;
    this.changed("history", reply);
  }
}

/** Redrawn without a change of the model. */
const REDRAWN = new Set(["status", "outbox"]);

function fresh(fields) {
  return {
    status: "active", queue: "", channel: "chat", messages: [], failed: [], lines: [], more: false,
    readBy: {}, typingUntil: 0, read: 0, answeredAt: 0, ...fields,
  };
}

const keyOf = (message) => `${message.kind === "note" ? "n" : "m"}${message.seq}`;

function add(conversation, message) {
  if (conversation.messages.some((one) => keyOf(one) === keyOf(message))) return false;
  conversation.messages.push(message);
  // Notes count in a series of their own; between messages they lie by time.
  conversation.messages.sort((a, b) =>
    a.kind !== "note" && b.kind !== "note" ? a.seq - b.seq : a.at - b.at);
  return true;
}

export function lastSeq(conversation) {
  const seqs = conversation.messages.filter((one) => one.kind !== "note").map((one) => one.seq);
  return Math.max(0, ...seqs);
}

/** How many messages of others came after what this person has read. */
export function unreadOf(conversation, you) {
  return conversation.messages.filter((one) =>
    one.kind !== "note" && one.from?.id !== you?.id && one.seq > conversation.read).length;
}

/** Since when the other side waits for an answer, or 0. */
export function waitingSince(conversation, you) {
  let since = 0;
  for (const message of conversation.messages) {
    if (message.kind === "note") continue;
    if (message.from?.id === you?.id) since = 0;
    else since ||= message.at;
  }
  return since;
}

function line(conversation, text, at) {
  conversation.lines.push({ text, at, after: lastSeq(conversation) });
}

function resume(model, told) {
  const known = model.find(told.conversation);
  if (!known) return fresh(told);
  const kept = told.more ? [] : known.messages;
  const conversation = { ...known, ...told, messages: [...kept] };
  for (const message of told.messages ?? []) add(conversation, message);
  return conversation;
}

function welcomed(model, { state = {}, you, at }) {
  model.skew = at - Date.now();
  if (model.you && model.you.id !== you.id) model.clear();
  model.you = you;
  present(model, { ...(state.presence ?? {}), capacity: state.capacity, load: state.load });
  model.offers = (state.offers ?? []).map((offer) => ({ ...offer, until: Date.now() + offer.expires_ms }));
  const told = (state.conversations ?? []).map((one) => resume(model, one));
  model.conversations = new Map(told.map((one) => [one.conversation, one]));
  model.queues = state.queues ?? [];
  model.agents = state.agents ?? [];
}

function present(model, event) {
  const before = model.presence?.show;
  model.presence = { ...(model.presence ?? {}), ...event };
  if (event.since_at) model.presenceSince = event.since_at - model.skew;
  else if (before !== event.show) model.presenceSince = Date.now();
  model.capacity = event.capacity ?? model.capacity;
  model.load = event.load ?? model.load;
}

/** The answer to a command of this page that created something. */
function answered(model, { command, reply }) {
  const { t, fields } = command;
  if (t === "conversation.request" && reply.ok) requested(model, fields, reply);
  if (t === "conversation.transfer" && reply.ok) model.forget(fields.conversation);
  if (t !== "message.send") return;
  const conversation = model.find(fields.conversation);
  if (!conversation) return;
  if (!reply.ok) conversation.failed.push({ ...fields, why: reply.err.msg || reply.err.name });
  else add(conversation, own(model, fields, reply.seq, reply.at));
}

function own(model, fields, seq, at) {
  const from = { id: model.you.id, role: model.you.role, name: model.you.name };
  return { seq, from, body: fields.body, kind: fields.kind ?? "text", at: at ?? model.now() };
}

function requested(model, fields, reply) {
  const { conversation: id, status = "waiting", position, ahead, wait_ms } = reply;
  const told = { conversation: id, status, position, ahead, wait_ms, queue: fields.queue ?? "" };
  const conversation = { ...(model.find(id) ?? fresh({ channel: fields.channel })), ...told };
  model.conversations.set(id, conversation);
  // Joined to one in line, the body's number is not known here: ask.
  if (reply.joined) model.fetchHistory(id).catch(() => {});
  else if (fields.body) add(conversation, own(model, fields, reply.seq ?? 1, reply.at));
}

function assigned(model, event) {
  const offers = [...model.offers, model.lastOffer];
  const offer = offers.find((one) => one?.conversation === event.conversation) ?? {};
  const { queue = "", channel = "chat", customer } = offer;
  const known = model.find(event.conversation) ?? fresh({ queue, channel, customer });
  const { t, pos, ...told } = event;
  const conversation = { ...known, ...told, status: "active", assignedAt: model.now() };
  model.conversations.set(event.conversation, conversation);
  if (event.agent?.name) line(conversation, { joined: event.agent }, model.now());
  if (model.you?.role === "agent" && lastSeq(conversation) === 0) {
    model.fetchHistory(event.conversation).catch(() => {});
  }
}

function updated(model, { t, pos, ...told }) {
  const conversation = model.find(told.conversation);
  if (!conversation) return;
  const waits = ["waiting", "held", "offered"].includes(told.status);
  const elsewhere = told.agent && told.agent.id !== model.you.id;
  if (model.you?.role === "agent" && (waits || elsewhere)) {
    model.forget(told.conversation);
    return;
  }
  if (waits && conversation.status === "active") {
    line(conversation, { [told.why === "transferred" ? "passed" : "returned"]: conversation.agent ?? {} }, model.now());
    conversation.agent = null;
  }
  Object.assign(conversation, told);
}

function ended(model, { conversation: id, reason }) {
  const conversation = model.find(id);
  if (!conversation) return;
  conversation.reason = reason;
  // The agent's work after the end goes on until it is completed.
  if (conversation.status === "wrap_up" && conversation.wrapUpUntil > Date.now()) return;
  conversation.status = "ended";
}

const APPLY = {
  welcome: welcomed,
  answered,
  "presence.self": present,
  "offer.new": (model, offer) => {
    model.offers = model.offers.filter((one) => one.offer !== offer.offer);
    model.offers.push({ ...offer, until: Date.now() + offer.expires_ms });
  },
  "offer.ended": (model, { offer }) => model.dropOffer(offer),
  "conversation.assigned": assigned,
  "conversation.updated": updated,
  "conversation.ended": ended,
  "wrapup.started": (model, { conversation: id, wrap_up_ms }) => {
    const conversation = model.find(id);
    if (conversation) {
      Object.assign(conversation, { status: "wrap_up", wrapUpUntil: Date.now() + wrap_up_ms });
    }
  },
  "queue.position": (model, { t, pos, why = null, ...told }) => {
    const conversation = model.find(told.conversation);
    if (conversation) Object.assign(conversation, told, { why });
  },
  message: (model, { conversation: id, t, pos, ...message }) => {
    const conversation = model.find(id);
    if (!conversation) return;
    add(conversation, message);
    if (message.from?.id !== model.you?.id) conversation.typingUntil = 0;
  },
  "message.read": (model, { conversation: id, by, seq }) => {
    const conversation = model.find(id);
    const reader = by?.id ?? by;
    if (!conversation) return;
    if (reader === model.you?.id) conversation.read = Math.max(conversation.read, seq);
    else conversation.readBy[reader] = Math.max(conversation.readBy[reader] ?? 0, seq);
  },
  typing: (model, { conversation: id, by, on }) => {
    const conversation = model.find(id);
    if (conversation && (by?.id ?? by) !== model.you?.id) conversation.typingUntil = on ? Date.now() + TYPING_MS : 0;
  },
  board: (model, { queues, agents }) => {
    model.queues = queues ?? model.queues;
    model.agents = agents ?? model.agents;
  },
};
