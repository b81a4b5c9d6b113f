/**
 * The widget's sentences by language.
 *
 * Owns: the catalogs, and choosing one. Does not know: screens.
 */

const en = {
  title: "Customer care",
  subtitle: "We usually answer in a few minutes",
  greeting: "Hello! How can we help? Write your first message and you join the line right away.",
  composer: "Your message",
  placeholder: "Write a message",
  send: "Send",
  minimise: "Minimise",
  end: "End conversation",
  endAsk: "End this conversation?",
  endYes: "End it",
  endNo: "Go on talking",
  leave: "Leave the line",
  place: "Your place in line",
  joining: "Joining the line",
  offered: "Somebody is looking at your request",
  held: "Your other conversation comes first",
  wait: (low, high) => (low === high ? `about ${low} min` : `about ${low} to ${high} min`),
  waitShort: "less than a minute",
  kept: (time) => `You may close this page: your place is kept for ${time}.`,
  why: {
    priority: "Somebody with an urgent matter went ahead.",
    returned: "A conversation came back in line.",
    step: "More people can be helped by the same team now.",
    agents: "The team has changed.",
  },
  joined: (name) => `${name} joined`,
  returned: (name) => `${name || "Your agent"} lost the connection. You are back in line with your old place.`,
  passed: (name) => `${name || "Your agent"} passed you on to a colleague. You keep your old place in line.`,
  offline: "You are offline. What you write is sent as soon as you are back.",
  reconnecting: "Reconnecting",
  reconnectingKept: (time) => `Reconnecting, your place is kept ${time}`,
  typing: (name) => `${name || "Somebody"} is writing`,
  sending: "Sending",
  sent: "Sent",
  read: "Read",
  failed: "Not sent",
  again: "Try again",
  over: {
    agent: "This conversation has ended.",
    customer: "You ended this conversation.",
    cancelled: "You left the line.",
    abandoned: "You were away too long, so your place was given up.",
    customer_lost: "You were away too long, so the conversation ended.",
    expired: "Sorry, nobody was free in time.",
    erased: "This conversation was removed.",
  },
  rate: "How was it?",
  rateWords: ["very bad", "bad", "fair", "good", "very good"],
  comment: "Anything to add? (optional)",
  rateSend: "Send rating",
  thanks: "Thank you!",
  restart: "Start again",
  closed: "We are closed right now. Please try again later.",
  consent: "Before we start: please agree to our terms.",
  agree: "I agree",
  refused: "That did not work. Please try again.",
  stopped: "The connection was ended.",
  useHere: "Use it here",
  dialog: "Conversation with customer care",
  log: "Messages",
  you: "You",
  newBelow: "New messages",
};

const de = {
  title: "Kundenservice",
  subtitle: "Wir antworten meist in wenigen Minuten",
  greeting: "Hallo! Wie können wir helfen? Mit Ihrer ersten Nachricht stehen Sie sofort in der Reihe.",
  composer: "Ihre Nachricht",
  placeholder: "Nachricht schreiben",
  send: "Senden",
  minimise: "Verkleinern",
  end: "Gespräch beenden",
  endAsk: "Dieses Gespräch beenden?",
  endYes: "Beenden",
  endNo: "Weiterreden",
  leave: "Reihe verlassen",
  place: "Ihr Platz in der Reihe",
  joining: "Sie kommen in die Reihe",
  offered: "Jemand sieht sich Ihr Anliegen an",
  held: "Ihr anderes Gespräch kommt zuerst",
  wait: (low, high) => (low === high ? `etwa ${low} Min.` : `etwa ${low} bis ${high} Min.`),
  waitShort: "unter einer Minute",
  kept: (time) => `Sie können die Seite schließen, Ihr Platz bleibt ${time} erhalten.`,
  why: {
    priority: "Jemand mit einem dringenden Anliegen kam davor.",
    returned: "Ein Gespräch kam in die Reihe zurück.",
    step: "Dasselbe Team hilft jetzt mehr Menschen.",
    agents: "Das Team hat sich geändert.",
  },
  joined: (name) => `${name} ist jetzt da`,
  returned: (name) =>
    `${name || "Ihr Gegenüber"} hat die Verbindung verloren. Sie stehen mit Ihrem alten Platz wieder in der Reihe.`,
  passed: (name) => `${name || "Ihr Gegenüber"} gibt Sie weiter. Sie behalten Ihren alten Platz in der Reihe.`,
  offline: "Sie sind offline. Was Sie schreiben, wird gesendet, sobald Sie wieder da sind.",
  reconnecting: "Verbindung wird hergestellt",
  reconnectingKept: (time) => `Verbindung wird hergestellt, Ihr Platz bleibt ${time} erhalten`,
  typing: (name) => `${name || "Jemand"} schreibt`,
  sending: "Wird gesendet",
  sent: "Gesendet",
  read: "Gelesen",
  failed: "Nicht gesendet",
  again: "Noch einmal",
  over: {
    agent: "Das Gespräch ist beendet.",
    customer: "Sie haben das Gespräch beendet.",
    cancelled: "Sie haben die Reihe verlassen.",
    abandoned: "Sie waren zu lange weg, Ihr Platz wurde frei.",
    customer_lost: "Sie waren zu lange weg, das Gespräch wurde beendet.",
    expired: "Leider war niemand rechtzeitig frei.",
    erased: "Dieses Gespräch wurde entfernt.",
  },
  rate: "Wie war es?",
  rateWords: ["sehr schlecht", "schlecht", "mittel", "gut", "sehr gut"],
  comment: "Noch etwas? (freiwillig)",
  rateSend: "Bewertung senden",
  thanks: "Danke!",
  restart: "Neu beginnen",
  closed: "Wir haben gerade geschlossen. Bitte versuchen Sie es später.",
  consent: "Bevor es losgeht: Bitte stimmen Sie unseren Bedingungen zu.",
  agree: "Ich stimme zu",
  refused: "Das hat nicht geklappt. Bitte noch einmal versuchen.",
  stopped: "Die Verbindung wurde beendet.",
  useHere: "Hier weitermachen",
  dialog: "Gespräch mit dem Kundenservice",
  log: "Nachrichten",
  you: "Sie",
  newBelow: "Neue Nachrichten",
};

const CATALOGS = { en, de };

/** The sentences for a language tag; English where there are none. */
export function wordsFor(tag) {
  const language = String(tag || "en").toLowerCase().split("-")[0];
  return { language: language in CATALOGS ? language : "en", ...(CATALOGS[language] ?? en) };
}

/** A band of waiting time in words, from milliseconds. */
export function waitWords(words, wait_ms) {
  if (!wait_ms) return "";
  const minutes = (ms) => Math.max(1, Math.ceil(ms / 60_000));
  if (wait_ms.p90 < 60_000) return words.waitShort;
  return words.wait(minutes(wait_ms.p50), minutes(wait_ms.p90));
}
