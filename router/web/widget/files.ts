/**
 * Files and pictures, kept by the page's own service: it takes a file and gives back its address,
 * which is sent as a message.
 *
 * Owns: which files are taken, one upload after the other, what is said of them.
 * Does not know: where a file goes; this server never has one.
 * Invariants: what is not of a kind or size that the page named is never handed over; what comes back
 * is sent only if it is a web address, and only into the conversation it was chosen for; nothing of
 * one customer reaches the next (files.test.ts).
 */
import type { Files } from "./api.js";
import { safeLink } from "./sentences.js";
import { fill, type Speech } from "./words.js";

const AGAIN_MS = 250;
const TRIES_MAX = 40;

export interface Sender {
  files(): Files | undefined;
  speech(): Speech;
  /** The conversation that goes on, if one does. */
  conversation(): string | null;
  send(body: string): boolean;
  draw(): void;
}

/** Whom files are for: a conversation, or the one that begins next. */
interface Target {
  conversation: string | null;
  isGone: boolean;
}

export class Uploads {
  /** What is said of the last one; empty where all is well. */
  note = "";
  private queue: Promise<void> = Promise.resolve();
  private target: Target = { conversation: null, isGone: false };

  constructor(private readonly sender: Sender) {}

  add(list: Iterable<File>): void {
    const conversation = this.sender.conversation();
    if (this.target.conversation !== conversation) this.target = { conversation, isGone: false };
    const { target } = this;
    for (const file of list) {
      // What a function of the page's throws must not keep the files after it.
      this.queue = this.queue.then(() => this.one(file, target)).catch((error) => console.warn("fairline: a file could not be sent", error));
    }
  }

  /** A conversation goes on: files that were chosen before it began are for it. */
  began(conversation: string): void {
    this.target.conversation ??= conversation;
  }

  /** Whoever chose files is gone, or began anew: nothing of them is sent or spoken of any more. */
  cancel(): void {
    this.target.isGone = true;
    this.target = { conversation: null, isGone: false };
    this.note = "";
  }

  private async one(file: File, target: Target): Promise<void> {
    if (target.isGone) return;
    const files = this.sender.files();
    const { words } = this.sender.speech();
    if (!files) return;
    if (!this.isAt(target)) return this.say(words.fileFailed, file);
    const { accept, max_bytes } = files;
    if (accept && !fits(file, accept)) return this.say(words.fileKind, file);
    if (max_bytes && file.size > max_bytes) return this.say(words.fileSize, file, max_bytes);
    this.say(words.fileComing, file);
    let address: string | null;
    try {
      address = safeLink(await files.send(file));
      if (!address) throw new TypeError("files.send has to give an http or https address");
    } catch (error) {
      console.warn("fairline: files.send failed", error);
      if (target.isGone) return;
      return this.say(words.fileFailed, file);
    }
    const isSent = await this.sent(`${file.name}\n${address}`, target);
    if (!target.isGone) this.say(isSent ? "" : words.fileFailed, file);
  }

  /** Waits while a conversation is being asked for; its first message may have been the file before. */
  private async sent(body: string, target: Target): Promise<boolean> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (!this.isAt(target)) return false;
      if (this.sender.send(body)) return true;
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    return false;
  }

  private isAt({ conversation, isGone }: Target): boolean {
    return !isGone && conversation === this.sender.conversation();
  }

  private say(text: string, { name }: File, bytes = 0): void {
    this.note = fill(text, { name, size: sizeOf(bytes, this.sender.speech()) });
    this.sender.draw();
  }
}

/** "Send a file (image/*, .pdf, 10 MB)": the limits, before anybody chooses one. */
export function limitsOf({ accept = "", max_bytes = 0 }: Files, speech: Speech): string {
  const limits = [accept.replace(/,\s*/g, ", "), max_bytes ? sizeOf(max_bytes, speech) : ""].filter(Boolean).join(", ");
  return limits ? `${speech.words.file} (${limits})` : speech.words.file;
}

function sizeOf(bytes: number, { language }: Speech): string {
  const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 }).format(bytes / (bytes < 1e6 ? 1e3 : 1e6));
}

/** As the attribute `accept` of a file's input says it: ".pdf", "image/*", "image/png". */
export function fits({ name, type }: Pick<File, "name" | "type">, accept: string): boolean {
  return accept.toLowerCase().split(",").map((one) => one.trim()).some((one) =>
    (one.startsWith(".") ? name.toLowerCase().endsWith(one) : one.endsWith("/*") ? type.startsWith(one.slice(0, -1)) : type === one));
}
