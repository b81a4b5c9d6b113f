/**
 * The wallboard's page.
 *
 * Owns: putting the wall's state and its elements together. Does not know: anything else.
 */
import { App } from "./parts/app.js";
import { Wall } from "./wall.js";

const wall = new Wall();
const app = new App();
app.wall = wall;
document.body.append(wall.session.element, app);
wall.begin();
