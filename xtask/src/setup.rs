//! Installs what the machine lacks.

mod unpacked;
mod validator;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Result, bail};

use crate::command::{self, as_root, has};
use crate::programs::target_folder;

#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Args {
    /// Installs without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A Debian package, and how to see that it is there.
struct Package {
    name: &'static str,
    sign: Sign,
}

enum Sign {
    Program(&'static str),
    File(&'static str),
}

const PACKAGES: &[Package] = &[
    Package {
        name: "gcc",
        sign: Sign::Program("cc"),
    },
    Package {
        name: "curl",
        sign: Sign::Program("curl"),
    },
    Package {
        name: "pkg-config",
        sign: Sign::Program("pkg-config"),
    },
    Package {
        name: "libssl-dev",
        sign: Sign::File("/usr/include/openssl/ssl.h"),
    },
    Package {
        name: "openssl",
        sign: Sign::Program("openssl"),
    },
    Package {
        name: "openssh-client",
        sign: Sign::Program("ssh"),
    },
    Package {
        name: "openssh-server",
        sign: Sign::Program("sshd"),
    },
    Package {
        name: "iproute2",
        sign: Sign::Program("ip"),
    },
    Package {
        name: "iptables",
        sign: Sign::Program("iptables-restore"),
    },
    Package {
        name: "nftables",
        sign: Sign::Program("nft"),
    },
    Package {
        name: "debootstrap",
        sign: Sign::Program("debootstrap"),
    },
    Package {
        name: "systemd-container",
        sign: Sign::Program("systemd-nspawn"),
    },
    Package {
        name: "python3",
        sign: Sign::Program("python3"),
    },
    Package {
        name: "python3-pip",
        sign: Sign::Program("pip3"),
    },
    Package {
        name: "neovim",
        sign: Sign::Program("nvim"),
    },
    Package {
        name: "nodejs",
        sign: Sign::Program("node"),
    },
    Package {
        name: "npm",
        sign: Sign::Program("npm"),
    },
];

/// What tests take from npm: the folder below `node_modules`, and what to install.
const MODULES: &[(&str, &str)] = &[
    // The language server for YAML that editors use.
    ("yaml-language-server", "yaml-language-server@1.25.0"),
    // The schema of SARIF 2.1.0 that Microsoft's tools check with.
    ("@microsoft/jest-sarif", "@microsoft/jest-sarif@1.0.0-beta.0"),
];

pub(crate) fn run_quietly(args: Args) -> Result<()> {
    run_with(args, false)
}

pub(crate) fn run(args: &Args) -> Result<()> {
    run_with(*args, true)
}

fn run_with(args: Args, say_so: bool) -> Result<()> {
    packages(args, say_so)?;
    unpacked::all()?;
    validator::build()
}

fn packages(args: Args, say_so: bool) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        if say_so {
            println!("nothing is missing");
        }
        return modules();
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "this needs {}; install them with your system's package manager",
            missing.join(", ")
        );
    }
    if !args.yes && !command::in_ci() && !ask(&missing)? {
        bail!(
            "this needs {}; install them with `apt-get install {}`",
            missing.join(", "),
            missing.join(" ")
        );
    }
    install(&missing)?;
    modules()
}

/// Modules of npm go into the build folder, so that nothing of them is left behind.
fn modules() -> Result<()> {
    let folder = target_folder().join("npm");
    let there = |name: &str| folder.join("node_modules").join(name).is_dir();
    if MODULES.iter().all(|(name, _)| there(name)) {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let quiet = [
        "install",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "--prefix",
    ];
    command::run(
        command::command("npm")
            .args(quiet)
            .arg(&folder)
            .args(MODULES.iter().map(|(_, module)| *module)),
    )
}

fn missing() -> Vec<&'static str> {
    let there = |package: &Package| match package.sign {
        Sign::Program(program) => has(program),
        Sign::File(file) => Path::new(file).exists(),
    };
    PACKAGES
        .iter()
        .filter(|package| !there(package))
        .map(|package| package.name)
        .collect()
}

fn ask(missing: &[&str]) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    eprint!("Install {}? [y/N] ", missing.join(", "));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn install(packages: &[&str]) -> Result<()> {
    command::run(as_root("apt-get").args(["update", "-q"]))?;
    let apt = ["install", "-y", "-q", "--no-install-recommends"];
    command::run(
        as_root("env")
            .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
            .args(apt)
            .args(packages),
    )?;
    let still = missing();
    if still.is_empty() {
        Ok(())
    } else {
        bail!("{} could not be installed", still.join(", "))
    }
}
