// The playground in a real browser.
import assert from "node:assert/strict";
import { readFile, readdir, stat } from "node:fs/promises";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { pageFile, start } from "./browser.mjs";

let stage;
before(async () => { stage = await start(); });
after(async () => { await stage?.close(); });

const FILES = ["/", "/app.js", "/examples.js", "/filter.js", "/icon.svg", "/lines.js", "/mint.js", "/style.css"];
const MOST_BYTES = 2_000_000;

/** A test in a page of its own, which must have asked for nothing but its files, and logged nothing. */
function inPage(name, check, options = {}) {
  test(name, async () => {
    const opened = await stage.open(options);
    try {
      await check(opened.page, opened);
      const paths = opened.seen.requests.map((url) => url.replace(stage.server.origin, "").replace(/#.*/, ""));
      assert.deepEqual(paths.filter((path) => !FILES.includes(path)), [], "requests of the page");
      assert.deepEqual(opened.seen.messages, [], "messages in the console");
    } finally {
      await opened.context.close();
    }
  });
}

const example = async () => {
  const text = await readFile(pageFile("examples.js"), "utf8");
  return JSON.parse(text.slice(text.indexOf("["), text.lastIndexOf("]") + 1));
};
const decision = (page) => page.locator("#decision strong").textContent();
const steps = (page) => page.locator("#steps li").evaluateAll((items) => items.map((item) => [item.className, item.querySelector("code").textContent]));
const mint = async (page, name) => {
  const before = await page.inputValue("#token");
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForFunction((old) => document.getElementById("token").value !== old, before);
};

test("page and module are small, and nothing else is served", async () => {
  const names = await readdir(pageFile("."));
  const sizes = await Promise.all(names.map(async (name) => (await stat(pageFile(name))).size));
  assert.deepEqual(names.map((name) => `/${name}`.replace("/index.html", "/")).sort(), [...FILES].sort());
  assert.ok(sizes.reduce((sum, size) => sum + size) < MOST_BYTES, String(sizes));
});

inPage("it begins with a refusal, explained step by step", async (page) => {
  assert.equal(await page.title(), "Why was this token refused? · envoy-cognito-jwt");
  assert.equal(await decision(page), "token_expired");
  assert.deepEqual(await steps(page), [
    ["noted", "rules"], ["noted", "credential"], ["passed", "form"], ["passed", "alg"], ["passed", "iss"], ["failed", "exp"],
  ]);
  assert.match(await page.locator("#steps .failed").textContent(), /seconds ago.*expected: later than now/);
  assert.match(await page.locator("#outcome").textContent(), /www-authenticate: Bearer realm="cognito".*"code":"token_expired"/s);
});

inPage("each example loads and can be tried", async (page) => {
  const examples = await example();
  assert.ok(examples.length >= 6);
  for (const { name, text } of examples) {
    await page.selectOption("#example", { label: name });
    assert.equal(await page.inputValue("#config"), text);
    assert.equal(await page.locator("#faults .error").count(), 0, name);
    assert.equal(await page.getAttribute("#config", "aria-invalid"), "false", name);
    await mint(page, "Good");
    assert.ok(["allowed", "not_permitted"].includes(await decision(page)), `${name}: ${await decision(page)}`);
    await mint(page, "Expired");
    assert.equal(await decision(page), "token_expired", name);
  }
});

inPage("a fault is marked while it is typed", async (page) => {
  await page.fill("#config", '{\n  "pools": [{\n    "user_pool_id": "us-east-1_A",\n    "client_ids": ,\n    "jwks": {"cluster": "c"}\n  }]\n}');
  assert.match(await page.locator("#faults .error").textContent(), /client_ids must be a list/);
  await page.locator("#config").evaluate((editor) => {
    const place = editor.value.indexOf('"client_ids": ') + 14;
    editor.focus();
    editor.setSelectionRange(place, place);
  });
  await page.keyboard.type("[]");
  assert.equal(await page.locator("#faults .error").textContent(), 'pools[0].client_ids must name at least one app client, or be "any"');
  assert.equal(await page.locator("#marks mark").textContent(), '    "client_ids": [],');
  assert.equal(await page.locator("#numbers b").textContent(), "4");
  assert.equal(await page.getAttribute("#config", "aria-invalid"), "true");
  assert.equal(await page.locator("#decision").textContent(), "This configuration does not load.");
  await page.locator("#faults button").click();
  const selected = () => page.locator("#config").evaluate((editor) => editor.value.slice(editor.selectionStart, editor.selectionEnd));
  assert.equal(await selected(), '    "client_ids": [],');
  await page.keyboard.type('    "client_ids": ["web"],');
  assert.equal(await page.locator("#faults").textContent(), "This configuration loads.");
  assert.equal(await page.locator("#marks mark").count(), 0);
});

inPage("a fault in a whole document of Istio's is marked, too", async (page) => {
  await page.selectOption("#example", { label: "Istio gateway (whole file)" });
  const text = await page.inputValue("#config");
  const line = text.split("\n").find((found) => found.includes("user_pool_id"));
  await page.fill("#config", text.replace(line, line.replace(/user_pool_id:.*/, "user_pool_id: nowhere")));
  assert.equal(await page.locator("#faults .error code").first().textContent(), "pools[0].user_pool_id");
  assert.match(await page.locator("#marks mark").first().textContent(), /user_pool_id: nowhere/);
});

inPage("tokens that are minted here are accepted and refused as the filter does", async (page) => {
  await page.selectOption("#example", { label: "rules" });
  await page.fill("#url", "/admin/users");
  for (const [kind, code, failed] of [
    ["Good", "allowed", null],
    ["Expired", "token_expired", "exp"],
    ["Other client", "client_mismatch", "client"],
    ["Other pool", "issuer_unknown", "iss"],
    ["No groups", "not_permitted", "require"],
    ["Forged", "signature_invalid", "signature"],
    ["Access token", "allowed", null],
  ]) {
    await mint(page, kind);
    assert.equal(await decision(page), code, kind);
    const found = await steps(page);
    assert.deepEqual(found.filter(([outcome]) => outcome === "failed").map(([, check]) => check), failed ? [failed] : [], kind);
    if (!failed) assert.deepEqual(found.map(([outcome]) => outcome).filter((outcome) => !["passed", "noted"].includes(outcome)), [], kind);
  }
  assert.match(await page.locator("#outcome").textContent(), /x-cognito-username: alice/);
  // Claims of one's own.
  await page.locator("#own-claims summary").click();
  await page.fill("#claims", (await page.inputValue("#claims")).replace('"alice"', '"bob"'));
  const before = await page.inputValue("#token");
  await page.getByRole("button", { name: "Mint with these claims" }).click();
  await page.waitForFunction((old) => document.getElementById("token").value !== old, before);
  assert.match(await page.locator("#outcome").textContent(), /x-cognito-username: bob/);
});

inPage("a pasted token is explained without keys, and all of the request counts", async (page) => {
  const token = await page.evaluate(async () => {
    const encoded = (value) => btoa(JSON.stringify(value)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const claims = JSON.parse(document.getElementById("claims").value);
    return `${encoded({ kid: "theirs", alg: "RS256" })}.${encoded({ ...claims, exp: claims.exp + 9000 })}.${"A".repeat(342)}`;
  });
  await page.fill("#token", token);
  assert.equal(await decision(page), "allowed");
  assert.deepEqual((await steps(page)).filter(([outcome]) => outcome === "unchecked"), [["unchecked", "kid"], ["unchecked", "signature"]]);
  await page.locator("summary", { hasText: "Keys" }).click();
  await page.fill("#at", "2100-01-01T00:00:00Z");
  assert.equal(await decision(page), "token_expired");
  await page.fill("#at", "tomorrow");
  assert.match(await page.locator("#decision").textContent(), /neither a Unix time nor RFC 3339/);
  await page.fill("#at", "");
  await page.fill("#jwks", '{"keys": []}');
  assert.match(await page.locator("#decision").textContent(), /key set/);
  await page.fill("#jwks", "");
  await page.fill("#token", "");
  assert.equal(await decision(page), "token_missing");
  await page.fill("#headers", "authorization: Bearer a.b");
  assert.equal(await decision(page), "token_malformed");
  await page.fill("#headers", "no colon");
  assert.match(await page.locator("#decision").textContent(), /NAME: VALUE/);
});

inPage("the link keeps the configuration and never the token", async (page, { context }) => {
  await page.selectOption("#example", { label: "several pools" });
  const [text, token] = [await page.inputValue("#config"), await page.inputValue("#token")];
  assert.ok(token.length > 300);
  await page.getByRole("button", { name: "Copy link" }).click();
  const { hash, search } = new URL(page.url());
  assert.equal(search, "");
  assert.deepEqual([...new URLSearchParams(hash.slice(1))], [["config", text]]);
  for (const part of token.split(".")) assert.ok(!decodeURIComponent(page.url()).includes(part));
  const other = await context.newPage();
  await other.goto(page.url());
  await other.waitForSelector("body[data-ready]");
  assert.equal(await other.inputValue("#config"), text);
  assert.notEqual(await other.inputValue("#token"), token);
  // A link that is followed from the page itself.
  await other.evaluate(() => { location.hash = "#config=%7B%7D"; });
  await other.waitForFunction(() => document.getElementById("config").value === "{}");
});

test("nothing can be sent, whatever a script tries", async () => {
  const { page, seen, context } = await stage.open();
  const asked = stage.server.asked.length;
  const blocked = await page.evaluate(async () => {
    const directives = [];
    document.addEventListener("securitypolicyviolation", (event) => directives.push(event.effectiveDirective));
    const failures = [];
    const tried = async (name, attempt) => { try { await attempt(); } catch { failures.push(name); } };
    await tried("fetch", () => fetch("/app.js"));
    await tried("fetch elsewhere", () => fetch("https://example.com/"));
    await tried("EventSource", () => new Promise((_, reject) => { new EventSource("/events").onerror = reject; }));
    await tried("XMLHttpRequest", () => new Promise((resolve, reject) => {
      const request = Object.assign(new XMLHttpRequest(), { onerror: reject, onload: resolve });
      request.open("GET", "/app.js");
      request.send();
    }));
    await tried("WebSocket", () => new Promise((resolve, reject) => {
      const socket = new WebSocket(location.href.replace("http", "ws"));
      Object.assign(socket, { onerror: reject, onopen: resolve });
    }));
    await tried("image", () => new Promise((resolve, reject) => { Object.assign(new Image(), { onerror: reject, onload: resolve, src: "https://example.com/x.png" }); }));
    navigator.sendBeacon("/beacon", "x");
    const form = Object.assign(document.createElement("form"), { action: "/form", method: "post" });
    document.body.append(form);
    form.submit();
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    return { directives: [...new Set(directives)].sort(), failures };
  });
  assert.deepEqual(blocked.failures, ["fetch", "fetch elsewhere", "EventSource", "XMLHttpRequest", "WebSocket", "image"]);
  assert.deepEqual(blocked.directives, ["connect-src", "form-action", "img-src"]);
  assert.deepEqual(stage.server.asked.slice(asked), [], "requests that reached the server");
  assert.ok(seen.messages.every((message) => /Content Security Policy/.test(message)), seen.messages.join("\n"));
  await context.close();
});

test("it works from a file", async () => {
  const { page, seen, context } = await stage.open({ url: pathToFileURL(pageFile("index.html")).href });
  assert.equal(await decision(page), "token_expired");
  assert.deepEqual(seen.messages, []);
  assert.ok(seen.requests.every((url) => url.startsWith("file:")), seen.requests.join("\n"));
  await context.close();
});

inPage("everything can be reached and used with the keyboard", async (page) => {
  const reached = new Set();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      const found = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(found);
      return { name: found.id || found.textContent, isBody: found === document.body, outline: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
    });
    if (focused.isBody || reached.has(focused.name)) break;
    assert.ok(focused.outline, `${focused.name} shows no focus`);
    reached.add(focused.name);
  }
  const controls = await page.locator("button, input, select, textarea, summary").evaluateAll((all) =>
    all.filter((found) => found.checkVisibility()).map((found) => found.id || found.textContent));
  assert.deepEqual(controls.filter((name) => !reached.has(name)), [], "controls that Tab does not reach");
  await page.getByRole("button", { name: "Good", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#decision strong").textContent === "allowed");
  await page.getByText("Claims of the minted token").focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("#claims").isVisible());
});

/** The least contrast (WCAG 2.2, 1.4.3) between texts and what they stand on. */
const leastContrast = (page) => page.evaluate(() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [red, green, blue] = rgba(colour).slice(0, 3).map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (found) => {
    for (let place = found; place; place = place.parentElement) {
      const { backgroundColor } = getComputedStyle(place);
      if (rgba(backgroundColor)[3] === 255) return backgroundColor;
    }
    return "white";
  };
  const hasText = (found) => [...found.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const texts = [...document.body.querySelectorAll("*")].filter((found) => hasText(found) && found.checkVisibility() && !found.closest("#marks, script, datalist"));
  const contrasts = texts.map((found) => {
    const [light, dark] = [getComputedStyle(found).color, behind(found)].map(luminance).sort((a, b) => b - a);
    return { contrast: (light + 0.05) / (dark + 0.05), text: found.textContent.slice(0, 40) };
  });
  return { page: luminance(getComputedStyle(document.body).backgroundColor), ...contrasts.sort((a, b) => a.contrast - b.contrast)[0] };
});

for (const colorScheme of ["light", "dark"]) {
  inPage(`all texts can be read in the ${colorScheme} scheme`, async (page) => {
    for (const prepare of [
      async () => {},
      () => mint(page, "Good"),
      () => page.selectOption("#example", { label: "shadow mode" }),
      () => page.fill("#config", '{"polls": 1}'),
    ]) {
      await prepare();
      const found = await leastContrast(page);
      assert.ok(found.contrast >= 4.5, JSON.stringify(found));
      assert.equal(found.page < 0.2, colorScheme === "dark", JSON.stringify(found));
    }
  }, { colorScheme });
}

inPage("a narrow screen needs no sideways scrolling", async (page) => {
  const examples = await example();
  const states = [
    ...examples.map(({ name }) => () => page.selectOption("#example", { label: name })),
    () => mint(page, "Good"),
    () => page.locator("summary").evaluateAll((all) => all.forEach((summary) => summary.click())),
    () => page.fill("#url", `/${"long".repeat(100)}%2f`),
    () => page.fill("#config", `{"pools": [], "${"x".repeat(300)}": 1}`),
  ];
  for (const [index, prepare] of states.entries()) {
    await prepare();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `state ${index} is ${width} px wide`);
  }
}, { viewport: { width: 360, height: 740 } });

if (process.env.SCREENSHOT) {
  inPage("a picture for the documents", async (page) => {
    await page.selectOption("#example", { label: "rules" });
    await page.fill("#url", "/admin/users");
    await mint(page, "No groups");
    assert.equal(await decision(page), "not_permitted");
    await page.evaluate(() => document.activeElement.blur());
    await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  });
}
