//! A bundle as it was handed over: its document, and where its bytes are.

use std::path::{Path, PathBuf};

use mesh_wire::bundle::{FORMAT, File};
use mesh_wire::{Bundle, Sha256};

use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// A bundle in a folder.
pub(crate) struct Delivery {
    /// What it says.
    pub(crate) bundle: Bundle,
    /// The document's bytes.
    pub(crate) document: Vec<u8>,
    /// Their digest.
    pub(crate) release: Sha256,
    folder: PathBuf,
    store: PathBuf,
}

impl Delivery {
    /// Reads `bundle.json` of a folder.
    pub(crate) fn read(folder: &Path, layout: &Layout) -> Result<Self, Failure> {
        let path = folder.join("bundle.json");
        let document = std::fs::read(&path).on("read", &path)?;
        let bundle = parse(&document).on("read", &path)?;
        for file in &bundle.files {
            check_path(&file.path)?;
            mode(file)?;
        }
        for unit in &bundle.units {
            if unit.name.contains('/') || unit.name.starts_with('.') {
                return Err(Failure::new(
                    format!("take over the unit {}", unit.name),
                    "this is no name of a unit",
                ));
            }
        }
        let release = Sha256::of(&document);
        Ok(Self {
            bundle,
            document,
            release,
            folder: folder.to_owned(),
            store: layout.store(),
        })
    }

    /// The bytes of a file, checked against their digest.
    pub(crate) fn bytes(&self, file: &File) -> Result<Vec<u8>, Failure> {
        let by_digest =
            [self.folder.join("blobs"), self.store.clone()].map(|place| place.join(file.sha256.as_str()));
        // Sources are named from `out/`, of which the folder may be a part: `out/vms/<vm>`.
        let source = file.source.trim_start_matches('/');
        let by_name = self.folder.ancestors().take(3).map(|folder| folder.join(source));
        let place = by_digest.into_iter().chain(by_name).find(|place| place.is_file());
        let place = place.unwrap_or_else(|| self.folder.join(source));
        let bytes = std::fs::read(&place)
            .on("read", &place)
            .map_err(|failure| failure.remedy("hand over the whole bundle again"))?;
        if Sha256::of(&bytes) == file.sha256 {
            return Ok(bytes);
        }
        Err(Failure::new(
            format!("check {}", file.path),
            format!("{} holds other bytes", place.display()),
        )
        .remedy("hand over the bundle again: it was damaged or cut off on its way"))
    }

    /// The program of the bundle, or else the one that runs.
    pub(crate) fn program(&self) -> Result<PathBuf, Failure> {
        let stored = self
            .bundle
            .runtime_sha256
            .as_ref()
            .map(|digest| self.store.join(digest.as_str()));
        let delivered = [Some(self.folder.join("meshd")), stored]
            .into_iter()
            .flatten()
            .find(|place| place.is_file());
        let program = match delivered {
            Some(program) => program,
            None => {
                std::env::current_exe().map_err(|cause| Failure::new("find the running program", cause))?
            }
        };
        if let Some(digest) = &self.bundle.runtime_sha256 {
            let bytes = std::fs::read(&program).on("read", &program)?;
            if Sha256::of(&bytes) != *digest {
                return Err(Failure::new(
                    format!("check {}", program.display()),
                    "it is not the bundle's program",
                )
                .remedy("hand over the bundle's own meshd"));
            }
        }
        Ok(program)
    }
}

/// Reads a bundle's document.
pub(crate) fn parse(document: &[u8]) -> Result<Bundle, String> {
    let bundle: Bundle = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    if bundle.format > FORMAT {
        return Err(format!(
            "format {} is newer than {FORMAT}, the newest that this meshd reads",
            bundle.format
        ));
    }
    Ok(bundle)
}

/// The permissions of a file.
pub(crate) fn mode(file: &File) -> Result<u32, Failure> {
    u32::from_str_radix(&file.mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| {
            Failure::new(
                format!("take over {}", file.path),
                format!("`{}` are no permissions", file.mode),
            )
        })
}

/// A bundle places files only where an absolute path says, and never over meshd's own folder.
fn check_path(path: &str) -> Result<(), Failure> {
    let plain = path.starts_with('/')
        && path
            .split('/')
            .skip(1)
            .all(|part| !matches!(part, "" | "." | ".."));
    if plain && !Path::new(path).starts_with(crate::layout::HOME) {
        return Ok(());
    }
    Err(Failure::new(
        format!("take over {path}"),
        "this is no place for a file of a bundle",
    ))
}
