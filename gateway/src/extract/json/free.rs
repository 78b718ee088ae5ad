//! Free-form JSON inside a typed body: any member is welcome, but none twice and none too deep.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use super::BODY_LEVELS_MAX;

/// A free-form JSON object, at most 64 levels deep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Free(Map<String, Value>);

impl Free {
    /// Its members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Its members, without a copy.
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }

    /// As compact JSON.
    pub fn text(&self) -> String {
        let members = self.0.iter().map(|(name, value)| format!("{}:{value}", json_text(name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

/// Any JSON value, at most 64 levels deep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FreeValue(Value);

impl FreeValue {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The value, without a copy.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// As compact JSON.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

fn json_text(text: &str) -> Value {
    Value::from(text)
}

impl<'de> Deserialize<'de> for Free {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectOnly).map(Self)
    }
}

impl<'de> Deserialize<'de> for FreeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Below(0).deserialize(deserializer).map(Self)
    }
}

impl JsonSchema for Free {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("Free")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true })
    }
}

impl JsonSchema for FreeValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Cow::Borrowed("FreeValue")
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::from(true)
    }
}

struct ObjectOnly;

impl<'de> Visitor<'de> for ObjectOnly {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
        Below(0).object(access)
    }
}

/// Reads a value that stands below so many levels.
#[derive(Clone, Copy)]
struct Below(usize);

impl Below {
    /// INVARIANT: recursion ends here, whatever the deserializer allows.
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.0 == BODY_LEVELS_MAX {
            return Err(E::custom(format_args!("nested deeper than {BODY_LEVELS_MAX} levels")));
        }
        Ok(Self(self.0 + 1))
    }

    fn object<'de, A: MapAccess<'de>>(self, mut access: A) -> Result<Map<String, Value>, A::Error> {
        let below = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("a member appears twice, keep one"));
            }
            let value = access.next_value_seed(below)?;
            members.insert(name, value);
        }
        Ok(members)
    }
}

impl<'de> DeserializeSeed<'de> for Below {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Below {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        self.object(access).map(Value::Object)
    }
}
