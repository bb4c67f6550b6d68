//! The schemas in the house are those of the code.

use std::path::Path;

#[test]
fn schemas_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    for (name, text) in mesh_wire::schema::all() {
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept == text,
            "schemas/{name} is stale: run `cargo xtask generate`"
        );
    }
}
