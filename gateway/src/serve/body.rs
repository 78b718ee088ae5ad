//! The bodies of requests and of answers.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::deadline::{Mark, Stage, Watch};

/// What a client sends after a request's head, within the connection's time for it.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    /// None when there is no body to wait for, or no time to mind.
    timing: Option<Timing>,
}

#[derive(Debug)]
struct Timing {
    watch: Arc<Watch>,
    mark: Mark,
    waiting: bool,
}

/// Why a body could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than {limit_bytes} bytes; send less in one request")]
    TooLarge { limit_bytes: usize },
    #[error("the body did not arrive in time; send it faster or in smaller parts")]
    Timeout,
    #[error("the client went away before the body was complete")]
    Disconnected,
    #[error("the body is not framed as HTTP says: {0}")]
    Malformed(#[source] hyper::Error),
}

impl RequestBody {
    pub(super) fn new(incoming: Incoming, watch: &Arc<Watch>, mark: Option<Mark>) -> Self {
        let timing = mark.filter(|_| !incoming.is_end_stream()).map(|mark| Timing {
            watch: Arc::clone(watch),
            mark,
            waiting: false,
        });
        Self { incoming, timing }
    }

    /// Reads it all. A body that says beforehand that it is too long is not read, and one that
    /// comes in one piece is not copied.
    ///
    /// # Errors
    /// `TooLarge` past the limit, `Timeout`, `Disconnected`, `Malformed`.
    pub async fn collect(mut self, limit_bytes: usize) -> Result<Bytes, BodyError> {
        let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
        if self.incoming.size_hint().lower() > limit {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        let first = self.next().await?.unwrap_or_default();
        if first.len() > limit_bytes {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        if self.incoming.is_end_stream() {
            return Ok(first);
        }
        self.join(first, limit_bytes).await
    }

    /// The rest behind the first piece.
    async fn join(&mut self, first: Bytes, limit_bytes: usize) -> Result<Bytes, BodyError> {
        let Some(second) = self.next().await? else { return Ok(first) };
        // What a client announces is not yet there: the space grows with what has come.
        let mut whole = BytesMut::with_capacity((first.len() + second.len()) * 2);
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(data) = next {
            if whole.len() + data.len() > limit_bytes {
                return Err(BodyError::TooLarge { limit_bytes });
            }
            whole.extend_from_slice(&data);
            next = if self.incoming.is_end_stream() { None } else { self.next().await? };
        }
        Ok(whole.freeze())
    }

    /// The next piece of data, trailers passed over.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            match poll_fn(|cx| self.poll_piece(cx)).await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(cx);
        let in_time = match self.timing.as_mut() {
            Some(timing) => timing.note(polled.is_pending()),
            None => true,
        };
        if !in_time {
            return Poll::Ready(Some(Err(BodyError::Timeout)));
        }
        Poll::Ready(ready!(polled).map(|piece| piece.map_err(BodyError::from)))
    }
}

impl Timing {
    /// Marks the stage by whether the body is waited for. False when that took too long.
    fn note(&mut self, pending: bool) -> bool {
        match (self.waiting, pending) {
            (false, false) => true,
            (false, true) => {
                self.waiting = true;
                self.watch.enter(&mut self.mark, Stage::Body)
            }
            (true, true) if !self.watch.has_run_out(self.mark) => true,
            // Late, or arrived: the handler's time goes on.
            (true, _) => {
                self.waiting = false;
                self.watch.enter(&mut self.mark, Stage::Handler)
            }
        }
    }
}

impl From<hyper::Error> for BodyError {
    fn from(error: hyper::Error) -> Self {
        if error.is_parse() || error.is_user() {
            return Self::Malformed(error);
        }
        Self::Disconnected
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.get_mut().poll_piece(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// What an answer carries: all of it in memory, or a stream that makes it piece by piece.
pub struct ResponseBody(Content);

/// An answer that is made while it is sent. An error cuts the connection.
pub type BodyStream =
    Pin<Box<dyn Body<Data = Bytes, Error = Box<dyn StdError + Send + Sync>> + Send>>;

enum Content {
    Full(Bytes),
    Stream(BodyStream),
}

impl ResponseBody {
    pub fn empty() -> Self {
        Self::full(Bytes::new())
    }

    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Content::Full(bytes.into()))
    }

    pub fn stream(stream: BodyStream) -> Self {
        Self(Content::Stream(stream))
    }
}

impl<T: Into<Bytes>> From<T> for ResponseBody {
    fn from(bytes: T) -> Self {
        Self::full(bytes)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Content::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Stream(stream) => stream.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(stream) => stream.size_hint(),
        }
    }
}
