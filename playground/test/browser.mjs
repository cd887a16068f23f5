// Chromium, the built page on a server of its own, and a record of everything that either of them does.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { createRequire } from "node:module";

const { CHROMIUM, PLAYGROUND, TOOLS } = process.env;
const { chromium } = createRequire(`${TOOLS}/playground/`)("playwright-core");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

export const pageFile = (name) => path.join(PLAYGROUND, name);

/** A server of the built page, as simple as `python3 -m http.server`; it records the paths that are asked for. */
async function serve() {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    asked.push(pathname);
    try {
      const name = pathname === "/" ? "index.html" : path.basename(pathname);
      const body = await readFile(pageFile(name));
      response.writeHead(200, { "content-type": TYPES[path.extname(name)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return { asked, origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Starts both; `open` opens the page in a fresh profile and waits until it is ready. */
export async function start() {
  const server = await serve();
  // Without a sandbox, which a container's root cannot set up: it opens nothing but our own page.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const open = async ({ hash = "", url = `${server.origin}/${hash}`, ...options } = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(30_000);
    const page = await context.newPage();
    const seen = { requests: [], messages: [] };
    context.on("request", (request) => seen.requests.push(request.url()));
    page.on("console", (message) => seen.messages.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => seen.messages.push(String(error)));
    await page.goto(url);
    await page.waitForSelector("body[data-ready]");
    return { page, seen, context };
  };
  const close = async () => { await browser.close(); server.close(); };
  return { server, open, close };
}
