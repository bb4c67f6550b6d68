//! Programs of the machine that the lab shells out to.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A program did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start `{program}`: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("`{command}` failed ({status}): {output}")]
    Failed {
        /// Program and arguments.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last it said.
        output: String,
    },
}

/// Runs `command` to its end and returns what it wrote to standard output.
pub(crate) fn run(command: &mut Command) -> Result<String, CommandError> {
    let output = output(command.stdin(Stdio::null()))?;
    finish(command, &output)
}

/// Runs `command` with `input` on its standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Result<String, CommandError> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| start_error(command, source))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends before it has read everything says why in its status.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|source| start_error(command, source))?;
    finish(command, &output)
}

/// Runs `command` and returns all of its outcome; a failure of the program is no error here.
pub(crate) fn output(command: &mut Command) -> Result<Output, CommandError> {
    command.output().map_err(|source| start_error(command, source))
}

/// `program args…`, to be run in the network namespace `netns`.
pub(crate) fn in_netns(netns: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    // Not `ip netns exec`: that mounts /sys anew and hides the control groups.
    command.arg(net_flag(netns)).arg("--").arg(program);
    command
}

/// nsenter's flag for the network namespace at `netns`.
pub(crate) fn net_flag(netns: &Path) -> String {
    format!("--net={}", netns.display())
}

fn finish(command: &Command, output: &Output) -> Result<String, CommandError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(CommandError::Failed {
        command: shown(command),
        status: output.status,
        output: last_words(output),
    })
}

fn start_error(command: &Command, source: std::io::Error) -> CommandError {
    CommandError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// The end of what a program said: its errors, or else its output.
fn last_words(output: &Output) -> String {
    let bytes = if output.stderr.is_empty() {
        &output.stdout
    } else {
        &output.stderr
    };
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_its_last_words() {
        let error = run(Command::new("sh").args(["-c", "echo first; echo broken >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh -c"), "{text}");
        assert!(
            text.contains("broken") && !text.contains("failed (exit status: 0)"),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("no-such-program-of-ours")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-of-ours"));
    }

    #[test]
    fn input_reaches_the_program() {
        assert_eq!(
            run_with_input(&mut Command::new("cat"), "hello").unwrap(),
            "hello"
        );
    }
}
