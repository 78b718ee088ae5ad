//! Many questions in one request: read without a tree, answered into one buffer.

use std::borrow::Cow;
use std::collections::HashMap;

use latchkey_actors::decisions::Question;
use latchkey_actors::error::{Code, Error, Kind, Result};
use latchkey_actors::tenant::{Judge, Rights};
use latchkey_storage::id::UserId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{GRANTED, NO_USER, NOT_GRANTED, may_explain};
use crate::answer::{Answer, Answers};
use crate::context::{Ctx, Face};
use crate::extract::{Operation, json as strict, rejected};

/// Questions of one request, at most.
const ITEMS_MAX: usize = 10_000;

/// Questions about one user, or each about its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch<'a> {
    #[serde(default, borrow)]
    #[schemars(with = "Option<uuid::Uuid>")]
    user_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    checks: Vec<Item<'a>>,
    /// Answer with reasons; needs `decisions:explain`.
    #[serde(default)]
    reasons: bool,
}

/// One question.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    resource: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    /// The user that this question is about, when it is not that of the batch.
    #[serde(default, borrow)]
    #[schemars(with = "Option<uuid::Uuid>")]
    user_id: Option<Cow<'a, str>>,
    /// Attributes for policies.
    #[serde(default, borrow)]
    #[schemars(with = "Option<strict::Free>")]
    context: Option<&'a RawValue>,
}

/// A batch whose items are looked at one by one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loose<'a> {
    #[serde(default, borrow)]
    user_id: Option<&'a RawValue>,
    #[serde(borrow)]
    checks: Vec<&'a RawValue>,
    #[serde(default)]
    reasons: bool,
}

/// A question with its fault, if it has one.
type Asked<'a> = Result<Item<'a>, String>;

/// Answers in the order of the questions.
pub(super) struct Decisions {
    body: Vec<u8>,
}

/// Reads, judges and answers a batch.
pub(super) async fn decide(ctx: &Ctx, body: &[u8]) -> Result<Decisions> {
    // The whole batch in one pass; only a batch with a fault is read again, item by item.
    let (user, asked, reasons) = match strict::read::<Batch<'_>>(body) {
        Ok(batch) if batch.checks.iter().all(|item| item.context.is_none()) => {
            let asked = batch.checks.into_iter().map(Ok).collect();
            (batch.user_id, asked, batch.reasons)
        }
        _ => loose(ctx, body)?,
    };
    bounded(&asked)?;
    may_explain(ctx, reasons)?;
    let user = user
        .map(|text| user_of(&text))
        .transpose()
        .map_err(|problem| Error::invalid("user_id", problem))?;
    let judged = judge(ctx, user, &asked).await?;
    Ok(write(ctx, user, &asked, &judged, reasons))
}

/// Faults of syntax fail the batch; what is wrong inside an item is that item's error.
fn loose<'a>(ctx: &Ctx, body: &'a [u8]) -> Result<(Option<Cow<'a, str>>, Vec<Asked<'a>>, bool)> {
    let dialect = ctx.endpoint.dialect;
    strict::check(body).map_err(|fault| rejected(fault, dialect))?;
    let batch: Loose<'a> = match strict::read(body) {
        Ok(batch) => batch,
        Err(_) => {
            // The strict door knows best how to say what is wrong with the whole.
            let fault = strict::parse::<Outline>(body).err();
            let fault = fault.unwrap_or(strict::BodyFault::Empty);
            return Err(rejected(fault, dialect));
        }
    };
    let user = match batch.user_id.filter(|raw| raw.get() != "null") {
        Some(raw) => Some(
            serde_json::from_str::<Cow<'a, str>>(raw.get())
                .map_err(|_| Error::invalid("user_id", "must be a UUID as a string"))?,
        ),
        None => None,
    };
    let asked = batch.checks.into_iter().map(item).collect();
    Ok((user, asked, batch.reasons))
}

/// The outline of a batch, for the sentence about what is wrong with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is asked for")]
struct Outline {
    #[serde(default)]
    user_id: Option<String>,
    checks: Vec<strict::FreeValue>,
    #[serde(default)]
    reasons: bool,
}

fn item(raw: &RawValue) -> Asked<'_> {
    let item: Item<'_> = match strict::read(raw.get().as_bytes()) {
        Ok(item) => item,
        Err(_) => {
            let fault = strict::parse::<ItemOutline>(raw.get().as_bytes()).err();
            return Err(fault.map_or_else(|| "is no question".into(), |fault| fault.to_string()));
        }
    };
    match item.context {
        Some(context) if !context.get().starts_with('{') && context.get() != "null" => {
            Err("`context` must be an object".into())
        }
        _ => Ok(item),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is asked for")]
struct ItemOutline {
    resource: String,
    action: String,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    context: Option<strict::Free>,
}

fn bounded(asked: &[Asked<'_>]) -> Result<()> {
    if asked.is_empty() {
        return Err(Error::invalid("checks", "needs at least one check"));
    }
    if asked.len() > ITEMS_MAX {
        let message = format!("A batch takes at most {ITEMS_MAX} checks");
        return Err(Error::new(Kind::TooLarge, Code::BatchTooLarge, message));
    }
    Ok(())
}

fn user_of(text: &str) -> Result<UserId, String> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        format!("`{shown}` is not a UUID")
    })
}

/// The rights of every user that the batch asks about: one message each.
async fn judge(
    ctx: &Ctx,
    user: Option<UserId>,
    asked: &[Asked<'_>],
) -> Result<HashMap<UserId, Option<Rights>>> {
    let named = asked.iter().filter_map(|item| item.as_ref().ok()?.user_id.as_deref());
    let others = named.filter_map(|text| user_of(text).ok());
    let mut judged = HashMap::new();
    for user in user.into_iter().chain(others) {
        if let std::collections::hash_map::Entry::Vacant(place) = judged.entry(user) {
            place.insert(ctx.tenant()?.rights(Judge::User(user)).await?);
        }
    }
    Ok(judged)
}

fn write(
    ctx: &Ctx,
    user: Option<UserId>,
    asked: &[Asked<'_>],
    judged: &HashMap<UserId, Option<Rights>>,
    reasons: bool,
) -> Decisions {
    let mut body = Vec::with_capacity(64 + asked.len() * 96);
    body.extend_from_slice(b"{\"data\":{\"results\":[");
    let everybody = user.and_then(|user| judged.get(&user));
    let mut allowed_total = 0;
    for (at, item) in asked.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        let result = match item {
            Ok(item) => decided(item, everybody, judged, reasons),
            Err(problem) => Decided { allowed: false, reason: None, error: Some(problem.into()) },
        };
        allowed_total += u64::from(result.allowed);
        line(item.as_ref().ok(), &result, &mut body);
    }
    body.extend_from_slice(b"]}}");
    let denied = asked.len() as u64 - allowed_total;
    ctx.shared.checks.batch.decided(allowed_total, denied);
    Decisions { body }
}

struct Decided<'a> {
    allowed: bool,
    reason: Option<&'static str>,
    error: Option<Cow<'a, str>>,
}

fn decided<'a>(
    item: &Item<'_>,
    everybody: Option<&Option<Rights>>,
    judged: &HashMap<UserId, Option<Rights>>,
    reasons: bool,
) -> Decided<'a> {
    let failed =
        |error: String| Decided { allowed: false, reason: None, error: Some(error.into()) };
    let rights = match item.user_id.as_deref().map(user_of) {
        None => everybody,
        Some(Ok(user)) => judged.get(&user),
        Some(Err(problem)) => return failed(format!("`user_id` {problem}")),
    };
    let Some(rights) = rights else { return failed("`user_id` is missing".into()) };
    let question = match Question::new(&item.resource, &item.action) {
        Ok(question) => question,
        Err(error) => return failed(error.to_string()),
    };
    let allowed = rights.as_ref().is_some_and(|rights| rights.allows(&question));
    let reason = match (allowed, rights) {
        (true, _) => GRANTED,
        (false, Some(_)) => NOT_GRANTED,
        (false, None) => NO_USER,
    };
    Decided { allowed, reason: reasons.then_some(reason), error: None }
}

/// One result, written by hand: the members are few and the batch is long.
fn line(item: Option<&Item<'_>>, result: &Decided<'_>, body: &mut Vec<u8>) {
    body.extend_from_slice(b"{\"resource\":");
    text(item.map_or("", |item| &item.resource), body);
    body.extend_from_slice(b",\"action\":");
    text(item.map_or("", |item| &item.action), body);
    body.extend_from_slice(if result.allowed {
        b",\"allowed\":true"
    } else {
        b",\"allowed\":false"
    });
    for (name, value) in [("reason", result.reason), ("error", result.error.as_deref())] {
        if let Some(value) = value {
            body.extend_from_slice(b",\"");
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\":");
            text(value, body);
        }
    }
    body.push(b'}');
}

/// A JSON string; one without anything to escape is copied as it is.
fn text(value: &str, body: &mut Vec<u8>) {
    if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        body.push(b'"');
        body.extend_from_slice(value.as_bytes());
        body.push(b'"');
    } else {
        // Writing a string into memory cannot fail.
        let _ = serde_json::to_writer(body, value);
    }
}

impl Answers for Decisions {
    fn answer(self, _: &Face) -> Result<Answer> {
        Ok(Answer::json(200, self.body))
    }

    fn describe(operation: &mut Operation) {
        operation.answers::<Results>(200);
    }
}

/// Results in the order of the questions.
#[derive(Serialize, JsonSchema)]
struct Results {
    results: Vec<ResultBody>,
}

/// One result: `error` says why an item could not be judged.
#[derive(Serialize, JsonSchema)]
struct ResultBody {
    resource: String,
    action: String,
    allowed: bool,
    reason: Option<String>,
    error: Option<String>,
}
