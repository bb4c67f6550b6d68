//! The links that lead from the machine's paths into the release in force.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mesh_wire::Bundle;

use super::record::Record;
use super::stage::{Release, WITHOUT_IPV6};
use crate::failure::{Failure, OnPath};
use crate::layout::{HOME, Layout, PROGRAM, link_of};

/// All links that a release needs: path -> target.
fn wanted(release: Option<&Release>, layout: &Layout) -> Vec<(String, PathBuf)> {
    let Some(release) = release else { return Vec::new() };
    let files = release
        .bundle
        .files
        .iter()
        .map(|file| (file.path.clone(), link_of(&file.path)));
    let program = (PROGRAM.to_owned(), PathBuf::from(format!("{HOME}/current/meshd")));
    let extra = layout
        .release(&release.name)
        .join(format!("rootfs{WITHOUT_IPV6}"))
        .exists();
    let extra = extra.then(|| (WITHOUT_IPV6.to_owned(), link_of(WITHOUT_IPV6)));
    files
        .chain([program])
        .chain(extra)
        .chain(enabled(&release.bundle, release, layout))
        .collect()
}

/// Units that start at boot: the link that `systemctl enable` would make, made by hand because that command
/// takes links to unit files for its own.
fn enabled(bundle: &Bundle, release: &Release, layout: &Layout) -> Vec<(String, PathBuf)> {
    let mut links = Vec::new();
    for unit in bundle.units.iter().filter(|unit| unit.enable) {
        let path = format!("/etc/systemd/system/{}", unit.name);
        let file = layout.release(&release.name).join(format!("rootfs{path}"));
        let text = fs::read_to_string(file).unwrap_or_default();
        for target in text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("WantedBy="))
            .flat_map(str::split_whitespace)
        {
            links.push((
                format!("/etc/systemd/system/{target}.wants/{}", unit.name),
                PathBuf::from(&path),
            ));
        }
    }
    links
}

/// Makes the machine's links those of `release`; `None` takes all away and puts back what had to make place.
pub(crate) fn align(layout: &Layout, record: &mut Record, release: Option<&Release>) -> Result<(), Failure> {
    let wanted = wanted(release, layout);
    let paths: BTreeSet<&str> = wanted.iter().map(|(path, _)| path.as_str()).collect();
    for path in record
        .links
        .clone()
        .iter()
        .filter(|path| !paths.contains(path.as_str()))
    {
        unlink(layout, record, path)?;
    }
    for (path, target) in &wanted {
        link(layout, record, path, target)?;
    }
    Ok(())
}

/// Every link of the release is where it must be.
pub(crate) fn is_aligned(layout: &Layout, release: &Release) -> bool {
    wanted(Some(release), layout)
        .iter()
        .all(|(path, target)| fs::read_link(layout.at(path)).is_ok_and(|there| there == *target))
}

fn link(layout: &Layout, record: &mut Record, path: &str, target: &Path) -> Result<(), Failure> {
    let place = layout.at(path);
    if fs::read_link(&place).is_ok_and(|there| there == target) {
        return note(layout, record, |record| record.links.insert(path.to_owned()));
    }
    make_folders(layout, record, path)?;
    if place.is_dir() && !place.is_symlink() {
        return Err(Failure::new(format!("place {path}"), "a folder has this name"));
    }
    if place.symlink_metadata().is_ok() && !record.links.contains(path) {
        displace(layout, record, path)?;
    }
    note(layout, record, |record| record.links.insert(path.to_owned()))?;
    let new = place.with_file_name(format!(".{}.meshd-new", file_name(&place)));
    let _ = fs::remove_file(&new);
    symlink(target, &new).on("link", &place)?;
    fs::rename(&new, &place).on("link", &place)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Moves what stands in the way aside.
fn displace(layout: &Layout, record: &mut Record, path: &str) -> Result<(), Failure> {
    let aside = layout.displaced().join(path.trim_start_matches('/'));
    if let Some(parent) = aside.parent() {
        fs::create_dir_all(parent).on("make", parent)?;
    }
    note(layout, record, |record| record.displaced.insert(path.to_owned()))?;
    rename_or_copy(&layout.at(path), &aside).on("move aside", &layout.at(path))
}

fn unlink(layout: &Layout, record: &mut Record, path: &str) -> Result<(), Failure> {
    let place = layout.at(path);
    // What somebody put there in the meantime is theirs.
    if place.is_symlink() {
        fs::remove_file(&place).on("remove", &place)?;
    }
    if record.displaced.contains(path) {
        let aside = layout.displaced().join(path.trim_start_matches('/'));
        // Where somebody wrote a file of their own since, both are kept.
        let taken = place.symlink_metadata().is_ok();
        let to = if taken {
            place.with_file_name(format!("{}.before-meshd", file_name(&place)))
        } else {
            place
        };
        if aside.symlink_metadata().is_ok() {
            rename_or_copy(&aside, &to).on("put back", &to)?;
        }
        record.displaced.remove(path);
    }
    note(layout, record, |record| record.links.remove(path))?;
    remove_folders(layout, record)
}

/// Moves a file, over the border of a file system too.
fn rename_or_copy(from: &Path, to: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            if from.is_symlink() {
                symlink(fs::read_link(from)?, to)?;
            } else {
                let about = fs::metadata(from)?;
                fs::copy(from, to)?;
                std::os::unix::fs::chown(to, Some(about.uid()), Some(about.gid()))?;
            }
            fs::remove_file(from)
        }
        result => result,
    }
}

fn make_folders(layout: &Layout, record: &mut Record, path: &str) -> Result<(), Failure> {
    let missing: Vec<&Path> = Path::new(path)
        .ancestors()
        .skip(1)
        .take_while(|folder| !layout.at(folder).exists())
        .collect();
    for folder in missing.into_iter().rev() {
        note(layout, record, |record| {
            record.folders.insert(folder.to_string_lossy().into_owned())
        })?;
        let place = layout.at(folder);
        fs::create_dir(&place).on("make", &place)?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&place, mode).on("change", &place)?;
    }
    Ok(())
}

/// Removes folders of ours that are empty, the deepest first.
fn remove_folders(layout: &Layout, record: &mut Record) -> Result<(), Failure> {
    for folder in record.folders.clone().iter().rev() {
        let place = layout.at(folder);
        if fs::remove_dir(&place).is_ok() || !place.exists() {
            note(layout, record, |record| record.folders.remove(folder))?;
        }
    }
    Ok(())
}

fn note(
    layout: &Layout,
    record: &mut Record,
    change: impl FnOnce(&mut Record) -> bool,
) -> Result<(), Failure> {
    let before = record.clone();
    change(record);
    if *record == before || !layout.home().exists() {
        return Ok(());
    }
    record.write(layout)
}
