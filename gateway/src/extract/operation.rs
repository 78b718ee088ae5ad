//! What the signature of a handler says of its operation, for OpenAPI.

use schemars::{JsonSchema, Schema, SchemaGenerator};

/// What is known of one operation.
pub struct Operation {
    /// Makes schemas; those with names are collected in it.
    pub schemas: SchemaGenerator,
    pub parameters: Vec<Parameter>,
    /// The schema of the body, and whether it must be there.
    pub body: Option<(Schema, bool)>,
    pub response: Option<Response>,
}

/// A query or header parameter.
pub struct Parameter {
    pub name: &'static str,
    pub place: Place,
    pub text: &'static str,
    pub schema: Schema,
    pub required: bool,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Query,
    Header,
}

/// The answer of a success.
pub struct Response {
    pub status: u16,
    pub kind: Kind,
}

/// What a success holds.
pub enum Kind {
    /// One value, inside the envelope.
    Data(Schema),
    /// A list of these, with its figures beside it.
    Page(Schema),
    Nothing,
    /// What a protocol prescribes, as this media type (or range of them).
    Raw(&'static str),
}

impl Operation {
    pub fn new(schemas: SchemaGenerator) -> Self {
        Self { schemas, parameters: Vec::new(), body: None, response: None }
    }

    pub(crate) fn takes<T: JsonSchema>(&mut self, required: bool) {
        self.body = Some((self.schemas.subschema_for::<T>(), required));
    }

    pub(crate) fn answers<T: JsonSchema>(&mut self, status: u16) {
        let kind = Kind::Data(self.schemas.subschema_for::<T>());
        self.response = Some(Response { status, kind });
    }

    pub(crate) fn answers_page<T: JsonSchema>(&mut self) {
        let kind = Kind::Page(self.schemas.subschema_for::<T>());
        self.response = Some(Response { status: 200, kind });
    }

    pub(crate) fn answers_nothing(&mut self, status: u16) {
        self.response = Some(Response { status, kind: Kind::Nothing });
    }

    pub(crate) fn answers_raw(&mut self, media: &'static str) {
        self.response = Some(Response { status: 200, kind: Kind::Raw(media) });
    }

    pub(crate) fn query(&mut self, name: &'static str, text: &'static str, default: u64) {
        let schema = schemars::json_schema!({ "type": "integer", "default": default });
        let place = Place::Query;
        self.parameters.push(Parameter { name, place, text, schema, required: false });
    }

    pub(crate) fn header(&mut self, name: &'static str, text: &'static str) {
        let schema = schemars::json_schema!({ "type": "string" });
        let place = Place::Header;
        self.parameters.push(Parameter { name, place, text, schema, required: false });
    }
}
