//! The front: accepts connections, speaks HTTP/1.1 and HTTP/2 on one port, hands each request to
//! the application, keeps the time limits, and drains.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::deadline::Ticks;
use crate::listen::Acceptor;
use crate::tls::TlsReloader;

pub use self::body::{BodyError, BodyStream, RequestBody, ResponseBody};
pub use self::connection::{Connection, Protocol};
pub use self::limits::Limits;
pub use self::shutdown::Shutdown;
pub use self::tally::{Count, Tally};

mod body;
mod connection;
mod drive;
mod limits;
mod request;
mod shutdown;
mod tally;
mod wire;

/// What answers requests. It is cloned once a connection.
pub trait App: Clone + Send + Sync + 'static {
    /// What a connection may remember between its requests.
    type Memo: Send + Sync + 'static;
    /// What [`fallback`](Self::fallback) must know of a request that is no longer there.
    type Outline: Send;

    fn outline(&self, request: &Request<RequestBody>) -> Self::Outline;

    fn call(
        &self,
        request: Request<RequestBody>,
        connection: &Arc<Connection<Self::Memo>>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send;

    /// Answers in place of a call that failed. A call that was late has been dropped where it
    /// stood: what it had sent on its way may still happen.
    fn fallback(&self, outline: Self::Outline, failure: Failure) -> Response<ResponseBody>;
}

/// Why a call gave no answer of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It took longer than the handler's time: 503.
    Late,
    /// It panicked: 500.
    Panicked,
    /// The connection has too many requests in progress: 503.
    Overloaded,
}

/// How the front serves.
#[derive(Clone, Default)]
pub struct Front {
    /// Speak TLS only, with the certificate that this holds.
    pub tls: Option<Arc<TlsReloader>>,
    pub limits: Limits,
    pub tally: Arc<Tally>,
    pub shutdown: Shutdown,
}

/// How a drain went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were still open when the time for it ran out.
    pub cut_off: usize,
}

/// Serves until the shutdown is triggered and the connections are drained. The sockets are
/// non-blocking and listening; the runtime is the caller's, so that each of several may have its
/// own socket of one address.
///
/// # Errors
/// A socket that the runtime cannot take.
pub async fn serve<A: App>(
    sockets: Vec<std::net::TcpListener>,
    front: Front,
    app: A,
) -> io::Result<Drained> {
    let acceptor = Acceptor::new(sockets, Arc::clone(&front.tally))?;
    let server = Arc::new(connection::Server { front, app, ticks: Ticks::start() });
    let mut connections = accept(acceptor, &server).await;
    let limit = server.front.limits.drain();
    Ok(drain(&mut connections, limit, &server.front.tally).await)
}

/// Accepts until the drain begins. The listeners are closed when this returns.
async fn accept<A: App>(
    mut acceptor: Acceptor,
    server: &Arc<connection::Server<A>>,
) -> JoinSet<()> {
    let front = &server.front;
    let mut connections = JoinSet::new();
    loop {
        front.tally.open.set(connections.len() as u64);
        tokio::select! {
            biased;
            () = front.shutdown.triggered() => return connections,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            (stream, peer) = acceptor.accept(), if connections.len() < front.limits.connections_max => {
                front.tally.accepted.add(1);
                connections.spawn(connection::run(Arc::clone(server), stream, peer));
            }
        }
    }
}

/// Lets connections finish, and cuts off those that do not.
async fn drain(connections: &mut JoinSet<()>, limit: Duration, tally: &Tally) -> Drained {
    let finished = async { while connections.join_next().await.is_some() {} };
    let in_time = timeout(limit, finished).await.is_ok();
    let cut_off = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    tally.cut_off.add(cut_off as u64);
    tally.open.set(0);
    Drained { cut_off }
}

#[cfg(test)]
pub(crate) mod tests;
