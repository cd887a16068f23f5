// Finds the line of a text at which a path such as `pools[0].client_ids` stands: JSON, YAML, or JSON inside of YAML.
"use strict";

/** The names and indices of a path: `rules[0].claims["custom:a"]` has `rules`, `0`, `claims`, `custom:a`. */
function tokensOf(path) {
  const tokens = path.matchAll(/\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]|([^.[\]]+)/g);
  return [...tokens].map(([, quoted, index, name]) => (quoted ? JSON.parse(quoted) : index ?? name));
}

/** The line, counted from 0, of the configuration's `path`; `place` is where the configuration stands. Of the nearest parent if the path is absent. */
function lineOf(text, place, path) {
  const tokens = [...tokensOf(place), ...tokensOf(path)];
  const start = Math.max(text.search(/\S/), 0);
  const offset = "{[".includes(text[start]) ? inJson(text, start, tokens) : inYaml(text, tokens);
  return text.slice(0, offset).split("\n").length - 1;
}

/** The offset of a path in the JSON that begins at `start`. Names need no quotes, as in the flow style of YAML. */
function inJson(text, start, tokens) {
  let place = start;
  let best = start;
  let bestDepth = 0;
  const skip = () => { while (/[\s,:]/.test(text[place] ?? "")) place += 1; };
  const string = () => {
    const begin = place;
    for (place += 1; place < text.length && text[place] !== '"'; place += 1) if (text[place] === "\\") place += 1;
    place += 1;
    try { return JSON.parse(text.slice(begin, place)); } catch { return ""; }
  };
  const word = () => {
    const begin = place;
    while (place < text.length && !/[\s,:\]}]/.test(text[place])) place += 1;
    return text.slice(begin, place);
  };
  const value = (matched, depth) => {
    skip();
    const open = text[place];
    if (open === "{" || open === "[") {
      place += 1;
      for (let index = 0; place < text.length; index += 1) {
        skip();
        if (place >= text.length || text[place] === "}" || text[place] === "]") { place += 1; return; }
        const begin = place;
        const name = open === "[" ? String(index) : text[place] === '"' ? string() : word();
        const matches = matched && tokens[depth] === name;
        if (matches && depth >= bestDepth) { best = begin; bestDepth = depth + 1; }
        value(matches, depth + 1);
        if (place === begin) place += 1;
      }
    } else if (open === '"') string();
    else word();
  };
  value(true, 0);
  return best;
}

/** The offset of a path in a text in the block style of YAML. */
function inYaml(text, tokens) {
  let end = 0;
  const lines = text.split("\n").map((line) => {
    const offset = end;
    end += line.length + 1;
    return { line, offset, indent: /^\s*(#|$)/.test(line) ? -1 : line.search(/\S/) };
  });
  const [document] = tokens[0]?.match(/(?<=^document )\d+$/) ?? [];
  let node = child(lines, document ? startOfDocument(lines, Number(document)) : -1, 0);
  let best = 0;
  for (let depth = document ? 1 : 0; node && depth < tokens.length; depth += 1) {
    const found = member(lines, node, tokens[depth]);
    if (!found) break;
    best = found.offset;
    if (found.inline !== undefined) {
      const inner = inJson(text, found.inline, tokens.slice(depth + 1));
      return inner === found.inline ? best : inner;
    }
    node = found.node;
  }
  return best;
}

/** The line of the separator before a document, counted from 1; -1: it begins with the text. */
function startOfDocument(lines, number) {
  let separator = -1;
  let hasContent = false;
  for (const [at, { line, indent }] of lines.entries()) {
    if (/^---(\s|$)/.test(line)) {
      number -= hasContent ? 1 : 0;
      if (number < 1) break;
      [separator, hasContent] = [at, false];
    } else hasContent ||= indent >= 0;
  }
  return separator;
}

/** The node that begins below the line `at`, in column `least` or behind it. */
function child(lines, at, least) {
  const below = lines.findIndex(({ line, indent }, index) => index > at && indent >= 0 && !/^---(\s|$)/.test(line));
  return below >= 0 && lines[below].indent >= least ? { at: below, column: lines[below].indent } : null;
}

/** The member `name` of the mapping or list that a node is: its offset, and its own node or the offset of its JSON. */
function member(lines, { at, column }, name) {
  let index = 0;
  for (let here = at; here < lines.length; here += 1) {
    const { line, offset, indent } = lines[here];
    if (here > at && indent >= 0 && indent < column) return null;
    if (here > at && indent !== column) continue;
    const content = line.slice(column);
    const item = content.match(/^-(\s+|$)/);
    if (item) {
      if (String(index) === name) {
        const inner = column + item[0].length;
        const node = content.trim() === "-" ? child(lines, here, column + 1) : { at: here, column: inner };
        const json = /^[{[]/.test(line.slice(inner)) ? offset + inner : undefined;
        return { offset: offset + column, node, inline: json };
      }
      index += 1;
      continue;
    }
    const [, quoted, plain, , rest] = content.match(/^(?:["']([^"']*)["']|([^\s:][^:]*?))\s*:(\s+|$)(.*)$/) ?? [];
    if ((quoted ?? plain) !== name) continue;
    const value = offset + column + content.length - rest.length;
    if (/^[{[]/.test(rest)) return { offset: offset + column, inline: value };
    if (/^['"]\s*[{[]/.test(rest)) return { offset: offset + column, inline: value + 1 };
    const below = child(lines, here, rest.startsWith("|") || rest.startsWith(">") ? column + 1 : column);
    if (/^[|>]/.test(rest)) return { offset: offset + column, inline: below ? lines[below.at].offset + below.column : undefined };
    const isNested = below && (below.column > column || /^-(\s|$)/.test(lines[below.at].line.slice(below.column)));
    return { offset: offset + column, node: isNested ? below : null };
  }
  return null;
}

if (typeof module !== "undefined") module.exports = { lineOf, tokensOf };
