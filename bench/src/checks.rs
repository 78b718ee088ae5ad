//! The questions of a batch, drawn from the permission names of the data set.

use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;
use rand::SeedableRng as _;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// One question: may the user do `action` on `resource`?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Question {
    pub(crate) resource: String,
    pub(crate) action: String,
}

#[derive(Deserialize)]
struct DataSet {
    permissions: Vec<String>,
}

/// `count` different questions, the same ones for the same `seed`.
///
/// # Errors
/// The data set is missing, damaged, or has fewer permissions than that.
pub(crate) fn draw(path: &Path, count: usize, seed: u64) -> Result<Vec<Question>, Error> {
    let names = read(path)?.permissions;
    if names.len() < count {
        return Err(Error::data_set(path, format!("has {} permissions, not {count}", names.len())));
    }
    let picked = sample(&mut ChaCha8Rng::seed_from_u64(seed), names.len(), count);
    let questions = picked.iter().map(|index| names.get(index).and_then(|name| question(name)));
    let malformed = || Error::data_set(path, "has a permission without a dot");
    questions.collect::<Option<_>>().ok_or_else(malformed)
}

fn read(path: &Path) -> Result<DataSet, Error> {
    let file = File::open(path).map_err(|error| Error::data_set(path, error.to_string()))?;
    let reader = std::io::BufReader::new(GzDecoder::new(file));
    serde_json::from_reader(reader).map_err(|error| Error::data_set(path, error.to_string()))
}

/// The last dot parts resource and action: `compute.instances.get` asks `get` on
/// `compute.instances`.
fn question(name: &str) -> Option<Question> {
    let (resource, action) = name.rsplit_once('.')?;
    Some(Question { resource: resource.to_owned(), action: action.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn data_set(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn the_last_dot_parts_resource_and_action() {
        let found = question("compute.instances.get").unwrap();
        assert_eq!((found.resource.as_str(), found.action.as_str()), ("compute.instances", "get"));
        assert_eq!(question("get"), None);
    }

    #[test]
    fn a_seed_draws_the_same_different_questions() {
        let names: Vec<_> = (0..50).map(|number| format!("a.b{number}.get")).collect();
        let text = serde_json::json!({ "source": "x", "permissions": names }).to_string();
        let file = data_set(&text);
        let first = draw(file.path(), 40, 7).unwrap();
        assert_eq!(first, draw(file.path(), 40, 7).unwrap());
        assert_ne!(first, draw(file.path(), 40, 8).unwrap());
        let mut resources: Vec<_> = first.iter().map(|question| &question.resource).collect();
        resources.sort();
        resources.dedup();
        assert_eq!(resources.len(), 40);
    }

    #[test]
    fn an_unfit_data_set_is_named() {
        for (text, complaint) in [
            (r#"{"permissions":["a.b"]}"#, "has 1 permissions, not 2"),
            (r#"{"permissions":["ab","cd"]}"#, "has a permission without a dot"),
            ("{", "EOF"),
        ] {
            let error = draw(data_set(text).path(), 2, 1).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
        let error = draw(Path::new("/nowhere/x.gz"), 2, 1).unwrap_err().to_string();
        assert!(error.contains("`/nowhere/x.gz`"), "{error}");
    }
}
