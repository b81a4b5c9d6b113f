delete globalThis.WebSocket; // as in Node before 22
import { Fairline } from "@fairline/client";
const fairline = new Fairline({ origin: "http://127.0.0.1:9", role: "service", name: "n", token: () => "" });
fairline.on("status", ({ phase, reason }) => phase === "stopped" && console.log(reason));
fairline.start();
