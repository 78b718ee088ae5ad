//! The layers, and who wins: flags over variables over a file over the defaults.

use std::fs;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Num, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::variables::Variables;
use super::{Config, ConfigError};

/// The defaults, with a sentence for each key.
pub const DEFAULTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/default.toml"));

/// Bytes of a configuration file, at most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the command line may set.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
}

/// Keys and values from one place.
struct Layer {
    /// How an error names the place.
    name: String,
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

impl Config {
    /// Reads every layer.
    ///
    /// # Errors
    /// The first key or value that is wrong, and where it came from.
    pub fn load(flags: &Flags, variables: &Variables) -> Result<Self, ConfigError> {
        refuse_other_stores(variables)?;
        let defaults = parse(DEFAULTS, "the defaults")?;
        let mut layers = Vec::new();
        layers.extend(flags.config.as_deref().map(of_file).transpose()?);
        for (key, value, name) in variables.keys() {
            let value = text(&defaults.dict, &key, value);
            layers.push(single(format!("the variable `{name}`"), &key, value));
        }
        if let Some(data) = &flags.data {
            let value = Value::from(data.to_string_lossy().into_owned());
            layers.push(single("the flag `--data`".into(), "data_dir", value));
        }
        if let Some(listen) = &flags.listen {
            layers.push(single(
                "the flag `--listen`".into(),
                "listen",
                Value::from(listen.clone()),
            ));
        }
        merge(defaults, layers)
    }
}

fn merge(defaults: Layer, layers: Vec<Layer>) -> Result<Config, ConfigError> {
    for layer in &layers {
        known(&layer.dict, &defaults.dict, "", &layer.name)?;
    }
    let figment = layers.into_iter().fold(Figment::from(defaults), Figment::merge);
    figment.extract().map_err(|error| ConfigError::of_value(&error))
}

/// There is one store, and no Redis: a variable that asks for another would go unheard.
fn refuse_other_stores(variables: &Variables) -> Result<(), ConfigError> {
    if variables.get("REDIS_URL").is_some() {
        return Err(ConfigError::Redis);
    }
    match variables.get("DATABASE_URL").and_then(|url| url.split_once("://")) {
        Some((scheme, _)) => Err(ConfigError::OtherDatabase(scheme.to_owned())),
        None => Ok(()),
    }
}

fn of_file(path: &Path) -> Result<Layer, ConfigError> {
    let unreadable = |cause| ConfigError::unreadable("the configuration", path, cause);
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    parse(&fs::read_to_string(path).map_err(unreadable)?, &format!("`{}`", path.display()))
}

fn parse(text: &str, name: &str) -> Result<Layer, ConfigError> {
    let dict = Toml::from_str(text).map_err(|error| ConfigError::of_toml(name, &error))?;
    Ok(Layer { name: name.to_owned(), dict })
}

fn single(name: String, key: &str, value: Value) -> Layer {
    Layer { name, dict: nest(key, value) }
}

/// `a.b` as a table in a table.
fn nest(key: &str, value: Value) -> Dict {
    match key.split_once('.') {
        Some((table, rest)) => Dict::from([(table.to_owned(), Value::from(nest(rest, value)))]),
        None => Dict::from([(key.to_owned(), value)]),
    }
}

/// The text of a variable as the type that the default has; one that is no such thing stays text,
/// and is refused with everything else that has the wrong type.
fn text(defaults: &Dict, key: &str, text: &str) -> Value {
    let default = key.split('.').fold(None, |table: Option<&Value>, part| match table {
        None => defaults.get(part),
        Some(table) => table.as_dict().and_then(|table| table.get(part)),
    });
    match default {
        Some(Value::Num(..)) => match text.trim().parse::<i64>() {
            Ok(number) => Value::Num(Tag::Default, Num::I64(number)),
            Err(_) => Value::from(text),
        },
        Some(Value::Array(..)) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::from(items.map(Value::from).collect::<Vec<_>>())
        }
        _ => Value::from(text),
    }
}

/// Every key of a layer is one of the defaults'.
fn known(dict: &Dict, defaults: &Dict, path: &str, from: &str) -> Result<(), ConfigError> {
    for (key, value) in dict {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (defaults.get(key), value) {
            (None, _) => return Err(ConfigError::unknown(full, key, defaults, from)),
            (Some(Value::Dict(_, defaults)), Value::Dict(_, dict)) => {
                known(dict, defaults, &full, from)?;
            }
            (Some(Value::Dict(..)), _) => {
                return Err(ConfigError::value(full, from, "it is a table of keys".into()));
            }
            (Some(_), _) => {}
        }
    }
    Ok(())
}
