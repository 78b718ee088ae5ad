//! The documents and the pages that show them, as a client fetches them.

use crate::harness::{Answer, Call, World};

const DOCUMENTS: [&str; 4] = [
    "/api/v1/docs/openapi.json",
    "/api/v1/docs/openapi.platform.json",
    "/api/v1/docs/openapi.iam.json",
    "/api-docs/openapi.json",
];

async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> Answer {
    world.send(Call { method: "GET", path, key: None, headers, body: None }).await
}

#[tokio::test]
async fn documents_are_sent_until_they_are_known() {
    let world = World::new().await;
    for path in DOCUMENTS {
        let document = get(&world, path, &[]).await.is(200);
        assert_eq!(document.json["openapi"], "3.1.0", "{path}");
        assert_eq!(document.header("content-type"), "application/json");
        assert_eq!(document.header("cache-control"), "no-cache");
        let tag = document.header("etag");
        let known = get(&world, path, &[("if-none-match", tag)]).await.is(304);
        assert!(known.json.is_null() && known.header("etag") == tag, "{path}");
        get(&world, path, &[("if-none-match", "\"0\"")]).await.is(200);
    }
}

#[tokio::test]
async fn documents_show_what_is_configured() {
    let base = "https://keys.example.com";
    let world = World::with(|config| config.public_base_url = Some(base.to_owned())).await;
    for path in DOCUMENTS {
        let document = get(&world, path, &[]).await.is(200);
        assert_eq!(document.json["servers"][0]["url"], base, "{path}");
    }
}

#[tokio::test]
async fn pages_take_scripts_from_here_alone() {
    let world = World::new().await;
    for (page, file) in [("/api/v1/docs", "reference.js"), ("/api-docs", "explorer.js")] {
        let shown = get(&world, page, &[]).await.is(200);
        assert!(shown.header("content-type").starts_with("text/html"), "{page}");
        let policy = shown.header("content-security-policy");
        assert!(policy.contains("script-src 'self'"), "{page}: {policy}");
        let tag = shown.header("etag");
        get(&world, page, &[("if-none-match", tag)]).await.is(304);
        let script = get(&world, &format!("{page}/assets/{file}"), &[]).await.is(200);
        assert!(script.header("content-type").starts_with("text/javascript"), "{page}");
        let nothing = get(&world, &format!("{page}/assets/nothing.js"), &[]).await;
        nothing.fails(404, "not_found");
        get(&world, &format!("{page}/assets/../openapi.json"), &[]).await.fails(404, "not_found");
    }
}
