/**
 * The panel's look, as text for a constructed style sheet (no style element, so strict CSP holds).
 *
 * Owns: the palette and all but the forms. Does not know: what is shown when.
 * Invariants: every colour of the brand is derived so that text on it keeps a contrast of 4.5,
 * whatever the page chooses; colours of light and dark come from the two lists here and no other.
 */
const LIGHT = `
  --ground: #fff; --raised: #f3f5f9; --line: #dde2ea; --field: #76839a; --ink: #18202e; --soft: #566174;
  --amber: #fff1d0; --amber-ink: #6b4500; --red: #fde7e7; --red-ink: #9b1c1c; --green: #17693a;
  --brand-ink: oklch(from var(--brand) min(l, .46) c h); --brand-soft: color-mix(in oklab, var(--brand) 9%, var(--ground)); --shade: #0d1a3326;`;
const DARK = `
  --ground: #141922; --raised: #212836; --line: #323c4d; --field: #8794a9; --ink: #e9edf4; --soft: #a8b3c5;
  --amber: #3d3012; --amber-ink: #ffdf9a; --red: #452024; --red-ink: #ffb9b9; --green: #7fd6a0;
  --brand-ink: oklch(from var(--brand) max(l, .8) min(c, .11) h); --brand-soft: color-mix(in oklab, var(--brand) 20%, var(--ground)); --shade: #0009;`;
/** White on what is dark, black on what is light: the luminance at which both have 4.5 is .18. */
const ON_BRAND = "color(from var(--brand) xyz-d65 clamp(0, (.18 - y) * 9999, .9505) clamp(0, (.18 - y) * 9999, 1) clamp(0, (.18 - y) * 9999, 1.0891))";

export const SHEET = `
:host { --brand: var(--fairline-brand, #1f5fd0); --on-brand: var(--fairline-on-brand, #fff); --radius: var(--fairline-radius, 18px); ${LIGHT} }
@supports (color: color(from red xyz-d65 x y z)) { :host { --ink-of-brand: ${ON_BRAND}; --on-brand: var(--fairline-on-brand, var(--ink-of-brand)); } }
:host([data-theme="light"]) { color-scheme: light; }
:host([data-theme="dark"]) { color-scheme: dark; ${DARK} }
@media (prefers-color-scheme: dark) { :host(:not([data-theme="light"])) { color-scheme: dark; ${DARK} } }
:host(fairline-widget) { position: relative; inset: auto; z-index: auto; display: block; block-size: min(640px, 90dvh); }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
.panel { position: fixed; inset-block-end: calc(var(--fairline-bottom, 20px) + env(safe-area-inset-bottom)); right: calc(var(--fairline-edge, 20px) + env(safe-area-inset-right));
  inline-size: min(384px, 100vw - 24px); block-size: min(660px, 100dvh - 40px); display: flex; flex-direction: column; overflow: hidden;
  background: var(--ground); color: var(--ink); border-radius: var(--radius); box-shadow: 0 0 0 1px var(--line), 0 4px 12px var(--shade), 0 20px 56px var(--shade);
  font: 15px/1.45 var(--fairline-font, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif); text-align: start; animation: rise .2s cubic-bezier(.2, .8, .3, 1); outline: none; }
:host([data-side="left"]) .panel { right: auto; left: calc(var(--fairline-edge, 20px) + env(safe-area-inset-left)); }
.panel.inline { position: static; inline-size: 100%; block-size: 100%; animation: none; }
@keyframes rise { from { transform: translateY(14px) scale(.985); opacity: 0; } }
button, textarea, input, select { font: inherit; color: inherit; }
button { cursor: pointer; }
textarea { unicode-bidi: plaintext; }
button:focus-visible, textarea:focus-visible, input:focus-visible, select:focus-visible, a:focus-visible, input:focus-visible + span { outline: 2px solid var(--brand-ink); outline-offset: 2px; }
.icon { inline-size: 22px; block-size: 22px; display: block; flex: none; }
.spoken { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.small { font-size: 13px; color: var(--soft); }
.grow { flex: 1; min-inline-size: 0; }

header { position: relative; background: var(--brand); color: var(--on-brand); flex: none; }
header button:focus-visible { outline-color: var(--on-brand); outline-offset: -3px; }
.bar { display: flex; align-items: center; gap: 12px; padding: 12px 8px 12px 16px; min-block-size: 72px; }
[dir="rtl"] .bar { padding: 12px 16px 12px 8px; }
.face { flex: none; inline-size: 44px; block-size: 44px; border-radius: 50%; background: var(--on-brand); color: var(--brand); display: grid; place-items: center; font-weight: 700; letter-spacing: .02em; position: relative; }
.face::before { content: ""; position: absolute; inset: 0; border-radius: 50%; box-shadow: 0 0 0 3px color-mix(in srgb, var(--on-brand) 24%, transparent); }
.face.team { background: color-mix(in srgb, var(--on-brand) 20%, transparent); overflow: hidden; }
.face.team::before { inset: 10px auto auto 50%; translate: -50%; inline-size: 12px; block-size: 12px; background: var(--on-brand); box-shadow: none; }
.face.team::after { content: ""; position: absolute; inset: 25px auto auto 50%; translate: -50%; inline-size: 24px; block-size: 24px; border-radius: 50%; background: var(--on-brand); }
.names { flex: 1; min-inline-size: 0; }
h2 { font-size: 16.5px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
.names p { font-size: 13.5px; text-wrap: balance; }
.round-quiet { background: none; border: 0; border-radius: 50%; inline-size: 44px; block-size: 44px; display: grid; place-items: center; flex: none; transition: background .12s; }
.round-quiet:hover, .round-quiet[aria-expanded="true"] { background: color-mix(in srgb, var(--on-brand) 16%, transparent); }
.round-quiet + .round-quiet { margin-inline-start: -10px; }
.menu { position: absolute; z-index: 2; inset-block-start: calc(100% - 8px); inset-inline-end: 12px; min-inline-size: 220px; max-inline-size: calc(100% - 24px); padding: 6px; border-radius: 14px;
  background: var(--ground); color: var(--ink); box-shadow: 0 0 0 1px var(--line), 0 8px 28px var(--shade); animation: rise .14s ease-out; }
.menu button { display: flex; align-items: center; gap: 12px; inline-size: 100%; min-block-size: 44px; border: 0; border-radius: 9px; background: none; padding: 4px 12px; text-align: start; }
.menu button:hover { background: var(--raised); }
.menu button:focus-visible { outline-color: var(--brand-ink); }
.menu .icon { color: var(--soft); }
.ask { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 0 16px 14px; }
.ask span { flex: 1 1 100%; }
.ask button { flex: 1; min-block-size: 44px; border: 0; border-radius: 10px; background: var(--on-brand); color: var(--brand); font-weight: 600; }
.ask button + button { background: color-mix(in srgb, var(--on-brand) 18%, var(--brand)); color: inherit; box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--on-brand) 55%, transparent); background: none; }

.strip { flex: none; display: flex; align-items: center; gap: 10px; justify-content: space-between; padding: 8px 16px; background: var(--amber); color: var(--amber-ink); font-size: 13.5px; font-variant-numeric: tabular-nums; }
.strip.stopped { background: var(--red); color: var(--red-ink); }
.strip [aria-disabled="true"] { opacity: .6; cursor: default; }
.strip button { min-block-size: 44px; border: 1px solid currentColor; border-radius: 10px; background: none; padding: 0 14px; flex: none; font-weight: 600; }

.queue { flex: none; max-block-size: 62%; overflow-y: auto; margin: 12px 12px 0; padding: 16px 16px 6px; border-radius: 14px; background: var(--brand-soft); }
.queue .row { display: flex; align-items: flex-start; gap: 14px; }
.place { display: block; font-size: 27px; line-height: 1.15; font-weight: 700; letter-spacing: -.01em; color: var(--brand-ink); font-variant-numeric: tabular-nums; }
.wait { display: flex; flex-wrap: wrap; gap: 0 12px; margin-block-start: 4px; color: var(--soft); font-variant-numeric: tabular-nums; }
.wait b { color: var(--ink); font-weight: 600; }
.why, .kept, .outlook { font-size: 13.5px; margin-block-start: 8px; }
.why { color: var(--ink); font-weight: 550; }
.kept { color: var(--soft); }
.done { flex: none; inline-size: 36px; block-size: 36px; border-radius: 50%; display: grid; place-items: center; background: var(--ground); color: var(--green); }
.queue .row:has(.done) { align-items: center; padding-block-end: 10px; }
.dots { display: inline-flex; gap: 5px; padding-block-start: 9px; }
.dots i { inline-size: 8px; block-size: 8px; border-radius: 50%; background: var(--brand-ink); opacity: .25; animation: calm 1.8s infinite; }
.dots i:nth-child(2) { animation-delay: .3s; } .dots i:nth-child(3) { animation-delay: .6s; }
@keyframes calm { 30% { opacity: .9; } }
.queue .links { display: flex; flex-wrap: wrap; gap: 0 20px; }
.plain { background: none; border: 0; color: var(--brand-ink); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 3px; min-block-size: 44px; padding: 0; }
.plain:hover { text-decoration-thickness: 2px; }
.outlook { border-block-start: 1px solid color-mix(in oklab, var(--brand-ink) 22%, transparent); padding-block: 10px 12px; margin-block-start: 0; }
.outlook p + p { margin-block-start: 4px; }
.other { display: flex; align-items: center; flex-wrap: wrap; justify-content: space-between; gap: 6px 12px; margin-block-start: 10px; }
.other + .small { margin-block-start: 8px; }
.other button { min-block-size: 44px; border: 1px solid var(--brand-ink); border-radius: 10px; background: none; color: var(--brand-ink); padding: 0 14px; font-weight: 600; }

.scroller { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px 14px 10px; outline: none; scrollbar-width: thin; }
.scroller:focus-visible { outline: 2px solid var(--brand-ink); outline-offset: -3px; }
.log { display: flex; flex-direction: column; gap: 8px; }
.greeting, .message .body { padding: 9px 14px; border-radius: 18px; overflow-wrap: anywhere; white-space: pre-wrap; }
.greeting { background: var(--raised); border-end-start-radius: 6px; inline-size: fit-content; max-inline-size: 85%; margin-block-end: 12px; white-space: normal; }
.message { max-inline-size: 82%; align-self: flex-start; position: relative; }
.message .body { background: var(--raised); border-end-start-radius: 6px; inline-size: fit-content; }
.message.mine { align-self: flex-end; }
.message.mine .body { background: var(--brand); color: var(--on-brand); border-radius: 18px; border-end-end-radius: 6px; margin-inline-start: auto; }
.message .quote { display: block; border-inline-start: 3px solid currentColor; padding-inline-start: 9px; margin-block-end: 5px; font-size: .92em; font-style: italic; }
.message.pending .body { opacity: .7; }
.message.failed .body { background: var(--red); color: var(--red-ink); }
.meta { display: flex; gap: 7px; align-items: center; font-size: 12.5px; color: var(--soft); padding: 2px 6px 0; }
.mine .meta { justify-content: flex-end; }
.tick.seen { color: var(--brand-ink); }
.line { display: flex; align-items: center; gap: 12px; font-size: 13px; color: var(--soft); text-align: center; padding: 6px 4px; }
.line::before, .line::after { content: ""; flex: 1; min-inline-size: 12px; border-block-start: 1px solid var(--line); }
.typing { display: flex; align-items: center; gap: 9px; font-size: 13px; color: var(--soft); padding: 8px 4px 2px; }
.typing .dots { padding: 9px 11px; border-radius: 14px; background: var(--raised); }
.typing .dots i { inline-size: 6px; block-size: 6px; animation-duration: 1.2s; }
.notice { background: var(--amber); color: var(--amber-ink); border-radius: 12px; padding: 10px 14px; margin-block-start: 12px; }
.below { position: absolute; inset-block-end: 84px; inset-inline: 0; margin-inline: auto; inline-size: fit-content; min-block-size: 44px; padding: 0 18px; border: 0; border-radius: 22px; background: var(--brand); color: var(--on-brand); font-weight: 600; box-shadow: 0 4px 16px var(--shade); }

.over { margin-block-start: 16px; }
.reason { color: var(--soft); text-align: center; margin-block-end: 12px; }
.thanks { text-align: center; font-weight: 600; padding: 6px; }
.over .links { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 12px; }
.second { flex: 1 1 auto; display: inline-flex; align-items: center; justify-content: center; gap: 8px; min-block-size: 44px; padding: 4px 14px; border: 1px solid var(--line); border-radius: 12px; background: none; font-weight: 600; font-size: 14px; }
.second:hover { background: var(--raised); }
.second .icon { inline-size: 19px; block-size: 19px; color: var(--soft); }

.composer { flex: none; display: flex; align-items: flex-end; gap: 8px; padding: 10px 12px calc(10px + env(safe-area-inset-bottom)); border-block-start: 1px solid var(--line); }
.composer textarea { flex: 1; min-inline-size: 0; font-size: 16px; line-height: 1.4; resize: none; border: 1px solid var(--field); border-radius: 23px; background: var(--ground); padding: 10px 16px; min-block-size: 46px; max-block-size: 140px; display: block; }
.composer textarea:focus-visible, .field :focus-visible, .rating textarea:focus-visible { outline-offset: -1px; border-color: var(--brand-ink); }
::placeholder { color: var(--soft); opacity: 1; }
.send { flex: none; inline-size: 46px; block-size: 46px; border: 0; border-radius: 50%; background: var(--brand); color: var(--on-brand); display: grid; place-items: center; transition: transform .12s; }
.clip { flex: none; inline-size: 44px; block-size: 46px; margin-inline: -6px -4px; border: 0; border-radius: 50%; background: none; color: var(--soft); display: grid; place-items: center; }
.clip:hover { color: var(--ink); }
.message .body a { color: inherit; }
.send:active { transform: scale(.94); }
.send .icon { translate: -1px 1px; }
[dir="rtl"] .send .icon { scale: -1 1; translate: 1px 1px; }
.send:disabled { background: var(--raised); color: var(--soft); cursor: default; }

@media (max-width: 480px), (max-height: 420px) {
  .panel:not(.inline) { inset: 0 !important; inline-size: 100%; block-size: var(--seen, 100dvh); border-radius: 0; }
  .bar { padding-block-start: calc(12px + env(safe-area-inset-top)); }
}
@media (max-height: 560px) { .kept { display: none; } .queue { padding: 8px 14px 0; margin-block-start: 8px; } .place { font-size: 20px; } .bar { min-block-size: 56px; padding-block: 4px; } }
@media (prefers-reduced-motion: reduce) { .panel, .menu, .dots i { animation: none; } .dots i { opacity: .6; } .send, .round-quiet { transition: none; } }
@media (forced-colors: active) { .panel, .queue, .menu, .card, .message .body, .send, .main, .face, .strip { border: 1px solid CanvasText; } .mark input:checked + span, .way input:checked + span { background: Highlight; color: HighlightText; } .dots i { background: CanvasText; } }
`;
