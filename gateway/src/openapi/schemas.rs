//! The schemas of the wire types. Types of different surfaces share names, so every name carries
//! its dialect and its noun.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::endpoint::Endpoint;
use crate::extract::{Operation, Parameter, Response, ResponseKind};

/// Where references point to.
pub(super) const PLACE: &str = "#/components/schemas/";

/// The schemas of one document.
#[derive(Default)]
pub(super) struct Schemas(BTreeMap<(&'static str, &'static str), Pair>);

/// One type may look different when it is read: what has a default may be left out.
struct Pair {
    prefix: String,
    inputs: SchemaGenerator,
    outputs: SchemaGenerator,
}

/// What the signature of a handler says, with references as they stand in the document.
pub(super) struct Described {
    pub(super) parameters: Vec<Parameter>,
    /// The schema of the body, and whether it must be there.
    pub(super) body: Option<(Value, bool)>,
    pub(super) status: u16,
    pub(super) success: Success,
}

/// The answer of a success.
pub(super) enum Success {
    Data(Value),
    Page(Value),
    Nothing,
    Raw(&'static str),
}

/// The end of the names of what is read.
const INPUT: &str = "Input";

impl Schemas {
    /// Reads a handler's signature and collects the types that it names.
    pub(super) fn describe(&mut self, endpoint: &Endpoint) -> Described {
        let key = (endpoint.dialect.word(), endpoint.noun);
        let pair = self.0.entry(key).or_insert_with(|| Pair::of(endpoint));
        let input = run(endpoint, &mut pair.inputs);
        let output = run(endpoint, &mut pair.outputs);
        let body = input
            .body
            .map(|(schema, required)| (renamed(schema.to_value(), &pair.prefix, INPUT), required));
        let shown = |schema: schemars::Schema| renamed(schema.to_value(), &pair.prefix, "");
        let (status, success) = match output.response {
            None => (200, Success::Raw("*/*")),
            Some(Response { status, kind }) => (
                status,
                match kind {
                    ResponseKind::Data(schema) => Success::Data(shown(schema)),
                    ResponseKind::Page(schema) => Success::Page(shown(schema)),
                    ResponseKind::Nothing => Success::Nothing,
                    ResponseKind::Raw(media) => Success::Raw(media),
                },
            ),
        };
        Described { parameters: input.parameters, body, status, success }
    }

    /// Every type by the name of its component. Types of two modules that share a name within a
    /// noun get numbers.
    pub(super) fn definitions(self) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for Pair { prefix, mut inputs, mut outputs } in self.0.into_values() {
            for (generator, suffix) in [(&mut inputs, INPUT), (&mut outputs, "")] {
                for (name, schema) in generator.take_definitions(true) {
                    let name = format!("{prefix}{name}{suffix}");
                    all.push((name, renamed(schema, &prefix, suffix)));
                }
            }
        }
        all
    }
}

impl Pair {
    fn of(endpoint: &Endpoint) -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            prefix: format!("{}{}", prefix(endpoint.dialect), camel(endpoint.noun)),
            inputs: settings.clone().for_deserialize().into_generator(),
            outputs: settings.for_serialize().into_generator(),
        }
    }
}

fn run(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Operation {
    let mut operation = Operation::new(std::mem::take(generator));
    (endpoint.describe)(&mut operation);
    *generator = std::mem::take(&mut operation.schemas);
    operation
}

/// What names of a dialect begin with.
pub(super) const fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Platform => "Platform",
        Dialect::Iam => "Iam",
        Dialect::Workspace => "Workspace",
        Dialect::Raw => "Raw",
    }
}

fn camel(noun: &str) -> String {
    let words = noun.split('_').map(|word| {
        let mut rest = word.chars();
        rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
    });
    words.collect::<Vec<String>>().concat()
}

/// Gives every reference in a schema the name of its component.
fn renamed(mut value: Value, prefix: &str, suffix: &str) -> Value {
    rename(&mut value, prefix, suffix);
    value
}

fn rename(value: &mut Value, prefix: &str, suffix: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "$ref" => {
                        if let Some(name) = text.strip_prefix(PLACE) {
                            *text = format!("{PLACE}{prefix}{name}{suffix}");
                        }
                    }
                    _ => rename(member, prefix, suffix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, prefix, suffix)),
        _ => {}
    }
}
