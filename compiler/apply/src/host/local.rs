//! This machine.

use std::io::{Read, Write};
use std::process::{Command as Process, Stdio};

use super::{Command, Host, Login, Output, RunError};
use crate::failure::Failure;

/// Runs commands on this machine, by `sh`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl Login for Local {
    fn login(&self) -> Result<Box<dyn Host>, Failure> {
        Ok(Box::new(*self))
    }
}

impl Host for Local {
    fn run(&mut self, command: &Command, input: &mut dyn Read) -> Result<Output, RunError> {
        let lost = |error: std::io::Error| RunError::Lost(error.to_string());
        let mut child = Process::new("sh")
            .args(["-c", &command.line()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(lost)?;
        let stdin = child.stdin.take();
        // The output is collected beside the writing, for neither side may wait for the other.
        let (sent, output) = std::thread::scope(|scope| {
            let output = scope.spawn(move || child.wait_with_output());
            (stdin.map_or(Ok(()), |pipe| pump(input, pipe)), output.join())
        });
        sent?;
        let output = output
            .map_err(|_| RunError::Lost("the reading thread ended".to_owned()))?
            .map_err(lost)?;
        Ok(Output {
            status: output.status.code(),
            stdout: output.stdout,
            stderr: output.stderr,
        })
    }
}

/// Copies until either side ends. A command may end without reading everything; its status tells why.
fn pump(input: &mut dyn Read, mut pipe: impl Write) -> Result<(), RunError> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = input.read(&mut chunk).map_err(RunError::Input)?;
        if length == 0 || pipe.write_all(&chunk[..length]).is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_command_reads_its_input_and_tells_its_status() {
        let command = Command::root_script("cat; exit $1", &["3"], Duration::from_secs(5));
        let output = Local.run(&command, &mut b"hello".as_slice()).unwrap();
        assert_eq!((output.status, output.text().as_str()), (Some(3), "hello"));
    }
}
