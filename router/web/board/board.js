/**
 * A plain wallboard: the line of each queue, and the agents by presence.
 *
 * Owns: the tiles and the table. Does not know: any single conversation or agent.
 * Invariants: figures without a connection are greyed out and say so.
 */
import { clock, h, keyed, say, show } from "../client/dom.js";
import { Fairline } from "../client/fairline.js";
import { Model } from "../client/model.js";
import { SignIn } from "../client/signin.js";

const SHOWS = { available: "available", busy: "busy", away: "away", dnd: "not disturbed", offline: "offline" };

class Board {
  constructor() {
    this.toldAt = Date.now();
    this.signIn = new SignIn("supervisor", "Wallboard");
    this.signIn.signedIn = () => this.start();
    this.connection = new Fairline({
      origin: location.origin, role: "supervisor", name: "fairline-board",
      token: (wish) => this.signIn.token(wish),
    });
    this.model = new Model(this.connection);
    this.model.changed = (type, event) => this.changed(type, event);
    this._build();
    setInterval(() => this.draw(), 1_000);
    if (this.signIn.kept()) this.start();
    else this.signIn.open();
  }

  start() {
    show(this.element, true);
    this.connection.start();
    this.draw();
  }

  signOut(notice = "") {
    this.connection.stop({ leave: true, forget: true });
    this.model.clear();
    this.signIn.forget();
    show(this.element, false);
    this.signIn.open(notice);
  }

  changed(type, event) {
    if (type === "welcome" || type === "board") this.toldAt = Date.now();
    if (type === "status" && event.phase === "online") this._subscribe();
    if (type === "status" && event.code === 4500) this.signOut(event.reason);
    else this.draw();
  }

  // Inside

  async _subscribe() {
    try {
      const reply = await this.connection.command("sub", { topic: "board", mode: "full" });
      this.model.queues = reply.queues ?? this.model.queues;
      this.model.agents = reply.agents ?? this.model.agents;
      this.draw();
    } catch {
      // the figures of `welcome` stand, and `board` events may come all the same
    }
  }

  _build() {
    this.tiles = Object.fromEntries(["Waiting", "Longest wait", "Offered", "Active"].map((name) => [name, h("strong", {})]));
    this.agents = h("ul", { class: "agents" });
    this.rows = h("tbody", {});
    this.stamp = h("p", { class: "stamp", role: "status" });
    this.element = h("main", { class: "board", hidden: true },
      h("header", {}, h("h1", {}, "Right now"), this.stamp,
        h("button", { type: "button", onclick: () => this.signOut() }, "Sign out")),
      h("div", { class: "tiles" }, Object.entries(this.tiles).map(([name, figure]) => h("section", { class: "tile" }, h("h2", {}, name), figure)),
        h("section", { class: "tile wide" }, h("h2", {}, "Agents"), this.agents)),
      h("table", {}, h("thead", {}, h("tr", {}, ["Queue", "Waiting", "Longest", "Offered", "Active"].map((name) => h("th", { scope: "col" }, name)))), this.rows));
    document.body.append(this.signIn.element, this.element);
  }

  draw() {
    const { queues, agents } = this.model;
    const passed = Date.now() - this.toldAt;
    const age = ({ waiting, oldest_ms }) => (waiting && oldest_ms ? oldest_ms + passed : 0);
    const sum = (field) => queues.reduce((total, queue) => total + (queue[field] ?? 0), 0);
    say(this.tiles.Waiting, String(sum("waiting")));
    say(this.tiles["Longest wait"], clock(Math.max(0, ...queues.map(age))));
    say(this.tiles.Offered, String(sum("offered")));
    say(this.tiles.Active, String(sum("active")));
    keyed(this.agents, agents, ({ show: shown }) => shown, ({ show: shown }) => h("li", {},
      h("span", { class: "dot", "data-show": shown }), h("b", {}), ` ${SHOWS[shown] ?? shown}`),
      (item, { count }) => say(item.querySelector("b"), String(count)));
    keyed(this.rows, queues, ({ queue }) => queue, ({ queue }) => h("tr", {}, h("th", { scope: "row" }, queue),
      ["waiting", "oldest", "offered", "active"].map((name) => h("td", { class: name }))), (row, queue) => {
      const figures = { ...queue, oldest: queue.waiting ? clock(age(queue)) : "–" };
      for (const cell of row.querySelectorAll("td")) say(cell, String(figures[cell.className] ?? 0));
    });
    this._drawStamp();
  }

  _drawStamp() {
    const { phase, since, reason } = this.connection.status;
    const live = phase === "online";
    this.element.classList.toggle("stale", !live);
    say(this.stamp, live ? "live" : `${reason || "no connection"}, figures from ${clock(Date.now() - since)} ago`);
    this.stamp.dataset.link = phase;
  }
}

new Board();
