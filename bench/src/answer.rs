//! Reads one HTTP/1.1 answer with a `Content-Length`, and holds it to what was expected.

use memchr::memmem::{self, Finder};

/// Where an answer ends, and how it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Bytes of the head, its empty line included.
    pub(crate) body_start: usize,
    pub(crate) body_bytes: usize,
}

impl Head {
    pub(crate) fn answer_bytes(&self) -> usize {
        self.body_start.saturating_add(self.body_bytes)
    }
}

const HEAD_BYTES_MAX: usize = 32 * 1024;
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The head at the start of `buffer`; `None` while its empty line has not arrived.
///
/// # Errors
/// Not HTTP/1.1, no `Content-Length`, or larger than this client takes.
pub(crate) fn parse_head(buffer: &[u8]) -> Result<Option<Head>, String> {
    let Some(end) = memmem::find(buffer, b"\r\n\r\n") else {
        let too_long = buffer.len() > HEAD_BYTES_MAX;
        return if too_long { Err("a head of more than 32 KiB".to_owned()) } else { Ok(None) };
    };
    let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())
        .map_err(|_| "a head that is not UTF-8".to_owned())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(parse_status).ok_or("no HTTP/1.1 status line")?;
    let body_bytes = lines.find_map(content_length).ok_or("no Content-Length")?;
    if body_bytes > BODY_BYTES_MAX {
        return Err(format!("a body of {body_bytes} bytes"));
    }
    Ok(Some(Head { status, body_start: end + 4, body_bytes }))
}

fn parse_status(line: &str) -> Option<u16> {
    line.strip_prefix("HTTP/1.1 ")?.split(' ').next()?.parse().ok()
}

fn content_length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

/// What makes an answer right: status 200 and a number of marks in its body.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    marks: Vec<(Finder<'static>, usize)>,
}

impl Expected {
    /// Also demands that `text` occurs exactly `times` times.
    #[must_use]
    pub(crate) fn with(mut self, text: &str, times: usize) -> Self {
        self.marks.push((Finder::new(text.as_bytes()).into_owned(), times));
        self
    }

    /// # Errors
    /// Says what was found instead, with the start of the body.
    pub(crate) fn verify(&self, status: u16, body: &[u8]) -> Result<(), String> {
        if status != 200 {
            return Err(format!("status {status} instead of 200: {}", excerpt(body)));
        }
        for (mark, times) in &self.marks {
            let found = mark.find_iter(body).count();
            if found != *times {
                let mark = String::from_utf8_lossy(mark.needle());
                return Err(format!("`{mark}` {found} times, not {times}: {}", excerpt(body)));
            }
        }
        Ok(())
    }
}

/// The start of a body, fit for a terminal.
fn excerpt(body: &[u8]) -> String {
    const EXCERPT_BYTES_MAX: usize = 300;
    let start = body.get(..EXCERPT_BYTES_MAX).unwrap_or(body);
    format!("`{}`", String::from_utf8_lossy(start).escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str =
        "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nCONTENT-length:  12 \r\n\r\n{\"ok\":true}\n";

    fn check(text: &str, expected: Result<Option<(u16, usize)>, &str>) {
        let found = parse_head(text.as_bytes()).map(|head| head.map(|h| (h.status, h.body_bytes)));
        assert_eq!(found, expected.map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn heads_are_read_or_refused() {
        check(ANSWER, Ok(Some((200, 12))));
        check("HTTP/1.1 503\r\ncontent-length:0\r\n\r\n", Ok(Some((503, 0))));
        check("HTTP/1.1 200 OK\r\nx-content-length: 7\r\n\r\n", Err("no Content-Length"));
        check("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", Err("no Content-Length"));
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Err("no Content-Length"));
        check("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", Err("no HTTP/1.1 status line"));
        check("HTTP/1.1 x\r\nContent-Length: 1\r\n\r\n", Err("no HTTP/1.1 status line"));
        check(&"a".repeat(HEAD_BYTES_MAX), Ok(None));
        check(&"a".repeat(HEAD_BYTES_MAX + 1), Err("a head of more than 32 KiB"));
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            Err("a body of 99999999999 bytes"),
        );
    }

    #[test]
    fn a_head_is_known_only_when_complete() {
        let body_start = ANSWER.find('{').unwrap();
        for cut in 0..body_start {
            check(&ANSWER[..cut], Ok(None));
        }
        let head = parse_head(&ANSWER.as_bytes()[..body_start]).unwrap().unwrap();
        assert_eq!((head.body_start, head.answer_bytes()), (body_start, ANSWER.len()));
    }

    #[test]
    fn an_answer_must_be_200_and_hold_its_marks() {
        let expected = Expected::default().with(r#""allowed":"#, 2).with(r#""allowed":true"#, 1);
        let right = br#"[{"allowed":true},{"allowed":false}]"#;
        assert_eq!(expected.verify(200, right), Ok(()));
        for (status, body, complaint) in [
            (429, right.as_slice(), "status 429 instead of 200"),
            (200, br#"[{"allowed":true},{"allowed":true}]"#, "`\"allowed\":true` 2 times, not 1"),
            (200, br#"[{"allowed":true}]"#, "`\"allowed\":` 1 times, not 2"),
            (200, b"\x1b[2J", "`\\u{1b}[2J`"),
        ] {
            let found = expected.verify(status, body).unwrap_err();
            assert!(found.contains(complaint), "{found}");
        }
    }
}
