//! The schema of all JSON that the command writes: `schema/tph.schema.json`, made from the types that
//! are written. `UPDATE_SCHEMA=1 cargo test -p tph-cli` writes it anew.

use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::report::SCHEMA;
use crate::{definition, failure, report, verbs};

/// `tph_emu::Scoreboard` as it is written.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Scoreboard {
    /// The name of the function.
    function: String,
    /// Its address.
    bdf: String,
    /// The rows, in the order of the queues.
    queues: Vec<QueueScore>,
}

/// What one queue sent.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description")]
struct QueueScore {
    queue: u16,
    /// How many packets.
    writes: u64,
    /// How many bytes.
    bytes: u64,
    /// How many of the packets found no memory.
    faults: u64,
    /// The same, apart for each hint, in the order in which the hints were first seen.
    hints: Vec<HintScore>,
    /// Packets whose hint is not in `hints`, because there are too many different ones.
    other_hints: u64,
}

/// What one queue sent with one hint, or without.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description")]
struct HintScore {
    /// Null for packets without.
    hint: Option<OfPacket>,
    writes: u64,
    bytes: u64,
    /// The CPUs that the tag names, by what the firmware says.
    cpus: Vec<u32>,
    /// The caches that all of these CPUs share, the closest first.
    caches: Vec<CacheName>,
}

/// What a packet says about a cache.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description")]
#[schemars(rename = "Hint")]
struct OfPacket {
    tag: u16,
    /// How many bits the tag's namespace has.
    tag_bits: u8,
    /// The field PH of the packet.
    processing_hint: u8,
}

/// A cache, by level and number.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a description")]
struct CacheName {
    level: u8,
    id: u32,
}

/// With and without `--peer`.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a description")]
enum Demo {
    Steered(Box<verbs::DemoReport>),
    Peer(Box<verbs::PeerReport>),
}

/// With and without `--dry-run`.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a description")]
enum Apply<'a> {
    Rehearsed(Box<verbs::DryRunReport>),
    Applied(Box<verbs::ApplyEvent<'a>>),
}

/// Has every document of a verb in the schema under the name of the verb.
struct Documents {
    generator: SchemaGenerator,
    of_verbs: Vec<(&'static str, Value)>,
}

impl Documents {
    fn of<T: JsonSchema>(&mut self, verb: &'static str) {
        let body = self.generator.subschema_for::<T>();
        let document = json!({ "allOf": [{ "$ref": "#/$defs/Document" }, body] });
        self.of_verbs.push((verb, document));
    }
}

/// A line for each verb. `error` is none: it is what each may answer on standard error.
fn all() -> Documents {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut documents = Documents { generator, of_verbs: Vec::new() };
    documents.of::<failure::ErrorDocument<'_>>("error");
    documents.of::<Demo>("demo");
    documents.of::<verbs::DmaBufReport>("dmabuf");
    documents.of::<verbs::MapReport>("map");
    documents.of::<verbs::ListReport>("list");
    documents.of::<verbs::ShowReport>("show");
    documents.of::<report::ExplainReport>("explain");
    documents.of::<verbs::CaptureReport>("capture");
    documents.of::<verbs::BoundReport>("bind");
    documents.of::<verbs::ReleasedReport>("unbind");
    documents.of::<verbs::HoldEvent<'_>>("hold");
    documents.of::<report::PlanReport>("plan");
    documents.of::<Apply<'_>>("apply");
    documents.of::<verbs::BenchEvent<'_>>("bench");
    documents.of::<report::VerifyReport>("verify");
    documents.of::<verbs::WatchEvent<'_>>("watch");
    documents.of::<verbs::EmulateEvent<'_>>("emulate");
    documents
}

fn schema() -> Value {
    let Documents { mut generator, of_verbs } = all();
    let mut definitions = generator.take_definitions(true);
    let version = json!({ "type": "integer", "const": SCHEMA });
    definitions.insert(
        "Document".into(),
        json!({ "type": "object", "required": ["schema"], "properties": { "schema": version } }),
    );
    let any: Vec<_> =
        of_verbs.iter().map(|(verb, _)| json!({ "$ref": format!("#/$defs/{verb}") })).collect();
    definitions.extend(of_verbs.into_iter().map(|(verb, schema)| (verb.to_owned(), schema)));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What tph answers in JSON",
        "description": "Each document is of the definition that is named like the verb; an error, on \
                        standard error, of the one that is named error.",
        "anyOf": any,
        "$defs": definitions,
    })
}

#[test]
fn the_schema_that_is_shipped_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/tph.schema.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(shipped == made, "it has changed: UPDATE_SCHEMA=1 cargo test -p tph-cli");
}

#[test]
fn every_verb_has_its_documents_in_the_schema() {
    let documents = all();
    let mut described: Vec<_> = documents.of_verbs.iter().map(|(verb, _)| *verb).collect();
    described.retain(|name| *name != "error");
    let definition = definition();
    let mut verbs: Vec<_> = definition.get_subcommands().map(clap::Command::get_name).collect();
    described.sort_unstable();
    verbs.sort_unstable();
    assert_eq!(described, verbs);
}
