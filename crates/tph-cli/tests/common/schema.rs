//! Holds answers against the schema that is shipped.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/tph.schema.json");

/// Checks each document in the text.
pub(crate) fn check_all(name: &str, text: &str) {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        check(name, &document.unwrap_or_else(|error| panic!("{text:?}: {error}")));
    }
}

/// The validators that were made already: a large schema takes its time.
static VALIDATORS: LazyLock<Mutex<BTreeMap<String, Arc<Validator>>>> =
    LazyLock::new(Mutex::default);

/// Of the definition called `name`, that of a verb or `error`.
fn validator(name: &str) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Arc::clone(known.entry(name.to_owned()).or_insert_with(|| Arc::new(make(name))))
}

fn make(name: &str) -> Validator {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(SCHEMA).unwrap()).unwrap();
    assert!(schema["$defs"][name].is_object(), "the schema does not know {name:?}");
    let strict = json!({
        "$schema": schema["$schema"],
        "$ref": format!("#/$defs/{name}"),
        "unevaluatedProperties": false,
        "$defs": schema["$defs"],
    });
    jsonschema::validator_for(&strict).unwrap()
}

/// Checks a document against the definition called `name`. It must have all that is promised and nothing
/// that is not.
pub(crate) fn check(name: &str, document: &Value) {
    let validator = validator(name);
    let errors = validator.iter_errors(document);
    let errors: Vec<_> =
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}
