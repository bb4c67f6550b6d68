//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Puts this machine into a mesh.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    /// Works on an image below DIR instead of this machine; nothing is started there.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "/",
        hide_default_value = true
    )]
    pub(crate) root: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Installs a bundle; the last release comes back when it does not pass its checks.
    Install(Install),
    /// Serves: proxy, DNS, health, metrics, admin. systemd runs this.
    Run,
    /// Loads, removes or shows the rules that lead traffic through meshd.
    Capture {
        /// What to do.
        action: Capture,
    },
    /// Says how meshd is.
    Status(Output),
    /// Shows who talks with whom, how often and how fast, until it is interrupted.
    Top {
        /// Looks for a second, and ends.
        #[arg(long)]
        once: bool,
    },
    /// Prints what istiod sent as the snapshot that the proxy would act on, and what is not in it.
    Snapshot(Translate),
    /// Keeps a release that was installed with `--confirm-within`.
    Confirm {
        /// The release in force.
        release: String,
        #[command(flatten)]
        output: Output,
    },
    /// Goes back to the release before.
    Rollback {
        /// Only if this release is still not confirmed.
        #[arg(long, value_name = "RELEASE")]
        unconfirmed: Option<String>,
        #[command(flatten)]
        output: Output,
    },
    /// Takes meshd off the machine, which is then as it was before.
    Remove(Output),
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Folder with bundle.json.
    pub(crate) folder: PathBuf,
    /// Goes back after SECONDS without `meshd confirm`.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    pub(crate) confirm_within: Option<u64>,
    /// Refuses when another release than this is in force; `none` for a machine without meshd.
    #[arg(long, value_name = "RELEASE")]
    pub(crate) expect: Option<String>,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Translate {
    /// Folder with what istiod sent: every file in it that ends in .pb is an Envoy DiscoveryResponse.
    #[arg(long, value_name = "DIR")]
    pub(crate) from_xds: PathBuf,
    #[command(flatten)]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// How the answer is written.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Capture {
    /// Loads the rules, replacing those of before.
    Up,
    /// Removes them.
    Down,
    /// Prints them as they are in the kernel.
    Show,
    /// Looks whether they are as they were loaded, and leaves word of it for the metrics.
    Look,
}
