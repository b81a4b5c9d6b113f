import { Fairline } from "@fairline/client";
import { load } from "@fairline/client/widget";
load({ origin: "https://chat.example" });
load({ origin: "https://chat.example", tenant: "main", sides: "left" });
load({ origin: "https://chat.example", tenant: "main" }).on("unreads", () => {});
declare const fairline: Fairline;
void fairline.command("offer.accept", { offers: "o" });
