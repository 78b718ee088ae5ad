//! The embedded files: where each is served, what it is, and the bytes. `gateway/assets/NOTICE.md`
//! says where the bytes come from.

use std::io::Read;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// No embedded file unpacks to more, in bytes.
const PLAIN_BYTES_MAX: u64 = 16 << 20;

/// All files that are served. A path with a version in it never changes its content.
pub(super) fn all() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
        use Kind::{Page, Script, Style};
        macro_rules! stored {
            ($path:literal) => {
                include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $path))
            };
        }
        vec![
            own("/api/v1/docs", Page, stored!("pages/reference.html")),
            own("/api/v1/docs/assets/reference.js", Script, stored!("pages/reference.js")),
            vendored(
                "/api/v1/docs/assets/scalar-1.72.1.js",
                Script,
                stored!("scalar/standalone.js.gz"),
            ),
            own("/api-docs", Page, stored!("pages/explorer.html")),
            own("/api-docs/assets/explorer.css", Style, stored!("pages/explorer.css")),
            own("/api-docs/assets/explorer.js", Script, stored!("pages/explorer.js")),
            own("/api-docs/assets/snippets.js", Script, stored!("pages/snippets.js")),
            vendored(
                "/api-docs/assets/swagger-ui-5.35.0.css",
                Style,
                stored!("swagger-ui/swagger-ui.css.gz"),
            ),
            vendored(
                "/api-docs/assets/swagger-ui-5.35.0.js",
                Script,
                stored!("swagger-ui/swagger-ui-bundle.js.gz"),
            ),
        ]
    });
    &FILES
}

/// What a file is to a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Script,
    Style,
}

impl Kind {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Page => "text/html; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
        }
    }

    pub(super) fn is_page(self) -> bool {
        self == Self::Page
    }
}

/// One embedded file.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// Whether `stored` is gzip. Such files are published ones, under a path with their version.
    pub(super) is_packed: bool,
    /// Of the plain text.
    pub(super) etag: String,
    /// Of the gzip, which are other bytes and so another strong validator.
    pub(super) packed_etag: String,
    stored: &'static [u8],
    plain: OnceLock<Bytes>,
}

impl File {
    /// The bytes as they are embedded.
    pub(super) fn stored(&self) -> Bytes {
        Bytes::from_static(self.stored)
    }

    /// The text of a packed file: unpacked when first asked for, and kept.
    pub(super) fn plain(&self) -> Bytes {
        self.plain.get_or_init(|| unpack(self.stored)).clone()
    }

    pub(super) fn cache_control(&self) -> &'static str {
        if self.is_packed { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// A file of this repository, small and served as it is. Its path stays when its content changes, so
/// a browser asks each time and gets a 304.
fn own(path: &'static str, kind: Kind, stored: &'static [u8]) -> File {
    file(path, kind, stored, false)
}

/// A published file, embedded as gzip.
fn vendored(path: &'static str, kind: Kind, stored: &'static [u8]) -> File {
    file(path, kind, stored, true)
}

fn file(path: &'static str, kind: Kind, stored: &'static [u8], is_packed: bool) -> File {
    let digest = hex::encode(Sha256::digest(stored));
    let short = digest.get(..16).unwrap_or(&digest);
    File {
        path,
        kind,
        is_packed,
        etag: format!("\"{short}\""),
        packed_etag: format!("\"{short}-gzip\""),
        stored,
        plain: OnceLock::new(),
    }
}

/// The embedded bytes are part of the binary and checked by a test, so that unpacking cannot fail
/// for a user; were it to, the file would be empty.
fn unpack(stored: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    match GzDecoder::new(stored).take(PLAIN_BYTES_MAX).read_to_end(&mut plain) {
        Ok(_) => Bytes::from(plain),
        Err(_) => Bytes::new(),
    }
}
