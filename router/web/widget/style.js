/** The panel's look, as text for a constructed style sheet (no style element, so strict CSP holds). */
export const SHEET = `
:host { color-scheme: light dark;
  --ground: #fff; --raised: #f4f6fa; --line: #dde2ea; --ink: #1a2230; --soft: #5a6577; --brand-soft: #e8effc; --brand-ink: #1a4fb0;
  --amber: #fff1d0; --amber-ink: #6b4500; --red: #fde7e7; --red-ink: #9b1c1c; }
@media (prefers-color-scheme: dark) { :host {
  --ground: #161b24; --raised: #212835; --line: #323c4d; --ink: #e9edf4; --soft: #a5b0c2; --brand-soft: #22304d; --brand-ink: #a9c5ff;
  --amber: #3d3012; --amber-ink: #ffdf9a; --red: #452024; --red-ink: #ffb9b9; } }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
.panel { position: fixed; inset-block-end: calc(var(--fairline-bottom, 20px) + env(safe-area-inset-bottom)); inset-inline-end: var(--fairline-edge, 20px);
  inline-size: 380px; block-size: min(640px, 100dvh - 40px); display: flex; flex-direction: column; overflow: hidden;
  background: var(--ground); color: var(--ink); border-radius: 16px; box-shadow: 0 0 0 1px var(--line), 0 12px 40px #0004;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; text-align: start; animation: rise .18s ease-out; outline: none; }
:host([data-side="left"]) .panel { inset-inline: var(--fairline-edge, 20px) auto; }
.panel.inline { position: static; inline-size: 100%; block-size: 100%; animation: none; }
@keyframes rise { from { transform: translateY(12px); opacity: 0; } }
button, textarea, input { font: inherit; color: inherit; }
button { cursor: pointer; }
button:focus-visible, textarea:focus-visible, input:focus-visible + span { outline: 2px solid var(--brand-ink); outline-offset: 2px; }
.icon { inline-size: 22px; block-size: 22px; display: block; }
.spoken { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

header { background: var(--brand); color: var(--on-brand); flex: none; }
header button:focus-visible { outline-color: var(--on-brand); }
.bar { display: flex; align-items: center; gap: 12px; padding: 10px 8px 10px 16px; min-block-size: 68px; }
.face { flex: none; inline-size: 40px; block-size: 40px; border-radius: 50%; background: #fff; color: #1a4fb0; display: grid; place-items: center; font-weight: 700; }
.face.team { background: #ffffff2e; position: relative; }
.face.team::before, .face.team::after { content: ""; position: absolute; inset-inline-start: 50%; transform: translateX(-50%); background: var(--on-brand); }
.face.team::before { inset-block-start: 9px; inline-size: 10px; block-size: 10px; border-radius: 50%; }
.face.team::after { inset-block-start: 21px; inline-size: 20px; block-size: 10px; border-radius: 10px 10px 3px 3px; }
.names { flex: 1; min-inline-size: 0; }
h2 { font-size: 16px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
.names p { font-size: 13px; opacity: .92; }
.quiet { background: none; border: 1px solid #ffffff80; border-radius: 8px; min-block-size: 44px; padding: 0 10px; font-size: 13px; line-height: 1.2; max-inline-size: 112px; }
.quiet:hover, .round-quiet:hover { background: #ffffff22; }
.round-quiet { background: none; border: 0; border-radius: 50%; inline-size: 44px; block-size: 44px; display: grid; place-items: center; flex: none; }
.ask { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 0 16px 12px; }
.ask span { flex: 1 1 100%; font-size: 14px; }
.ask button { flex: 1; min-block-size: 44px; border: 0; border-radius: 8px; background: #fff; color: #1a2230; font-weight: 600; }
.ask button + button { background: #ffffff2e; color: inherit; }

.strip { flex: none; display: flex; align-items: center; gap: 10px; justify-content: space-between; padding: 7px 16px; background: var(--amber); color: var(--amber-ink); font-size: 13.5px; font-variant-numeric: tabular-nums; }
.strip.stopped { background: var(--red); color: var(--red-ink); }
.strip button { min-block-size: 44px; border: 1px solid currentColor; border-radius: 8px; background: none; padding: 0 12px; flex: none; }

.queue { flex: none; margin: 12px 12px 0; padding: 14px 16px 8px; border-radius: 12px; background: var(--brand-soft); }
.queue .row { display: flex; align-items: center; gap: 14px; }
.place { font-size: 40px; line-height: 1; font-weight: 700; color: var(--brand-ink); font-variant-numeric: tabular-nums; min-inline-size: 30px; text-align: center; }
.words { flex: 1; display: flex; flex-direction: column; font-weight: 600; }
.wait { font-weight: 400; color: var(--soft); }
.why, .kept { font-size: 13.5px; color: var(--soft); margin-block-start: 8px; }
.why { color: var(--ink); }
.dots { display: flex; gap: 5px; }
.dots i { inline-size: 8px; block-size: 8px; border-radius: 50%; background: var(--brand-ink); opacity: .25; animation: calm 1.8s infinite; }
.dots i:nth-child(2) { animation-delay: .3s; } .dots i:nth-child(3) { animation-delay: .6s; }
@keyframes calm { 30% { opacity: .9; } }
.plain { background: none; border: 0; color: var(--brand-ink); text-decoration: underline; text-underline-offset: 3px; min-block-size: 44px; padding: 0 2px; }

.scroller { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px 14px 8px; outline: none; }
.log { display: flex; flex-direction: column; gap: 8px; }
.greeting, .message .body { padding: 9px 13px; border-radius: 16px; overflow-wrap: anywhere; white-space: pre-wrap; }
.greeting { background: var(--raised); border-start-start-radius: 5px; max-inline-size: 85%; margin-block-end: 12px; white-space: normal; }
.message { max-inline-size: 82%; align-self: flex-start; position: relative; }
.message .body { background: var(--raised); border-end-start-radius: 5px; inline-size: fit-content; }
.message.mine { align-self: flex-end; }
.message.mine .body { background: var(--brand); color: var(--on-brand); border-radius: 16px; border-end-end-radius: 5px; margin-inline-start: auto; }
.message.pending .body { opacity: .7; }
.message.failed .body { background: var(--red); color: var(--red-ink); }
.meta { display: flex; gap: 6px; align-items: center; font-size: 12px; color: var(--soft); padding: 2px 6px 0; }
.mine .meta { justify-content: flex-end; }
.tick.seen { color: var(--brand-ink); }
.line { align-self: center; font-size: 13px; color: var(--soft); text-align: center; padding: 4px 12px; }
.typing { font-size: 13px; color: var(--soft); padding: 8px 4px 0; }
.notice { background: var(--amber); color: var(--amber-ink); border-radius: 10px; padding: 10px 12px; margin-block-start: 12px; }
.consent, .over { border-block-start: 1px solid var(--line); margin-block-start: 14px; padding-block-start: 14px; }
.reason { color: var(--soft); text-align: center; margin-block-end: 12px; }
fieldset { border: 0; padding: 0; min-inline-size: 0; }
legend { font-weight: 600; padding: 0; margin: 0 auto 10px; }
.marks { display: flex; justify-content: center; gap: 10px; }
.mark { position: relative; cursor: pointer; }
.mark input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; inline-size: 100%; block-size: 100%; }
.mark span { display: grid; place-items: center; inline-size: 46px; block-size: 46px; border-radius: 50%; border: 1.5px solid var(--line); background: var(--raised); font-weight: 600; }
.mark input:hover + span { border-color: var(--brand); }
.mark input:checked + span { background: var(--brand); border-color: var(--brand); color: var(--on-brand); }
.ends { display: flex; justify-content: space-between; font-size: 12.5px; color: var(--soft); max-inline-size: 286px; margin: 5px auto 12px; }
.rating textarea { inline-size: 100%; font-size: 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--ground); padding: 9px 12px; resize: vertical; margin-block-end: 10px; display: block; }
.main { inline-size: 100%; min-block-size: 44px; border: 0; border-radius: 10px; background: var(--brand); color: var(--on-brand); font-weight: 600; }
.main:disabled { background: var(--raised); color: var(--soft); cursor: default; }
.thanks { text-align: center; font-weight: 600; padding: 6px; }
.over > .plain { display: block; margin: 4px auto 0; }

.composer { flex: none; display: flex; align-items: flex-end; gap: 8px; padding: 10px 12px calc(10px + env(safe-area-inset-bottom)); border-block-start: 1px solid var(--line); }
.composer textarea { flex: 1; min-inline-size: 0; font-size: 16px; line-height: 1.4; resize: none; border: 1px solid var(--line); border-radius: 22px; background: var(--raised); padding: 10px 16px; min-block-size: 44px; max-block-size: 140px; display: block; }
::placeholder { color: var(--soft); opacity: 1; }
.send { flex: none; inline-size: 44px; block-size: 44px; border: 0; border-radius: 50%; background: var(--brand); color: var(--on-brand); display: grid; place-items: center; }
.send:disabled { background: var(--raised); color: var(--soft); cursor: default; }

@media (max-width: 480px), (max-height: 420px) {
  .panel:not(.inline) { inset: 0 !important; inline-size: 100%; block-size: 100dvh; border-radius: 0; }
  .bar { padding-block-start: calc(10px + env(safe-area-inset-top)); }
}
@media (max-height: 560px) { .kept { display: none; } .queue { padding: 8px 12px 0; margin-block-start: 8px; } }
@media (prefers-reduced-motion: reduce) { .panel, .dots i { animation: none; } .dots i { opacity: .6; } }
@media (forced-colors: active) { .panel, .queue, .message .body, .send, .main { border: 1px solid CanvasText; } .mark input:checked + span { background: Highlight; color: HighlightText; } }
`;
