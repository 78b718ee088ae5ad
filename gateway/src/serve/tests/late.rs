//! The time limits. The clock stands still but for the steps that a test takes.

use super::http2::{client, request, text};
use super::*;

/// How much later than its limit a thing may end: the step of the clock, twice.
const SLACK_MS: u64 = 500;

fn assert_waited(waited_ms: u64, limit_ms: u64) {
    assert!((limit_ms..=limit_ms + SLACK_MS).contains(&waited_ms), "{waited_ms} of {limit_ms} ms");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_cut_off() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    for first in ["", "PRI * HTT"] {
        let mut stream = world.connect().await;
        stream.write_all(first.as_bytes()).await.unwrap();
        let (waited_ms, heard) = Frozen::until_closed(&mut stream).await;
        assert_waited(waited_ms, 10_000);
        assert!(heard.is_empty());
    }
    assert_eq!(world.tally().preface_failed.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_cut_off_though_its_bytes_keep_coming() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    assert_eq!(ask(&mut stream, &get("/first")).await.status, 200);
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    for _ in 0..9 {
        Frozen::advance(1_000).await;
        stream.write_all(b"y").await.unwrap();
    }
    let (waited_ms, _) = Frozen::until_closed(&mut stream).await;
    assert_waited(waited_ms, 1_000);
    assert_eq!(world.tally().header_late.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_the_handlers_to_refuse() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
    let (waited_ms, heard) = Frozen::until_closed(&mut stream).await;
    assert_waited(waited_ms, 30_000);
    assert!(heard.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&heard));
    assert_eq!(world.tally().handler_late.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn time_spent_on_the_body_is_not_the_handlers() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    stream.write_all(b"POST /echo HTTP/1.1\r\ncontent-length: 6\r\n\r\nabc").await.unwrap();
    Frozen::advance(29_000).await;
    let answer = ask(&mut stream, "def").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "abcdef"));
}

#[tokio::test(start_paused = true)]
async fn a_stuck_handler_is_answered_for_and_the_connection_goes_on() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    for round in 1..=2 {
        stream.write_all(get("/stuck").as_bytes()).await.unwrap();
        world.entered().await;
        Frozen::advance(29_500).await;
        let mut nothing = [0; 1];
        assert!(stream.try_read(&mut nothing).is_err(), "answered before its time");
        Frozen::advance(500).await;
        let answer = Answer::read(&mut stream).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "/stuck Late"));
        assert_eq!(world.tally().handler_late.get(), round);
    }
    assert_eq!(ask(&mut stream, &get("/next")).await.body, "/next");
}

#[tokio::test(start_paused = true)]
async fn each_stream_has_its_own_time() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut client = client(world.connect().await).await;
    let first = tokio::spawn(client.send_request(request("/stuck", "")));
    world.entered().await;
    Frozen::advance(20_000).await;
    let second = tokio::spawn(client.send_request(request("/stuck", "")));
    world.entered().await;
    Frozen::advance(10_000).await;
    assert_eq!(text(first.await.unwrap().unwrap()).await, "/stuck Late");
    assert!(!second.is_finished());
    Frozen::advance(20_000).await;
    assert_eq!(second.await.unwrap().unwrap().status(), 503);
    assert_eq!(world.tally().handler_late.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    for _ in 0..3 {
        // Each request begins the time anew.
        assert_eq!(ask(&mut stream, &get("/again")).await.status, 200);
        Frozen::advance(60_000).await;
    }
    assert_eq!(ask(&mut stream, &get("/last")).await.status, 200);
    let (waited_ms, heard) = Frozen::until_closed(&mut stream).await;
    assert_waited(waited_ms, 75_000);
    assert!(heard.is_empty());
    assert_eq!(world.tally().idle.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_http2_connection_is_closed() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let mut client = client(world.connect().await).await;
    assert_eq!(client.send_request(request("/one", "")).await.unwrap().status(), 200);
    Frozen::advance(74_000).await;
    assert!(!client.is_closed());
    Frozen::advance(2_000).await;
    assert!(client.is_closed());
    assert_eq!(world.tally().idle.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_of_its_answer_is_cut_off() {
    let _frozen = Frozen::new();
    let world = World::start(Limits::default());
    let stream = world.connect().await;
    let body = "x".repeat(BODY_BYTES_MAX);
    let request = post("/echo", &body);
    let (mut written, mut stalled) = (0, 0);
    // Asks on and on without reading, until the server cannot write and so does not read.
    while stalled < 200 {
        let rest = &request.as_bytes()[written % request.len()..];
        match stream.try_write(rest) {
            Ok(count) => (written, stalled) = (written + count, 0),
            Err(_) => stalled += 1,
        }
        tokio::task::yield_now().await;
    }
    let mut waited_ms = 0;
    while world.tally().idle.get() == 0 && waited_ms < 200_000 {
        Frozen::advance(1_000).await;
        waited_ms += 1_000;
    }
    // A request that waits behind the answer may be late first; both then have time to move.
    assert!((40_000..=96_000).contains(&waited_ms), "{waited_ms} ms");
}
