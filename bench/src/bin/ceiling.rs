//! The ceiling: a bare hyper server that answers a fixed JSON, the least a request can cost.
//!
//! It runs the runtime and the allocator of the gateway, so that what the gateway costs above it
//! is the gateway's own work.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bare hyper 1 over HTTP/1.1; prints `{"address":"IP:PORT"}` once it listens.
#[derive(Parser)]
struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Bytes of the answer's body, at least 14.
    #[arg(long, default_value_t = 60, value_parser = body_bytes)]
    answer_bytes: usize,
    /// Headers to add to `content-type`, `content-length` and `date`.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=64))]
    headers: u16,
    /// Read the request's body to its end before answering.
    #[arg(long)]
    read_body: bool,
    /// Worker threads of the runtime [default: one for each core].
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ceiling: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = options.threads {
        runtime.worker_threads(threads.max(1));
    }
    let answer = Answer::of(options);
    runtime.enable_all().build()?.block_on(listen(options.listen, answer))
}

async fn listen(address: SocketAddr, answer: Answer) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let mut stdout = io::stdout();
    writeln!(stdout, r#"{{"address":"{}"}}"#, listener.local_addr()?)?;
    stdout.flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(converse(stream, answer.clone()));
    }
}

/// Serves one connection. How it ends is the client's affair: a cut connection costs nothing here.
async fn converse(stream: TcpStream, answer: Answer) {
    let service = service_fn(move |request| respond(request, answer.clone()));
    let mut protocol = http1::Builder::new();
    protocol.header_read_timeout(None);
    drop(protocol.serve_connection(TokioIo::new(stream), service).await);
}

async fn respond(
    request: Request<Incoming>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if answer.read_body {
        drain(request.into_body()).await;
    }
    let mut response = Response::new(Full::new(answer.body));
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Reads a body frame by frame and keeps nothing of it.
async fn drain(mut body: Incoming) {
    while let Some(Ok(frame)) = body.frame().await {
        drop(frame);
    }
}

/// What every request is answered with.
#[derive(Clone)]
struct Answer {
    body: Bytes,
    headers: HeaderMap,
    read_body: bool,
}

impl Answer {
    fn of(options: &Options) -> Self {
        let padding = "x".repeat(options.answer_bytes.saturating_sub(FRAME_BYTES));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for number in 0..options.headers {
            if let Ok(name) = HeaderName::try_from(format!("x-ceiling-{number}")) {
                headers.insert(name, HeaderValue::from_static("0123456789"));
            }
        }
        let body = Bytes::from(format!(r#"{{"padding":"{padding}"}}"#));
        Self { body, headers, read_body: options.read_body }
    }
}

/// Bytes of `{"padding":""}`.
const FRAME_BYTES: usize = 14;

fn body_bytes(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|_| format!("`{text}` is not a number of bytes"))?;
    if bytes < FRAME_BYTES {
        return Err(format!("`{text}` is below {FRAME_BYTES}, the shortest answer"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_bytes_that_were_asked_for() {
        for bytes in ["14", "60", "1000"] {
            let options =
                Options::parse_from(["ceiling", "--answer-bytes", bytes, "--headers", "3"]);
            let answer = Answer::of(&options);
            assert_eq!(answer.body.len().to_string(), bytes);
            assert_eq!(answer.headers.len(), 4);
            assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
        }
        assert!(Options::try_parse_from(["ceiling", "--answer-bytes", "13"]).is_err());
    }
}
