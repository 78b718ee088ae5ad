//! The two servers: the bare hyper ceiling, and the gateway over a demonstration tenant.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use crate::child::Process;
use crate::connection::Connection;
use crate::error::Error;
use crate::scenario::Demo;

/// A server under load.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

/// The gateway and the directory it runs in, which goes when it has ended.
pub(crate) struct Gateway {
    pub(crate) server: Server,
    pub(crate) demo: Demo,
    directory: TempDir,
}

/// One answer, as a whole.
pub(crate) struct Probe {
    pub(crate) answer_bytes: usize,
    pub(crate) body: Bytes,
}

const CEILING_START: Duration = Duration::from_secs(10);
const GATEWAY_START: Duration = Duration::from_mins(1);
const DEMO: Duration = Duration::from_mins(10);
const PROBE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// A ceiling that answers `request` with exactly `answer_bytes` bytes, head included, as far as
/// its own head and the digits of its length allow.
pub(crate) async fn ceiling(answer_bytes: usize, request: &Bytes) -> Result<Server, Error> {
    let guess = ceiling_with_body(answer_bytes).await?;
    let head_bytes = guess.probe(request).await?.answer_bytes.saturating_sub(answer_bytes);
    ceiling_with_body(answer_bytes.saturating_sub(head_bytes)).await
}

#[derive(Deserialize)]
struct Listening {
    address: SocketAddr,
}

/// A ceiling whose body has `body_bytes` bytes, or 14 if that is more.
pub(crate) async fn ceiling_with_body(body_bytes: usize) -> Result<Server, Error> {
    let own = std::env::current_exe().map_err(Error::io("find the ceiling's binary"))?;
    let mut command = Command::new(own.with_file_name("ceiling"));
    command.arg("--read-body").arg("--answer-bytes").arg(body_bytes.max(14).to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Process::start("ceiling", &mut command)?;
    let mut stdout = BufReader::new(process.stdout()?);
    let line = spawn_blocking(move || {
        let mut line = String::new();
        stdout.read_line(&mut line).map(|_| line)
    });
    let line = bounded("ceiling", CEILING_START, line).await?;
    let listening: Listening = serde_json::from_str(&line)
        .map_err(|_| Error::child("ceiling", "did not print its address"))?;
    Ok(Server { process, address: listening.address })
}

/// Loads the demonstration tenant into a new directory and serves it.
pub(crate) async fn gateway(latchkey: &Path) -> Result<Gateway, Error> {
    let directory = tempfile::Builder::new()
        .prefix("latchkey-bench-")
        .tempdir()
        .map_err(Error::io("make a temporary directory"))?;
    let demo = demo(latchkey, &directory.path().join("data")).await?;
    let server = serve(latchkey, directory.path()).await?;
    Ok(Gateway { server, demo, directory })
}

async fn demo(latchkey: &Path, data: &Path) -> Result<Demo, Error> {
    let mut command = Command::new(latchkey);
    command.arg("demo").arg("--data").arg(data).arg("--json");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Process::start("latchkey demo", &mut command)?;
    let text = read_all(process.stdout()?);
    let text = bounded("latchkey demo", DEMO, text).await?;
    let status = process.wait().await?;
    if !status.success() {
        return Err(Error::child("latchkey demo", format!("failed, {status}")));
    }
    // The text holds keys: of an error only its place is told.
    serde_json::from_str(text.trim()).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::child("latchkey demo", format!("printed JSON of another shape, at {place}"))
    })
}

fn read_all(mut stdout: ChildStdout) -> tokio::task::JoinHandle<std::io::Result<String>> {
    spawn_blocking(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    })
}

async fn bounded(
    name: &str,
    limit: Duration,
    reading: tokio::task::JoinHandle<std::io::Result<String>>,
) -> Result<String, Error> {
    let overdue = |_| Error::child(name, format!("said nothing within {} s", limit.as_secs()));
    let read = timeout(limit, reading).await.map_err(overdue)?;
    let read = read.map_err(|_| Error::child(name, "could not be read"))?;
    read.map_err(Error::io(format!("read what `{name}` prints")))
}

async fn serve(latchkey: &Path, directory: &Path) -> Result<Server, Error> {
    let log = directory.join("serve.log");
    let writer = File::create(&log).map_err(Error::io("create the gateway's log"))?;
    let copy = writer.try_clone().map_err(Error::io("open the gateway's log"))?;
    let address = free_address()?;
    let mut command = Command::new(latchkey);
    command.arg("serve").arg("--data").arg(directory.join("data"));
    command.arg("--listen").arg(address.to_string());
    command.stdin(Stdio::null()).stdout(writer).stderr(copy);
    let mut server = Server { process: Process::start("latchkey serve", &mut command)?, address };
    let ready = timeout(GATEWAY_START, server.until_ready()).await;
    let overdue = |_| Error::child("latchkey serve", "was not ready within 60 s");
    ready.map_err(overdue).flatten().map_err(|error| with_log(&error, &log))?;
    Ok(server)
}

/// A port that was free a moment ago: `serve` does not tell which one it took.
fn free_address() -> Result<SocketAddr, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("find a free port"))?;
    listener.local_addr().map_err(Error::io("find a free port"))
}

/// The error, and the end of what the gateway wrote.
fn with_log(error: &Error, log: &Path) -> Error {
    let text = fs::read(log).unwrap_or_default();
    let end = text.get(text.len().saturating_sub(2_000)..).unwrap_or_default();
    let end = String::from_utf8_lossy(end).into_owned();
    Error::child("latchkey serve", format!("is not usable: {error}; its log ends:\n{end}"))
}

impl Server {
    /// One exchange on a connection of its own.
    pub(crate) async fn probe(&self, request: &Bytes) -> Result<Probe, Error> {
        let exchange = async {
            let mut connection = Connection::open(self.address).await?;
            let keep = |head: crate::answer::Head, body: &[u8]| {
                crate::answer::Expected::default().verify(head.status, body)?;
                let body = Bytes::copy_from_slice(body);
                Ok(Probe { answer_bytes: head.answer_bytes(), body })
            };
            connection.exchange(request, keep).await
        };
        let overdue = |_| Error::child("first request", "had no answer within 30 s");
        timeout(PROBE, exchange).await.map_err(overdue)?
    }

    async fn until_ready(&mut self) -> Result<(), Error> {
        let request = Bytes::from_static(b"GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        while self.probe(&request).await.is_err() {
            self.process.ensure_running()?;
            sleep(POLL).await;
        }
        Ok(())
    }
}

impl Gateway {
    /// Ends the gateway in good order and removes its directory.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        self.server.process.stop().await?;
        let path: PathBuf = self.directory.path().to_owned();
        self.directory.close().map_err(Error::io(format!("remove `{}`", path.display())))
    }
}
