//! Other people's clients: curl, wrk, h2load and httpx, over plain text and TLS.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Gateway, MASTER, World, python, tool};

const HTTPX: &str = include_str!("httpx_client.py");
const VALIDATE: &str = "/api/v1/api-keys/validate";

/// A new self-signed certificate for `localhost`, and its key, as PEM.
pub(crate) fn certificate() -> (String, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Runs curl; what it printed, or what it complained of.
pub(crate) fn curl(world: &World, arguments: &[&str]) -> Result<String, String> {
    let mut command = world.program(tool("curl"));
    command.args(["--silent", "--show-error", "--fail-with-body", "--max-time", "30"]);
    let output = command.args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A gateway with TLS, and its certificate in `cert.pem`.
fn with_tls() -> (World, Gateway) {
    let world = World::new().set("TLS_CERT_FILE", "cert.pem").set("TLS_KEY_FILE", "key.pem");
    let (cert, key) = certificate();
    std::fs::write(world.path("cert.pem"), cert).unwrap();
    std::fs::write(world.path("key.pem"), key).unwrap();
    let gateway = world.serve();
    (world, gateway)
}

fn url(gateway: &Gateway, path: &str) -> String {
    let (scheme, _) = gateway.url.split_once("://").unwrap();
    format!("{scheme}://localhost:{}{path}", gateway.address.port())
}

/// The headers and the body of a validation, for tools that take them as text.
fn question(world: &World) -> (Vec<String>, String) {
    let headers = vec![
        format!("x-api-key: {}", world.master_key),
        format!("x-tenantid: {MASTER}"),
        "content-type: application/json".to_owned(),
    ];
    (headers, json!({ "apiKey": world.master_key }).to_string())
}

/// Validates by curl with the protocol that `how` asks for, so often over one connection, and gives
/// what was spoken.
fn curl_speaks(world: &World, gateway: &Gateway, how: &[&str], times: usize) -> String {
    let (headers, body) = question(world);
    let url = url(gateway, VALIDATE);
    let mut arguments = how.to_vec();
    for header in &headers {
        arguments.extend(["--header", header]);
    }
    arguments.extend(["--data", &body, "--write-out", "\n%{http_version}\n"]);
    arguments.extend(std::iter::repeat_n(url.as_str(), times));
    let printed = curl(world, &arguments).unwrap();
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.len(), 2 * times, "{printed}");
    for pair in lines.chunks(2) {
        let answer: Value = serde_json::from_str(pair[0]).unwrap();
        assert_eq!(answer["data"]["valid"], true, "{printed}");
        assert_eq!(pair[1], lines[1]);
    }
    lines[1].to_owned()
}

#[test]
fn curl_speaks_every_protocol() {
    let world = World::new();
    let gateway = world.serve();
    assert_eq!(curl_speaks(&world, &gateway, &["--http1.1"], 3), "1.1");
    // Once: curl before 8.0 mistakes a connection of prior knowledge that it uses again for one
    // that does not speak HTTP/2 yet.
    assert_eq!(curl_speaks(&world, &gateway, &["--http2-prior-knowledge"], 1), "2");
    // An upgrade from HTTP/1.1 is not taken, and not needed: the answer comes in HTTP/1.1.
    assert_eq!(curl_speaks(&world, &gateway, &["--http2"], 3), "1.1");
    gateway.stop();
    let (world, gateway) = with_tls();
    let trust = ["--cacert", "cert.pem"];
    assert_eq!(curl_speaks(&world, &gateway, &[&trust[..], &["--http2"]].concat(), 3), "2");
    assert_eq!(curl_speaks(&world, &gateway, &[&trust[..], &["--http1.1"]].concat(), 3), "1.1");
    gateway.stop();
}

/// Runs a load tool to its end, and gives its report.
fn report(mut command: Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn wrk_gets_nothing_but_good_answers() {
    for (world, gateway) in [with_tls(), plain()] {
        let (headers, body) = question(&world);
        let mut sets = String::new();
        for (name, value) in headers.iter().filter_map(|header| header.split_once(": ")) {
            sets.extend([
                "wrk.headers[\"",
                name,
                "\"] = \"",
                value,
                "\"
",
            ]);
        }
        // Every body is looked at, in the thread that reads it.
        let looks = "bad = 0\nfunction response(_, _, body)\n  if not body:find('\"valid\":true', 1, \
                     true) then bad = bad + 1 end\nend\nlocal threads = {}\nfunction setup(thread) \
                     table.insert(threads, thread) end\nfunction done()\n  local sum = 0\n  for _, \
                     thread in ipairs(threads) do sum = sum + thread:get('bad') end\n  \
                     io.write('wrong bodies: ' .. sum .. '\\n')\nend\n";
        let script = format!("wrk.method = \"POST\"\nwrk.body = [==[{body}]==]\n{sets}{looks}");
        std::fs::write(world.path("validate.lua"), script).unwrap();
        let mut command = world.program(tool("wrk"));
        command.args(["-t1", "-c16", "-d1s", "-s", "validate.lua", &url(&gateway, VALIDATE)]);
        let report = report(command);
        assert!(report.contains("wrong bodies: 0\n"), "{report}");
        for complaint in ["Non-2xx", "Socket errors"] {
            assert!(!report.contains(complaint), "{report}");
        }
        let answered = report.lines().find(|line| line.contains(" requests in ")).unwrap();
        assert!(!answered.trim_start().starts_with("0 "), "{report}");
        gateway.stop();
    }
}

fn plain() -> (World, Gateway) {
    let world = World::new();
    let gateway = world.serve();
    (world, gateway)
}

#[test]
fn h2load_gets_nothing_but_good_answers() {
    const REQUESTS: usize = 3_000;
    for (world, gateway) in [with_tls(), plain()] {
        let (headers, body) = question(&world);
        std::fs::write(world.path("body.json"), body).unwrap();
        let mut command = world.program(tool("h2load"));
        command.args(["-n", &REQUESTS.to_string(), "-c", "8", "-m", "32", "-d", "body.json"]);
        for header in &headers {
            command.args(["-H", header]);
        }
        command.arg(url(&gateway, VALIDATE));
        let report = report(command);
        let good = [
            format!("{REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout"),
            format!("status codes: {REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx"),
        ];
        for line in &good {
            assert!(report.contains(line), "{report}");
        }
        assert!(report.contains("Application protocol: h2"), "{report}");
        gateway.stop();
    }
}

#[test]
fn httpx_speaks_every_protocol() {
    for (world, gateway) in [with_tls(), plain()] {
        std::fs::write(world.path("client.py"), HTTPX).unwrap();
        let mut command = world.program(python());
        command.args(["client.py", &url(&gateway, ""), &world.master_key, MASTER]);
        let report = report(command);
        assert!(report.ends_with("well\n"), "{report}");
        gateway.stop();
    }
}
