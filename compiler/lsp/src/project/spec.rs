use std::sync::Arc;

use super::shelf::Listing;
use super::{Desk, File, Home, Shelf, home};
use crate::names::{Names, Spot};

/// All files of the spec that a file belongs to.
#[derive(Clone, Debug)]
pub struct Project {
    /// The files: that of the spec first, then what it includes, expectations beside it, and inventories.
    pub files: Vec<Arc<File>>,
    /// The one that was asked for.
    pub here: usize,
    /// Those of the last files, which are inventories.
    listings: Vec<Arc<Listing>>,
}

impl Project {
    /// The spec that the file at `path` belongs to; of one that no spec includes, the file alone. `None` if it is something
    /// else.
    pub fn around(path: &str, desk: &Desk, shelf: &Shelf) -> Option<Self> {
        let mut files = match home(path, desk, shelf) {
            Home::Spec(spec) | Home::Tests(spec) | Home::Listed(spec) => {
                let mut files = shelf.spec(&spec, desk);
                files.extend(shelf.tests(&spec, desk));
                files
            }
            Home::Alone => vec![shelf.file(path, desk)?],
            Home::Objects(_) | Home::Foreign => return None,
        };
        let listings = shelf.listings(&files, desk);
        files.extend(listings.iter().map(|listing| Arc::clone(&listing.file)));
        let here = files.iter().position(|file| file.path == path)?;
        Some(Self {
            files,
            here,
            listings,
        })
    }

    /// The file that was asked for.
    pub fn file(&self) -> &Arc<File> {
        &self.files[self.here]
    }

    /// The file that was asked for lists machines.
    pub fn is_inventory(&self) -> bool {
        self.here >= self.written()
    }

    /// The names of all files.
    pub fn names(&self) -> Names<'_> {
        let written = self.files[..self.written()].iter().map(|file| file.mentions());
        let listed = self.listings.iter().map(|listing| listing.mentions());
        Names::of(written.chain(listed))
    }

    /// The file that a name stands in.
    pub fn file_of(&self, spot: Spot<'_>) -> &Arc<File> {
        &self.files[spot.file]
    }

    /// So many files are in the language of specs.
    fn written(&self) -> usize {
        self.files.len() - self.listings.len()
    }
}
