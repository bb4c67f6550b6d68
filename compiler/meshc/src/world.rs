use std::path::Path;

use mesh_compiler::World;

use crate::ui::plain;

/// The files of this machine. Paths are as the user gave them: the compiler names files beside the spec by the
/// spec's own path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FsWorld;

impl World for FsWorld {
    fn read(&self, path: &str) -> Result<String, String> {
        let bytes = std::fs::read(Path::new(path)).map_err(|error| plain(&error))?;
        String::from_utf8(bytes).map_err(|error| {
            format!(
                "it is not UTF-8 text: byte {} does not fit",
                error.utf8_error().valid_up_to()
            )
        })
    }
}
