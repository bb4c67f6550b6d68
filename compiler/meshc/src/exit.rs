use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// It did what it was asked.
    Done,
    /// The user's spec is wrong, or a host failed.
    Failed,
    /// The command itself could not work: a file that cannot be read or written, a program that is missing. Bad
    /// usage ends so too (clap).
    Broken,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::from(0),
            Exit::Failed => Self::from(1),
            Exit::Broken => Self::from(2),
        }
    }
}
