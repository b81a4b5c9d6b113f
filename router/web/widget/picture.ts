/**
 * From what the panel knows to what can be seen of it now.
 *
 * Owns: when which part is shown. Does not know: how it looks, what buttons do.
 */
import { isRetrying, mayHurry } from "../client/pace.js";
import { MAY_NOT, SIGN_IN } from "./identity.js";
import type { Panel } from "./panel.js";
import { safeLink, stopWords } from "./sentences.js";
import type { Card, Shown } from "./shown.js";
import { entriesOf, isInLine, isOver, type Conversation } from "./talk.js";
import { fill } from "./words.js";

const STRIP_AFTER_MS = 2_000;
const RATED_AFTER = new Set(["agent", "customer"]);
/** The close code of a page whose customer went on in another one. */
const OTHER_WINDOW = 4504;
const FORBIDDEN = 4501;

export function picture(panel: Panel): Shown {
  const { asking, talks, place, speech, alerts } = panel;
  const talk = panel.talk();
  const now = Date.now();
  const stopped = isStopped(panel);
  const pending = [...talks.pending(null), ...(talk ? talks.pending(talk.conversation) : [])];
  const entries = entriesOf(talk, talks.you, pending);
  if (asking.consent) entries.push({ key: "held", body: asking.consent.wish.body, mine: true, tick: "" });
  const begins = isOver(talk) && !panel.current && talks.pending(null).length === 0;
  const fields = begins ? asking.fields() : [];
  const closed = begins && !asking.consent ? asking.closed : null;
  const form = panel.openForm ?? (begins && fields.length > 0 && !closed && !asking.consent ? "fields" : null);
  return {
    speech,
    name: place.options.name ?? "",
    inline: place.inline,
    talk,
    entries,
    card: cardOf(panel, talk, now),
    typing: talk?.status === "active" && talk.typingUntil > now ? talk.agent?.name || speech.words.somebody : null,
    isNext: talk?.position === 1 && isInLine(talk),
    strip: stripOf(panel, talk, now),
    notice: asking.unproven ? speech.words.signIn : panel.notice || asking.refused ? speech.words.refused : panel.uploads.note,
    consent: asking.consent && { link: safeLink(place.options.terms), version: asking.consent.version },
    closed,
    opening: asking.opening,
    form: stopped ? null : form,
    fields,
    answers: asking.answers,
    faults: asking.faults,
    composer: talk?.status !== "ended" && !stopped && !asking.consent && !form && !closed,
    maySend: panel.maySend(),
    files: place.options.files,
    mayRate: talk?.status === "ended" && RATED_AFTER.has(talk.reason ?? "") && !!talk.agent,
    rated: panel.rated,
    score: panel.marked,
    menu: panel.isMenuOpen,
    asksEnd: panel.asksEnd && talk?.status === "active",
    muted: alerts.muted,
    mayHear: place.options.sound !== "off",
    now,
  };
}

function isStopped({ connection: { status } }: Panel): boolean {
  return status.phase === "stopped" && !!status.code && status.code !== 1000;
}

function cardOf(panel: Panel, talk: Conversation | null, now: number): Card | null {
  const joining = panel.talks.pending(null).length > 0;
  if (!isInLine(talk) && !joining) return null;
  const grace_ms = panel.connection.welcome?.grace_ms ?? 0;
  const nothing = { position: null, ahead: 0, band: null, why: null, grace_ms, outlook: null, outlookOpen: false };
  if (!talk || !isInLine(talk)) return panel.asking.leaving ? null : { ...nothing, state: "joining" };
  if (panel.left.has(talk.conversation)) return { ...nothing, state: "left" };
  const state = talk.status as "held" | "waiting" | "offered";
  if (state === "held") return { ...nothing, state };
  return {
    ...nothing,
    ...panel.waiting.see(talk, now),
    state,
    position: talk.position ?? null,
    ahead: talk.ahead ?? 0,
    outlook: panel.outlookTold,
    outlookOpen: panel.outlookOpen,
  };
}

function stripOf(panel: Panel, talk: Conversation | null, now: number): Shown["strip"] {
  const { words } = panel.speech;
  const { offlineSince, connection: { status, welcome } } = panel;
  if (isStopped(panel)) {
    const action = status.code === OTHER_WINDOW ? words.useHere : words.again;
    const code = status.reason === MAY_NOT ? FORBIDDEN : status.code;
    const text = status.reason === SIGN_IN ? words.signIn : stopWords(code, panel.speech);
    return { text, spoken: text, action, idle: false, stopped: true };
  }
  // The browser knows at once; the connection only after two silent beats.
  const down = status.phase === "connecting" || status.phase === "waiting";
  const left = isOver(talk) ? 0 : (welcome?.grace_ms ?? 0) - (now - status.since);
  const action = isRetrying(status) ? words.tryNow : null;
  const text = (spoken: string, told = spoken): Shown["strip"] => ({ text: told, spoken, action, idle: !mayHurry(status), stopped: false });
  if (down && welcome && now - status.since > STRIP_AFTER_MS) {
    return text(words.reconnecting, left > 0 ? fill(words.reconnectingKept, { time: clock(left) }) : words.reconnecting);
  }
  if (down && !welcome && now - status.since > STRIP_AFTER_MS && panel.isOpen) return text(words.reconnecting);
  if (panel.isOpen && offlineSince && now - offlineSince >= STRIP_AFTER_MS) return text(words.offline);
  return null;
}

/** "4:42". */
function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
