// What aws-jwt-verify makes of tokens: questions as JSON on standard input, {name: "accepted" | "refused" | "500"} on
// standard output. The argument is the folder node_modules that holds it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const { JwtBaseError } = require("aws-jwt-verify/error");

const { pools, key_sets: keySets, tokens } = JSON.parse(readFileSync(0, "utf8"));

const verifier = CognitoJwtVerifier.create(
  Object.values(pools).map((pool) => ({
    userPoolId: pool.user_pool_id,
    clientId: pool.client_ids,
    tokenUse: pool.token_use,
    graceSeconds: 60,
  })),
);
for (const pool of Object.values(pools)) {
  try {
    verifier.cacheJwks(keySets[pool.key_set], pool.user_pool_id);
  } catch {
    // A set that the library does not take at all: without keys it would fetch them, and cannot.
  }
}

const answers = {};
for (const { name, token } of tokens) {
  try {
    verifier.verifySync(token);
    answers[name] = "accepted";
  } catch (error) {
    answers[name] = error instanceof JwtBaseError ? "refused" : "500";
  }
}
process.stdout.write(JSON.stringify(answers));
