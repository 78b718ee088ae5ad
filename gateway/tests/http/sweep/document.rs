//! Bodies made from the schemas of the OpenAPI document: one that is right, and each way to be
//! wrong that a schema can tell.

use serde_json::{Map, Value, json};

use super::rows::Row;

/// The document that the gateway serves.
pub(super) struct Document(pub(super) Value);

/// The body of one operation.
pub(super) struct Body<'d> {
    document: &'d Document,
    schema: &'d Value,
    pub(super) required: bool,
    /// Faults inside an item of a batch are the item's.
    batch: bool,
}

/// The right values of members, by their names.
pub(super) type Values<'v> = &'v dyn Fn(&str) -> Option<Value>;

impl Document {
    /// The operation of a row.
    pub(super) fn operation(&self, row: Row) -> &Value {
        let method = row.0.method.word().to_ascii_lowercase();
        &self.0["paths"][row.0.path][method]
    }

    /// The body that an operation takes.
    pub(super) fn body(&self, row: Row) -> Option<Body<'_>> {
        let body = self.operation(row).get("requestBody")?;
        let schema = self.resolved(&body["content"]["application/json"]["schema"]);
        let required = body["required"] == true;
        Some(Body { document: self, schema, required, batch: row.0.takes_batch })
    }

    /// Whether an operation says that it may answer so.
    pub(super) fn tells(&self, row: Row, status: u16) -> bool {
        self.operation(row)["responses"].get(status.to_string()).is_some()
    }

    fn resolved<'d>(&'d self, schema: &'d Value) -> &'d Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// The schemas of which one must fit.
    fn choices<'d>(&'d self, schema: &'d Value) -> Vec<&'d Value> {
        let schema = self.resolved(schema);
        match schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            Some(choices) => choices.iter().flat_map(|choice| self.choices(choice)).collect(),
            None => vec![schema],
        }
    }

    /// The choice that is an object with members of its own.
    fn object<'d>(&'d self, schema: &'d Value) -> Option<&'d Value> {
        self.choices(schema).into_iter().find(|choice| choice["properties"].is_object())
    }

    /// Whether a value is of a type that a schema allows.
    fn allows(&self, schema: &Value, value: &Value) -> bool {
        self.choices(schema).into_iter().any(|choice| {
            let is = |name: &str| choice["type"] == name || has(&choice["type"], name);
            let free_text = choice.get("enum").is_none()
                && choice.get("const").is_none()
                && choice["format"] != "uuid";
            match value {
                _ if choice["type"].is_null() => choice.get("const").is_none(),
                Value::Null => is("null"),
                Value::Bool(_) => is("boolean"),
                Value::String(_) => is("string") && free_text,
                Value::Number(number) if number.is_f64() => is("number"),
                Value::Number(_) => is("integer") || is("number"),
                Value::Array(_) => is("array"),
                Value::Object(_) => is("object"),
            }
        })
    }
}

fn has(types: &Value, name: &str) -> bool {
    types.as_array().is_some_and(|types| types.iter().any(|known| known == name))
}

/// One value of each type.
fn of_each_type() -> [Value; 7] {
    [json!(null), json!(true), json!(7), json!(1.5), json!("text"), json!([]), json!({})]
}

impl Body<'_> {
    /// A right body with all that must be there.
    ///
    /// # Errors
    /// The member whose value nobody knows.
    pub(super) fn sample(&self, values: Values<'_>) -> Result<Value, String> {
        object(self.schema, values)
    }

    /// The names of all members.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        self.schema["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str)
    }

    /// Bodies with one member of a wrong type, in objects within the body, too.
    pub(super) fn of_wrong_types(&self, values: Values<'_>) -> Vec<Value> {
        self.wrong(self.schema, values)
    }

    fn wrong(&self, schema: &Value, values: Values<'_>) -> Vec<Value> {
        let mut all = Vec::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let refused = of_each_type().into_iter().filter(|v| !self.document.allows(member, v));
            let below = self.document.object(member).map(|inner| self.wrong(inner, values));
            let items = self.of_wrong_items(member);
            for value in refused.chain(below.into_iter().flatten()).chain(items) {
                let mut body = object(schema, values).unwrap_or_default();
                body[name] = value;
                all.push(body);
            }
        }
        all
    }

    /// Lists with an item of a wrong type.
    fn of_wrong_items(&self, schema: &Value) -> Vec<Value> {
        let choices = self.document.choices(schema).into_iter();
        let items = choices.filter_map(|choice| choice.get("items")).find(|_| !self.batch);
        let Some(items) = items else { return Vec::new() };
        let refused = of_each_type().into_iter().filter(|v| !self.document.allows(items, v));
        refused.map(|value| json!([value])).collect()
    }

    /// Bodies with a member that nobody knows, in objects within the body, too.
    pub(super) fn with_unknown_members(&self, values: Values<'_>) -> Vec<Value> {
        let mut body = self.sample(values).unwrap_or_default();
        body["surprise"] = json!(1);
        let mut all = vec![body];
        for (name, member) in self.schema["properties"].as_object().into_iter().flatten() {
            let Some(inner) = self.document.object(member) else { continue };
            let mut body = self.sample(values).unwrap_or_default();
            body[name] = object(inner, values).unwrap_or_default();
            body[name]["surprise"] = json!(1);
            all.push(body);
        }
        all
    }

    /// Members that take any object.
    pub(super) fn free_members(&self) -> impl Iterator<Item = &str> {
        self.members().filter(|name| {
            let choices = self.document.choices(&self.schema["properties"][*name]);
            choices.iter().any(|choice| {
                self.document.allows(choice, &json!({})) && !choice["properties"].is_object()
            })
        })
    }
}

/// A JSON object as text with one more member, whatever that holds.
pub(super) fn with_raw(body: &Value, name: &str, raw: &[u8]) -> Vec<u8> {
    let mut text = body.to_string().into_bytes();
    text.pop();
    if text.len() > 1 {
        text.push(b',');
    }
    text.extend_from_slice(format!("\"{name}\":").as_bytes());
    text.extend_from_slice(raw);
    text.push(b'}');
    text
}

/// An object with all members that must be there.
fn object(schema: &Value, values: Values<'_>) -> Result<Value, String> {
    let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let member = |name: &str| {
        let value = values(name).ok_or_else(|| format!("no right value of `{name}` is known"));
        value.map(|value| (name.to_owned(), value))
    };
    names.map(member).collect::<Result<Map<_, _>, _>>().map(Value::Object)
}
