//! Time and memory of `meshc check` and `meshc build`, beside programs that only print text.
//!
//! Everything lies on tmpfs where there is one: on a disk the kernel's work for many small files would be measured.

mod mesh;
pub(super) mod peers;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{command, run};
use crate::programs::target_folder;

use super::figure::Figure;
use super::folder::Folder;
use super::process::{mebibytes, millis, take};

/// VMs of the meshes that are compiled.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// The one that the goals speak of.
const MIDDLE: usize = SIZES[1];

pub(super) fn figures(runs: u32) -> Result<Vec<Figure>> {
    run(command("cargo").args(["build", "--quiet", "--release", "--package", "meshc"]))?;
    let meshc = target_folder().join("release/meshc");
    let folder = Folder::new()?;
    let mut figures = checks(&meshc, &folder, runs)?;
    figures.extend(builds(&meshc, &folder, runs)?);
    Ok(figures)
}

/// A spec with `vms` machines, each a line of it.
fn spec(folder: &Folder, vms: usize) -> Result<PathBuf> {
    let path = folder.path().join(format!("{vms}.kdl"));
    std::fs::write(&path, mesh::spec(vms))?;
    Ok(path)
}

fn checks(meshc: &Path, folder: &Folder, runs: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut middle = 0.0;
    for vms in SIZES {
        let spec = spec(folder, vms)?;
        let taken = take(runs, || {
            let mut check = command(meshc);
            check.arg("check").arg(&spec);
            check
        })?;
        let figure = Figure::new(format!("check, {vms} VMs"), "ms", millis(&taken));
        figures.push(match vms {
            MIDDLE => {
                middle = figure.ours();
                match peers::helm(folder.path(), vms, runs)? {
                    Some(helm) => figure.beside("Helm", helm).at_most_times(0.4),
                    None => figure,
                }
            }
            vms if vms > MIDDLE => figure.beside("10,000 VMs", middle).at_most_times(11.0),
            _ => figure,
        });
        let memory = Figure::new(format!("check, {vms} VMs, memory"), "MiB", mebibytes(&taken));
        figures.push(if vms == MIDDLE {
            memory.at_most(150.0)
        } else {
            memory
        });
    }
    Ok(figures)
}

fn builds(meshc: &Path, folder: &Folder, runs: u32) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for vms in [SIZES[0], MIDDLE] {
        let spec = spec(folder, vms)?;
        let out = folder.path().join("out");
        let mut build = || {
            let mut build = command(meshc);
            build.arg("build").arg(&spec).arg("-o").arg(&out);
            build
        };
        let fresh = || {
            // A folder that is not there is as good as one that was removed.
            let _ = std::fs::remove_dir_all(&out);
            build()
        };
        let taken = take(runs, fresh)?;
        let figure = Figure::new(format!("build, {vms} VMs"), "ms", millis(&taken));
        figures.push(match peers::jinja(folder.path(), vms, runs)? {
            Some(jinja) if vms == MIDDLE => figure.beside("Jinja2", jinja).at_most_times(0.5),
            Some(jinja) => figure.beside("Jinja2", jinja),
            None => figure,
        });
        let memory = Figure::new(format!("build, {vms} VMs, memory"), "MiB", mebibytes(&taken));
        figures.push(if vms == MIDDLE {
            memory.at_most(150.0)
        } else {
            memory
        });
        let again = take(runs, &mut build)?;
        figures.push(Figure::new(
            format!("build again, {vms} VMs"),
            "ms",
            millis(&again),
        ));
    }
    Ok(figures)
}
