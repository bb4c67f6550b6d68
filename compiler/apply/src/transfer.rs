//! Sends what a machine's store lacks, as one stream, and stages the release there.
//!
//! The stream is a tar archive: first `want`, the list that `sha256sum` checks, then the bundle, then the bytes,
//! smallest first. Every blob carries its digest as its name. What arrived before a broken line stays in
//! `incoming/parts` and is continued, which is why a continuation is called `<sha256>.tail`.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _, SeekFrom};
use std::time::Duration;

use crate::failure::Failure;
use crate::host::{Command, Host, Output};
use crate::layout::Layout;
use crate::plan::{self, Send};
use crate::release::Release;

const SCRIPT: &str = include_str!("scripts/receive.sh");
const WHAT: &str = "the release did not arrive";

/// Sends `send` and stages `release`; `moved` is told how many bytes are on their way.
///
/// # Errors
/// When not everything arrived. The release in force is untouched then.
pub fn send(
    host: &mut dyn Host,
    layout: &Layout,
    release: &Release,
    send: &[Send],
    silence: Duration,
    moved: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let input = |error: io::Error| Failure::new("input", WHAT, error.to_string(), "run `meshc build` again");
    let mut stream = Counted {
        inner: archive(release, send).map_err(input)?,
        moved,
    };
    let program = release.runtime.sha256.as_str();
    let command = Command::root_script(SCRIPT, &[&layout.home, release.id.as_str(), program], silence);
    let output = host
        .run(&command, &mut stream)
        .map_err(|error| error.failure(WHAT))?;
    verdict(&output, layout, release)
}

/// What the receiver said.
fn verdict(output: &Output, layout: &Layout, release: &Release) -> Result<(), Failure> {
    let text = output.text();
    let said = text.lines().rev().find_map(|line| line.strip_prefix("meshc "));
    let (word, rest) = said
        .and_then(|said| said.split_once(' '))
        .unwrap_or((said.unwrap_or_default(), ""));
    match word {
        "staged" if output.ok() => Ok(()),
        "full" => {
            let left = rest
                .parse::<u64>()
                .map(|kib| format!(", {kib} KiB are left"))
                .unwrap_or_default();
            Err(plan::disk_full(format!(
                "it ran full while receiving {} bytes{left}",
                release.size()
            )))
        }
        "busy" => Err(Failure::new(
            "locked",
            WHAT,
            "somebody else is sending a release to this machine",
            "wait until that is done, then run `meshc apply` again",
        )),
        "damaged" => {
            let of = |digest: &str| {
                release
                    .blobs
                    .iter()
                    .find(|(known, _)| known.as_str() == digest)
                    .map(|(_, blob)| blob.path.display().to_string())
            };
            let files: Vec<_> = rest.split(' ').filter_map(of).collect();
            Err(Failure::new(
                "damaged",
                WHAT,
                format!("bytes differ from their digest: {}", files.join(", ")),
                "run `meshc build` again, then `meshc apply`; what is right is not sent twice",
            ))
        }
        "failed" => Err(Failure::new(
            "transfer",
            WHAT,
            rest,
            format!("look at {} on the machine", layout.home),
        )),
        _ => Err(Failure::new(
            "transfer",
            WHAT,
            output.complaint(),
            "run `meshc apply` again",
        )),
    }
}

/// A reader that opens the files one after the other, as they are needed.
fn archive(release: &Release, send: &[Send]) -> io::Result<Archive> {
    let want: String = send
        .iter()
        .map(|blob| format!("{0}  {0}\n", blob.sha256))
        .collect();
    let mut parts = vec![Part::Bytes(entry("want", 0o600, want.into_bytes())?)];
    parts.push(Part::Bytes(entry(
        "bundle.json",
        0o600,
        release.document.clone(),
    )?));
    for blob in send {
        let source = release
            .blobs
            .get(&blob.sha256)
            .ok_or_else(|| io::Error::other("a blob of another release"))?;
        let mut file = File::open(&source.path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", source.path.display())))?;
        let length = file.metadata()?.len();
        if length != blob.size {
            return Err(io::Error::other(format!(
                "{} has changed meanwhile",
                source.path.display()
            )));
        }
        file.seek(SeekFrom::Start(blob.from))?;
        let name = if blob.from > 0 {
            format!("{}.tail", blob.sha256)
        } else {
            blob.sha256.to_string()
        };
        let mode = if source.program { 0o755 } else { 0o600 };
        let left = blob.size - blob.from;
        parts.push(Part::Bytes(header(&name, mode, left)));
        parts.push(Part::File(file.take(left)));
        parts.push(Part::Bytes(padding(left)));
    }
    // Two empty blocks end an archive (POSIX pax, `ustar` interchange format).
    parts.push(Part::Bytes(vec![0; 1024]));
    Ok(Archive {
        parts: parts.into_iter().map(Part::reader).collect(),
    })
}

enum Part {
    Bytes(Vec<u8>),
    File(io::Take<File>),
}

impl Part {
    fn reader(self) -> Box<dyn Read> {
        match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(file) => Box::new(file),
        }
    }
}

fn header(name: &str, mode: u32, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    // A digest with `.tail` always fits into the 100 bytes of a name.
    let _ = header.set_path(name);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn padding(size: u64) -> Vec<u8> {
    vec![0; ((512 - size % 512) % 512) as usize]
}

fn entry(name: &str, mode: u32, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let size = bytes.len() as u64;
    Ok([header(name, mode, size), bytes, padding(size)].concat())
}

struct Archive {
    parts: std::collections::VecDeque<Box<dyn Read>>,
}

impl Read for Archive {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        // Small entries are gathered into one read, so that they share packets.
        while filled < buffer.len() {
            let Some(part) = self.parts.front_mut() else { break };
            match part.read(&mut buffer[filled..])? {
                0 => drop(self.parts.pop_front()),
                length => filled += length,
            }
        }
        Ok(filled)
    }
}

struct Counted<'a> {
    inner: Archive,
    moved: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        (self.moved)(length as u64);
        Ok(length)
    }
}
