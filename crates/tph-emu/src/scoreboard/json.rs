//! How hints and headers look in JSON.

use std::fmt::Write;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use tph::tlp::{HeaderBytes, Hint};

struct Named<'a>(&'a Hint);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Hint { tag, processing } = self.0;
        let mut fields = to.serialize_struct("Hint", 3)?;
        fields.serialize_field("tag", &tag.entry_bits())?;
        fields.serialize_field("tag_bits", &tag.requester_type().tag_bits())?;
        fields.serialize_field("processing_hint", &processing.bits())?;
        fields.end()
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn hint<S: Serializer>(hint: &Option<Hint>, to: S) -> Result<S::Ok, S::Error> {
    hint.as_ref().map(Named).serialize(to)
}

pub(super) fn header<S: Serializer>(header: &HeaderBytes, to: S) -> Result<S::Ok, S::Error> {
    let mut text = String::new();
    for byte in header.as_bytes() {
        write!(text, "{byte:02x}").map_err(serde::ser::Error::custom)?;
    }
    to.serialize_str(&text)
}
