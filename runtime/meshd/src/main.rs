//! meshd puts a machine into an Istio mesh.
//!
//! One program, two lives: [`run`] is the unprivileged daemon that systemd starts, with the sockets that systemd holds;
//! the other commands are short steps of root that [`install`] releases and load [`capture`] rules. They share nothing but
//! files: see [`layout`].

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tells its user what happened"
)]

mod admin;
mod capture;
mod cli;
mod command;
mod commands;
mod daemon;
mod failure;
mod handover;
mod identity;
mod install;
mod layout;
mod logging;
mod memory;
mod metrics;
mod probe;
mod report;
mod run;
mod snapshot;
mod sockets;
mod status;
mod systemd;
mod top;
mod translate;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    commands::run(&cli)
}
