globalThis.WebSocket ??= class {}; // Node 20 has none, and none is needed here
import { Fairline, Refused } from "@fairline/client";
import { load } from "@fairline/client/widget";
const widget = load({ origin: "https://chat.example", tenant: "main" });
widget.open();
widget.on("ready", () => { throw new Error("there is no page"); })();
widget.destroy();
const fairline = new Fairline({ origin: "http://127.0.0.1:9", role: "service", name: "n", token: () => 7 });
fairline.on("status", ({ phase, reason }) => phase === "stopped" && console.log(reason));
fairline.start();
const lost = await fairline.command("typing", { conversation: "c", on: true }).catch((error) => error);
console.log(lost instanceof Refused, lost.reason);
