// The types of the wire, from the JSON Schemas that `python -m router.documents.wire_schema` wrote.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const folder = new URL("../client/generated/", import.meta.url);

for (const direction of ["incoming", "outgoing"]) {
  const schema = JSON.parse(readFileSync(new URL(`${direction}.json`, folder), "utf8"));
  // Unknown fields may come from a newer server, but a type that allows any name catches no typo.
  const text = await compile(schema, schema.title, {
    additionalProperties: false,
    bannerComment: "// Made by scripts/types.mjs from the server's Structs. Do not edit.",
    declareExternallyReferenced: true,
    format: false,
    unreachableDefinitions: true,
  });
  writeFileSync(new URL(`${direction}.ts`, folder), text);
}
