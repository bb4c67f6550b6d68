//! What happens while a fleet is worked on, for those who watch.

pub mod bars;
pub mod json;
pub mod plain;

use crate::deploy::Done;
use crate::failure::Failure;
use crate::plan::Plan;

/// Hears what happens, from several threads at once.
pub trait Progress: Sync {
    /// Something happened on the machine called `host`.
    fn event(&self, host: &str, event: &Event);
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step begins.
    Step(Step),
    /// It is known what has to be done.
    Planned(Box<Plan>),
    /// So many more bytes were sent.
    Moved(u64),
    /// Something that the operator should know, though it stops nothing.
    Note(String),
    /// The machine is ready.
    Done(Done),
    /// The machine failed.
    Failed(Failure),
    /// It was not begun, because an earlier batch failed.
    Skipped,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Logging in.
    Connect,
    /// Asking for facts.
    Look,
    /// Sending what is missing.
    Send {
        /// How much.
        bytes: u64,
    },
    /// meshd puts the release in force and checks it.
    Switch,
    /// Logging in anew, and confirming.
    Confirm,
    /// Removing meshd.
    Remove,
}

impl Step {
    /// A word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Look => "looking",
            Self::Send { .. } => "sending",
            Self::Switch => "switching",
            Self::Confirm => "confirming",
            Self::Remove => "removing",
        }
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &str, _: &Event) {}
}

/// A size for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}
