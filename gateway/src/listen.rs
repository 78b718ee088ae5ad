//! Sockets that listen, and the acceptor that takes connections from them.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::serve::Tally;

/// Opens a socket on an address. With `reuse_port`, several sockets may listen on it, each for a
/// runtime of its own, and the kernel spreads the connections over them.
///
/// # Errors
/// What the system says, with the address and what to do about it.
pub fn bind(address: SocketAddr, reuse_port: bool) -> Result<std::net::TcpListener, ListenError> {
    open(address, reuse_port).map_err(|cause| ListenError { address, cause })
}

/// A socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`: {cause}; stop what uses it, or choose another address")]
pub struct ListenError {
    address: SocketAddr,
    #[source]
    cause: io::Error,
}

/// Connections that wait to be accepted; the system may lower it (`net.core.somaxconn`).
const BACKLOG: i32 = 4096;

fn open(address: SocketAddr, reuse_port: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Takes connections from several sockets in turn.
pub(crate) struct Acceptor<L = TcpListener> {
    listeners: Vec<L>,
    /// The listener to ask first, so that a busy one does not starve the others.
    first: usize,
    tally: Arc<Tally>,
    logged: Option<Instant>,
}

/// Where connections come from.
pub(crate) trait Listen {
    type Stream;
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, SocketAddr)>>;
}

impl Listen for TcpListener {
    type Stream = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        Self::poll_accept(self, cx)
    }
}

/// How long to leave the listeners alone when the system has no descriptor or memory to give.
const PAUSE: Duration = Duration::from_millis(500);
/// At most one line of log in this time.
const LOG_PAUSE: Duration = Duration::from_secs(10);

impl Acceptor {
    pub(crate) fn new(sockets: Vec<std::net::TcpListener>, tally: Arc<Tally>) -> io::Result<Self> {
        let listeners = sockets.into_iter().map(TcpListener::from_std).collect::<Result<_, _>>()?;
        Ok(Self::over(listeners, tally))
    }
}

impl<L: Listen> Acceptor<L> {
    pub(crate) fn over(listeners: Vec<L>, tally: Arc<Tally>) -> Self {
        Self { listeners, first: 0, tally, logged: None }
    }

    /// The next connection. Dropped and called again while it pauses, it tries again at once: what
    /// ended in between has left a descriptor.
    pub(crate) async fn accept(&mut self) -> (L::Stream, SocketAddr) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one_connection(&error) => self.tally.accept_failed.add(1),
                Err(error) => {
                    self.tally.accept_failed.add(1);
                    self.log(&error);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(L::Stream, SocketAddr)>> {
        let count = self.listeners.len();
        for step in 0..count {
            let index = (self.first + step) % count;
            let Some(listener) = self.listeners.get(index) else { continue };
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                self.first = index + 1;
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    }

    fn log(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.logged.is_none_or(|last| now - last >= LOG_PAUSE) {
            self.logged = Some(now);
            tracing::warn!(%error, "cannot accept connections");
        }
    }
}

/// Whether the error says that the connection at hand is gone, and nothing of the next.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests;
