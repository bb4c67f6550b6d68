//! Time and memory of `meshc check` on manifests of Kubernetes and Istio, beside Helm, which only prints as many, and
//! `istioctl analyze`, which checks them as well.

mod manifests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{command, output, run};
use crate::programs::target_folder;

use super::compile::peers::helm;
use super::figure::{Figure, median, sorted};
use super::folder::Folder;
use super::process::{mebibytes, millis, take};

/// Manifests of the meshes that are checked.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
/// The one that the goals speak of.
const MIDDLE: usize = SIZES[1];

/// The variable that names the istioctl to hold it against: it is none of what Go or Python bring.
const ISTIOCTL: &str = "ISTIOCTL";

pub(super) fn figures(runs: u32) -> Result<Vec<Figure>> {
    run(command("cargo").args(["build", "--quiet", "--release", "--package", "meshc"]))?;
    let meshc = target_folder().join("release/meshc");
    let folder = Folder::new()?;
    let mut figures = Vec::new();
    let mut middle = 0.0;
    for count in SIZES {
        let mesh = written(&folder, count)?;
        let taken = take(runs, || {
            let mut check = command(&meshc);
            check.args(["check", "--deny-warnings"]).arg(&mesh);
            check
        })?;
        let name = format!("check, {count} manifests");
        let figure = Figure::new(&name, "ms", millis(&taken));
        figures.push(match count {
            MIDDLE => {
                middle = figure.ours();
                match helm(folder.path(), count, runs)? {
                    Some(helm) => figure.beside("Helm", helm).at_most_times(0.4),
                    None => figure,
                }
            }
            count if count > MIDDLE => figure.beside("10,000", middle).at_most_times(11.0),
            _ => figure,
        });
        let memory = Figure::new(format!("{name}, memory"), "MiB", mebibytes(&taken));
        figures.push(if count == MIDDLE {
            memory.at_most(150.0)
        } else {
            memory
        });
        if count <= MIDDLE {
            figures.extend(beside_istioctl(&name, &taken, &mesh, runs)?);
        }
    }
    Ok(figures)
}

/// The mesh in a folder, a file for each service.
fn written(folder: &Folder, count: usize) -> Result<PathBuf> {
    let path = folder.path().join(format!("manifests-{count}"));
    std::fs::create_dir_all(&path)?;
    for (name, text) in manifests::files(count) {
        std::fs::write(path.join(&name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(path)
}

/// What `istioctl analyze` takes for the same files.
fn beside_istioctl(
    name: &str,
    ours: &[super::process::Taken],
    mesh: &Path,
    runs: u32,
) -> Result<Option<Figure>> {
    let Some(istioctl) = std::env::var_os(ISTIOCTL) else {
        eprintln!("skipped: the figures of `istioctl analyze` need the path of one in {ISTIOCTL}");
        return Ok(None);
    };
    let taken = take(runs, || {
        let mut analyze = command(&istioctl);
        analyze
            .args(["analyze", "--use-kube=false", "--timeout=10m"])
            .arg(mesh);
        analyze
    })?;
    let theirs = median(&sorted(millis(&taken)));
    let peer = version(Path::new(&istioctl))?;
    Ok(Some(
        Figure::new(format!("{name}, beside istioctl"), "ms", millis(ours)).beside(peer, theirs),
    ))
}

/// Its name with its release, such as `istioctl 1.31.0`; one that is built by hand may have none.
fn version(istioctl: &Path) -> Result<String> {
    let said = output(command(istioctl).args(["version", "--remote=false", "--short"]))?;
    let said = String::from_utf8_lossy(&said.stdout);
    let release = said.split_whitespace().last();
    Ok(match release.filter(|release| *release != "unknown") {
        Some(release) => format!("istioctl {release}"),
        None => "istioctl".to_owned(),
    })
}
