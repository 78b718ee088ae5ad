//! The front over real sockets on loopback; each test has its own, and time moves by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::{
    App, BodyError, Connection, Drained, Failure, Front, Limits, RequestBody, ResponseBody, Tally,
    serve,
};
use crate::listen::bind;
use crate::tls::TlsReloader;

mod drain;
mod http1;
mod http2;
mod late;

/// An application that does what the path says.
#[derive(Clone)]
pub(crate) struct Paths {
    /// One permit for each call that has begun to wait.
    entered: Arc<Semaphore>,
    /// One permit lets one call at `/gate` go on.
    gate: Arc<Semaphore>,
}

const BODY_BYTES_MAX: usize = 100_000;

impl App for Paths {
    type Memo = usize;
    type Outline = String;

    fn outline(&self, request: &Request<RequestBody>) -> String {
        request.uri().path().to_owned()
    }

    async fn call(
        &self,
        request: Request<RequestBody>,
        connection: &Arc<Connection<usize>>,
    ) -> Response<ResponseBody> {
        match request.uri().path() {
            "/echo" => echo(request.into_body().collect(BODY_BYTES_MAX).await),
            "/gate" => self.wait().await,
            "/stuck" => self.stuck().await,
            "/panic" => panic!("the handler was asked to"),
            "/stream" => Response::new(ResponseBody::stream(Box::pin(Pieces(3)))),
            "/count" => {
                let count = connection.memo.load().as_ref().map_or(0, |memo| **memo) + 1;
                connection.memo.store(Some(Arc::new(count)));
                Response::new(count.to_string().into())
            }
            path => Response::new(path.to_owned().into()),
        }
    }

    fn fallback(&self, path: String, failure: Failure) -> Response<ResponseBody> {
        let mut response = Response::new(format!("{path} {failure:?}").into());
        *response.status_mut() = match failure {
            Failure::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Failure::Late | Failure::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        };
        response
    }
}

impl Paths {
    async fn wait(&self) -> Response<ResponseBody> {
        self.entered.add_permits(1);
        self.gate.acquire().await.unwrap().forget();
        Response::new("through".into())
    }

    async fn stuck(&self) -> Response<ResponseBody> {
        self.entered.add_permits(1);
        std::future::pending().await
    }
}

fn echo(body: Result<Bytes, BodyError>) -> Response<ResponseBody> {
    let status = match body {
        Ok(body) => return Response::new(body.into()),
        Err(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
        Err(BodyError::Timeout) => StatusCode::REQUEST_TIMEOUT,
        Err(BodyError::Disconnected | BodyError::Malformed(_)) => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

/// A stream of some pieces, each the count of those that follow.
struct Pieces(usize);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let Some(left) = self.0.checked_sub(1) else { return std::task::Poll::Ready(None) };
        self.0 = left;
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(left.to_string().into()))))
    }
}

/// A front of its own for one test.
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) front: Front,
    app: Paths,
    serving: JoinHandle<std::io::Result<Drained>>,
}

impl World {
    fn start(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    pub(crate) fn with(limits: Limits, tls: Option<Arc<TlsReloader>>) -> Self {
        let socket = bind("127.0.0.1:0".parse().unwrap(), false).unwrap();
        let address = socket.local_addr().unwrap();
        let app = Paths { entered: Arc::new(Semaphore::new(0)), gate: Arc::new(Semaphore::new(0)) };
        let front = Front { tls, limits, ..Front::default() };
        let serving = tokio::spawn(serve(vec![socket], front.clone(), app.clone()));
        Self { address, front, app, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Returns once a call waits.
    async fn entered(&self) {
        self.app.entered.acquire().await.unwrap().forget();
    }

    fn open_gate(&self) {
        self.app.gate.add_permits(1);
    }

    fn tally(&self) -> &Tally {
        &self.front.tally
    }

    async fn drained(self) -> Drained {
        self.front.shutdown.trigger();
        self.serving.await.unwrap().unwrap()
    }
}

/// Sends a request and returns status, head and body of the answer.
async fn ask(stream: &mut TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).await.unwrap();
    Answer::read(stream).await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// Reads one answer that tells its length.
    async fn read(stream: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("the head of an answer"));
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        Self { status, head, body: String::from_utf8(body).unwrap() }
    }
}

/// Stops the paused clock from moving by itself while it lives: with sockets, a runtime that waits
/// is not a runtime with nothing to do.
struct Frozen {
    _release: std::sync::mpsc::Sender<()>,
}

impl Frozen {
    fn new() -> Self {
        let (release, released) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || released.recv());
        Self { _release: release }
    }

    /// Lets every task and socket do what it can without the clock.
    async fn settle() {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    async fn advance(ms: u64) {
        Self::settle().await;
        tokio::time::advance(Duration::from_millis(ms)).await;
        Self::settle().await;
    }

    /// Moves the clock in steps until the peer closes; returns how long that took and what it sent.
    async fn until_closed(stream: &mut TcpStream) -> (u64, Vec<u8>) {
        let (mut waited_ms, mut heard) = (0, Vec::new());
        while waited_ms < 200_000 {
            Self::advance(250).await;
            waited_ms += 250;
            match stream.try_read_buf(&mut heard) {
                Ok(0) => return (waited_ms, heard),
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                    return (waited_ms, heard);
                }
                _ => {}
            }
        }
        panic!("the connection was never closed");
    }
}
