//! Writes the JSON Schemas into a folder: `cargo run -p mesh-wire --example schemas -- schemas`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "schemas".into()));
    std::fs::create_dir_all(&folder)?;
    for (name, text) in mesh_wire::schema::all() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
