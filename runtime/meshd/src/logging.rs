//! The log: lines on standard error, which journald keeps.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt};

/// Changes what is logged while meshd runs. Levels by target are enough: patterns over fields would bring an engine for
/// regular expressions along.
#[derive(Clone)]
pub(crate) struct Logging {
    handle: reload::Handle<Targets, Registry>,
}

/// Starts the log. The daemon tells more than the commands, whose answer is their report.
pub(crate) fn start(daemon: bool) -> Logging {
    let (filter, handle) = reload::Layer::new(Targets::new().with_default(if daemon {
        LevelFilter::INFO
    } else {
        LevelFilter::WARN
    }));
    // journald has its own clock, and shows no colours.
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    // A second start, as in tests, keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Logging { handle }
}

impl Logging {
    /// Logs by another filter, such as `debug` or `mesh_proxy=trace,info`.
    pub(crate) fn set(&self, filter: &str) -> Result<(), String> {
        let filter: Targets = filter
            .parse()
            .map_err(|error: tracing_subscriber::filter::ParseError| error.to_string())?;
        self.handle.reload(filter).map_err(|error| error.to_string())
    }

    /// The filter in force.
    pub(crate) fn filter(&self) -> String {
        self.handle.with_current(ToString::to_string).unwrap_or_default()
    }
}
