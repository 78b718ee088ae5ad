//! A scanned body as a tree, and how serde reads a type from it.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use serde::de::{Deserializer, Visitor};

use super::{
    access::{Items, Members, Variant},
    faults::{Problem, quoted},
    refusal::Refusal,
};

/// A member of an object: its name and its value.
pub(super) type Member<'a> = (Cow<'a, str>, Node<'a>);

/// One JSON value; members stand in the order of the body.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    /// As written: whether it fits is for the type to say.
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

impl Node<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(text) if is_integer(text) => "an integer",
            Self::Number(_) => "a decimal number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    fn instead_of<T>(&self, expected: &str) -> Result<T, Refusal> {
        Err(Refusal::wrong_type(expected, self.kind()))
    }
}

fn is_integer(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

fn out_of_range<T>(text: &str, expected: &str) -> Result<T, Refusal> {
    let problem = format!("{} is out of range, expected {expected}", quoted(text));
    Err(Refusal::new(Problem::Invalid(problem)))
}

/// Gives a number in the widest form, as `serde_json` does.
fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Refusal> {
    if let Ok(number) = text.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = text.parse() {
        return visitor.visit_i64(number);
    }
    match text.parse() {
        Ok(number) if f64::is_finite(number) => visitor.visit_f64(number),
        _ => out_of_range(text, "a number that a 64-bit float can hold"),
    }
}

/// An integer of the type `N`, whose range the message gives.
fn fits<N: FromStr>(
    node: &Node<'_>,
    least: impl Display,
    most: impl Display,
) -> Result<N, Refusal> {
    match node {
        Node::Number(text) if is_integer(text) => match text.parse() {
            Ok(number) => Ok(number),
            Err(_) => out_of_range(text, &format!("an integer from {least} to {most}")),
        },
        other => other.instead_of("an integer"),
    }
}

macro_rules! integers {
    ($($method:ident $integer:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            fits::<$integer>(&self, $integer::MIN, $integer::MAX)?;
            self.deserialize_any(visitor)
        }
    )*};
}

macro_rules! wide_integers {
    ($($method:ident $visit:ident $integer:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            visitor.$visit(fits::<$integer>(&self, $integer::MIN, $integer::MAX)?)
        }
    )*};
}

/// Methods that take one kind of value and refuse all others with its name.
macro_rules! kinds {
    ($($method:ident($($unused:ty),*) $kind:ident $expected:literal)*) => {$(
        fn $method<V: Visitor<'de>>(self, $(_: $unused,)* visitor: V) -> Result<V::Value, Refusal> {
            match self {
                Node::$kind { .. } => self.deserialize_any(visitor),
                other => other.instead_of($expected),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Number(text) => visit_number(text, visitor),
            Node::String(Cow::Borrowed(text)) => visitor.visit_str(text),
            Node::String(Cow::Owned(text)) => visitor.visit_string(text),
            Node::Array(items) => Items::new(items).visited_by(visitor),
            Node::Object(members) => visitor.visit_map(Members::new(members)),
        }
    }

    integers! {
        deserialize_u8 u8 deserialize_u16 u16 deserialize_u32 u32 deserialize_u64 u64
        deserialize_i8 i8 deserialize_i16 i16 deserialize_i32 i32 deserialize_i64 i64
    }

    wide_integers! {
        deserialize_u128 visit_u128 u128
        deserialize_i128 visit_i128 i128
    }

    kinds! {
        deserialize_bool() Bool "a boolean"
        deserialize_f32() Number "a number"
        deserialize_f64() Number "a number"
        deserialize_char() String "a string"
        deserialize_str() String "a string"
        deserialize_string() String "a string"
        deserialize_identifier() String "a string"
        deserialize_unit() Null "null"
        deserialize_unit_struct(&'static str) Null "null"
        deserialize_seq() Array "an array"
        deserialize_tuple(usize) Array "an array"
        deserialize_tuple_struct(&'static str, usize) Array "an array"
        deserialize_map() Object "an object"
        deserialize_struct(&'static str, &'static [&'static str]) Object "an object"
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self {
            Node::String(name) => visitor.visit_enum(Variant::new(name, None)),
            Node::Object(mut members) if members.len() == 1 => match members.pop() {
                Some((name, value)) => visitor.visit_enum(Variant::new(name, Some(value))),
                None => Node::Object(members).instead_of("an object with one member"),
            },
            Node::Object(_) => self.instead_of("an object with exactly one member"),
            other => other.instead_of("a string"),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! { bytes byte_buf }
}
