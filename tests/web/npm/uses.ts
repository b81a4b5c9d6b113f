import { Fairline, Model, Refused, type ServerEvent } from "@fairline/client";
import { load, type Customer, type Field, type WidgetEvents } from "@fairline/client/widget";

const fairline = new Fairline({ origin: "https://chat.example", role: "agent", name: "desk", token: () => "a.b.c" });
const model = new Model(fairline);
fairline.on("offer.new", (offer: ServerEvent<"offer.new">) => console.log(offer.customer.name, model.find(offer.conversation)));
fairline.command("offer.accept", { offer: "o" }).catch((error: unknown) => error instanceof Refused && error.code);

const fields: Field[] = [{ name: "order", required: true }];
const widget = load({ origin: "https://chat.example", tenant: "main", queue: "support", fields });
const customer: Customer = { id: "c-17", proof: "0".repeat(64) };
widget.identify(customer);
const off: () => void = widget.on("queue", ({ position }: WidgetEvents["queue"]) => console.log(position.toFixed()));
off();
