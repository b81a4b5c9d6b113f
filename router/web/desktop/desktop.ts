/**
 * The agent desktop's page.
 *
 * Owns: putting link, desk and elements together. Does not know: anything else.
 */
import { Desk } from "./desk.js";
import { listen } from "./keys.js";
import { openLink } from "./link/open.js";
import { App } from "./parts/app.js";
import { seat } from "./settings.js";

const desk = new Desk(openLink(seat()));
listen(desk);
// A reload keeps the sign-in but not the sound: the first touch unlocks it again.
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => desk.alerts.sounds.unlock(), { once: true });
}
const app = new App();
app.desk = desk;
document.body.append(app);
