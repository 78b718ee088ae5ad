//! Metrics, as Prometheus reads them.

use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Gateway, Home, Link, MASTER, Process, World, key_body, pause, tool};

const LOOKS_MAX: usize = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A little of everything: reads, writes, refusals, decisions, what is not there.
fn traffic(world: &World, gateway: &Gateway) {
    let mut home = Home::enter(gateway, MASTER, &world.master_key);
    let (id, secret) = home.issue(&key_body("measured"));
    assert_eq!(home.validate(&secret)["valid"], true);
    home.ask("DELETE", &format!("/api/v1/api-keys/{id}"), None).expect(200);
    assert_eq!(home.validate(&secret)["valid"], false);
    home.ask("GET", "/nothing-here", None).expect(404);
    let (users, decide) = (home.path("users"), home.path("integration/check-permission"));
    home.ask("GET", &users, None).expect(200);
    let question = serde_json::json!({ "user_id": MASTER, "resource": "a", "action": "b" });
    home.ask("POST", &decide, Some(&question)).expect(200);
    gateway.link().send("GET", "/api/v1/api-keys", &[], None).unwrap().expect(401);
}

#[test]
fn promtool_accepts_the_metrics() {
    let world = World::new();
    let gateway = world.serve();
    traffic(&world, &gateway);
    let reply = gateway.link().send("GET", "/metrics", &[], None).unwrap();
    assert_eq!(reply.status, 200);
    let mut command = world.program(tool("promtool"));
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&reply.body).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{}", reply.text());
    gateway.stop();
}

/// A server that scrapes the gateway, ready to be asked; and its address.
fn scraper(world: &World, gateway: &Gateway) -> (Process, std::net::SocketAddr) {
    let config = format!(
        "global:\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\nscrape_configs:\n  \
         - job_name: latchkey\n    static_configs:\n      - targets: ['{}']\n",
        gateway.address
    );
    std::fs::write(world.path("prometheus.yml"), config).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = world.program(tool("prometheus"));
    command.args(["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb"]);
    command.arg(format!("--web.listen-address={free}"));
    let process = Process::spawn(command);
    process.until("Server is ready to receive web requests");
    (process, free)
}

/// The first value of a query; none when nothing matches.
fn query(server: std::net::SocketAddr, query: &str) -> Option<f64> {
    let path = format!("/api/v1/query?query={query}");
    let answer = Link::open(server).send("GET", &path, &[], None).unwrap().expect(200);
    let value: &Value = &answer["data"]["result"][0]["value"][1];
    value.as_str().and_then(|text| text.parse().ok())
}

#[test]
fn a_prometheus_server_scrapes_the_gateway() {
    let world = World::new();
    let gateway = world.serve();
    traffic(&world, &gateway);
    let (prometheus, server) = scraper(&world, &gateway);
    let seen = (0..LOOKS_MAX).any(|_| {
        let up = query(server, "up") == Some(1.0);
        let requests = query(server, "sum(latchkey_http_requests_total)");
        let found = up && requests.is_some_and(|count| count >= 7.0);
        if !found {
            pause(BETWEEN_LOOKS);
        }
        found
    });
    assert!(seen, "up: {:?}", query(server, "up"));
    drop(prometheus);
    gateway.stop();
}
