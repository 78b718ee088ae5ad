//! Paging: each surface has its own parameters and refuses those of the others.

use bytes::Bytes;
use latchkey_actors::error::{Code, Error, Kind, Result};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Extract, Operation};
use crate::context::Ctx;

/// Objects that may be skipped, at most: further in, a filter is the way.
const OFFSET_MAX: u64 = 100_000;
const FAMILIES: [&str; 6] = ["limit", "offset", "skip", "cursor", "page", "per_page"];

/// `limit` and `offset`: the platform (1 to 100) and the workspace (1 to 500, `skip` as an alias).
#[derive(Clone, Copy, Debug)]
pub struct OffsetPage {
    pub limit: usize,
    pub offset: usize,
}

/// `page` and `per_page`: the IAM surface. `per_page` above 100 means 100.
#[derive(Clone, Copy, Debug)]
pub struct PageNumbers {
    pub page: u64,
    pub per_page: u64,
}

/// The figures of a page.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum PageMeta {
    Numbers {
        page: u64,
        per_page: u64,
        total: u64,
    },
    Offset {
        total: u64,
        limit: u64,
        offset: u64,
        next_cursor: Option<String>,
        prev_cursor: Option<String>,
        has_more: bool,
    },
}

/// The figures of a page as the platform writes them, beside the list.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformPagination {
    pub total: u64,
    pub limit: usize,
    pub offset: usize,
    pub has_more: bool,
}

impl OffsetPage {
    /// The figures, given how many there are in all.
    pub fn platform(self, shown: usize, total: u64) -> PlatformPagination {
        let has_more = self.reached(shown) < total;
        PlatformPagination { total, limit: self.limit, offset: self.offset, has_more }
    }

    /// The figures, given how many there are in all.
    pub fn workspace(self, shown: usize, total: u64) -> PageMeta {
        PageMeta::Offset {
            total,
            limit: self.limit as u64,
            offset: self.offset as u64,
            next_cursor: None,
            prev_cursor: None,
            has_more: self.reached(shown) < total,
        }
    }

    fn reached(self, shown: usize) -> u64 {
        self.offset as u64 + shown as u64
    }
}

impl PageNumbers {
    pub fn skip(self) -> usize {
        usize::try_from((self.page - 1).saturating_mul(self.per_page)).unwrap_or(usize::MAX)
    }

    pub fn limit(self) -> usize {
        usize::try_from(self.per_page).unwrap_or(100)
    }

    pub fn meta(self, total: u64) -> PageMeta {
        PageMeta::Numbers { page: self.page, per_page: self.per_page, total }
    }
}

impl Extract for OffsetPage {
    fn extract(ctx: &Ctx, _: &Bytes) -> Result<Self> {
        let workspace = ctx.endpoint.dialect == crate::dialect::Dialect::Workspace;
        let own: &[&str] =
            if workspace { &["limit", "offset", "skip"] } else { &["limit", "offset"] };
        refuse_others(ctx, own)?;
        let (default, limit_max) = if workspace { (50, 500) } else { (50, 100) };
        let wrong =
            || parameter(format!("limit must be a positive integer between 1 and {limit_max}"));
        let limit = number(ctx, "limit").map_err(|_| wrong())?.unwrap_or(default);
        if !(1..=limit_max).contains(&limit) {
            return Err(wrong());
        }
        let (offset, skip) = (number(ctx, "offset")?, number(ctx, "skip")?);
        if let (Some(offset), Some(skip)) = (offset, skip)
            && offset != skip
        {
            return Err(parameter("skip and offset are one and the same; send one".into()));
        }
        let offset = offset.or(skip).unwrap_or(0);
        if offset > OFFSET_MAX {
            let problem = format!("offset must be an integer between 0 and {OFFSET_MAX}");
            return Err(parameter(problem));
        }
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Ok(Self { limit: size(limit), offset: size(offset) })
    }

    fn describe(operation: &mut Operation) {
        operation.query("limit", "How many to return.", 50);
        operation.query("offset", "How many to skip, up to 100,000.", 0);
    }
}

impl Extract for PageNumbers {
    fn extract(ctx: &Ctx, _: &Bytes) -> Result<Self> {
        refuse_others(ctx, &["page", "per_page"])?;
        let page = number(ctx, "page")?.unwrap_or(1);
        let per_page = number(ctx, "per_page")?.unwrap_or(20).min(100);
        if page < 1 {
            return Err(parameter("page must be a positive integer".into()));
        }
        if per_page < 1 {
            return Err(parameter("per_page must be between 1 and 100".into()));
        }
        let numbers = Self { page, per_page };
        if numbers.skip() as u64 > OFFSET_MAX {
            let problem = format!("the page must begin within the first {OFFSET_MAX} objects");
            return Err(parameter(problem));
        }
        Ok(numbers)
    }

    fn describe(operation: &mut Operation) {
        operation.query("page", "Which page, from 1.", 1);
        operation.query("per_page", "Objects on a page, up to 100.", 20);
    }
}

fn refuse_others(ctx: &Ctx, own: &[&str]) -> Result<()> {
    let other = FAMILIES.iter().find(|name| !own.contains(name) && ctx.query(name).is_some());
    match other {
        Some(name) => {
            let own = own.join(" and ");
            let problem = format!("{name} is not a parameter of this surface; it pages by {own}");
            Err(parameter(problem))
        }
        None => Ok(()),
    }
}

fn number(ctx: &Ctx, name: &'static str) -> Result<Option<u64>> {
    let Some(text) = ctx.query(name) else { return Ok(None) };
    let wrong = |_| parameter(format!("{name} must be a non-negative integer"));
    text.parse::<u64>().map(Some).map_err(wrong)
}

fn parameter(problem: String) -> Error {
    Error::new(Kind::Malformed, Code::InvalidParameter, "Invalid query parameter").detail(problem)
}
