//! A machine on which commands run.
//!
//! Everything above this trait is the same for a machine behind [`ssh`], for [this one](local) and for a
//! [scripted](fake) one.

pub mod fake;
pub mod local;
pub mod ssh;

use std::io::Read;
use std::time::Duration;

use crate::failure::Failure;
use crate::shell;

/// Opens fresh sessions on one machine.
pub trait Login: Send + Sync {
    /// A new session, with nothing shared with earlier ones.
    fn login(&self) -> Result<Box<dyn Host>, Failure>;
}

/// An open session on a machine.
pub trait Host {
    /// Runs `command` with `input` as its standard input, to its end.
    ///
    /// # Errors
    /// Only when the command could not be run or its end not be seen; a status other than 0 is an [`Output`].
    fn run(&mut self, command: &Command, input: &mut dyn Read) -> Result<Output, RunError>;
}

/// A command for a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Program and arguments.
    pub words: Vec<String>,
    /// Runs as root.
    pub root: bool,
    /// How long nothing may be heard from it.
    pub silence: Duration,
}

impl Command {
    /// `sh -c script` with arguments, as root.
    pub fn root_script(script: &str, arguments: &[&str], silence: Duration) -> Self {
        let fixed = ["sh", "-c", script, "meshc"];
        let words = fixed
            .iter()
            .chain(arguments)
            .map(|&word| word.to_owned())
            .collect();
        Self {
            words,
            root: true,
            silence,
        }
    }

    /// A script that comes through standard input, as root.
    pub fn root_stdin(silence: Duration) -> Self {
        Self {
            words: vec!["sh".to_owned(), "-s".to_owned()],
            root: true,
            silence,
        }
    }

    /// The line for the login shell of the machine.
    ///
    /// Who is root already needs no sudo, and small systems have none.
    pub fn line(&self) -> String {
        let words = shell::join(&self.words);
        if !self.root {
            return words;
        }
        format!("sh -c {} meshc {words}", shell::quote(AS_ROOT))
    }
}

const AS_ROOT: &str = r#"if [ "$(id -u)" -eq 0 ]; then exec "$@"; fi
if command -v sudo >/dev/null 2>&1; then exec sudo -n -- "$@"; fi
echo "sudo: not found" >&2
exit 127"#;

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// It ended with 0.
    pub fn ok(&self) -> bool {
        self.status == Some(0)
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last lines of standard error, for people.
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        match (lines.is_empty(), self.status) {
            (false, _) => lines[lines.len().saturating_sub(3)..].join("; "),
            (true, Some(status)) => format!("the command ended with {status} and said nothing"),
            (true, None) => "a signal ended the command".to_owned(),
        }
    }
}

/// A command's end was not seen.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// Nothing was heard for too long.
    #[error("nothing was heard for {} s", .0.as_secs())]
    Silent(Duration),
    /// What should have been sent could not be read.
    #[error("cannot read what was to be sent: {0}")]
    Input(std::io::Error),
}

impl RunError {
    /// In words for the operator; `what` was being done.
    pub fn failure(&self, what: &str) -> Failure {
        let (code, remedy) = match self {
            Self::Lost(_) => (
                "connection-lost",
                "run `meshc apply` again; what has arrived is not sent twice",
            ),
            Self::Silent(_) => (
                "command-timeout",
                "look at the machine's load, or give it more time with `--command-timeout`",
            ),
            Self::Input(_) => ("input", "run `meshc build` again"),
        };
        Failure::new(code, what, self.to_string(), remedy)
    }
}

/// The failure of a command that must run as root, when sudo refused it; else `None`.
pub fn sudo_refused(output: &Output, user: &str) -> Option<Failure> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let line = stderr
        .lines()
        .find(|line| line.starts_with("sudo:") || line.contains("is not in the sudoers"))?;
    Some(Failure::new(
        "sudo",
        "no right to act as root",
        format!("`sudo -n` refused: {}", line.trim_start_matches("sudo:").trim()),
        format!(
            "let `{user}` use sudo without a password (`{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d), or log in as root"
        ),
    ))
}
