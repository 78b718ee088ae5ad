//! Paths that must not pass.

use super::client::send_raw;
use super::scene::Scene;

/// What is no id of anything.
fn malformed() -> Vec<String> {
    let mut all: Vec<String> = [
        "7",
        "not-an-id",
        "null",
        "00000000-0000-7000-8000-00000000000",
        "00000000-0000-7000-8000-0000000000000",
        "0000000g-0000-7000-8000-000000000000",
        "%30000000-0000-7000-8000-000000000000",
        "00000000-0000-7000-8000-000000000000%00",
        "%00",
        "%ff%fe",
        "%2e%2e",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..",
        "%25",
        "%",
        "'%20or%201=1--",
        "*",
        "key_",
        "key_!",
        "key_%00",
        "key_zzzzzzzzzzzzzzzzzzzzzz",
    ]
    .map(str::to_owned)
    .into();
    all.push("a".repeat(5_000));
    all.push(format!("key_{}", "1".repeat(5_000)));
    all
}

#[tokio::test]
async fn a_malformed_id_is_400() {
    let scene = Scene::new().await;
    for row in scene.rows() {
        let right = scene.right(row, &scene.own);
        for wrong in row.parameters() {
            for text in malformed() {
                let path =
                    row.path(|name| if name == wrong { text.clone() } else { scene.own.id(name) });
                let shown: String = text.chars().take(40).collect();
                let what = format!("`{shown}` as `{wrong}`");
                let reply = scene.expect(row, &what, &right.clone().path(path), 400).await;
                if reply.body.len() > 1_000 {
                    scene.fault(row, &what, &reply, "repeats all that was sent");
                }
            }
        }
    }
    scene.end();
}

#[tokio::test]
async fn a_query_of_garbage_is_no_fault_of_ours() {
    let scene = Scene::new().await;
    let queries = [
        "?",
        "?&&&",
        "?=",
        "?page=%00",
        "?limit=%ff",
        "?offset=-1",
        "?page=18446744073709551616",
        "?per_page=18446744073709551615&page=18446744073709551615",
        "?limit=1&limit=x",
        "?page=1&offset=1&skip=1&cursor=1",
    ];
    for row in scene.rows().filter(|row| row.0.method.word() == "GET") {
        for query in queries {
            let right = scene.right(row, &scene.own);
            let path = format!("{}{query}", right.path);
            scene.ask(row, query, &right.path(path)).await;
        }
    }
    scene.end();
}

#[tokio::test]
async fn bytes_that_no_path_may_have_are_refused() {
    let scene = Scene::new().await;
    for row in scene.rows().filter(|row| row.parameters().next().is_some()) {
        let right = scene.right(row, &scene.own);
        for byte in [0x00, 0x07, 0x7F, b' ', b'"', b'\\', 0xFF] {
            let mut request = format!("{} {}", right.method, right.path).into_bytes();
            request.push(byte);
            request.extend_from_slice(b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
            request.extend_from_slice(format!("x-api-key: {}\r\n\r\n", scene.own.admin).as_bytes());
            let reply = send_raw(&scene.world, &request).await;
            if !(400..500).contains(&reply.status) {
                scene.fault(row, &format!("byte {byte}"), &reply, "not refused");
            }
        }
    }
    scene.end();
}
