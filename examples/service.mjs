// A back end in Node (22 or newer) that asks for a conversation in a customer's name and follows it.
// Node 20 can, too: node --experimental-websocket service.mjs ...
//
//   FAIRLINE_TOKEN=$(fairline token -c fairline.toml --role service --sub shop) node service.mjs ada "My lamp flickers"
const origin = process.env.FAIRLINE_ORIGIN ?? "http://127.0.0.1:8080";
const [customer, body] = process.argv.slice(2);

// In a project of yours: npm install $FAIRLINE_ORIGIN/client.tgz, and import { Fairline } from "@fairline/client".
const source = await (await fetch(new URL("/client.js", origin))).text();
const { Fairline } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const fairline = new Fairline({
  origin, role: "service", name: "shop", token: () => process.env.FAIRLINE_TOKEN,
});
fairline.on("status", ({ phase, reason }) => {
  if (phase !== "stopped" || !reason) return;
  console.error(reason);
  process.exit(1);
});
fairline.start();
const reply = await fairline.command("conversation.request", {
  customer, channel: "chat", deferrable: true, body, op: `shop:${customer}:${body}`,
});
console.log(JSON.stringify({ conversation: reply.conversation, status: reply.status }));
fairline.stop();
