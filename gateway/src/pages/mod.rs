//! The documentation pages and their assets, all embedded: Scalar at `/api/v1/docs`, Swagger UI at
//! `/api-docs`. Pure: a path and an `Accept-Encoding` in, the whole answer out.

mod files;
mod negotiate;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use files::File;

/// What the pages may do: run scripts of this origin, speak with this origin, and nothing else.
/// Inline styles are what both pages are made of; inline scripts and `eval` stay refused.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// The file at `path`, as a client with this `Accept-Encoding` header (empty when it sent none)
/// takes it. `None`: no such page.
///
/// The first client that does not take gzip costs an inflation (milliseconds); the text is kept.
pub fn page(path: &str, accept_encoding: &str) -> Option<Asset> {
    files::all().iter().find(|file| file.path == path).map(|file| asset(file, accept_encoding))
}

/// Every path that [`page`] answers, for the router.
pub fn paths() -> impl Iterator<Item = &'static str> {
    files::all().iter().map(|file| file.path)
}

/// One answer: the body and the headers that describe it.
#[derive(Debug, Clone)]
pub struct Asset {
    pub content_type: &'static str,
    /// `gzip`, or `None` for the body as it is.
    pub content_encoding: Option<&'static str>,
    pub body: Bytes,
    pub cache_control: &'static str,
    /// A strong validator of exactly these bytes, quotes included.
    pub etag: &'static str,
    /// The content security policy, on the two pages themselves.
    pub csp: Option<&'static str>,
    /// `Accept-Encoding`, where the body depends on it.
    pub vary: Option<&'static str>,
}

impl Asset {
    /// All headers of a 200 but `Content-Length`, names in lower case. A 304 carries them too, less
    /// the two that describe the content (RFC 9110, section 15.4.5).
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        [
            ("content-type", Some(self.content_type)),
            ("content-encoding", self.content_encoding),
            ("cache-control", Some(self.cache_control)),
            ("etag", Some(self.etag)),
            ("vary", self.vary),
            ("content-security-policy", self.csp),
            ("referrer-policy", self.csp.map(|_| "no-referrer")),
            ("x-content-type-options", Some("nosniff")),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
    }

    /// Whether a client that sent this `If-None-Match` has these bytes already, so that a 304 will
    /// do (RFC 9110, section 13.1.2: weak comparison).
    pub fn is_fresh(&self, if_none_match: &str) -> bool {
        names(if_none_match, self.etag)
    }
}

/// Whether an `If-None-Match` header names this entity tag.
pub(crate) fn names(if_none_match: &str, etag: &str) -> bool {
    let mut tags = if_none_match.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn asset(file: &'static File, accept_encoding: &str) -> Asset {
    let is_packed = file.is_packed && negotiate::takes_gzip(accept_encoding);
    Asset {
        content_type: file.kind.content_type(),
        content_encoding: is_packed.then_some("gzip"),
        body: if file.is_packed && !is_packed { file.plain() } else { file.stored() },
        cache_control: file.cache_control(),
        etag: if is_packed { &file.packed_etag } else { &file.etag },
        csp: file.kind.is_page().then_some(POLICY),
        vary: file.is_packed.then_some("accept-encoding"),
    }
}
