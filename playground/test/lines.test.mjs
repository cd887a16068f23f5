// Where a path of the configuration stands in a text.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { lineOf, tokensOf } = createRequire(import.meta.url)("../page/lines.js");

test("paths are taken apart", () => {
  for (const [path, tokens] of [
    ["", []],
    ["pools", ["pools"]],
    ["pools[0].client_ids[1]", ["pools", "0", "client_ids", "1"]],
    ['require.claims["custom:a.b"]', ["require", "claims", "custom:a.b"]],
    ["document 2.spec", ["document 2", "spec"]],
  ]) assert.deepEqual(tokensOf(path), tokens, path);
});

const JSON_TEXT = '{\n"a": "}",\n"pools": [\n {"x": 1},\n {"y": [1,\n 2]}\n]}';
const YAML = `# pools: a comment
kind: WasmPlugin
spec:
  pluginConfig:
    pools:
    - user_pool_id: a
      client_ids: [b,
        3]
    -
      user_pool_id: "pools: 1"
      jwks: {cluster: c,
        ttl_seconds: 4}
    rules:
      - require:
          claims:
            "custom:x": {not: 1}
`;
const ENVOY = `# a comment
---
a: 1
---
filter:
  configuration:
    value: |
      {
        "pools": [
          {"user_pool_id": 1,
           "jwks": {}}]}
  other: '{"pools":
    []}'
`;
const ITEMS = [
  [JSON_TEXT, "", "pools[1].y[1]", 5],
  [JSON_TEXT, "", "pools[1].z", 4],
  [JSON_TEXT, "", "nothing", 0],
  ["  ", "", "pools", 0],
  [YAML, "spec.pluginConfig", "", 3],
  [YAML, "spec.pluginConfig", "nothing", 3],
  [YAML, "spec.pluginConfig", "pools", 4],
  [YAML, "spec.pluginConfig", "pools[0]", 5],
  [YAML, "spec.pluginConfig", "pools[0].client_ids[1]", 7],
  [YAML, "spec.pluginConfig", "pools[1]", 8],
  [YAML, "spec.pluginConfig", "pools[1].user_pool_id", 9],
  [YAML, "spec.pluginConfig", "pools[1].jwks.ttl_seconds", 11],
  [YAML, "spec.pluginConfig", 'rules[0].require.claims["custom:x"]', 15],
  [ENVOY, "document 2.filter.configuration.value", "pools[0].jwks", 10],
  [ENVOY, "document 2.filter.configuration.value", "realm", 6],
  [ENVOY, "document 2.filter.other", "pools", 11],
  ["pools:\n- client_ids: []\n", "", "pools[0].client_ids", 1],
];

test("the line of a path, or of its nearest parent", () => {
  for (const [text, place, path, line] of ITEMS) assert.equal(lineOf(text, place, path), line, `${place} ${path}`);
});
