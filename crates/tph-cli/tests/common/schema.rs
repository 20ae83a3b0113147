//! Holds answers against the schema that is shipped.

use serde_json::{Value, json};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/tph.schema.json");

/// Checks each document in the text.
pub(crate) fn check_all(name: &str, text: &str) {
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        check(name, &document.unwrap_or_else(|error| panic!("{text:?}: {error}")));
    }
}

/// Checks a document against the definition called `name`, that of a verb or `error`. It must have all
/// that is promised and nothing that is not.
pub(crate) fn check(name: &str, document: &Value) {
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(SCHEMA).unwrap()).unwrap();
    assert!(schema["$defs"][name].is_object(), "the schema does not know {name:?}");
    let strict = json!({
        "$schema": schema["$schema"],
        "$ref": format!("#/$defs/{name}"),
        "unevaluatedProperties": false,
        "$defs": schema["$defs"],
    });
    let validator = jsonschema::validator_for(&strict).unwrap();
    let errors = validator.iter_errors(document);
    let errors: Vec<_> =
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}
