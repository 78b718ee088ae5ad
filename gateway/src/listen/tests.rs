//! Sockets and the acceptor, over listeners that answer as they are told.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;

/// Gives what it was told to, then nothing.
struct Told(Mutex<VecDeque<io::Result<u32>>>);

impl Told {
    fn new(accepted: impl IntoIterator<Item = io::Result<u32>>) -> Self {
        Self(Mutex::new(accepted.into_iter().collect()))
    }
}

impl Listen for Told {
    type Stream = u32;

    fn poll_accept(&self, _: &mut Context<'_>) -> Poll<io::Result<(u32, SocketAddr)>> {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let accepted = self.0.lock().unwrap().pop_front();
        accepted
            .map_or(Poll::Pending, |accepted| Poll::Ready(accepted.map(|stream| (stream, peer))))
    }
}

fn acceptor(listeners: Vec<Told>) -> Acceptor<Told> {
    Acceptor::over(listeners, Arc::default())
}

/// EMFILE, in the numbers of Linux.
fn out_of_descriptors() -> io::Error {
    io::Error::from_raw_os_error(24)
}

#[tokio::test(start_paused = true)]
async fn without_descriptors_it_pauses_between_tries() {
    let mut acceptor =
        acceptor(vec![Told::new([Err(out_of_descriptors()), Err(out_of_descriptors()), Ok(7)])]);
    let begun = Instant::now();
    assert_eq!(acceptor.accept().await.0, 7);
    assert!(begun.elapsed() >= PAUSE * 2);
    assert_eq!(acceptor.tally.accept_failed.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_log_gets_one_line_for_many_failures() {
    let mut acceptor = acceptor(Vec::new());
    acceptor.log(&out_of_descriptors());
    let first = acceptor.logged;
    tokio::time::advance(LOG_PAUSE / 2).await;
    acceptor.log(&out_of_descriptors());
    assert_eq!(acceptor.logged, first);
    tokio::time::advance(LOG_PAUSE / 2).await;
    acceptor.log(&out_of_descriptors());
    assert_ne!(acceptor.logged, first);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_gone_already_delays_nobody() {
    let gone = || Err(io::ErrorKind::ConnectionAborted.into());
    let mut acceptor = acceptor(vec![Told::new([gone(), gone(), Ok(7)])]);
    let begun = Instant::now();
    assert_eq!(acceptor.accept().await.0, 7);
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_busy_listener_starves_none() {
    let busy = Told::new((0..10).map(Ok));
    let mut acceptor = acceptor(vec![busy, Told::new([Ok(100)]), Told::new([])]);
    assert_eq!(acceptor.accept().await.0, 0);
    assert_eq!(acceptor.accept().await.0, 100);
    assert_eq!(acceptor.accept().await.0, 1);
}

#[test]
fn a_taken_port_is_a_sentence() {
    let taken = bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address, false).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on `{address}`: ")), "{error}");
}
