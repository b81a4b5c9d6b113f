/** The look of what is asked: questions, terms, closed doors, the rating. See style.ts. */
export const FORM_SHEET = `
.card { margin-block-start: 14px; padding: 16px; border: 1px solid var(--line); border-radius: 14px; background: var(--ground); }
.scroller:not(:has(.greeting, .message)) > .card { margin-block-start: 0; }
.field :is(input, textarea, select) { scroll-margin-block: 76px; }
.card h3 { font-size: 16px; font-weight: 650; margin-block-end: 12px; }
.card p + p { margin-block-start: 6px; }
.card a { color: var(--brand-ink); text-underline-offset: 3px; }
.card .main { margin-block-start: 14px; }
.card > .plain { display: block; margin: 6px auto -8px; }
.sign { display: flex; align-items: center; gap: 10px; font-size: 16px; }
.sign .icon { color: var(--brand-ink); }
.main { inline-size: 100%; min-block-size: 46px; padding: 4px 14px; border: 0; border-radius: 12px; background: var(--brand); color: var(--on-brand); font-weight: 600; transition: filter .12s; }
.main:hover:not(:disabled) { filter: brightness(1.07); }
.main:disabled { background: var(--raised); color: var(--soft); cursor: default; }
.field { margin-block-end: 12px; }
.field label, legend { display: block; font-size: 14px; font-weight: 600; margin-block-end: 5px; padding: 0; }
.field input, .field textarea, .field select, .rating textarea { inline-size: 100%; min-block-size: 46px; font-size: 16px; border: 1px solid var(--field); border-radius: 12px; background: var(--ground); padding: 9px 13px; display: block; }
.field textarea, .rating textarea { resize: vertical; }
[aria-invalid="true"] { border-color: var(--red-ink) !important; box-shadow: inset 0 0 0 1px var(--red-ink); }
.wrong { color: var(--red-ink); font-size: 13.5px; margin-block-start: 4px; }
.tickbox { display: flex; align-items: center; gap: 10px; min-block-size: 44px; margin-block-end: 6px; }
.tickbox input { inline-size: 20px; block-size: 20px; accent-color: var(--brand); flex: none; }
fieldset { border: 0; padding: 0; min-inline-size: 0; margin-block-end: 12px; }
.ways { display: flex; flex-wrap: wrap; gap: 8px; }
.way { position: relative; flex: 1 1 auto; }
.way input { position: absolute; inset: 0; inline-size: 100%; block-size: 100%; opacity: 0; margin: 0; cursor: pointer; }
.way span { display: grid; place-items: center; min-block-size: 44px; padding: 2px 10px; font-size: 14px; border: 1px solid var(--field); border-radius: 12px; text-align: center; }
.way input:checked + span { border-color: var(--brand-ink); box-shadow: inset 0 0 0 1px var(--brand-ink); background: var(--brand-soft); color: var(--brand-ink); font-weight: 600; }

.rating fieldset { margin-block-end: 10px; }
.rating legend { font-size: 16px; text-align: center; inline-size: 100%; margin-block-end: 10px; }
.rating .main { margin-block-start: 10px; }
.marks { display: flex; justify-content: center; gap: 6px; }
.mark { position: relative; cursor: pointer; }
.mark input { position: absolute; inset: 0; opacity: 0; margin: 0; cursor: pointer; inline-size: 100%; block-size: 100%; }
.mark span { display: grid; place-items: center; inline-size: 52px; block-size: 52px; border-radius: 50%; color: var(--soft); transition: transform .12s; }
.smile { inline-size: 36px; block-size: 36px; }
.mark input:hover + span { color: var(--ink); background: var(--raised); }
.mark input:checked + span { background: var(--brand); color: var(--on-brand); transform: scale(1.06); }
.ends { display: flex; justify-content: space-between; font-size: 12.5px; color: var(--soft); max-inline-size: 284px; margin: 5px auto 0; }
@media (prefers-reduced-motion: reduce) { .mark span, .main { transition: none; } .mark input:checked + span { transform: none; } }
`;
