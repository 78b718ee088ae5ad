//! One connection: the handshake, which protocol it speaks, and hyper's state machine for that.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::drive::{Ending, drive};
use super::wire::{Prefix, Transport, Wire};
use super::{App, Front, request};
use crate::deadline::{Ticks, Watch};

/// What all requests of one connection share.
pub struct Connection<M> {
    pub peer: SocketAddr,
    pub tls: bool,
    pub protocol: Protocol,
    /// What the application remembers, such as the principal of the last credential.
    pub memo: ArcSwapOption<M>,
    pub(super) watch: Arc<Watch>,
}

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// What all connections share.
pub(super) struct Server<A> {
    pub(super) front: Front,
    pub(super) app: A,
    pub(super) ticks: Ticks,
}

/// A connection and the application's own handle for it: one allocation, counted on one core.
pub(super) struct Session<A: App> {
    pub(super) app: A,
    pub(super) connection: Arc<Connection<A::Memo>>,
    pub(super) server: Arc<Server<A>>,
}

/// Serves one connection to its end.
pub(super) async fn run<A: App>(server: Arc<Server<A>>, stream: TcpStream, peer: SocketAddr) {
    let front = &server.front;
    // Small answers must not wait for the acknowledgement of those before them.
    let _ = stream.set_nodelay(true);
    let opened = tokio::select! {
        biased;
        opened = timeout(front.limits.preface(), open(front, stream)) => opened,
        () = front.shutdown.triggered() => return,
    };
    match opened {
        Ok(Ok(Some(opened))) => speak(server, opened, peer).await,
        Ok(Ok(None)) => {}
        Ok(Err(_)) | Err(_) => front.tally.preface_failed.add(1),
    }
}

/// A transport of which the protocol is known.
struct Opened {
    transport: Transport,
    prefix: Prefix,
    protocol: Protocol,
}

/// Shakes hands and finds the protocol. None when the peer left without a word.
async fn open(front: &Front, stream: TcpStream) -> io::Result<Option<Opened>> {
    let mut prefix = Prefix::default();
    let mut transport = match &front.tls {
        None => Transport::Plain(stream),
        Some(tls) => {
            let stream = TlsAcceptor::from(tls.current()).accept(stream).await?;
            Transport::Tls(Box::new(stream))
        }
    };
    let protocol = match transport.negotiated() {
        Some(protocol) => protocol,
        None => match prefix.sniff(&mut transport).await? {
            Some(protocol) => protocol,
            None => return Ok(None),
        },
    };
    Ok(Some(Opened { transport, prefix, protocol }))
}

async fn speak<A: App>(server: Arc<Server<A>>, opened: Opened, peer: SocketAddr) {
    let Opened { transport, prefix, protocol } = opened;
    let limits = &server.front.limits;
    let streams_max = (protocol == Protocol::Http2).then_some(limits.streams_max as usize);
    let watch = Arc::new(Watch::new(limits.waits(), server.ticks, streams_max));
    let connection = Connection {
        peer,
        tls: matches!(transport, Transport::Tls(_)),
        protocol,
        memo: ArcSwapOption::empty(),
        watch: Arc::clone(&watch),
    };
    let app = server.app.clone();
    let session =
        Arc::new(Session { app, connection: Arc::new(connection), server: Arc::clone(&server) });
    let io = TokioIo::new(Wire::new(transport, prefix, watch));
    let ending = match protocol {
        Protocol::Http1 => http1(io, session).await,
        Protocol::Http2 => http2(io, session).await,
    };
    count(&server.front, ending);
}

async fn http1<A: App>(io: TokioIo<Wire>, session: Arc<Session<A>>) -> Ending {
    let front = &session.server.front;
    let service = {
        let session = Arc::clone(&session);
        service_fn(move |head: http::Request<Incoming>| request::answer(&session, head))
    };
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(front.limits.headers_bytes_max as usize)
        .serve_connection(io, service);
    let graceful = http1::Connection::graceful_shutdown;
    drive(connection, graceful, &session.connection.watch, front).await
}

async fn http2<A: App>(io: TokioIo<Wire>, session: Arc<Session<A>>) -> Ending {
    let front = &session.server.front;
    let service = {
        let session = Arc::clone(&session);
        service_fn(move |head: http::Request<Incoming>| request::answer(&session, head))
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(front.limits.streams_max)
        .max_header_list_size(front.limits.headers_bytes_max)
        .serve_connection(io, service);
    let graceful = http2::Connection::graceful_shutdown;
    drive(connection, graceful, &session.connection.watch, front).await
}

fn count(front: &Front, ending: Ending) {
    match ending {
        Ending::Closed => {}
        Ending::Malformed => front.tally.malformed.add(1),
        Ending::HeaderLate => front.tally.header_late.add(1),
        Ending::Idle => front.tally.idle.add(1),
    }
}
