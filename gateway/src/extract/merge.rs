//! RFC 7396: how a patch of free-form JSON changes the object that stands.

use serde_json::{Map, Value};

use super::json::Free;

/// The object that stands, as text, after a patch of it; `null` stands for an empty object.
pub fn merged(stands: &str, patch: Option<Free>) -> String {
    let Some(patch) = patch else { return "{}".into() };
    let mut object = serde_json::from_str::<Map<String, Value>>(stands).unwrap_or_default();
    merge(&mut object, patch.into_members());
    Value::Object(object).to_string()
}

/// A patch is at most 64 levels deep, and so is this.
fn merge(object: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                object.remove(&name);
            }
            Value::Object(inner) => {
                let place = object.entry(name).or_insert(Value::Null);
                let mut below = match place.take() {
                    Value::Object(below) => below,
                    _ => Map::new(),
                };
                merge(&mut below, inner);
                *place = Value::Object(below);
            }
            value => {
                object.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stands: &str, patch: &str, expected: &str) {
        let patch = serde_json::from_str(patch).unwrap();
        assert_eq!(merged(stands, patch), expected);
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        // From appendix A of the RFC, as far as both sides are objects.
        check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"a":null}"#, "{}");
        check(r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#);
        check(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#);
        check(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#);
        check(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#);
        check(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#);
        check("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#);
        check(r#"{"a":"b"}"#, "null", "{}");
    }
}
