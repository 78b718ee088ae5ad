// Request snippets that Swagger UI lacks: JavaScript by fetch, Python by requests and by httpx.
// Swagger UI calls `requestSnippetGenerator_<name>` with the request as it was sent: an immutable Map
// of `url`, `method`, `headers` and `body`.
"use strict";

function LatchkeySnippets() {
  return {
    fn: {
      requestSnippetGenerator_javascript_fetch: javascriptFetch,
      requestSnippetGenerator_python_requests: (request) => python("requests", "data", request),
      requestSnippetGenerator_python_httpx: (request) => python("httpx", "content", request),
    },
  };
}

function javascriptFetch(request) {
  const { url, method, headers, text, json } = parts(request);
  const options = [`  method: ${literal(method)},`];
  if (headers.length > 0) options.push("  headers: {", ...members(headers, "    "), "  },");
  if (json !== undefined) {
    options.push(`  body: JSON.stringify(${JSON.stringify(json, null, 2).replaceAll("\n", "\n  ")}),`);
  } else if (text !== undefined) {
    options.push(`  body: ${literal(text)},`);
  }
  return [
    `const response = await fetch(${literal(url)}, {`,
    ...options,
    "});",
    "console.log(response.status, await response.text());",
  ].join("\n");
}

// A raw body is `data` to requests and `content` to httpx; as text, both would take Latin-1 or guess,
// so it is given as bytes.
function python(library, raw, request) {
  const { url, method, headers, text, json } = parts(request);
  const given = [`    ${literal(method)},`, `    ${literal(url)},`];
  if (headers.length > 0) given.push("    headers={", ...members(headers, "        "), "    },");
  if (json !== undefined) given.push(`    json=${pythonLiteral(json, "    ")},`);
  else if (text !== undefined) given.push(`    ${raw}=${literal(text)}.encode(),`);
  return [
    `import ${library}`,
    "",
    `response = ${library}.request(`,
    ...given,
    ")",
    "print(response.status_code, response.text)",
  ].join("\n");
}

// The request as plain values. A body is `text`; one that is JSON is in `json` too.
function parts(request) {
  const headers = request.get("headers") ? [...request.get("headers").entries()] : [];
  const asked = { url: request.get("url"), method: request.get("method"), headers };
  const body = request.get("body");
  if (body === undefined || body === null || body === "") return asked;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { ...asked, text, json: exactJson(text) };
}

// The value of a JSON text, if writing it again gives the same text but for white space. Numbers that
// a double cannot hold and members that are named twice must not change on the way.
function exactJson(text) {
  try {
    const value = JSON.parse(text);
    const dense = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1");
    return JSON.stringify(value) === dense ? value : undefined;
  } catch {
    return undefined;
  }
}

const members = (entries, indent) =>
  entries.map(([name, value]) => `${indent}${literal(name)}: ${literal(value)},`);

// A JSON string reads the same in JavaScript and in Python.
const literal = (text) => JSON.stringify(text);

function pythonLiteral(value, indent) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return literal(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const items = Array.isArray(value)
    ? value.map((one) => pythonLiteral(one, `${indent}    `))
    : Object.entries(value).map(([name, one]) =>
      `${literal(name)}: ${pythonLiteral(one, `${indent}    `)}`);
  if (items.length === 0) return open + close;
  return [open, ...items.map((item) => `${indent}    ${item},`), indent + close].join("\n");
}
