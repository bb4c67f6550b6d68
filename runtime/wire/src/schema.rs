//! The JSON Schemas of what lies in files: `schemas/`.

use schemars::Schema;

use crate::snapshot::NameTable;
use crate::{Bundle, Snapshot, Status};

/// File name -> schema, as text. Generated from the types, never edited.
pub fn all() -> [(&'static str, String); 4] {
    [
        ("bundle.json", text(&schemars::schema_for!(Bundle))),
        ("names.json", text(&schemars::schema_for!(NameTable))),
        ("snapshot.json", text(&schemars::schema_for!(Snapshot))),
        ("status.json", text(&schemars::schema_for!(Status))),
    ]
}

fn text(schema: &Schema) -> String {
    // A schema is plain data: it always has a JSON form.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
