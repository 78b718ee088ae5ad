//! The tokens of JSON: whitespace, words, numbers, strings and their escapes.

use std::borrow::Cow;

use super::{faults::quoted, scan::Flaw};

/// A place in a text that is known to be UTF-8.
///
/// INVARIANT: `at` is a character boundary, since every step goes over whole ASCII tokens.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over the ASCII byte that `peek` showed.
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    pub(super) fn word(&mut self, word: &str) -> Result<(), Flaw> {
        if !self.rest().starts_with(word) {
            return Err(self.unexpected("`true`, `false` or `null`"));
        }
        self.at += word.len();
        Ok(())
    }

    /// A number as it stands, by the grammar of RFC 8259, section 6.
    pub(super) fn number(&mut self) -> Result<&'a str, Flaw> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// A string without its quotes and escapes; borrowed where it has none.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        self.step();
        let first = self.plain()?;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(first));
        }
        let mut text = first.to_owned();
        while self.take(b'\\') {
            text.push(self.escape()?);
            text.push_str(self.plain()?);
        }
        self.step();
        Ok(Cow::Owned(text))
    }

    /// The run of characters up to a quote or a backslash.
    fn plain(&mut self) -> Result<&'a str, Flaw> {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
        let run = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        self.at += run.len();
        match self.peek() {
            Some(b'"' | b'\\') => Ok(run),
            Some(byte) => {
                let problem = format!("control character in a string, write it as `\\u{byte:04x}`");
                Err(Flaw::new(self.at, problem))
            }
            None => Err(self.unexpected("the closing quote of a string")),
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Result<char, Flaw> {
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu` after a backslash")),
        };
        self.step();
        Ok(plain)
    }

    /// `uXXXX`, or a surrogate pair of two.
    fn unicode(&mut self) -> Result<char, Flaw> {
        let at = self.at;
        let mut unit = [self.unit()?, 0];
        let mut used = 1;
        if (0xD800..0xDC00).contains(&unit[0]) && self.take(b'\\') {
            unit[1] = self.unit()?;
            used = 2;
        }
        let mut decoded = char::decode_utf16(unit.into_iter().take(used));
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => Err(Flaw::new(at, "half of a surrogate pair, write both halves or neither")),
        }
    }

    fn unit(&mut self) -> Result<u16, Flaw> {
        if !self.take(b'u') {
            return Err(self.unexpected("`u` and the second half of a surrogate pair"));
        }
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let digit = digit.and_then(|digit| u16::try_from(digit).ok());
            unit = unit << 4 | digit.ok_or_else(|| self.unexpected("a hexadecimal digit"))?;
            self.step();
        }
        Ok(unit)
    }

    /// The flaw of another character, or of the end, standing here.
    pub(super) fn unexpected(&self, expected: &str) -> Flaw {
        let problem = match self.rest().chars().next() {
            Some('\u{feff}') => format!("found a byte order mark, expected {expected}"),
            Some(c) => format!("found {}, expected {expected}", quoted(c.encode_utf8(&mut [0; 4]))),
            None => format!("the body ends here, expected {expected}"),
        };
        Flaw::new(self.at, problem)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}
