//! Items, members and variants of a scanned body, each putting its place into a refusal.

use std::{borrow::Cow, vec};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{
    faults::Problem,
    refusal::Refusal,
    value::{Member, Node},
};

/// The items of an array.
pub(super) struct Items<'a> {
    rest: vec::IntoIter<Node<'a>>,
    next: usize,
}

impl<'a> Items<'a> {
    pub(super) fn new(items: Vec<Node<'a>>) -> Self {
        Self { rest: items.into_iter(), next: 0 }
    }

    /// All items have to find a taker: a tuple of two does not fit an array of three.
    pub(super) fn visited_by<'de, V: Visitor<'de>>(
        mut self,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let value = visitor.visit_seq(&mut self)?;
        if self.rest.len() == 0 {
            return Ok(value);
        }
        let problem = format!("expected an array of {} items, found more", self.next);
        Err(Refusal::new(Problem::Invalid(problem)))
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refusal> {
        let Some(item) = self.rest.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|refusal| refusal.below_item(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The members of an object.
pub(super) struct Members<'a> {
    rest: vec::IntoIter<Member<'a>>,
    open: Option<Member<'a>>,
}

impl<'a> Members<'a> {
    pub(super) fn new(members: Vec<Member<'a>>) -> Self {
        Self { rest: members.into_iter(), open: None }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refusal> {
        self.open = self.rest.next();
        let Some((name, _)) = &self.open else { return Ok(None) };
        seed.deserialize(Name(name)).map(Some).map_err(|refusal| refusal.of_name(name))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        // A visitor that asks for a value without a name gets what JSON has for nothing.
        let (name, value) = self.open.take().unwrap_or((Cow::Borrowed(""), Node::Null));
        seed.deserialize(value).map_err(|refusal| refusal.below_member(&name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A member name; types of number and boolean read it as if it stood without quotes.
struct Name<'a>(&'a str);

impl Name<'_> {
    fn unquoted(&self) -> Node<'_> {
        match self.0 {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            text if is_number(text) => Node::Number(text),
            text => Node::String(Cow::Borrowed(text)),
        }
    }
}

fn is_number(text: &str) -> bool {
    let mut lexer = super::lex::Lexer::new(text);
    lexer.number().is_ok_and(|number| number == text)
}

macro_rules! unquoted {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            self.unquoted().$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Name<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_str(self.0)
    }

    unquoted! {
        deserialize_bool deserialize_f32 deserialize_f64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
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
        visitor.visit_enum(Variant::new(Cow::Borrowed(self.0), None))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// An externally tagged variant: `"name"`, or `{"name": content}`.
pub(super) struct Variant<'a> {
    name: Cow<'a, str>,
    content: Option<Node<'a>>,
}

impl<'a> Variant<'a> {
    pub(super) fn new(name: Cow<'a, str>, content: Option<Node<'a>>) -> Self {
        Self { name, content }
    }

    fn read<T>(self, read: impl FnOnce(Node<'a>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        match self.content {
            Some(node) => read(node).map_err(|refusal| refusal.below_member(&self.name)),
            None => Err(Refusal::wrong_type("an object with one member", "a string")),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Refusal> {
        let variant = seed.deserialize(Name(&self.name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        if self.content.is_none() { Ok(()) } else { self.read(<()>::deserialize) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        self.read(|node| seed.deserialize(node))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.read(|node| node.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.read(|node| node.deserialize_struct("", fields, visitor))
    }
}
