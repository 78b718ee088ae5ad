//! Where in a body something is, gathered from the inside out while an error travels up.

use std::fmt;

use super::faults::cut_input;

/// The steps from the fault up to the body: the innermost first.
#[derive(Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug)]
enum Step {
    Member(String),
    Item(usize),
}

impl Path {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts all of this below the member `name`.
    pub(super) fn below_member(&mut self, name: &str) {
        self.0.push(Step::Member(cut_input(name)));
    }

    /// Puts all of this below item `index` of an array.
    pub(super) fn below_item(&mut self, index: usize) {
        self.0.push(Step::Item(index));
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut dot = "";
        for step in self.0.iter().rev() {
            match step {
                Step::Item(index) => write!(f, "[{index}]")?,
                Step::Member(name) if is_plain(name) => write!(f, "{dot}{name}")?,
                Step::Member(name) => write!(f, "[{name:?}]")?,
            }
            dot = ".";
        }
        Ok(())
    }
}

/// Other names stand in brackets and quotes, so that a dot in a name does not read as a step.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$:/@…".contains(c))
}
