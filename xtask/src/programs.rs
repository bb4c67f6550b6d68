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

/// What the proxy is measured with.
pub(crate) struct Bench {
    /// One hop of the data plane.
    pub(crate) hop: PathBuf,
    /// The client and the server.
    pub(crate) load: PathBuf,
}

/// Built as meshd is.
pub(crate) fn bench() -> Result<Bench> {
    let folder = shipped("mesh-bench")?;
    Ok(Bench {
        hop: folder.join("mesh-hop"),
        load: folder.join("mesh-load"),
    })
}

/// Builds a package as it is shipped, static, and tells where its programs are.
fn shipped(package: &str) -> Result<PathBuf> {
    // `crt-static` needs the target named, else procedural macros would be built with it too.
    let triple = TARGET.replace("x86_64", std::env::consts::ARCH);
    let build = ["build", "--quiet", "--release", "--package", package];
    let mut cargo = command("cargo");
    cargo.args(build).args(["--target", &triple]);
    run(cargo.env("RUSTFLAGS", "-C target-feature=+crt-static"))?;
    Ok(target_folder().join(triple).join("release"))
}

fn runtime() -> Result<PathBuf> {
    let built = shipped("meshd")?.join("meshd");
    let folder = target_folder().join("runtime");
    std::fs::create_dir_all(&folder)?;
    // The name says for which machines it is; written under another name first, since the old one may be running.
    let staged = folder.join(".meshd.new");
    std::fs::copy(built, &staged)?;
    std::fs::rename(staged, folder.join(format!("meshd-{}", std::env::consts::ARCH)))?;
    Ok(folder)
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
