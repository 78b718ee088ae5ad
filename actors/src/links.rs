//! Links between two objects: how they are put, removed and listed.

use latchkey_storage::View;
use latchkey_storage::key::KeyPart;
use latchkey_storage::table::Table;
use latchkey_storage::tables::Assignment;

use crate::error::{Error, Result};
use crate::tenant::Tx;

/// An object as a list of assignments shows it.
#[derive(Clone, Debug)]
pub struct Linked<T> {
    pub object: T,
    pub link: Assignment,
}

/// Where the caller has named an object: that decides what a missing one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// In the path: 404.
    InPath,
    /// In this member of the body: 422.
    InBody(&'static str),
}

impl Named {
    /// The object must be there; `noun` as it begins a sentence.
    pub(crate) fn exists(self, there: bool, noun: &str) -> Result<()> {
        match self {
            _ if there => Ok(()),
            Self::InPath => Err(Error::not_found(noun)),
            Self::InBody(field) => {
                let problem = format!("there is no such {} in this tenant", noun.to_lowercase());
                Err(Error::invalid(field, problem))
            }
        }
    }
}

/// What putting a link has done.
pub(crate) struct Put {
    /// A link without an end has one now: that takes something away.
    pub(crate) now_ends: bool,
}

/// Looks at a link that is to be put, before it is.
///
/// # Errors
/// 422 when its end lies in the past.
pub(crate) fn outlook<L: Table<Value = Assignment>>(
    tx: &Tx<'_, '_>,
    key: &L::Key,
    expires_at: Option<i64>,
) -> Result<Put> {
    if expires_at.is_some_and(|at| at <= tx.now) {
        return Err(Error::invalid("expires_at", "lies in the past"));
    }
    let lasting = tx.get::<L>(key)?.is_some_and(|link| link.expires_at.is_none());
    Ok(Put { now_ends: lasting && expires_at.is_some() })
}

/// The row of a link: a new one, or the one that stands with another end.
pub(crate) fn row<L: Table<Value = Assignment>>(
    tx: &Tx<'_, '_>,
    key: &L::Key,
    expires_at: Option<i64>,
) -> Result<Assignment> {
    if let Some(link) = tx.get::<L>(key)? {
        return Ok(Assignment { expires_at, ..link });
    }
    Ok(Assignment { expires_at, created_at: tx.now, created_by: tx.who().author.clone() })
}

/// A page of what is linked below a prefix, and how many there are. `exists` says whether the
/// other side is there, so that the deleted are passed without being read.
pub(crate) fn page<L: Table<Value = Assignment>, T>(
    view: &View<'_>,
    prefix: &impl KeyPart,
    (skip, limit): (usize, usize),
    exists: impl Fn(&L::Key) -> Result<bool>,
    fetch: impl Fn(&L::Key) -> Result<T>,
) -> Result<(Vec<Linked<T>>, u64)> {
    let mut links = Vec::new();
    view.for_each::<L>(prefix, |key, link| {
        links.push((key, link));
        std::ops::ControlFlow::Continue(())
    })?;
    let (mut page, mut total) = (Vec::new(), 0_usize);
    for (key, link) in links {
        if !exists(&key)? {
            continue;
        }
        if total >= skip && page.len() < limit {
            page.push(Linked { object: fetch(&key)?, link });
        }
        total += 1;
    }
    Ok((page, u64::try_from(total).unwrap_or(u64::MAX)))
}
