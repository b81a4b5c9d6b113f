/**
 * One document that the server keeps for whoever is signed in.
 *
 * Owns: whose document this screen knows, one request at a time. Does not know: what is in it.
 * Invariants (desktop/own.test.ts, board/views.test.ts): nothing is put before the server told this person's document,
 * for a put replaces the whole of it; what another screen has put meanwhile is fetched and the change made anew to
 * that; what comes after `forget` belongs to nobody here.
 */
import { claimsOf } from "../client/protocol.js";
import { Kept } from "../desktop/kept.js";
import { askVersion, Unanswered } from "./http.js";

const CHANGED_ELSEWHERE = 412;
const TRIES_MAX = 4;

const whose = (token: string): string => {
  const { tenant, sub } = claimsOf(token);
  return `${tenant} ${sub}`;
};

export class OwnDocument<T> {
  /** How often the server told something that replaced what this screen knew. */
  news = 0;
  private toldTo = "";
  /** Of what the server told last. */
  private version = "*";
  private signIns = 0;
  private last: Promise<unknown> = Promise.resolve();
  /** Whose it was that this browser knows, beyond a reload. */
  private readonly owner: Kept<string>;

  /** `adopt` takes what the server has; `isOthers`: what this browser knew was another person's. */
  constructor(private readonly name: string, private readonly token: () => Promise<string>, private readonly adopt: (value: T | null, isOthers: boolean) => void) {
    this.owner = new Kept(`${name}.of`, "");
  }

  /** Asks the server, again where wished; throws where it does not tell. */
  load({ again }: { again: boolean }): Promise<void> {
    return this.inTurn(async () => {
      const token = await this.token();
      if (again || this.toldTo !== whose(token)) await this.fetch(token);
    });
  }

  /**
   * Has `make` change what this screen knows, and the server keep what it gives; false: not kept.
   * `isNews`: what this screen showed, when `news` was `since`, has been replaced by the server's.
   */
  change(make: (isNews: boolean) => T, since = this.news): Promise<boolean> {
    const signIn = this.signIns;
    return this.inTurn(async () => {
      let token = "";
      try {
        token = await this.token();
        if (this.toldTo !== whose(token)) await this.fetch(token);
      } catch {
        token = "";
      }
      if (signIn !== this.signIns) return false;
      const body = make(this.news !== since);
      return token ? this.put(token, body, () => make(this.news !== since)) : false;
    });
  }

  /** Puts it in the place of what this screen knows; of what came meanwhile, `again` makes another. */
  private async put(token: string, first: T, again: () => T): Promise<boolean> {
    let body = first;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        const headers = { "if-match": this.version };
        ({ version: this.version } = await askVersion(token, this.path, { method: "PUT", body, headers }));
        return true;
      } catch (error) {
        if (!(error instanceof Unanswered) || error.status !== CHANGED_ELSEWHERE) return false;
        try {
          await this.fetch(token);
        } catch {
          return false;
        }
        body = again();
      }
    }
    return false;
  }

  /** Whoever was signed in is gone. */
  forget(): void {
    this.signIns += 1;
    this.toldTo = this.owner.value = "";
    this.last = Promise.resolve();
  }

  private get path(): string {
    return `/v1/me/preferences/${this.name}`;
  }

  private async fetch(token: string): Promise<void> {
    const signIn = this.signIns;
    const { value: { value }, version } = await askVersion<{ value: T | null }>(token, this.path);
    if (signIn !== this.signIns) throw new Error("signed out meanwhile");
    this.version = version;
    const isOthers = !["", whose(token)].includes(this.owner.value);
    this.toldTo = this.owner.value = whose(token);
    if (value !== null) this.news += 1;
    this.adopt(value, isOthers);
  }

  private inTurn<R>(act: () => Promise<R>): Promise<R> {
    const turn = this.last.then(act);
    this.last = turn.catch(() => {});
    return turn;
  }
}
