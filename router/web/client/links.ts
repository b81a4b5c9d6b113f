/**
 * Addresses in what people write, so that they can be followed.
 *
 * Owns: what counts as one. Does not know: how it looks.
 * Invariants: only http and https; the pieces together are the text, so nothing is shown that was not written.
 */
const ADDRESS = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]}'»”])/;

/** The text in pieces: every second one, from the one behind the first on, is an address. */
export const pieces = (text: string): string[] => text.split(ADDRESS);
