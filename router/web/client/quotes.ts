/**
 * What an answer is about: its quote stands above it, each line behind "> ", in plain text.
 *
 * Owns: making and finding quotes. Does not know: how they look.
 * Invariants: whoever knows nothing of quotes can still read them; what is not quoted is untouched.
 */
const MARK = "> ";
const QUOTED_MAX = 280;

/** The beginning of an answer to `text`; a quote within it is not quoted again. */
export function quoting(text: string): string {
  const said = split(text).rest.trim() || text.trim();
  const short = said.length > QUOTED_MAX ? `${said.slice(0, QUOTED_MAX).trimEnd()} …` : said;
  return `${short.split("\n").map((one) => MARK + one).join("\n")}\n`;
}

/** A message's quote without its marks, and what is said about it. */
export function split(body: string): { quote: string; rest: string } {
  const lines = body.split("\n");
  let count = 0;
  while (count < lines.length && lines[count].startsWith(MARK)) count += 1;
  // Quoted lines with nothing behind them are the message itself.
  if (count === 0 || count === lines.length) return { quote: "", rest: body };
  const quote = lines.slice(0, count).map((one) => one.slice(MARK.length)).join("\n");
  return { quote, rest: lines.slice(count).join("\n") };
}
