/**
 * Pages that the address names.
 *
 * Invariant: only pages of this very origin, for anybody may write an address, and such a page is
 * told about customers or trusted with a sign-in.
 */
export function ownPage(name: string): string | null {
  const told = new URLSearchParams(location.search).get(name);
  if (!told) return null;
  const page = new URL(told, location.href);
  return page.origin === location.origin ? page.href : null;
}
