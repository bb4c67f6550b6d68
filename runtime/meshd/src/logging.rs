//! The log: lines on standard error, which journald keeps.

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

/// What is logged when nobody says otherwise.
const DEFAULT: &str = "info";

/// Changes what is logged while meshd runs.
#[derive(Clone)]
pub(crate) struct Logging {
    handle: reload::Handle<EnvFilter, Registry>,
}

/// Starts the log. The daemon tells more than the commands, whose answer is their report.
pub(crate) fn start(daemon: bool) -> Logging {
    let (filter, handle) = reload::Layer::new(EnvFilter::new(if daemon { DEFAULT } else { "warn" }));
    // journald has its own clock, and shows no colours.
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false).without_time();
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Logging { handle }
}

impl Logging {
    /// Logs by another filter, such as `debug` or `mesh_proxy=trace,info`.
    pub(crate) fn set(&self, filter: &str) -> Result<(), String> {
        let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
        self.handle.reload(filter).map_err(|error| error.to_string())
    }

    /// The filter in force.
    pub(crate) fn filter(&self) -> String {
        self.handle.with_current(ToString::to_string).unwrap_or_default()
    }
}
