// Starts Swagger UI over the gateway's own OpenAPI document, with calls tried from the page and
// snippets of them. A key is kept in the page's memory only.
"use strict";

// `Authorization` takes `ApiKey <key>`. Who pastes the key alone means that.
function completeAuthorization(request) {
  const value = request.headers && request.headers.Authorization;
  if (typeof value === "string" && /^lk_\w+$/.test(value)) {
    request.headers.Authorization = `ApiKey ${value}`;
  }
  return request;
}

SwaggerUIBundle({
  dom_id: "#explorer",
  url: new URL("api-docs/openapi.json", document.baseURI).href,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [LatchkeySnippets],
  layout: "BaseLayout",
  validatorUrl: null,
  persistAuthorization: false,
  deepLinking: true,
  displayRequestDuration: true,
  requestInterceptor: completeAuthorization,
  requestSnippetsEnabled: true,
  requestSnippets: {
    defaultExpanded: true,
    generators: {
      curl_bash: { title: "cURL", syntax: "bash" },
      javascript_fetch: { title: "JavaScript (fetch)", syntax: "javascript" },
      python_requests: { title: "Python (requests)", syntax: "text" },
      python_httpx: { title: "Python (httpx)", syntax: "text" },
    },
    languages: ["curl_bash", "javascript_fetch", "python_requests", "python_httpx"],
  },
});
