use std::sync::Arc;

use super::{Desk, File, Home, Shelf, home};
use crate::names::{Names, Spot};

/// All files of the spec that a file belongs to.
#[derive(Clone, Debug)]
pub struct Project {
    /// The files: that of the spec first, then what it includes, and expectations beside it.
    pub files: Vec<Arc<File>>,
    /// The one that was asked for.
    pub here: usize,
}

impl Project {
    /// The spec that the file at `path` belongs to; of one that no spec includes, the file alone. `None` if it is something
    /// else.
    pub fn around(path: &str, desk: &Desk, shelf: &Shelf) -> Option<Self> {
        let files = match home(path, desk, shelf) {
            Home::Spec(spec) | Home::Tests(spec) => {
                let mut files = shelf.spec(&spec, desk);
                files.extend(shelf.tests(&spec, desk));
                files
            }
            Home::Alone => vec![shelf.file(path, desk)?],
            Home::Objects(_) | Home::Foreign => return None,
        };
        let here = files.iter().position(|file| file.path == path)?;
        Some(Self { files, here })
    }

    /// The file that was asked for.
    pub fn file(&self) -> &Arc<File> {
        &self.files[self.here]
    }

    /// The names of all files.
    pub fn names(&self) -> Names<'_> {
        Names::of(self.files.iter().map(|file| file.mentions()))
    }

    /// The file that a name stands in.
    pub fn file_of(&self, spot: Spot<'_>) -> &Arc<File> {
        &self.files[spot.file]
    }
}
