/**
 * The client library: what pages, bots and integrations import.
 *
 * Owns: the list of what is public. Does not know: how any of it works.
 */
export { Fairline } from "./fairline.js";
export type { Events, Settings, Status, TokenProvider } from "./fairline.js";
export { Model, lastSeq, unreadOf, waitingSince } from "./model.js";
export type { Conversation, Message, OwnPresence, Timed } from "./model.js";
export { Refused } from "./protocol.js";
export type { CommandType, Fields, Reply, Sent, ServerEvent, Told } from "./protocol.js";
