//! What developers run: `cargo xtask demo`, `test`, `generate`, `tidy`, `bench`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

mod command;
mod demo;
mod fuzz;
mod generate;
mod machine;
mod measure;
mod programs;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What developers of meshc run")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the machine lacks (asks first, unless CI is set or --yes is given)
    Setup(setup::Args),
    /// Boots the forum mesh on this machine, applies it over SSH and shows what happened
    Demo(demo::Args),
    /// Runs every test, the demo included
    Test(test::Args),
    /// Writes again what is generated: golden/, schemas/, docs/spec.md and docs/rules.md
    Generate,
    /// Throws texts at what parses them, a minute each unless --seconds says otherwise
    Fuzz(fuzz::Args),
    /// Checks the house: direction of dependencies, paths and commands in the docs
    Tidy,
    /// Measures what the programs take, beside their peers
    Bench(measure::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Setup(args) => setup::run(&args),
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => test::run(&args),
        Task::Generate => generate::run(),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Tidy => tidy::run(),
        Task::Bench(args) => measure::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
