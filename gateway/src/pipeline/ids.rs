//! Request ids: an incoming one of up to 128 visible ASCII characters that holds no key, else a
//! new one.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderValue};
use latchkey_actors::api_keys::may_hold_key;
use latchkey_actors::entropy::Entropy;

const LENGTH_MAX: usize = 128;

/// The id of one request, ready for its header. Cheap to clone.
#[derive(Clone)]
pub struct RequestId(HeaderValue);

/// Makes ids: a random number of the process and a count, so that no two are alike.
pub struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        Self { process: u64::from_be_bytes(bytes), count: AtomicU64::new(1) }
    }

    /// The id that the client sent, or a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        let sent = headers.get("x-request-id").filter(|id| fits(id.as_bytes()));
        RequestId(sent.cloned().unwrap_or_else(|| self.next()))
    }

    /// `{process}-{count}`, in hexadecimal.
    fn next(&self) -> HeaderValue {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut text = [b'-'; 33];
        hex(self.process, text.iter_mut().take(16));
        hex(count, text.iter_mut().skip(17));
        HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    }
}

fn hex<'t>(number: u64, out: impl Iterator<Item = &'t mut u8>) {
    for (place, digit) in out.enumerate() {
        let nibble = usize::try_from(number >> (60 - 4 * place) & 0xF).unwrap_or(0);
        *digit = b"0123456789abcdef".get(nibble).copied().unwrap_or(b'0');
    }
}

fn fits(id: &[u8]) -> bool {
    let visible = (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    visible && std::str::from_utf8(id).is_ok_and(|text| !may_hold_key(text))
}

impl RequestId {
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use latchkey_storage::OsEntropy;

    use super::*;

    #[test]
    fn a_fitting_id_is_kept_and_any_other_replaced() {
        let ids = RequestIds::new(&OsEntropy);
        let of = |text: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_bytes(text).unwrap());
            ids.of(&headers).to_string()
        };
        assert_eq!(of(b"abc-123"), "abc-123");
        for bad in [b"a b".as_slice(), b"", &[b'x'; 129], "ä".as_bytes(), b"for-lk_live_abc"] {
            assert_eq!(of(bad).len(), 33, "{bad:?}");
        }
        assert_ne!(of(b""), of(b""));
    }
}
