// Tokens that are minted in the page, with a key pair that never leaves it.
"use strict";

const KID = "playground-test-key";
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const HEADER = base64url(new TextEncoder().encode(JSON.stringify({ kid: KID, alg: "RS256" })));

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
let keys = null;

/** The key set that verifies what is minted here. */
let testKeySet = null;

/** Whether a token names the test key, so that it is checked with that. */
const isMinted = (token) => token.trim().startsWith(`${HEADER}.`);

/** A token with these claims, as text. `isForged`: another key signs it. */
async function minted(claims, isForged) {
  keys ??= newKeys();
  const { publicKey, privateKey } = await keys;
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  testKeySet = JSON.stringify({ keys: [{ kty, n, e, kid: KID, alg: "RS256", use: "sig" }] });
  const input = `${HEADER}.${base64url(new TextEncoder().encode(claims))}`;
  const signer = isForged ? (await newKeys()).privateKey : privateKey;
  const signature = await crypto.subtle.sign(ALGORITHM.name, signer, new TextEncoder().encode(input));
  return `${input}.${base64url(signature)}`;
}

/** The claims of a token that the first pool of a configuration accepts. */
function goodClaims(config, use) {
  const pool = config?.pools?.[0] ?? {};
  const id = typeof pool.user_pool_id === "string" ? pool.user_pool_id : "us-east-1_Example01";
  const client = Array.isArray(pool.client_ids) ? pool.client_ids[0] : "1example23456789";
  const now = Math.floor(Date.now() / 1000);
  const common = {
    iss: pool.issuer ?? `https://cognito-idp.${id.split("_")[0]}.amazonaws.com/${id}`,
    sub: "5a1c7e9b-0d2f-4b6a-8c3e-1f5d7b9a2c4e",
  };
  const times = { auth_time: now - 300, iat: now - 300, exp: now + 3300, "cognito:groups": ["admins"] };
  const accepted = pool.token_use ?? "id";
  if ((use ?? (accepted === "access" ? "access" : "id")) === "access") {
    return { ...common, token_use: "access", client_id: client, username: "alice", scope: "openid", ...times };
  }
  return { ...common, token_use: "id", aud: client, "cognito:username": "alice", email: "alice@example.com", email_verified: true, ...times };
}

/** What can be minted: a name, and how the claims differ from good ones. */
const KINDS = [
  { name: "Good" },
  { name: "Expired", change: (claims) => ({ ...claims, auth_time: claims.auth_time - 7200, iat: claims.iat - 7200, exp: claims.exp - 7200 }) },
  { name: "Other client", change: (claims) => ({ ...claims, [claims.aud ? "aud" : "client_id"]: "7otherapp7client" }) },
  { name: "Other pool", change: (claims) => ({ ...claims, iss: `${claims.iss}x` }) },
  { name: "No groups", change: ({ "cognito:groups": _, ...claims }) => claims },
  { name: "Access token", use: "access" },
  { name: "Forged", isForged: true },
];
