//! Keeps an array from passing as a struct: serde would read its items as members in their order.

use std::fmt;

use serde::{
    de::{self, DeserializeOwned, Deserializer, Visitor},
    forward_to_deserialize_any,
};

/// Whether the body may be read at once: not when it is an array and `T` is a struct.
pub(super) fn may_fit<T: DeserializeOwned>(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !b" \t\n\r".contains(byte));
    first != Some(&b'[') || !matches!(T::deserialize(Probe), Err(Asked::ForStruct))
}

/// Gives no value; its error tells what the type asked for.
struct Probe;

#[derive(Debug)]
enum Asked {
    ForStruct,
    ForOther,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForStruct => "asked for a struct",
            Self::ForOther => "asked for another type",
        })
    }
}

impl std::error::Error for Asked {}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::ForOther
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::ForOther)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(Asked::ForStruct)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Asked> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
