//! HTTP itself: methods, media types, credentials, ids, bodies, versions, health.

use serde_json::{Value, json};

use crate::harness::{Answer, Call, World, members};

/// A request with the administrator's key and these headers.
async fn send(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Answer {
    let tenant = ("x-tenantid", world.tenant.as_str());
    let headers: Vec<_> = headers.iter().copied().chain([tenant]).collect();
    let (key, body) = (Some(world.admin_key.as_str()), body.map(str::to_owned));
    world.send(Call { method, path, key, headers: &headers, body }).await
}

#[tokio::test]
async fn another_method_is_405_and_told_what_is_allowed() {
    let world = World::new().await;
    let rows = [
        ("PUT", "/api/v1/api-keys", "GET, POST, HEAD"),
        ("GET", "/api/v1/api-keys/validate", "POST"),
        ("DELETE", "/v1/api-keys", "GET, POST, HEAD"),
        ("POST", "/api/v1/api-keys/me", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("OPTIONS", "/api/v1/tenants", "GET, POST, HEAD"),
        ("TRACE", "/api/v1/tenants", "GET, POST, HEAD"),
    ];
    for (method, path, allow) in rows {
        let answer = send(&world, method, path, &[], None).await.is(405);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        let text = answer.json.to_string().to_ascii_uppercase();
        assert!(text.contains("METHOD_NOT_ALLOWED"), "{text}");
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let world = World::new().await;
    for path in ["/api/v1/api-keys", "/v1/api-keys", "/health", "/api/v1/tenants"] {
        let got = send(&world, "GET", path, &[], None).await.is(200);
        let head = send(&world, "HEAD", path, &[], None).await.is(200);
        assert_eq!(head.json, Value::Null, "{path}");
        for name in ["content-length", "content-type", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{path}: {name}");
        }
    }
    let missing = "/api/v1/api-keys/00000000-0000-7000-8000-000000000000";
    assert_eq!(send(&world, "HEAD", missing, &[], None).await.is(404).json, Value::Null);
}

#[tokio::test]
async fn json_must_be_welcome() {
    let world = World::new().await;
    for accept in [
        "application/json",
        "*/*",
        "application/*",
        "text/html, */*;q=0.1",
        "",
        "text/html;q=0.9,application/json;q=0.1",
        "Application/JSON",
    ] {
        send(&world, "GET", "/api/v1/api-keys", &[("accept", accept)], None).await.is(200);
    }
    for accept in ["text/html", "application/xml", "application/json;q=0", "text/*"] {
        let headers = [("accept", accept)];
        let refused = send(&world, "GET", "/api/v1/api-keys", &headers, None).await;
        refused.refuses(406, "NOT_ACCEPTABLE");
        send(&world, "GET", "/v1/api-keys", &headers, None).await.errs(406, "NOT_ACCEPTABLE");
        let refused = send(&world, "GET", "/api/v1/tenants", &headers, None).await;
        refused.fails(406, "not_acceptable");
    }
    let text = [("accept", "text/plain;version=0.0.4;q=0.5,application/openmetrics-text")];
    send(&world, "GET", "/metrics", &text, None).await.is(200);
}

#[tokio::test]
async fn a_body_must_be_json_and_say_so() {
    let world = World::new().await;
    let path = world.path("/roles");
    let send = |kind: &'static str, name: &str| {
        let body = format!("{{\"name\":\"{name}\"}}");
        let (world, path) = (&world, &path);
        async move { raw(world, "POST", path, kind, body.as_bytes()).await }
    };
    send("application/json; charset=utf-8", "a").await.is(201);
    send("Application/JSON", "b").await.is(201);
    send("application/problem+json", "c").await.is(201);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "", "json"] {
        send(kind, "d").await.fails(415, "unsupported_media_type");
    }
}

/// A request whose body need be no text.
async fn raw(world: &World, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
    let key = Some(world.admin_key.as_str());
    let headers = [("content-type", kind), ("x-tenantid", world.tenant.as_str())];
    world.send_bytes(method, path, key, &headers, body.to_vec()).await
}

#[tokio::test]
async fn faults_of_syntax_are_400_on_every_surface() {
    let world = World::new().await;
    let deep =
        format!("{{\"metadata\":{}{}}}", "{\"a\":".repeat(64), "1".to_owned() + &"}".repeat(64));
    let bodies: [&[u8]; 10] = [
        b"",
        b"{",
        b"[]x",
        b"{\"name\":\"a\",\"name\":\"b\"}",
        b"{\"metadata\":{\"a\":{\"b\":1,\"b\":2}}}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"surprise\":1,\"name\":}",
        b"{\"name\":\"a\",}",
        deep.as_bytes(),
    ];
    let iam = world.path("/api-keys");
    for body in bodies {
        let shown = String::from_utf8_lossy(body);
        let answer = raw(&world, "POST", "/api/v1/api-keys", "application/json", body).await;
        assert_eq!(answer.status, 400, "{shown}: {}", answer.json);
        answer.refuses(400, "INVALID_REQUEST");
        let answer = raw(&world, "POST", "/v1/api-keys", "application/json", body).await;
        answer.errs(400, "INVALID_REQUEST");
        let answer = raw(&world, "POST", &iam, "application/json", body).await;
        answer.fails(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_body_is_as_large_as_its_route_takes() {
    let world = World::new().await;
    let padded = |text: &str, bytes: usize| {
        let mut body = text.as_bytes().to_vec();
        body.resize(bytes, b' ');
        body
    };
    let one = r#"{"apiKey":"x"}"#;
    let many = r#"{"keys":[{"apiKey":"x"}]}"#;
    let rows = [
        ("/api/v1/api-keys/validate", one, 1 << 20),
        ("/api/v1/api-keys/validate/batch", many, 8 << 20),
    ];
    for (path, text, bytes_max) in rows {
        let fits = padded(text, bytes_max);
        raw(&world, "POST", path, "application/json", &fits).await.is(200);
        let large = padded(text, bytes_max + 1);
        let answer = raw(&world, "POST", path, "application/json", &large).await;
        answer.refuses(413, "BODY_TOO_LARGE");
    }
}

#[tokio::test]
async fn every_answer_carries_the_id_of_its_request() {
    let world = World::new().await;
    for path in ["/api/v1/tenants", "/nothing", "/health", "/v1/api-keys/7"] {
        let kept = send(&world, "GET", path, &[("x-request-id", "abc-123")], None).await;
        assert_eq!(kept.header("x-request-id"), "abc-123", "{path}");
        let long = "x".repeat(129);
        let mut seen = Vec::new();
        for sent in [None, Some("a b"), Some(long.as_str())] {
            let headers: Vec<_> = sent.map(|id| ("x-request-id", id)).into_iter().collect();
            let made = send(&world, "GET", path, &headers, None).await;
            let id = made.header("x-request-id").to_owned();
            assert!(!seen.contains(&id) && sent != Some(id.as_str()), "{path}: {id}");
            seen.push(id);
        }
        assert_eq!(kept.header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn one_credential_in_whichever_header() {
    let world = World::new().await;
    let key = world.admin_key.as_str();
    let call = async |headers: &[(&str, &str)]| {
        let path = "/api/v1/api-keys/me";
        world.send(Call { method: "GET", path, key: None, headers, body: None }).await
    };
    for scheme in ["ApiKey", "apikey", "Bearer", "BEARER"] {
        let value = format!("{scheme} {key}");
        call(&[("authorization", &value)]).await.is(200);
        call(&[("authorization", &value), ("x-api-key", key)]).await.is(200);
    }
    let bearer = format!("Bearer {}", world.master_key);
    let two = [("authorization", bearer.as_str()), ("x-api-key", key)];
    call(&two).await.fails(400, "ambiguous_credentials");
    call(&[("x-api-key", key), ("x-api-key", key)]).await.fails(400, "ambiguous_credentials");
    for value in ["Basic eDp5", key, "Bearer", "Bearer ", "DPoP x"] {
        let refused = call(&[("authorization", value)]).await.fails(401, "unauthorized");
        assert!(refused.header("www-authenticate").contains("Bearer"), "{value}");
    }
    for (realm, status) in [("acme", 200), ("master", 401), ("ACME", 401), ("", 401)] {
        let answer = call(&[("x-api-key", key), ("realmname", realm)]).await;
        assert_eq!(answer.status, status, "{realm}");
    }
}

#[tokio::test]
async fn an_unknown_path_answers_in_the_dialect_of_its_prefix() {
    let world = World::new().await;
    for path in ["/v2/api-keys", "/v2", "/v10/x", "/v0/api-keys"] {
        send(&world, "GET", path, &[], None).await.errs(404, "UNKNOWN_VERSION");
    }
    for path in ["/api/v2/tenants", "/api/v1/nothing", "/api/v3", "/nothing", "/"] {
        let answer = send(&world, "GET", path, &[], None).await.fails(404, "not_found");
        assert_eq!(members(&answer.json), "error message status", "{path}");
    }
    send(&world, "GET", "/v1/nothing", &[], None).await.errs(404, "NOT_FOUND");
    for path in ["/api/v1/admin/nothing", "/api/v1/api-keys/a/b/c"] {
        send(&world, "GET", path, &[], None).await.refuses(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn health_is_told_to_anybody_and_its_parts_to_administrators() {
    let world = World::new().await;
    let get = |path: &'static str, key| world.call("GET", path, key, None, None);
    let root = get("/health", None).await.is(200);
    assert_eq!(members(&root.json), "data message status success timestamp");
    assert_eq!((&root.json["status"], &root.data()["status"]), (&json!("ok"), &json!("healthy")));
    let api = get("/api/v1/health", None).await.is(200);
    assert_eq!(api.json["status"], "healthy");
    assert_eq!(api.json["timestamp"], "2026-02-02T02:40:00.000Z");
    assert_eq!(get("/ready", None).await.is(200).json["status"], "ready");
    assert_eq!(get("/live", None).await.is(200).json["status"], "alive");
    let detailed = get("/health/detailed", None).await.is(200);
    assert_eq!(detailed.data()["components"]["database"]["status"], "healthy");
    assert!(!detailed.json.to_string().contains("version"));
    let plain = world.key(&["docs:read"]).await;
    for key in [None, Some("x"), Some(plain.as_str()), Some(world.admin_key.as_str())] {
        let anybody = get("/api/v1/admin/health", key).await.is(200);
        assert!(anybody.json.get("data").is_none(), "{}", anybody.json);
    }
    let known = get("/api/v1/admin/health", Some(&world.master_key)).await.is(200);
    assert_eq!(members(&known.json), "data message success timestamp");
    assert_eq!(known.data()["services"]["database"], "healthy");
    let metrics = get("/metrics", None).await.is(200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let text = metrics.json.as_str().unwrap();
    assert!(text.contains("latchkey_http_requests_total") && text.contains("latchkey_build_info"));
}

#[tokio::test]
async fn a_header_that_cannot_be_read_is_refused_and_not_passed_over() {
    let world = World::new().await;
    let path = world.path(&format!("/roles/{}", world.role("r").await));
    let body = Some("{\"name\":\"s\"}");
    let unread: [&[(&str, &str)]; 2] =
        [&[("if-match", "ä")], &[("if-match", "\"1\""), ("if-match", "\"1\"")]];
    for headers in unread {
        send(&world, "PATCH", &path, headers, body).await.fails(412, "precondition_failed");
    }
    let roles = world.path("/roles");
    let once = [("idempotency-key", "ä")];
    send(&world, "POST", &roles, &once, body).await.fails(400, "invalid_parameter");
    let realm = [("realmname", "ä")];
    send(&world, "GET", &roles, &realm, None).await.fails(401, "unauthorized");
    // The world's own tenant comes second: neither the first nor the last one counts.
    let twice = [("x-tenantid", world.tenant.as_str())];
    let refused = send(&world, "GET", "/api/v1/api-keys", &twice, None).await;
    refused.refuses(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_page_that_is_too_large_is_told_the_bound_of_its_surface() {
    let world = World::new().await;
    for limit in ["0", "501", "x"] {
        let path = format!("/v1/api-keys?limit={limit}");
        let refused = send(&world, "GET", &path, &[], None).await.errs(400, "INVALID_PARAMETER");
        assert!(refused.json["message"].as_str().unwrap().contains("between 1 and 500"), "{limit}");
    }
}
