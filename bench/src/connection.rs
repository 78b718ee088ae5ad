//! One keep-alive HTTP/1.1 connection of the load client.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::answer::{Head, parse_head};
use crate::error::Error;

/// Sends prebuilt requests and reads one answer to each, in a buffer that is used again.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: BytesMut,
}

const READ_BYTES: usize = 16 * 1024;

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Error> {
        let failed = || Error::io(format!("connect to {address}"));
        let stream = TcpStream::connect(address).await.map_err(failed())?;
        stream.set_nodelay(true).map_err(failed())?;
        Ok(Self { stream, address, buffer: BytesMut::with_capacity(READ_BYTES) })
    }

    /// Sends `request` and hands the answer to `verify` (head, body).
    ///
    /// # Errors
    /// The connection broke, the answer is not one this client reads, or `verify` refused it.
    pub(crate) async fn exchange<T>(
        &mut self,
        request: &[u8],
        verify: impl FnOnce(Head, &[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        if let Err(source) = self.stream.write_all(request).await {
            return Err(self.broken("send to", source));
        }
        let head = self.read_head().await?;
        while self.buffer.len() < head.answer_bytes() {
            self.read_some(head.answer_bytes()).await?;
        }
        if self.buffer.len() > head.answer_bytes() {
            return Err(self.wrong("more bytes than its Content-Length".to_owned()));
        }
        self.buffer.advance(head.body_start);
        let verdict = verify(head, &self.buffer).map_err(|reason| self.wrong(reason));
        self.buffer.clear();
        verdict
    }

    async fn read_head(&mut self) -> Result<Head, Error> {
        loop {
            self.read_some(READ_BYTES).await?;
            match parse_head(&self.buffer) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) => {}
                Err(reason) => return Err(self.wrong(reason)),
            }
        }
    }

    /// Reads what is there, with room for at least `wanted` bytes in all.
    async fn read_some(&mut self, wanted: usize) -> Result<(), Error> {
        self.buffer.reserve(wanted.saturating_sub(self.buffer.len()).max(READ_BYTES));
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err(self.wrong("connection closed before the end of the answer".to_owned())),
            Ok(_) => Ok(()),
            Err(source) => Err(self.broken("read from", source)),
        }
    }

    fn broken(&self, what: &str, source: io::Error) -> Error {
        Error::Io { what: format!("{what} {}", self.address), source }
    }

    fn wrong(&self, reason: String) -> Error {
        Error::Answer { address: self.address, reason }
    }
}
