//! The runtime programs that can be shipped, one for each kind of processor.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mesh_wire::Sha256;

/// A kind of processor, in the words of `uname -m`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Machine {
    /// A program for this kind only.
    Only(String),
    /// A script, which runs everywhere.
    Any,
}

impl Machine {
    /// The machine that a program is for: from the ELF header's `e_machine` (ELF specification, Figure 1-4).
    fn of(program: &[u8]) -> Option<Self> {
        if program.starts_with(b"#!") {
            return Some(Self::Any);
        }
        if !program.starts_with(b"\x7fELF") {
            return None;
        }
        let little = *program.get(5)? == 1;
        let pair = [*program.get(18)?, *program.get(19)?];
        let code = if little {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        };
        let name = match code {
            3 => "i686".to_owned(),
            21 => if little { "ppc64le" } else { "ppc64" }.to_owned(),
            22 => "s390x".to_owned(),
            40 => "armv7l".to_owned(),
            62 => "x86_64".to_owned(),
            183 => "aarch64".to_owned(),
            243 => "riscv64".to_owned(),
            other => format!("ELF machine {other}"),
        };
        Some(Self::Only(name))
    }

    /// A program for this runs where `uname -m` says `machine`.
    pub fn fits(&self, machine: &str) -> bool {
        matches!(self, Self::Any) || matches!(self, Self::Only(name) if name == machine)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(name) => f.write_str(name),
            Self::Any => f.write_str("any"),
        }
    }
}

/// One program.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Where it lies.
    pub path: PathBuf,
    /// What it runs on.
    pub machine: Machine,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
}

/// No runtime can be shipped.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// There is none.
    #[error(
        "no runtime in `{0}`: a file `meshd-<machine>` or `meshd` is expected there, or name its folder with `--runtime DIR`"
    )]
    None(PathBuf),
    /// A file cannot be read.
    #[error("cannot read `{0}`: {1}")]
    Read(PathBuf, io::Error),
    /// A file is no program.
    #[error("`{0}` is no program for Linux")]
    Foreign(PathBuf),
}

/// Finds the programs in `folder`: every `meshd-<machine>`, then `meshd`.
///
/// # Errors
/// When there is none, or one is no program.
pub fn find(folder: &Path) -> Result<Vec<Runtime>, RuntimeError> {
    let read = |error| RuntimeError::Read(folder.to_owned(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        let name = entry.map_err(read)?.file_name().to_string_lossy().into_owned();
        if matches!(name.strip_prefix("meshd-"), Some(machine) if !machine.contains('.')) {
            names.push(name);
        }
    }
    names.sort();
    names.push("meshd".to_owned());
    let mut found: Vec<Runtime> = Vec::new();
    for path in names
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
    {
        let runtime = load(path)?;
        // `meshd-x86_64` and `meshd` are often two names of one program; the named one wins.
        if !found.iter().any(|other| other.machine == runtime.machine) {
            found.push(runtime);
        }
    }
    if found.is_empty() {
        Err(RuntimeError::None(folder.to_owned()))
    } else {
        Ok(found)
    }
}

fn load(path: PathBuf) -> Result<Runtime, RuntimeError> {
    let bytes = fs::read(&path).map_err(|error| RuntimeError::Read(path.clone(), error))?;
    let Some(machine) = Machine::of(&bytes) else {
        return Err(RuntimeError::Foreign(path));
    };
    Ok(Runtime {
        path,
        machine,
        sha256: Sha256::of(&bytes),
        size: bytes.len() as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(machine: u8) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(18, 0);
        bytes.extend([machine, 0]);
        bytes
    }

    #[test]
    fn the_header_tells_the_machine() {
        assert_eq!(Machine::of(&elf(62)), Some(Machine::Only("x86_64".to_owned())));
        assert_eq!(Machine::of(&elf(183)), Some(Machine::Only("aarch64".to_owned())));
        assert_eq!(Machine::of(b"#!/bin/sh"), Some(Machine::Any));
        assert_eq!(Machine::of(b"\x7fELF"), None);
        assert_eq!(Machine::of(b"hello"), None);
    }

    #[test]
    fn the_program_named_for_a_machine_wins_over_the_plain_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("meshd"), [elf(62), b"plain".to_vec()].concat()).unwrap();
        fs::write(folder.path().join("meshd-x86_64"), elf(62)).unwrap();
        fs::write(folder.path().join("meshd-aarch64"), elf(183)).unwrap();
        let found = find(folder.path()).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|runtime| runtime.path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["meshd-aarch64", "meshd-x86_64"]);
    }
}
