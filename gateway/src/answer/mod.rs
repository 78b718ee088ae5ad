//! What handlers answer: domain values that say their status; the dialect gives the envelope.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use latchkey_actors::error::{Error, Result};
use schemars::JsonSchema;
use serde::Serialize;
use smallvec::SmallVec;

use crate::context::Face;
use crate::dialect::Dialect;
use crate::extract::{Operation, PageMeta};

/// An answer, ready but for the headers that every answer carries.
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
    pub content_type: &'static str,
    pub headers: SmallVec<[(HeaderName, HeaderValue); 2]>,
}

pub(crate) const JSON: &str = "application/json";

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), content_type: JSON, headers: SmallVec::new() }
    }

    /// Adds a header; one that holds what a header cannot is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }
}

/// A value that a handler may answer.
pub trait Answers: Send {
    fn answer(self, face: &Face) -> Result<Answer>;
    fn describe(operation: &mut Operation);
}

/// 200 with data; the message stands in the platform dialect alone.
pub struct Found<T> {
    pub message: &'static str,
    pub data: T,
    /// The version of the object, for its entity tag.
    pub version: Option<u64>,
}

impl<T> Found<T> {
    /// Data with the sentence that the platform dialect puts beside it.
    pub fn new(message: &'static str, data: T) -> Self {
        Self { message, data, version: None }
    }

    /// Data of a dialect without sentences.
    pub fn plain(data: T) -> Self {
        Self::new("", data)
    }

    /// Adds the entity tag.
    #[must_use]
    pub fn tagged(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }
}

impl<T: Serialize + JsonSchema + Send> Answers for Found<T> {
    fn answer(self, face: &Face) -> Result<Answer> {
        let body = enveloped(face, self.message, &self.data)?;
        let answer = Answer::json(200, body);
        Ok(match self.version {
            Some(version) => answer.with(header::ETAG, &entity_tag(version)),
            None => answer,
        })
    }

    fn describe(operation: &mut Operation) {
        operation.answers::<T>(200);
    }
}

/// 201 with data, and where it is.
pub struct Created<T> {
    pub message: &'static str,
    pub data: T,
    pub location: String,
    pub version: u64,
}

impl<T: Serialize + JsonSchema + Send> Answers for Created<T> {
    fn answer(self, face: &Face) -> Result<Answer> {
        let body = enveloped(face, self.message, &self.data)?;
        Ok(Answer::json(201, body)
            .with(header::LOCATION, &self.location)
            .with(header::ETAG, &entity_tag(self.version)))
    }

    fn describe(operation: &mut Operation) {
        operation.answers::<T>(201);
    }
}

/// 204.
pub struct NoContent;

impl Answers for NoContent {
    fn answer(self, _: &Face) -> Result<Answer> {
        Ok(Answer::json(204, Bytes::new()))
    }

    fn describe(operation: &mut Operation) {
        operation.answers_nothing(204);
    }
}

/// 200 with a page of a list, for the dialects that keep its figures beside the data.
pub struct Page<T> {
    pub items: Vec<T>,
    pub meta: PageMeta,
}

impl<T: Serialize + JsonSchema + Send> Answers for Page<T> {
    fn answer(self, face: &Face) -> Result<Answer> {
        let mut body = Vec::with_capacity(256);
        face.dialect.open("", &mut body);
        write(&mut body, &self.items)?;
        let name: &[u8] = match face.dialect {
            Dialect::Workspace => b",\"pagination\":",
            _ => b",\"meta\":",
        };
        body.extend_from_slice(name);
        write(&mut body, &self.meta)?;
        face.dialect.close(face.now_ms, &mut body);
        Ok(Answer::json(200, body))
    }

    fn describe(operation: &mut Operation) {
        operation.answers_page::<T>();
    }
}

/// An answer that was made elsewhere, and how it is to be described.
pub struct Ready<T>(pub Answer, pub std::marker::PhantomData<T>);

impl<T: Describes + Send> Answers for Ready<T> {
    fn answer(self, _: &Face) -> Result<Answer> {
        Ok(self.0)
    }

    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

/// How a ready answer is described.
pub trait Describes {
    fn describe(operation: &mut Operation);
}

impl<T: Serialize + JsonSchema + Send> Describes for Created<T> {
    fn describe(operation: &mut Operation) {
        <Self as Answers>::describe(operation);
    }
}

/// Bytes of a media type of their own, as a protocol prescribes.
pub struct Raw {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Bytes,
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
}

impl Answers for Raw {
    fn answer(self, _: &Face) -> Result<Answer> {
        let mut answer = Answer {
            status: self.status,
            body: self.body,
            content_type: self.content_type,
            headers: SmallVec::new(),
        };
        for (name, value) in self.headers {
            answer = answer.with(HeaderName::from_static(name), &value);
        }
        Ok(answer)
    }

    fn describe(operation: &mut Operation) {
        operation.answers_raw("*/*");
    }
}

/// Data in the envelope of the dialect.
pub fn enveloped<T: Serialize>(face: &Face, message: &str, data: &T) -> Result<Vec<u8>> {
    let mut body = Vec::with_capacity(1_024);
    face.dialect.open(message, &mut body);
    write(&mut body, data)?;
    face.dialect.close(face.now_ms, &mut body);
    Ok(body)
}

fn write<T: Serialize>(body: &mut Vec<u8>, data: &T) -> Result<()> {
    serde_json::to_writer(body, data).map_err(Error::internal)
}

/// A version as an entity tag.
pub fn entity_tag(version: u64) -> String {
    format!("\"{version}\"")
}
