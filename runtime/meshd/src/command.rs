//! Running the machine's own programs.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Folders in which administration programs lie, whatever the caller's PATH.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a program printed.
pub(crate) struct Output {
    pub(crate) ok: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its end; `None` where it is not there.
pub(crate) fn output(program: &str, arguments: &[&str], input: Option<&str>) -> Option<Output> {
    let stdin = if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // A program that does not read to the end says why on its own.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().ok()?;
    Some(Output {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Runs a program that must succeed; gives what it printed.
pub(crate) fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Result<String, Failure> {
    let what = || format!("run `{program} {}`", arguments.join(" "));
    let Some(output) = output(program, arguments, input) else {
        return Err(Failure::new(what(), "the program is missing").remedy(format!("install `{program}`")));
    };
    if output.ok {
        Ok(output.stdout)
    } else {
        Err(Failure::new(what(), output.stderr))
    }
}
