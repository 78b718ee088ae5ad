//! The strict scanner: RFC 8259, UTF-8, at most 64 levels, no member twice in any object.

use std::{borrow::Cow, collections::HashSet};

use super::{
    BODY_LEVELS_MAX,
    faults::{BodyFault, quoted},
    lex::Lexer,
    path::Path,
    value::{Member, Node},
};

/// Scans a body and keeps nothing of it.
pub(super) fn skim(bytes: &[u8]) -> Result<(), BodyFault> {
    scan(bytes, false).map(drop)
}

/// Scans a body into a tree that borrows its texts.
pub(super) fn read(bytes: &[u8]) -> Result<Node<'_>, BodyFault> {
    scan(bytes, true)
}

fn scan(bytes: &[u8], keep: bool) -> Result<Node<'_>, BodyFault> {
    if bytes.iter().all(|byte| b" \t\n\r".contains(byte)) {
        return Err(BodyFault::Empty);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Flaw::new(error.valid_up_to(), "this byte is not valid UTF-8"))
        .map_err(|flaw| flaw.placed(bytes))?;
    Scanner { lexer: Lexer::new(text), keep }.body().map_err(|flaw| flaw.placed(bytes))
}

/// What is wrong at a byte of the body.
#[derive(Debug)]
pub(super) struct Flaw {
    at: usize,
    problem: String,
    /// The member that appears twice, when that is the flaw.
    repeated: Option<Path>,
}

impl Flaw {
    pub(super) fn new(at: usize, problem: impl Into<String>) -> Self {
        Self { at, problem: problem.into(), repeated: None }
    }

    fn repeated(at: usize, name: &str) -> Self {
        let mut path = Path::default();
        path.below_member(name);
        Self { at, problem: String::new(), repeated: Some(path) }
    }

    fn below(mut self, step: impl FnOnce(&mut Path)) -> Self {
        if let Some(path) = &mut self.repeated {
            step(path);
        }
        self
    }

    fn placed(self, bytes: &[u8]) -> BodyFault {
        let before = bytes.get(..self.at).unwrap_or(bytes);
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        BodyFault::Syntax {
            line: before.split(|byte| *byte == b'\n').count(),
            column: String::from_utf8_lossy(line).chars().count() + 1,
            problem: match self.repeated {
                Some(path) => format!("member `{path}` appears twice, keep one"),
                None => self.problem,
            },
        }
    }
}

struct Scanner<'a> {
    lexer: Lexer<'a>,
    keep: bool,
}

impl<'a> Scanner<'a> {
    fn body(mut self) -> Result<Node<'a>, Flaw> {
        let node = self.value(0)?;
        self.lexer.space();
        if self.lexer.peek().is_some() {
            return Err(self.lexer.unexpected("the end of the body"));
        }
        Ok(node)
    }

    /// INVARIANT: recursion ends at `BODY_LEVELS_MAX`, because `levels` counts the open brackets.
    fn value(&mut self, levels: usize) -> Result<Node<'a>, Flaw> {
        self.lexer.space();
        match self.lexer.peek() {
            Some(b'{') => self.object(levels + 1),
            Some(b'[') => self.array(levels + 1),
            Some(b'"') => self.lexer.string().map(Node::String),
            Some(b'-' | b'0'..=b'9') => self.lexer.number().map(Node::Number),
            Some(b't') => self.lexer.word("true").map(|()| Node::Bool(true)),
            Some(b'f') => self.lexer.word("false").map(|()| Node::Bool(false)),
            Some(b'n') => self.lexer.word("null").map(|()| Node::Null),
            _ => Err(self.lexer.unexpected("a JSON value")),
        }
    }

    fn array(&mut self, levels: usize) -> Result<Node<'a>, Flaw> {
        self.open(levels)?;
        let (mut items, mut index) = (Vec::new(), 0);
        if self.lexer.take(b']') {
            return Ok(Node::Array(items));
        }
        loop {
            let item =
                self.value(levels).map_err(|flaw| flaw.below(|path| path.below_item(index)))?;
            if self.keep {
                items.push(item);
            }
            index += 1;
            if !self.more(b']', "`,` or `]`")? {
                return Ok(Node::Array(items));
            }
        }
    }

    fn object(&mut self, levels: usize) -> Result<Node<'a>, Flaw> {
        self.open(levels)?;
        let (mut members, mut seen) = (Vec::new(), Seen::default());
        if self.lexer.take(b'}') {
            return Ok(Node::Object(members));
        }
        loop {
            let member = self.member(levels, &mut seen)?;
            if self.keep {
                members.push(member);
            }
            if !self.more(b'}', "`,` or `}`")? {
                return Ok(Node::Object(members));
            }
        }
    }

    fn member(&mut self, levels: usize, seen: &mut Seen<'a>) -> Result<Member<'a>, Flaw> {
        self.lexer.space();
        let at = self.lexer.at();
        if self.lexer.peek() != Some(b'"') {
            return Err(self.lexer.unexpected("a member name in double quotes"));
        }
        let name = self.lexer.string()?;
        if !seen.insert(name.clone()) {
            return Err(Flaw::repeated(at, &name));
        }
        self.lexer.space();
        if !self.lexer.take(b':') {
            return Err(self.lexer.unexpected(&format!("`:` after member {}", quoted(&name))));
        }
        let value =
            self.value(levels).map_err(|flaw| flaw.below(|path| path.below_member(&name)))?;
        Ok((name, value))
    }

    /// Steps over an opening bracket and the whitespace behind it.
    fn open(&mut self, levels: usize) -> Result<(), Flaw> {
        if levels > BODY_LEVELS_MAX {
            let problem = format!("nested deeper than {BODY_LEVELS_MAX} levels, flatten the body");
            return Err(Flaw::new(self.lexer.at(), problem));
        }
        self.lexer.step();
        self.lexer.space();
        Ok(())
    }

    /// Whether a comma promises another entry; otherwise the closing bracket has to follow.
    fn more(&mut self, close: u8, expected: &str) -> Result<bool, Flaw> {
        self.lexer.space();
        if self.lexer.take(b',') {
            return Ok(true);
        }
        if self.lexer.take(close) {
            return Ok(false);
        }
        Err(self.lexer.unexpected(expected))
    }
}

/// Members from which on a hash set finds a repetition faster than a walk.
const SEEN_WALK_MAX: usize = 16;

/// The member names of one object so far; unescaped, so `"\u0061"` repeats `"a"`.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    /// Whether the name is new.
    fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(name);
        }
        if self.few.contains(&name) {
            return false;
        }
        self.few.push(name);
        if self.few.len() == SEEN_WALK_MAX {
            self.many.extend(self.few.drain(..));
        }
        true
    }
}
