//! `meshc`: puts virtual machines into an Istio mesh from one spec file.
//!
//! Every command is one file in [`commands`]; what they print goes through [`ui::Ui`], and what they end with is
//! an [`exit::Exit`].

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal; only ui.rs prints"
)]

mod cli;
mod commands;
mod exit;
mod git;
mod out_folder;
mod rewrite;
mod ui;
mod world;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Specs and manifests become millions of small values, on all cores: the system's allocator takes twice the time for
/// them, and in musl's they wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let ui = ui::Ui::of_terminal(cli.color, |name| std::env::var(name).ok());
    cli.command.run(&ui).into()
}
