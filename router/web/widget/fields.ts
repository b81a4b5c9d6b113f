/**
 * The questions before the first message: reading them from the page, checking the answers.
 *
 * Owns: the short form `name*, email*:email, about:select(Bill|Lamp)`.
 * Does not know: how they are drawn, what becomes of the answers.
 */
import type { Attributes, Field, Options } from "./api.js";

const SHORT = /^([\w.-]+)(\*?)(?::(\w+)(?:\(([^)]*)\))?)?$/;

export function readFields(told: Options["fields"]): readonly Field[] {
  if (!told) return [];
  if (typeof told !== "string") return told;
  if (told.trim().startsWith("[")) return parsed(told);
  return told.split(",").map((part) => part.trim()).filter(Boolean).flatMap((part) => {
    const found = SHORT.exec(part);
    if (!found) {
      console.warn(`fairline: "${part}" in data-fields is not a field; write for example email*:email`);
      return [];
    }
    const [, name, star, type, options] = found;
    return [{
      name: name!, required: star === "*", type: (type ?? "text") as Field["type"],
      ...(options ? { options: options.split("|").map((one) => one.trim()) } : {}),
    }];
  });
}

function parsed(text: string): readonly Field[] {
  try {
    return JSON.parse(text);
  } catch {
    console.warn("fairline: data-fields is not JSON");
    return [];
  }
}

/** The questions that are still open for this queue: not those whose answer is known. */
export function openFields(fields: readonly Field[], queue: string, known: Attributes): Field[] {
  return fields.filter(({ name, queues }) => !(name in known) && (!queues || queues.includes(queue)));
}

const EMAIL = /^\S+@\S+\.\S+$/;
export type Fault = "required" | "badEmail";

/** What is wrong with the answers, by name. */
export function faultsOf(fields: readonly Field[], answers: Attributes): Record<string, Fault> {
  const faults: Record<string, Fault> = {};
  for (const { name, required, type } of fields) {
    const answer = answers[name];
    const empty = answer === undefined || answer === false || String(answer).trim() === "";
    if (required && empty) faults[name] = "required";
    else if (type === "email" && !empty && !EMAIL.test(String(answer).trim())) faults[name] = "badEmail";
  }
  return faults;
}

/** What of a form goes out: nothing empty, numbers as numbers. */
export function attributesOf(fields: readonly Field[], answers: Attributes): Attributes {
  const told: Attributes = {};
  for (const { name, type } of fields) {
    const answer = answers[name];
    if (answer === undefined || answer === "") continue;
    const text = typeof answer === "string" ? answer.trim().slice(0, 256) : answer;
    told[name] = type === "number" && Number.isFinite(Number(text)) ? Number(text) : text;
  }
  return told;
}
