//! HTTP/1.1: keep-alive, pipelining, bodies, and what is no HTTP.

use super::*;

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    let requests = [get("/one"), post("/echo", "two"), post("/echo", ""), get("/four")].concat();
    stream.write_all(requests.as_bytes()).await.unwrap();
    for expected in ["/one", "two", "", "/four"] {
        assert_eq!(Answer::read(&mut stream).await.body, expected);
    }
    assert_eq!(world.tally().accepted.get(), 1);
}

#[tokio::test]
async fn a_connection_remembers_between_its_requests_and_shares_nothing_with_another() {
    let world = World::start(Limits::default());
    let (mut first, mut second) = (world.connect().await, world.connect().await);
    assert_eq!(ask(&mut first, &get("/count")).await.body, "1");
    assert_eq!(ask(&mut first, &get("/count")).await.body, "2");
    assert_eq!(ask(&mut second, &get("/count")).await.body, "1");
}

#[tokio::test]
async fn a_body_is_joined_from_its_pieces() {
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    let body = "0123456789".repeat(BODY_BYTES_MAX / 10);
    assert_eq!(ask(&mut stream, &post("/echo", &body)).await.body, body);
    let chunked = "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(ask(&mut stream, chunked).await.body, "abcde");
}

#[tokio::test]
async fn a_body_past_the_limit_is_refused() {
    let world = World::start(Limits::default());
    // Nothing of it was sent: the length alone is enough.
    let announced =
        format!("POST /echo HTTP/1.1\r\ncontent-length: {}\r\n\r\n", BODY_BYTES_MAX + 1);
    assert_eq!(ask(&mut world.connect().await, &announced).await.status, 413);

    let mut stream = world.connect().await;
    let chunk = format!("{BODY_BYTES_MAX:x}\r\n{}\r\n1\r\n!\r\n", "x".repeat(BODY_BYTES_MAX));
    let chunked = format!("POST /echo HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    assert_eq!(ask(&mut stream, &chunked).await.status, 413);
}

#[tokio::test]
async fn an_answer_may_be_a_stream() {
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    stream.write_all(b"GET /stream HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n1\r\n2\r\n1\r\n1\r\n1\r\n0\r\n0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = World::start(Limits::default());
    let fits = format!("GET /fits HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(32_000));
    assert_eq!(ask(&mut world.connect().await, &fits).await.body, "/fits");
    let large = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(33_000));
    assert_eq!(ask(&mut world.connect().await, &large).await.status, 431);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_counted_and_harms_nobody() {
    let world = World::start(Limits::default());
    assert_eq!(ask(&mut world.connect().await, "nonsense\r\n\r\n").await.status, 400);
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..100 {
        let garbage: Vec<u8> = (0..64).map(|_| next_byte(&mut seed)).collect();
        let mut stream = world.connect().await;
        stream.write_all(&garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        // The server answers or closes; a reset is a way to close.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert!(world.tally().malformed.get() > 1);
    assert_eq!(world.tally().handler_panicked.get(), 0);
    assert_eq!(ask(&mut world.connect().await, &get("/well")).await.body, "/well");
}

fn next_byte(seed: &mut u64) -> u8 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    seed.to_be_bytes()[0]
}

#[tokio::test]
async fn a_panic_is_answered_and_the_connection_goes_on() {
    let world = World::start(Limits::default());
    let mut stream = world.connect().await;
    let answer = ask(&mut stream, &get("/panic")).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "/panic Panicked"));
    assert_eq!(ask(&mut stream, &get("/next")).await.body, "/next");
    assert_eq!(world.tally().handler_panicked.get(), 1);
}

#[tokio::test]
async fn past_the_limit_connections_wait_until_one_ends() {
    let world = World::start(Limits { connections_max: 1, ..Limits::default() });
    let mut first = world.connect().await;
    assert_eq!(ask(&mut first, &get("/first")).await.body, "/first");
    let mut second = world.connect().await;
    second.write_all(get("/second").as_bytes()).await.unwrap();
    Frozen::settle().await;
    assert_eq!((world.tally().accepted.get(), world.tally().open.get()), (1, 1));
    drop(first);
    assert_eq!(Answer::read(&mut second).await.body, "/second");
    assert_eq!((world.tally().accepted.get(), world.tally().open.get()), (2, 1));
}

#[tokio::test]
async fn several_sockets_serve_as_one() {
    let sockets: Vec<_> =
        (0..3).map(|_| bind("127.0.0.1:0".parse().unwrap(), true).unwrap()).collect();
    let addresses: Vec<_> = sockets.iter().map(|socket| socket.local_addr().unwrap()).collect();
    let again = bind(addresses[0], true).expect("a port may be shared");
    let World { app, .. } = World::start(Limits::default());
    let front = Front::default();
    tokio::spawn(serve(sockets, front.clone(), app));
    drop(again);
    for address in addresses {
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(ask(&mut stream, &get("/any")).await.body, "/any");
    }
    assert_eq!(front.tally.accepted.get(), 3);
}
