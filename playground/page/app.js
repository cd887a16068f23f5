// The playground's page: it asks the filter (filter.js) after each change, and shows the answer. It opens no connection.
"use strict";

const at = (id) => document.getElementById(id);
const fields = ["method", "url", "headers", "token", "jwks", "route", "at"];
/** The configuration as JSON; null while it does not load. */
let config = null;

function element(tag, attributes, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

// The configuration.

function showConfig() {
  const text = at("config").value;
  const checked = JSON.parse(wasm_bindgen.check(text));
  config = checked.errors.length ? null : checked.config;
  const marked = new Set();
  const messages = checked.errors.map(({ path, reason }) => {
    const line = checked.config === null ? null : lineOf(text, checked.place, path);
    if (line !== null) marked.add(line);
    const shown = path ? [element("code", {}, path), ` ${reason}`] : [reason];
    const button = element("button", { type: "button" }, ...shown);
    button.addEventListener("click", () => jumpTo(text, line ?? 0));
    return element("li", { className: "error" }, button);
  });
  messages.push(...checked.warnings.map((warning) => element("li", { className: "warning" }, `warning: ${warning}`)));
  if (!messages.length) messages.push(element("li", { className: "ok" }, "This configuration loads."));
  at("faults").replaceChildren(...messages);
  const lines = text.split("\n");
  at("marks").replaceChildren(...lines.flatMap((line, index) => [marked.has(index) ? element("mark", {}, line || " ") : line, "\n"]));
  at("numbers").replaceChildren(...lines.flatMap((_, index) => [marked.has(index) ? element("b", {}, String(index + 1)) : String(index + 1), "\n"]));
  at("config").setAttribute("aria-invalid", String(checked.errors.length > 0));
  keepPlaces();
  showExplanation();
}

function jumpTo(text, line) {
  const start = text.split("\n").slice(0, line).reduce((sum, before) => sum + before.length + 1, 0);
  const end = text.indexOf("\n", start);
  const editor = at("config");
  editor.focus();
  editor.setSelectionRange(start, end < 0 ? text.length : end);
  editor.scrollTop = Math.max(0, line * parseFloat(getComputedStyle(editor).lineHeight) - editor.clientHeight / 2);
}

function keepPlaces() {
  for (const id of ["marks", "numbers"]) at(id).scrollTop = at("config").scrollTop;
  at("marks").scrollLeft = at("config").scrollLeft;
}

function useConfig(text) {
  at("config").value = text;
  at("config").scrollTop = 0;
  showConfig();
}

// The explanation.

function moment() {
  const text = at("at").value.trim();
  if (!text) return Date.now();
  const parsed = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(parsed) && parsed >= 0 ? parsed : null;
}

function ask() {
  if (!config) return { error: "This configuration does not load." };
  const now = moment();
  if (now === null) return { error: "The time is neither a Unix time nor RFC 3339." };
  const token = at("token").value;
  return JSON.parse(wasm_bindgen.explain(JSON.stringify({
    config, now: Math.floor(now), jwks: at("jwks").value.trim() || (isMinted(token) ? testKeySet : null),
    method: at("method").value.trim() || "GET", url: at("url").value.trim() || "/", route: at("route").value,
    headers: at("headers").value.split("\n"), token,
  })));
}

const MARKS = { passed: ["✓", "passed"], failed: ["✗", "failed"], noted: ["·", "note"], unchecked: ["?", "not checked"] };

function shownStep({ check, outcome, found, expected }) {
  const [mark, name] = MARKS[outcome];
  const item = element("li", { className: outcome },
    element("span", { className: "mark", ariaLabel: name, title: name, role: "img" }, mark),
    element("code", {}, check),
    element("span", { className: "text" }, found ?? "nothing"));
  if (expected && outcome !== "passed") item.append(element("span", { className: "expected" }, `expected: ${expected}`));
  return item;
}

function shownDecision({ decision, status, details, passes }) {
  const parts = [element("strong", {}, decision)];
  if (status !== undefined) parts.push(element("span", { className: "status" }, String(status)), element("code", {}, details));
  if (passes && status !== undefined) parts.push(element("span", {}, "not enforced: the mode is shadow, so the request passes"));
  return parts;
}

function shownOutcome({ decision: { response, upstream }, notes }) {
  const lines = (headers) => headers.map(({ name, value }) => `${name}: ${value}`);
  const shown = [];
  if (response) {
    shown.push(element("h3", {}, "The client gets"), element("pre", {}, [...lines(response.headers), "", response.body].join("\n")));
  }
  if (upstream) {
    const changes = [...upstream.removed.map((name) => `${name}: (removed)`), ...lines(upstream.set)];
    shown.push(element("h3", {}, "The upstream gets"), element("pre", {}, changes.join("\n") || "the request as it came"));
  }
  shown.push(...notes.map((note) => element("p", { className: "hint" }, `note: ${note}`)));
  return shown;
}

function showExplanation() {
  const answer = ask();
  const show = (className, decision, steps, outcome) => {
    at("decision").className = className;
    at("decision").replaceChildren(...decision);
    at("steps").replaceChildren(...steps);
    at("outcome").replaceChildren(...outcome);
  };
  if (answer.error) return show("none", [answer.error], [], []);
  const { passes, status } = answer.decision;
  const className = !passes ? "failed" : status === undefined ? "passed" : "unchecked";
  return show(className, shownDecision(answer.decision), answer.steps.map(shownStep), shownOutcome(answer));
}

// A token that is minted here.

async function mint(claims, isForged = false) {
  at("token").value = await minted(claims, isForged);
  showExplanation();
}

async function mintKind({ change = (claims) => claims, use, isForged }) {
  const claims = JSON.stringify(change(goodClaims(JSON.parse(config ?? "null"), use)), null, 2);
  at("claims").value = claims;
  await mint(claims, isForged);
}

function offerMinting() {
  if (!globalThis.crypto?.subtle) {
    at("mint-title").textContent = "Tokens can be minted where the page comes from https:// or from this machine.";
    at("own-claims").hidden = true;
    return;
  }
  at("mint-title").after(...KINDS.map((kind) => {
    const button = element("button", { type: "button" }, kind.name);
    button.addEventListener("click", () => mintKind(kind));
    return button;
  }));
  at("mint").addEventListener("click", () => mint(at("claims").value));
}

// The link keeps the configuration in the fragment, which browsers send to no server.

const keptConfig = () => new URLSearchParams(location.hash.slice(1)).get("config");

function share() {
  history.replaceState(null, "", `#config=${encodeURIComponent(at("config").value)}`);
  const say = (text) => { at("share").textContent = text; };
  const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject();
  copied.then(() => say("Copied"), () => say("In the address bar"));
}

async function start() {
  at("example").append(...EXAMPLES.map(({ name }, index) => element("option", { value: index }, name)));
  at("example").addEventListener("change", () => useConfig(EXAMPLES[at("example").value].text));
  at("config").addEventListener("input", showConfig);
  at("config").addEventListener("scroll", keepPlaces);
  for (const id of fields) at(id).addEventListener("input", showExplanation);
  at("share").addEventListener("click", share);
  addEventListener("hashchange", () => { if (keptConfig() !== null) useConfig(keptConfig()); });
  offerMinting();
  useConfig(keptConfig() ?? EXAMPLES[0].text);
  // Something to look at: a token that has expired.
  if (globalThis.crypto?.subtle && !at("token").value) await mintKind(KINDS[1]);
  document.body.dataset.ready = "true";
}

wasm_bindgen({ module_or_path: Uint8Array.from(atob(FILTER_WASM), (char) => char.charCodeAt(0)) })
  .then(start)
  .catch((error) => { at("decision").replaceChildren(`The filter does not run in this browser: ${error}`); });
