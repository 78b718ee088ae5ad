//! The OpenAPI documents, judged by a validator that others wrote.

use std::fs;

use latchkey_gateway::openapi::{Scope, Settings, document};

use crate::scripts::{ended_well, python};

#[test]
fn the_documents_are_valid_and_so_are_their_examples() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { base_url: None, needs_tenant: true };
    let files = Scope::ALL.map(|scope| {
        let file = folder.path().join(format!("{scope:?}.json"));
        fs::write(&file, serde_json::to_vec(&document(scope, settings)).unwrap()).unwrap();
        file.to_str().unwrap().to_owned()
    });
    ended_well(&python("contract/validate.py", files.iter().map(String::as_str)));
}
