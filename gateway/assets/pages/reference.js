// Starts Scalar over the gateway's own OpenAPI document. Everything of Scalar that would speak with
// another host (fonts, proxy, telemetry, hosted client, agent, sharing) is off; the content security
// policy of the page refuses what is left.
"use strict";

// Scalar's validator (zod) would otherwise probe for `eval`, which the policy reports as a violation.
globalThis.__zod_globalConfig = { jitless: true };

// `Authorization` takes `ApiKey <key>`. Who pastes the key alone means that.
function fetchCompleted(input, init) {
  const request = new Request(input, init);
  const value = request.headers.get("Authorization") ?? "";
  if (/^lk_\w+$/.test(value)) request.headers.set("Authorization", `ApiKey ${value}`);
  return fetch(request);
}

// This script runs before Scalar's own; both are deferred, so both have run by now.
document.addEventListener("DOMContentLoaded", () => {
  Scalar.createApiReference("#reference", {
    url: new URL("docs/openapi.json", document.baseURI).href,
    customFetch: fetchCompleted,
    proxyUrl: "",
    telemetry: false,
    withDefaultFonts: false,
    persistAuth: false,
    hideClientButton: true,
    showDeveloperTools: "never",
    agent: { disabled: true },
    mcp: { disabled: true },
    documentDownloadType: "direct",
    defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
    hiddenClients: {
      c: true, clojure: true, csharp: true, dart: true, fsharp: true, java: true, julia: true,
      kotlin: true, node: true, objc: true, ocaml: true, r: true, swift: true,
    },
  });
});
