// The playground's page: it asks the filter (filter.js) after each change, and shows what it says. It opens no connection.
"use strict";

const at = (id) => document.getElementById(id);
const fields = ["method", "url", "headers", "token", "jwks", "route", "at"];
let config = null;

/** The line, counted from 0, at which a JSON path such as `pools[0].client_ids` stands in a text; its nearest parent's otherwise. */
function lineOf(text, path) {
  const wanted = path.match(/[^.[\]]+/g) ?? [];
  let place = 0;
  let best = 0;
  let bestDepth = -1;
  const skip = () => { while (/[\s,:]/.test(text[place] ?? "")) place += 1; };
  const string = () => {
    const start = place;
    for (place += 1; place < text.length && text[place] !== '"'; place += 1) if (text[place] === "\\") place += 1;
    place += 1;
    try { return JSON.parse(text.slice(start, place)); } catch { return ""; }
  };
  const value = (matched, depth) => {
    skip();
    const open = text[place];
    if (open === "{" || open === "[") {
      place += 1;
      for (let index = 0; place < text.length; index += 1) {
        skip();
        if (place >= text.length || text[place] === "}" || text[place] === "]") { place += 1; return; }
        const start = place;
        const name = open === "{" ? string() : String(index);
        const matches = matched && wanted[depth] === name;
        if (matches && depth > bestDepth) { best = start; bestDepth = depth; }
        value(matches, depth + 1);
        if (place === start) place += 1;
      }
    } else if (open === '"') string();
    else while (place < text.length && !/[\s,\]}]/.test(text[place])) place += 1;
  };
  value(true, 0);
  return text.slice(0, best).split("\n").length - 1;
}

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

function showConfig() {
  const text = at("config").value;
  const checked = JSON.parse(wasm_bindgen.check(text));
  config = checked.errors.length ? null : checked.config;
  const isPlain = checked.place === "" && text.trimStart().startsWith("{");
  const marked = new Set();
  const messages = checked.errors.map((error) => {
    const line = isPlain ? lineOf(text, error.path) : null;
    if (line !== null) marked.add(line);
    const shown = error.path ? `${error.path}: ${error.reason}` : error.reason;
    const button = element("button", { type: "button" }, shown);
    button.addEventListener("click", () => jumpTo(text, line ?? 0));
    return element("li", { className: "error" }, button);
  });
  messages.push(...checked.warnings.map((warning) => element("li", { className: "warning" }, `warning: ${warning}`)));
  if (!messages.length) messages.push(element("li", { className: "ok" }, "This configuration loads."));
  at("faults").replaceChildren(...messages);
  at("marks").replaceChildren(...text.split("\n").flatMap((line, index) => [
    marked.has(index) ? element("mark", {}, line || " ") : line, "\n",
  ]));
  at("config").setAttribute("aria-invalid", String(checked.errors.length > 0));
  keepPlaces();
  showExplanation();
}

function jumpTo(text, line) {
  const start = text.split("\n").slice(0, line).reduce((sum, before) => sum + before.length + 1, 0);
  const end = text.indexOf("\n", start);
  at("config").focus();
  at("config").setSelectionRange(start, end < 0 ? text.length : end);
}

function keepPlaces() {
  at("marks").scrollTop = at("config").scrollTop;
  at("marks").scrollLeft = at("config").scrollLeft;
}

function moment() {
  const text = at("at").value.trim();
  if (!text) return Date.now();
  const parsed = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(parsed) && parsed >= 0 ? parsed : null;
}

function ask() {
  if (!config) return { error: "The configuration does not load: see the marked places." };
  const now = moment();
  if (now === null) return { error: "The time is neither a Unix time nor RFC 3339." };
  const jwks = at("jwks").value.trim();
  return JSON.parse(wasm_bindgen.explain(JSON.stringify({
    config, now: Math.floor(now), jwks: jwks || null,
    method: at("method").value.trim() || "GET", url: at("url").value.trim() || "/", route: at("route").value,
    headers: at("headers").value.split("\n"), token: at("token").value,
  })));
}

const MARKS = { passed: "ok", failed: "failed", noted: "note", unchecked: "not checked" };

function showExplanation() {
  const answer = ask();
  if (answer.error) {
    at("decision").replaceChildren(element("span", { className: "failed" }, answer.error));
    at("steps").replaceChildren();
    at("outcome").replaceChildren();
    return;
  }
  const { decision, steps, notes } = answer;
  const status = decision.status === undefined ? "" : ` · ${decision.status} · ${decision.details}`;
  const shadow = decision.status !== undefined && decision.passes ? " · not enforced: mode is shadow" : "";
  at("decision").replaceChildren(element("span", { className: decision.passes ? "passed" : "failed" }, `${decision.decision}${status}${shadow}`));
  at("steps").replaceChildren(...steps.map((step) => {
    const item = element("li", {},
      element("span", { className: step.outcome }, MARKS[step.outcome]),
      element("span", { className: "name" }, step.check),
      element("span", { className: "text" }, step.found ?? "nothing"));
    if (step.expected && step.outcome !== "passed") item.append(element("span", { className: "expected" }, `expected: ${step.expected}`));
    return item;
  }));
  const outcome = [];
  const lines = (headers) => headers.map(({ name, value }) => `${name}: ${value}`);
  if (decision.response) {
    outcome.push(element("h3", {}, "The client gets"), element("pre", {}, [...lines(decision.response.headers), "", decision.response.body].join("\n")));
  }
  if (decision.upstream) {
    const changes = [...decision.upstream.removed.map((name) => `(removed) ${name}`), ...lines(decision.upstream.set)];
    outcome.push(element("h3", {}, "The upstream gets"), element("pre", {}, changes.join("\n") || "the request as it came"));
  }
  outcome.push(...notes.map((note) => element("p", { className: "hint" }, note)));
  at("outcome").replaceChildren(...outcome);
}

// A token that was minted here.

const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const encoded = (value) => base64url(new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)));
const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
const KID = "playground-test-key";
let keys = null;

async function mint() {
  keys ??= await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const input = `${encoded({ kid: KID, alg: "RS256" })}.${encoded(at("claims").value)}`;
  const signature = await crypto.subtle.sign(ALGORITHM.name, keys.privateKey, new TextEncoder().encode(input));
  at("jwks").value = JSON.stringify({ keys: [{ kty, n, e, kid: KID, alg: "RS256", use: "sig" }] });
  at("token").value = `${input}.${base64url(signature)}`;
  showExplanation();
}

/** Claims that the first pool of the configuration accepts. */
function suggestClaims() {
  let pool;
  try { pool = JSON.parse(JSON.parse(wasm_bindgen.check(at("config").value)).config).pools[0]; } catch { return; }
  if (!pool || typeof pool.user_pool_id !== "string") return;
  const id = pool.user_pool_id;
  const client = Array.isArray(pool.client_ids) ? pool.client_ids[0] : "1example23456789";
  const now = Math.floor(Date.now() / 1000);
  const common = {
    iss: pool.issuer ?? `https://cognito-idp.${id.split("_")[0]}.amazonaws.com/${id}`,
    sub: "5a1c7e9b-0d2f-4b6a-8c3e-1f5d7b9a2c4e", iat: now, exp: now + 3600, auth_time: now, "cognito:groups": ["admins"],
  };
  const own = pool.token_use === "access"
    ? { token_use: "access", client_id: client, username: "alice", scope: "openid" }
    : { token_use: "id", aud: client, "cognito:username": "alice", email: "alice@example.com", email_verified: true };
  at("claims").value = JSON.stringify({ ...common, ...own }, null, 2);
}

// The link keeps the configuration in the fragment, which browsers send to no server.

function share() {
  location.hash = `config=${encodeURIComponent(at("config").value)}`;
  navigator.clipboard?.writeText(location.href).then(() => { at("share").textContent = "Copied"; }, () => { at("share").textContent = "See the address bar"; });
}

function start() {
  at("example").append(...EXAMPLES.map(({ name }, index) => element("option", { value: index }, name)));
  at("example").addEventListener("change", () => {
    at("config").value = EXAMPLES[at("example").value].text;
    suggestClaims();
    showConfig();
  });
  const kept = new URLSearchParams(location.hash.slice(1)).get("config");
  at("config").value = kept ?? EXAMPLES[0].text;
  at("config").addEventListener("input", showConfig);
  at("config").addEventListener("scroll", keepPlaces);
  for (const id of fields) at(id).addEventListener("input", showExplanation);
  at("mint").addEventListener("click", mint);
  at("share").addEventListener("click", share);
  suggestClaims();
  showConfig();
  document.body.dataset.ready = "true";
}

wasm_bindgen({ module_or_path: Uint8Array.from(atob(FILTER_WASM), (char) => char.charCodeAt(0)) }).then(start);
