use super::Context;
use crate::diag::{Diagnostic, Edit, Fix, Sink, code};
use crate::syntax::{Datum, Scalar};

/// `proxyMetadata` is a mapping of texts to texts: the agent stops at anything else.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, mesh) in context.machines.iter().flat_map(|machine| machine.meshes()) {
        let map = mesh.at(&["defaultConfig", "proxyMetadata"]);
        for entry in map.map_or(&[][..], Datum::entries) {
            // A scalar that only lacks its quotes.
            let written = entry.value.text();
            let (what, remedy) = match entry.value.scalar() {
                Scalar::Text(_) | Scalar::Absent => continue,
                Scalar::Bool(value) => ("a truth value", format!("write \"{value}\", in quotes")),
                Scalar::Integer(value) => ("a number", format!("write \"{value}\", in quotes")),
                Scalar::Float(value) => ("a number", format!("write \"{value}\", in quotes")),
                Scalar::Null => ("nothing", "write \"\", or leave it out".to_owned()),
                Scalar::List => ("a list", "write it as one text".to_owned()),
                Scalar::Mapping => ("a mapping", "write it as one text, in JSON".to_owned()),
            };
            let name = &entry.key.value;
            sink.push(
                Diagnostic::new(
                    &code::METADATA_NOT_STRING,
                    entry.value.span,
                    format!("`{name}` must be a text"),
                )
                .here(format!("this is {what} in YAML"))
                .label(entry.key.span, "the agent does not start with this")
                .help(remedy)
                .fix(written.map(|written| {
                    let edit = Edit::quoted(written.span, &written.value);
                    Fix::certain("put it in quotes", vec![edit])
                })),
            );
        }
    }
}
