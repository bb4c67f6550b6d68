use std::path::Path;

use mesh_compiler::World;

use crate::commands::build::SPECS;
use crate::ui::plain;

/// The files of this machine. Paths are as the user gave them: the compiler names files beside the spec by the
/// spec's own path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FsWorld;

impl World for FsWorld {
    fn read(&self, path: &str) -> Result<String, String> {
        if let Some(specs) = several(Path::new(path)) {
            return Err(format!(
                "the folder has {specs}, and a mesh has one spec: name one of them"
            ));
        }
        let bytes = std::fs::read(Path::new(path)).map_err(|error| plain(&error))?;
        String::from_utf8(bytes).map_err(|error| {
            format!(
                "it is not UTF-8 text: byte {} does not fit",
                error.utf8_error().valid_up_to()
            )
        })
    }
}

/// The specs of a folder, if it has more than one.
fn several(folder: &Path) -> Option<String> {
    let there: Vec<_> = SPECS
        .iter()
        .copied()
        .filter(|name| folder.join(name).is_file())
        .collect();
    (there.len() > 1).then(|| format!("`{}`", there.join("` and `")))
}
