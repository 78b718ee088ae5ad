//! The bytes of a connection: plain or TLS, with what was read to tell the protocol put back, and
//! with its watch told of what moves.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Protocol;
use crate::deadline::Watch;

/// What hyper reads from and writes to.
pub(super) struct Wire {
    transport: Transport,
    prefix: Prefix,
    watch: Arc<Watch>,
}

pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What an HTTP/2 client sends first (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that were read before the protocol was known.
#[derive(Default)]
pub(super) struct Prefix {
    bytes: [u8; PREFACE.len()],
    taken: usize,
    len: usize,
}

impl Prefix {
    /// Reads until the first bytes tell HTTP/2 from HTTP/1. None when the peer left without a word.
    ///
    /// # Errors
    /// Those of the transport; `UnexpectedEof` when it ends within the first bytes.
    pub(super) async fn sniff(
        &mut self,
        transport: &mut Transport,
    ) -> io::Result<Option<Protocol>> {
        while self.rest() != PREFACE {
            let space = self.bytes.get_mut(self.len..).unwrap_or_default();
            match transport.read(space).await? {
                0 if self.len == 0 => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.len += count,
            }
            if !PREFACE.starts_with(self.rest()) {
                return Ok(Some(Protocol::Http1));
            }
        }
        Ok(Some(Protocol::Http2))
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..self.len).unwrap_or_default()
    }

    /// Gives bytes back. False when there are none left.
    fn give(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.taken == self.len {
            return false;
        }
        let count = self.rest().len().min(buf.remaining());
        buf.put_slice(self.rest().get(..count).unwrap_or_default());
        self.taken += count;
        true
    }
}

impl Wire {
    pub(super) fn new(transport: Transport, prefix: Prefix, watch: Arc<Watch>) -> Self {
        Self { transport, prefix, watch }
    }

    fn note_sent(&self, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(sent, Poll::Ready(Ok(1..))) {
            self.watch.sent();
        }
        sent
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if !self.prefix.give(buf) {
            std::task::ready!(Pin::new(&mut self.transport).poll_read(cx, buf))?;
        }
        if buf.filled().len() > before {
            self.watch.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.transport).poll_write(cx, buf);
        self.note_sent(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.transport).poll_write_vectored(cx, bufs);
        self.note_sent(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}

impl Transport {
    /// The protocol that the TLS handshake settled.
    pub(super) fn negotiated(&self) -> Option<Protocol> {
        let Self::Tls(stream) = self else { return None };
        match stream.get_ref().1.alpn_protocol()? {
            b"h2" => Some(Protocol::Http2),
            _ => Some(Protocol::Http1),
        }
    }
}

/// Calls one method on whichever transport it is.
macro_rules! either {
    ($transport:expr, $method:ident $(, $argument:expr)*) => {
        match $transport {
            Transport::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Transport::Tls(stream) => Pin::new(stream.as_mut()).$method($($argument),*),
        }
    };
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self.get_mut(), poll_read, cx, buf)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), poll_write, cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), poll_write_vectored, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), poll_flush, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), poll_shutdown, cx)
    }
}
