/** The questions before the first message: see fields.ts. */
import { expect, test, vi } from "vitest";
import { attributesOf, faultsOf, openFields, readFields } from "./fields.js";

test("the short form names, requires, types and lists", () => {
  expect(readFields("name*, email:email , about*:select(A bill| A lamp)")).toEqual([
    { name: "name", required: true, type: "text" },
    { name: "email", required: false, type: "email" },
    { name: "about", required: true, type: "select", options: ["A bill", "A lamp"] },
  ]);
  expect(readFields(undefined)).toEqual([]);
  expect(readFields('[{"name": "order"}]')).toEqual([{ name: "order" }]);
});

test("what is not a field is said in the console and left out", () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  expect(readFields("name, <b>, [")).toEqual([{ name: "name", required: false, type: "text" }]);
  expect(readFields("[not json")).toEqual([]);
  expect(warned).toHaveBeenCalledTimes(3);
  warned.mockRestore();
});

test("only open questions of this queue are asked", () => {
  const fields = [{ name: "name" }, { name: "order", queues: ["billing"] }, { name: "lamp", queues: ["support"] }];
  expect(openFields(fields, "billing", { name: "Ada" })).toEqual([fields[1]]);
});

test("answers are checked, trimmed and typed", () => {
  const fields = readFields("name*, email:email, count:number, club*:checkbox");
  expect(faultsOf(fields, { name: " ", email: "a@b", club: false })).toEqual(
    { name: "required", email: "badEmail", club: "required" });
  expect(faultsOf(fields, { name: "Ada", email: "", club: true })).toEqual({});
  expect(attributesOf(fields, { name: " Ada ", email: "", count: "12", club: true, other: "x" })).toEqual(
    { name: "Ada", count: 12, club: true });
});
