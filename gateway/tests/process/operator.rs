//! The address for health and metrics alone.

use std::net::SocketAddr;

use serde_json::Value;

use crate::harness::{Link, MASTER, World, listening};

const ANSWERED: [&str; 7] = [
    "/health",
    "/health/detailed",
    "/ready",
    "/live",
    "/api/v1/health",
    "/api/v1/admin/health",
    "/metrics",
];
const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Every operation of the API, with ids in its path.
fn operations(api: SocketAddr) -> Vec<(String, String)> {
    let document = Link::open(api).send("GET", "/api/v1/docs/openapi.json", &[], None).unwrap();
    let document = document.expect(200);
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let segment = |segment: &str| match segment {
            "{id}" => MASTER.to_owned(),
            part if part.starts_with('{') => ID.to_owned(),
            part => part.to_owned(),
        };
        let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let methods: Vec<_> = methods.as_object().unwrap().keys().cloned().collect();
        methods.into_iter().map(move |method| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}

#[test]
fn the_address_for_metrics_serves_health_and_metrics_and_nothing_else() {
    let world = World::new().set("METRICS_BIND_ADDR", "127.0.0.1:0");
    let gateway = world.serve();
    let url = listening(&gateway.process);
    let operator: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    assert_ne!(operator, gateway.address);
    let mut link = Link::open(operator);
    for path in ANSWERED {
        let reply = link.send("GET", path, &[], None).unwrap();
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let metrics = path == "/metrics";
        assert_eq!(reply.text().contains("latchkey_build_info"), metrics, "{path}");
        assert_eq!(reply.json().is_object(), !metrics, "{path}");
    }
    let headers = [("x-api-key", world.master_key.as_str()), ("x-tenantid", MASTER)];
    let others = operations(gateway.address);
    assert!(others.len() > 80, "{}", others.len());
    for (method, path) in others {
        let served = method == "GET" && ANSWERED.contains(&path.as_str());
        let reply = link.send(&method, &path, &headers, None).unwrap();
        assert_eq!(reply.status, if served { 200 } else { 404 }, "{method} {path}");
    }
    for path in ["/", "/api-docs", "/metrics/", "/api/v1/tenants", "/nothing"] {
        let said = link.send("GET", path, &headers, None).unwrap().expect(404);
        assert_eq!((&said["error"], &said["status"]), (&"not_found".into(), &404.into()), "{path}");
        assert!(said["message"].is_string() && said.get("success").is_none(), "{path}: {said}");
    }
    let posted = link.send("POST", "/metrics", &headers, Some(&Value::Null)).unwrap();
    assert_eq!(posted.status, 405);
    gateway.stop();
    Link::try_open(operator).map(|_| ()).unwrap_err();
}
