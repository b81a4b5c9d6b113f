/**
 * For how many agents one shape stands.
 *
 * Invariants (units.test.ts): whoever is there at all has a shape, and no more shapes are drawn than fit.
 */
const SHAPES_MAX = 220;
const UNITS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** How many agents one shape stands for, so that all of them fit. */
export function unitOf(counts: number[]): number {
  const shapes = (unit: number): number => counts.reduce((sum, count) => sum + Math.ceil(count / unit), 0);
  return UNITS.find((unit) => shapes(unit) <= SHAPES_MAX) ?? Math.ceil(Math.max(...counts) / 50);
}
