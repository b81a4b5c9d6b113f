/**
 * What a supervisor wants an agent to be able to do, before it is sent.
 *
 * Owns: which tables were touched. Does not know: the form, or what an agent can do now.
 * Invariant: a table that was not touched is not in it, so that the sign-in's word on it stays in
 * force (levels.test.ts).
 */
export type Kind = "skills" | "languages";
export type Levels = Record<string, number>;
export type Wished = Partial<Record<Kind, Levels>>;

const LEVEL_MAX = 100;

/** As wished before, with one level of a table set, from 0 to 100; the same where it is no number. */
export function withLevel(wished: Wished, kind: Kind, table: Levels, id: string, level: number): Wished {
  if (!Number.isFinite(level)) return wished;
  return { ...wished, [kind]: { ...table, [id]: Math.max(0, Math.min(LEVEL_MAX, Math.round(level))) } };
}

export const isTouched = (wished: Wished): boolean => Object.keys(wished).length > 0;
