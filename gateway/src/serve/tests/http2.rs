//! HTTP/2, by prior knowledge on the plain port and by ALPN over TLS.

use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::*;
use crate::tls::tests::Pair;

pub(super) type Client = http2::SendRequest<Full<Bytes>>;

pub(super) async fn client<IO>(io: IO) -> Client
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(super) fn request(path: &str, body: &str) -> Request<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_owned()));
    Request::post(format!("http://x{path}")).body(body).unwrap()
}

pub(super) async fn text(response: Response<hyper::body::Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn by_prior_knowledge_requests_share_one_connection() {
    let world = World::start(Limits::default());
    let mut client = client(world.connect().await).await;
    let waiting = client.send_request(request("/gate", ""));
    world.entered().await;
    let echoed = client.send_request(request("/echo", "hello")).await.unwrap();
    assert_eq!(echoed.version(), http::Version::HTTP_2);
    assert_eq!(text(echoed).await, "hello");
    world.open_gate();
    assert_eq!(text(waiting.await.unwrap()).await, "through");
    assert_eq!(world.tally().accepted.get(), 1);
}

#[tokio::test]
async fn the_preface_may_come_in_pieces() {
    let world = World::start(Limits::default());
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut server = world.connect().await;
    tokio::spawn(async move {
        let mut far = far;
        let mut preface = [0; 24];
        far.read_exact(&mut preface).await.unwrap();
        for byte in preface {
            server.write_all(&[byte]).await.unwrap();
            Frozen::settle().await;
        }
        tokio::io::copy_bidirectional(&mut far, &mut server).await
    });
    let mut client = client(near).await;
    let answer = client.send_request(request("/pieces", "")).await.unwrap();
    assert_eq!(text(answer).await, "/pieces");
}

#[tokio::test]
async fn over_tls_alpn_decides() {
    let pair = Pair::write();
    let world = World::with(Limits::default(), Some(pair.reloader()));
    for (offered, version) in [
        (Some("h2"), http::Version::HTTP_2),
        (Some("http/1.1"), http::Version::HTTP_11),
        (None, http::Version::HTTP_11),
    ] {
        let connector = TlsConnector::from(pair.client(offered));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, world.connect().await).await.unwrap();
        let answer = if version == http::Version::HTTP_2 {
            client(stream).await.send_request(request("/echo", "sealed")).await.unwrap()
        } else {
            over_http1(stream, request("/echo", "sealed")).await
        };
        assert_eq!(answer.version(), version);
        assert_eq!(text(answer).await, "sealed");
    }
}

async fn over_http1<IO>(io: IO, request: Request<Full<Bytes>>) -> Response<hyper::body::Incoming>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(io)).await.unwrap();
    tokio::spawn(connection);
    client.send_request(request).await.unwrap()
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let world = World::start(Limits::default());
    let mut client = client(world.connect().await).await;
    let mut large = request("/large", "");
    for index in 0..8 {
        let name = http::HeaderName::try_from(format!("x-{index}")).unwrap();
        large.headers_mut().insert(name, "y".repeat(5_000).parse().unwrap());
    }
    let answer = client.send_request(large).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
    assert_eq!(text(client.send_request(request("/fits", "")).await.unwrap()).await, "/fits");
}
