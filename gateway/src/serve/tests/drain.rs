//! The drain: what is in progress ends well, what is new is refused, what takes too long is cut.

use super::http2::{client, request, text};
use super::*;

#[tokio::test]
async fn a_request_in_progress_gets_its_answer_and_a_new_connection_none() {
    let world = World::start(Limits::default());
    let (mut busy, mut idle) = (world.connect().await, world.connect().await);
    assert_eq!(ask(&mut idle, &get("/idle")).await.status, 200);
    busy.write_all(get("/gate").as_bytes()).await.unwrap();
    world.entered().await;

    world.front.shutdown.trigger();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "an idle connection is closed at once");
    let refused = TcpStream::connect(world.address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);

    world.open_gate();
    let answer = Answer::read(&mut busy).await;
    assert_eq!(answer.body, "through");
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    assert_eq!(world.drained().await, Drained { cut_off: 0 });
}

#[tokio::test]
async fn a_stream_in_progress_gets_its_answer() {
    let world = World::start(Limits::default());
    let mut client = client(world.connect().await).await;
    let waiting = client.send_request(request("/gate", ""));
    world.entered().await;
    world.front.shutdown.trigger();
    world.open_gate();
    assert_eq!(text(waiting.await.unwrap()).await, "through");
    assert_eq!(world.drained().await, Drained { cut_off: 0 });
}

#[tokio::test]
async fn peers_that_have_said_nothing_do_not_hold_the_drain_up() {
    let world = World::start(Limits::default());
    let _silent = world.connect().await;
    let mut other = world.connect().await;
    assert_eq!(ask(&mut other, &get("/other")).await.status, 200);
    assert_eq!(world.drained().await, Drained { cut_off: 0 });
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_drain_is_cut_off() {
    let _frozen = Frozen::new();
    let world = World::start(Limits { drain_ms: 5_000, ..Limits::default() });
    let mut stuck = world.connect().await;
    stuck.write_all(get("/stuck").as_bytes()).await.unwrap();
    world.entered().await;
    world.front.shutdown.trigger();
    Frozen::advance(4_900).await;
    assert!(!world.serving.is_finished());
    Frozen::advance(200).await;
    let tally = Arc::clone(&world.front.tally);
    assert_eq!(world.drained().await, Drained { cut_off: 1 });
    assert_eq!((tally.cut_off.get(), tally.open.get()), (1, 0));
    assert_eq!(stuck.read(&mut [0]).await.unwrap_or(0), 0);
}
