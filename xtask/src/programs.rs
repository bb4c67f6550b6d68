//! Builds the programs that are tried and shipped.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{command, root, run};

/// Where the built programs lie.
pub(crate) struct Programs {
    /// The compiler.
    pub(crate) meshc: PathBuf,
    /// The folder with `meshd-ARCH`.
    pub(crate) runtime: PathBuf,
}

const TARGET: &str = concat!("x86_64", "-unknown-linux-gnu");

/// Builds both: meshc as tests build it, meshd as it is shipped.
pub(crate) fn build() -> Result<Programs> {
    run(command("cargo").args(["build", "--quiet", "--package", "meshc"]))?;
    let target = target_folder();
    Ok(Programs {
        meshc: target.join("debug/meshc"),
        runtime: runtime()?,
    })
}

/// meshd, static: `crt-static` needs the target named, else procedural macros would be built with it too.
fn runtime() -> Result<PathBuf> {
    let arch = std::env::consts::ARCH;
    let triple = TARGET.replace("x86_64", arch);
    let flags = "-C target-feature=+crt-static";
    let build = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "meshd",
        "--target",
        &triple,
    ];
    run(command("cargo").args(build).env("RUSTFLAGS", flags))?;
    let folder = target_folder().join("runtime");
    std::fs::create_dir_all(&folder)?;
    let built = target_folder().join(&triple).join("release/meshd");
    // The name says for which machines it is; written under another name first, since the old one may be running.
    let staged = folder.join(".meshd.new");
    std::fs::copy(built, &staged)?;
    std::fs::rename(staged, folder.join(format!("meshd-{arch}")))?;
    Ok(folder)
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
