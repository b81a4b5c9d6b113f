/**
 * What a customer's hands do: one method for each thing that can be pressed, chosen or written.
 *
 * Owns: which command follows from which button. Does not know: how the buttons look.
 * Invariant: a message leaves the composer only into the outbox or the transcript.
 */
import type { Panel } from "./panel.js";
import { download, recordOf } from "./record.js";
import type { Deeds, Outlook } from "./shown.js";
import { isOver, ownWords, type Pending } from "./talk.js";

const TYPING_EVERY_MS = 3_000;
const COMMENT_MAX = 2_000;

export class Hands implements Deeds {
  private typedAt = 0;

  constructor(private readonly panel: Panel) {}

  close(): void {
    this.panel.close();
  }

  send(body: string): boolean {
    const text = body.trim();
    if (!text || !this.panel.maySend()) return false;
    this.panel.alerts.touched();
    this.panel.uploads.note = "";
    if (!isOver(this.panel.talk())) {
      void this.panel.connection.command("message.send", { conversation: this.panel.current!, body: text }).catch(() => {});
    } else {
      this.begin(text);
    }
    this.tellTyping(false);
    this.panel.draw();
    return true;
  }

  typed(): void {
    if (this.panel.talk()?.status !== "active" || Date.now() - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = Date.now();
    this.tellTyping(true);
  }

  attach(list: Iterable<File>): void {
    this.panel.uploads.add(list);
  }

  leave(): void {
    this.panel.asksEnd = false;
    const t = this.panel.talk()?.status === "active" ? "conversation.end" : "conversation.cancel";
    this.panel.connection.command(t, { conversation: this.panel.current! }).catch((refusal) => {
      if (refusal.code !== 115) this.panel.notice = true; // 115: just taken, or just over
    }).finally(() => this.panel.draw());
    this.panel.draw();
  }

  score(score: number): void {
    this.panel.marked = score;
    this.panel.draw();
  }

  rate(): void {
    const conversation = this.panel.current!;
    const told = { score: this.panel.marked as 1, comment: String(this.panel.asking.answers.comment ?? "").trim().slice(0, COMMENT_MAX) };
    this.panel.rated = true;
    this.panel.notice = false;
    this.panel.connection.command("rate", { conversation, score: told.score, ...(told.comment ? { comment: told.comment } : {}) }).then(
      () => this.panel.place.emit("csat", { conversation, ...told }),
      () => Object.assign(this.panel, { rated: false, notice: true }),
    ).finally(() => this.panel.draw());
    this.panel.draw();
  }

  restart(): void {
    this.panel.restart();
  }

  sendAgain(failed: Pending): void {
    const talk = this.panel.talk()!;
    talk.failed = talk.failed.filter((one) => one !== failed);
    this.send(failed.body);
  }

  useHere(): void {
    this.panel.connection.renewDevice();
    this.panel.connection.start();
  }

  tryNow(): void {
    this.panel.connection.tryNow();
  }

  agree(yes: boolean): void {
    void this.panel.asking.agree(yes);
    this.panel.draw();
    this.panel.view.focus();
  }

  askEnd(on: boolean): void {
    Object.assign(this.panel, { asksEnd: on, isMenuOpen: false });
    this.panel.draw();
    this.panel.view.focusOn(on ? ".ask button" : null);
  }

  menu(on: boolean): void {
    this.panel.isMenuOpen = on;
    this.panel.draw();
    this.panel.view.focusOn(on ? ".menu button" : ".more");
  }

  mute(on: boolean): void {
    this.panel.alerts.mute(on);
    this.menu(false);
  }

  download(): void {
    this.panel.isMenuOpen = false;
    const talk = this.panel.talk();
    if (talk) download(recordOf(talk, this.panel.talks.you, this.panel.speech), `${this.panel.speech.words.transcript.split(" ")[0]}.txt`);
    this.panel.draw();
  }

  form(which: "leave" | "reach" | null): void {
    Object.assign(this.panel, { openForm: which, isMenuOpen: false });
    this.panel.asking.faults = {};
    this.panel.draw();
    this.panel.view.focusOn(which ? ".form input, .form textarea" : null);
  }

  answer(name: string, value: string | boolean): void {
    this.panel.asking.answers[name] = value;
    delete this.panel.asking.faults[name];
    if (name === "queue") void this.panel.asking.look();
    this.panel.draw();
  }

  submit(): void {
    const { asking } = this.panel;
    if (this.panel.openForm === "reach") {
      asking.reach();
      this.panel.openForm = null;
    } else if (this.panel.openForm === "leave") {
      if (asking.leaveMessage()) this.panel.openForm = null;
    } else asking.submit(String(asking.answers.body ?? ""));
    this.panel.draw();
    this.panel.view.focusOn(Object.keys(asking.faults).length > 0 ? "[aria-invalid=true]" : null);
  }

  elsewhere(): void {
    const { closed, answers } = this.panel.asking;
    this.panel.asking.answers.queue = closed!.fallback;
    this.panel.asking.closed = null;
    const body = String(answers.body ?? "");
    if (body) this.panel.asking.ask({ body });
    this.panel.draw();
    this.panel.view.focus();
  }

  outlook(open: boolean): void {
    this.panel.outlookOpen = open;
    this.panel.draw();
    if (!open || !this.panel.current) return;
    this.panel.connection.command("explain", { conversation: this.panel.current }).then((reply) => {
      const told = reply.explain as unknown as (Outlook & { about: string }) | null;
      if (told?.about === "place") this.panel.outlookTold = told;
      this.panel.draw();
    }, () => {});
  }

  /** Leaves this line and joins another one, in another language, with all that was written. */
  switchTo(language: string): void {
    const talk = this.panel.talk()!;
    const body = ownWords(talk, this.panel.talks.you);
    this.panel.connection.command("conversation.cancel", { conversation: talk.conversation }).then(() => {
      this.panel.talks.forget(talk.conversation);
      Object.assign(this.panel, { current: null, outlookOpen: false, outlookTold: null });
      this.panel.asking.ask({ body, languages: [language] });
    }, () => {}).finally(() => this.panel.draw());
  }

  private begin(body: string): void {
    if (this.panel.current) this.panel.anew();
    this.panel.notice = false;
    this.panel.asking.ask({ body });
    this.panel.keepAlive();
  }

  private tellTyping(on: boolean): void {
    if (!on && !this.typedAt) return;
    if (!on) this.typedAt = 0;
    if (this.panel.current) void this.panel.connection.command("typing", { conversation: this.panel.current, on }).catch(() => {});
  }
}
