/**
 * The word that a page may say first: a bubble beside the round button.
 *
 * Owns: the bubble, its words in twelve languages. Does not know: when it is time for it.
 * Invariants: nothing is stored and nothing is asked of the server; who sent it away does not see
 * it again on this page.
 */
export const CLOSE: Record<string, string> = {
  en: "Close", ar: "إغلاق", de: "Schließen", es: "Cerrar", fr: "Fermer", he: "סגירה",
  it: "Chiudi", nl: "Sluiten", pl: "Zamknij", pt: "Fechar", tr: "Kapat", uk: "Закрити",
};

export const GREETING_CSS = `.greet{position:fixed;inset-block-end:calc(var(--fairline-bottom,20px) + 68px + env(safe-area-inset-bottom));
right:calc(var(--fairline-edge,20px) + env(safe-area-inset-right));max-width:min(270px,calc(100vw - 40px));display:flex;align-items:flex-start;
border-radius:16px;background:Canvas;color:CanvasText;box-shadow:0 1px 3px #0003,0 8px 24px #0004;font:15px/1.4 system-ui,sans-serif;overflow-wrap:anywhere}
:host([data-side=left]) .greet{right:auto;left:calc(var(--fairline-edge,20px) + env(safe-area-inset-left))}
.greet button{border:0;background:none;color:inherit;font:inherit;cursor:pointer;text-align:start;padding:13px 0 13px 16px}
.greet button+button{min-width:44px;min-height:44px;padding:0;text-align:center;font-size:19px}
.greet button:focus-visible{outline:3px solid var(--brand);outline-offset:-3px;border-radius:16px}
@media (forced-colors:active){.greet{border:1px solid CanvasText}}`;

/** Says it, unless it was said; `taken` where somebody clicks on it. Returns what takes it away. */
export function greeting(root: ShadowRoot, text: string, { lang, theme, taken }: { lang: string; theme?: string; taken: () => void }): () => void {
  const bubble = document.createElement("div");
  const say = document.createElement("button");
  const close = document.createElement("button");
  bubble.className = "greet";
  bubble.part.add("greeting");
  // Read out once it is there, without taking the focus from anybody.
  bubble.setAttribute("role", "status");
  if (theme === "light" || theme === "dark") bubble.style.colorScheme = theme;
  say.type = close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", CLOSE[lang] ?? CLOSE.en!);
  say.addEventListener("click", taken);
  close.addEventListener("click", () => bubble.remove());
  bubble.append(say, close);
  root.append(bubble);
  say.dir = "auto";
  say.textContent = text;
  return () => bubble.remove();
}
