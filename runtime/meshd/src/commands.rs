//! What each command does with its arguments, and its exit code: 0 done, 1 it failed, 2 meshd itself failed.

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::{Capture, Cli, Command, Format, Install, Output, Translate};
use crate::failure::Failure;
use crate::install::{self, Reason, Wish};
use crate::layout::Layout;
use crate::report::Report;
use crate::{capture, logging, run, status, top, translate};

/// Runs the command.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let layout = Layout::new(&cli.root);
    let logging = logging::start(matches!(cli.command, Command::Run));
    match &cli.command {
        Command::Run => told(run::run(&layout, logging)),
        Command::Capture { action } => told(capture_command(&layout, *action)),
        Command::Status(output) => status_command(&layout, output),
        Command::Top { once } => told(top::show(*once)),
        Command::Snapshot(wish) => snapshot_command(&layout, wish),
        Command::Install(install) => install_command(&layout, install),
        Command::Confirm { release, output } => reported(output, |report| {
            as_root().and_then(|()| install::confirm(&layout, release, report))
        }),
        Command::Rollback { unconfirmed, output } => {
            let reason = unconfirmed.as_deref().map_or(Reason::Asked, Reason::Unconfirmed);
            reported(output, |report| {
                as_root().and_then(|()| install::rollback(&layout, &reason, report))
            })
        }
        Command::Remove(output) => reported(output, |report| {
            as_root().and_then(|()| install::remove(&layout, report))
        }),
    }
}

fn install_command(layout: &Layout, install: &Install) -> ExitCode {
    let wish = Wish {
        confirm_within: install.confirm_within,
        expect: install.expect.as_deref(),
    };
    reported(&install.output, |report| {
        as_root().and_then(|()| install::install(layout, &install.folder, &wish, report))
    })
}

fn capture_command(layout: &Layout, action: Capture) -> Result<(), Failure> {
    as_root()?;
    match action {
        Capture::Up => {
            let backend = capture::up(layout)?;
            tracing::info!(?backend, "traffic is captured");
            install::rearm(layout)
        }
        Capture::Down => capture::down(layout),
        Capture::Look => capture::watch::look(layout),
        Capture::Show => {
            print!("{}", capture::show());
            Ok(())
        }
    }
}

fn status_command(layout: &Layout, output: &Output) -> ExitCode {
    let status = status::of_machine(layout);
    match output.format {
        Format::Json => print_json(&status),
        Format::Human => print!("{}", status::human(&status)),
    }
    ExitCode::SUCCESS
}

/// The list goes to standard error, so that the snapshot can go on to another program.
fn snapshot_command(layout: &Layout, wish: &Translate) -> ExitCode {
    told(
        translate::of_folder(layout, &wish.from_xds).map(|answer| match wish.output.format {
            Format::Json => print_json(&answer),
            Format::Human => {
                match serde_json::to_string_pretty(&answer.document()) {
                    Ok(text) => drop(writeln!(std::io::stdout(), "{text}")),
                    Err(error) => eprintln!("error: write the answer: {error}"),
                }
                eprint!("{}", answer.notes());
            }
        }),
    )
}

fn reported(output: &Output, operation: impl FnOnce(&mut Report) -> Result<(), Failure>) -> ExitCode {
    let mut report = Report::default();
    let result = operation(&mut report);
    let report = report.end(result);
    match output.format {
        Format::Json => print_json(&report),
        Format::Human => drop(write!(std::io::stdout(), "{}", report.human())),
    }
    if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

fn told(result: Result<(), Failure>) -> ExitCode {
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {failure}");
    if let Some(remedy) = &failure.remedy {
        eprintln!(" help: {remedy}");
    }
    ExitCode::from(1)
}

fn print_json(value: &impl serde::Serialize) {
    match serde_json::to_string(value) {
        // Whoever asked may be gone by now; what was done stays done.
        Ok(text) => drop(writeln!(std::io::stdout(), "{text}")),
        Err(error) => eprintln!("error: write the answer: {error}"),
    }
}

/// Asks for root, and outlives the login that started it: a change must not stop half-way when an SSH connection breaks.
#[expect(unsafe_code, reason = "no safe way to ignore a signal is there")]
fn as_root() -> Result<(), Failure> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    if nix::unistd::geteuid().is_root() {
        // SAFETY: ignoring a signal runs no code of ours in its place.
        let ignored = unsafe { signal(Signal::SIGHUP, SigHandler::SigIgn) };
        return ignored
            .map(drop)
            .map_err(|cause| Failure::new("ignore the end of the login", cause));
    }
    Err(Failure::new("change this machine", "this needs root").remedy("run it with sudo"))
}
