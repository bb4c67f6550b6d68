use std::path::Path;

use mesh_compiler::{Entry, World};

use crate::commands::build::SPECS;
use crate::ui::plain;

/// The files of this machine. Paths are as the user gave them: the compiler names files beside the spec by the
/// spec's own path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FsWorld;

/// Bigger files are no part of a spec: somebody named a disk image, or a device that never ends.
const BIGGEST: u64 = 1 << 30;

impl World for FsWorld {
    fn read(&self, path: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(path)?).map_err(|error| {
            format!(
                "it is not UTF-8 text: byte {} does not fit",
                error.utf8_error().valid_up_to()
            )
        })
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = Path::new(path);
        let about = std::fs::metadata(path).map_err(plain)?;
        if about.is_dir()
            && let Some(specs) = several(path)
        {
            return Err(format!(
                "the folder has {specs}, and a mesh has one spec: name one of them"
            ));
        }
        if about.len() > BIGGEST {
            return Err("it is bigger than 1 GiB".to_owned());
        }
        std::fs::read(path).map_err(plain)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let path = Path::new(if folder.is_empty() { "." } else { folder });
        let failed = |error| {
            format!(
                "the folder `{}` cannot be listed: {}",
                path.display(),
                plain(error)
            )
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // What a link leads to counts; one that leads nowhere is a file that cannot be read.
            let folder = std::fs::metadata(entry.path()).is_ok_and(|about| about.is_dir());
            // A name that is no text cannot be written in a spec either.
            found.extend(
                entry
                    .file_name()
                    .into_string()
                    .ok()
                    .map(|name| Entry { name, folder }),
            );
        }
        Ok(found)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_listed_and_files_read_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir(path("teams")).unwrap();
        std::fs::write(path("key.bin"), [0xff, 0x00]).unwrap();
        std::os::unix::fs::symlink(path("teams"), path("link")).unwrap();
        let mut found = FsWorld.list(&path("")).unwrap();
        found.sort();
        let names: Vec<_> = found
            .iter()
            .map(|entry| (entry.name.as_str(), entry.folder))
            .collect();
        assert_eq!(names, [("key.bin", false), ("link", true), ("teams", true)]);
        assert_eq!(FsWorld.bytes(&path("key.bin")).unwrap(), [0xff, 0x00]);
        assert!(FsWorld.read(&path("key.bin")).unwrap_err().contains("byte 0"));
        assert_eq!(
            FsWorld.read(&path("none")).unwrap_err(),
            "No such file or directory"
        );
        assert!(FsWorld.list(&path("none")).unwrap_err().contains("No such file"));
    }
}
