//! Many keys in one request.

use latchkey_actors::api_keys::{self as domain, Presented, Refusal};
use latchkey_actors::error::{Code, Error, Kind, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::judgement::Judgement;
use super::{Question, presented};
use crate::answer::Found;
use crate::context::Ctx;
use crate::extract::{Body, json as strict};

/// Keys of one batch, at most.
const BATCH_MAX: usize = 1_000;

/// Keys to be judged.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Questions {
    /// Each `{apiKey, clientIp?, requiredScopes?}`.
    keys: Vec<strict::FreeValue>,
}

/// Verdicts in the order of the keys.
#[derive(Serialize, JsonSchema)]
pub(super) struct Results {
    results: Vec<Value>,
    total: usize,
    valid: usize,
    invalid: usize,
}

pub(super) async fn validate_batch(
    ctx: Ctx,
    Body(body): Body<Questions>,
) -> Result<Found<Results>> {
    let total = body.keys.len();
    if total == 0 {
        return Err(Error::invalid("keys", "needs at least one key"));
    }
    if total > BATCH_MAX {
        let message = format!("A batch takes at most {BATCH_MAX} keys");
        return Err(Error::new(Kind::TooLarge, Code::BatchTooLarge, message));
    }
    let tenant = ctx.tenant()?;
    let mut places: Vec<Result<usize, Value>> = Vec::with_capacity(total);
    let mut asked = Vec::new();
    for item in body.keys {
        match item_of(&ctx, &item, tenant) {
            Ok(Some(presented)) => {
                places.push(Ok(asked.len()));
                asked.push(presented);
            }
            Ok(None) => places.push(Err(invalid(None))),
            Err(error) => places.push(Err(invalid(Some(&error)))),
        }
    }
    let addresses: Vec<_> = asked.iter().map(|presented| presented.client_ip).collect();
    let verdicts = tenant.validate_many(asked).await?;
    let mut shown: Vec<Value> = verdicts
        .into_iter()
        .zip(addresses)
        .map(|(verdict, client_ip)| {
            ctx.shared.metrics.validated(verdict.refusal);
            Judgement { verdict, client_ip }.in_batch()
        })
        .collect::<Result<_>>()?;
    let mut take = |place| match place {
        Ok(at) => shown.get_mut(at).map(Value::take).unwrap_or_default(),
        Err(value) => value,
    };
    let results: Vec<Value> = places.into_iter().map(&mut take).collect();
    let valid = results.iter().filter(|result| result["valid"] == true).count();
    let data = Results { results, total, valid, invalid: total - valid };
    Ok(Found::new("API keys validated", data))
}

/// One item of a batch; none for a key that no tenant of ours has issued, or another one has.
fn item_of(
    ctx: &Ctx,
    item: &strict::FreeValue,
    tenant: &latchkey_actors::tenant::Tenant,
) -> Result<Option<Presented>, String> {
    let text = item.text();
    let question: Question = strict::parse(text.as_bytes()).map_err(|fault| fault.to_string())?;
    let ours = domain::presented(&question.api_key).is_some_and(|code| tenant.row_code_is(code));
    let presented = presented(ctx, &question, None).map_err(|error| {
        let fields = error.fields().iter().map(|(field, problem)| format!("{field}: {problem}"));
        fields.collect::<Vec<_>>().join("; ")
    })?;
    Ok(ours.then_some(presented))
}

fn invalid(error: Option<&str>) -> Value {
    let refusal = Refusal::InvalidKey;
    let mut result =
        json!({ "valid": false, "reason": refusal.word(), "details": refusal.sentence() });
    if let (Some(error), Some(members)) = (error, result.as_object_mut()) {
        members.insert("error".into(), error.into());
    }
    result
}
