//! Requests as bytes: what is sent may be anything but HTTP's own framing, and more than that raw.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::World;

/// A request.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Ask {
    /// Replaces a header, or adds it.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self = self.without(name);
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) fn path(mut self, path: String) -> Self {
        self.path = path;
        self
    }

    /// Whether the request itself carries this text.
    pub(super) fn says(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        within(self.path.as_bytes())
            || within(&self.body)
            || self.headers.iter().any(|(_, value)| within(value))
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A client that keeps its connection as long as the gateway does.
#[derive(Default)]
pub(super) struct Client(Option<SendRequest<Full<Bytes>>>);

impl Client {
    pub(super) async fn send(&mut self, world: &World, ask: &Ask) -> Reply {
        let mut request = Request::builder().method(ask.method).uri(&ask.path).header("host", "x");
        for (name, value) in &ask.headers {
            let value = HeaderValue::from_bytes(value).unwrap();
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request.body(Full::new(Bytes::from(ask.body.clone()))).unwrap();
        let sender = self.connected(world).await;
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn connected(&mut self, world: &World) -> &mut SendRequest<Full<Bytes>> {
        let alive = match &mut self.0 {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !alive {
            let stream = TcpStream::connect(world.address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            self.0 = Some(sender);
        }
        self.0.as_mut().unwrap()
    }
}

/// Writes bytes as they are on a connection of their own, and reads the answer to its end.
pub(super) async fn send_raw(world: &World, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    read.expect("the gateway closes after the answer").unwrap();
    parsed(&answer)
}

fn parsed(answer: &[u8]) -> Reply {
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").expect("a whole head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        let name: HeaderName = name.parse().unwrap();
        (name, HeaderValue::from_str(value.trim()).unwrap())
    };
    let body = Bytes::copy_from_slice(&answer[end + 4..]);
    Reply { status, headers: lines.map(header).collect(), body }
}
