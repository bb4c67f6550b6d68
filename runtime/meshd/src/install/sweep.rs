//! Throwing away what no release needs any more.

use std::collections::BTreeSet;
use std::fs;

use super::deadman::Unconfirmed;
use super::stage::{self, Release};
use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// Keeps the releases in force and before, the one to which the dead-man switch leads, and the blobs that they are made of.
pub(crate) fn collect(layout: &Layout) -> Result<(), Failure> {
    let back_to = Unconfirmed::read(layout).and_then(|waiting| waiting.back_to);
    let kept: Vec<Release> = [layout.current(), layout.previous(), back_to]
        .into_iter()
        .flatten()
        .map(|name| Release::read(layout, &name))
        .collect::<Result<_, _>>()?;
    let names: BTreeSet<&str> = kept.iter().map(|release| release.name.as_str()).collect();
    for name in names_in(&layout.releases())? {
        if !names.contains(name.as_str()) {
            stage::clear(&layout.releases().join(name))?;
        }
    }
    let files = kept
        .iter()
        .flat_map(|release| &release.bundle.files)
        .map(|file| file.sha256.as_str());
    let programs = kept
        .iter()
        .filter_map(|release| release.bundle.runtime_sha256.as_ref())
        .map(|digest| digest.as_str());
    let blobs: BTreeSet<&str> = files.chain(programs).collect();
    for name in names_in(&layout.store())? {
        if !blobs.contains(name.as_str()) {
            let place = layout.store().join(name);
            fs::remove_file(&place).on("remove", &place)?;
        }
    }
    Ok(())
}

/// After a first installation that failed: all but what the shipper uploaded.
pub(crate) fn first_install_failed(layout: &Layout) -> Result<(), Failure> {
    for name in names_in(&layout.home())? {
        if !matches!(name.as_str(), "store" | "incoming") {
            discard(&layout.home().join(name))?;
        }
    }
    // An empty store was ours; then the home may go as well.
    let _ = fs::remove_dir(layout.store());
    let _ = fs::remove_dir(layout.home());
    Ok(())
}

fn discard(place: &std::path::Path) -> Result<(), Failure> {
    if place.is_dir() && !place.is_symlink() {
        stage::clear(place)
    } else {
        fs::remove_file(place).on("remove", place)
    }
}

fn names_in(folder: &std::path::Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.on("list", folder)?,
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}
