use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::LogSink;

/// A sink that appends to the file at `path`; opened anew where somebody has moved it away, so that rotating it takes no
/// signal.
pub(super) fn append(path: &str) -> LogSink {
    LogSink::to(Appended {
        path: path.into(),
        file: None,
    })
}

struct Appended {
    path: PathBuf,
    file: Option<File>,
}

impl Appended {
    /// The file that is at the path now.
    fn current(&mut self) -> io::Result<&mut File> {
        let there = std::fs::metadata(&self.path)
            .ok()
            .map(|data| (data.dev(), data.ino()));
        let open = self.file.as_ref().and_then(|file| file.metadata().ok());
        let open = open.map(|data| (data.dev(), data.ino()));
        if open.is_none() || there != open {
            self.file = Some(OpenOptions::new().append(true).create(true).open(&self.path)?);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Write for Appended {
    /// What cannot be written is lost, and the next lines are tried again: a full disk must not end the log for ever.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.current().and_then(|file| file.write_all(bytes));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "lines of the access log are lost");
            self.file = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
