use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lsp_types::{ClientCapabilities, InitializeParams, PositionEncodingKind};
use mesh_compiler::World;
use mesh_compiler::diag::Code;
use mesh_compiler::spec::Settings;
use serde::Deserialize;

use crate::project::{Analyst, Desk, Shelf};
use crate::text::Encoding;

/// Finds where a code's page can be read.
pub type Pages = Arc<dyn Fn(&Code) -> Option<String> + Send + Sync>;

/// What a server is started with.
#[derive(Clone)]
pub struct Setup {
    /// Its files.
    pub disk: Arc<dyn World + Send + Sync>,
    /// The URI of a code's page, if it has one.
    pub pages: Pages,
    /// The release of the server.
    pub version: &'static str,
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What an editor says about its user's environment: the `initializationOptions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Options {
    /// The profile that specs are checked with.
    profile: Option<String>,
    /// Values of parameters.
    set: std::collections::BTreeMap<String, String>,
}

/// What holds from the first message to the last, shared by all threads.
pub(super) struct Session {
    pub(super) encoding: Encoding,
    pub(super) shelf: Shelf,
    pub(super) analyst: Analyst,
    pub(super) pages: Pages,
    /// The newest state of the desk.
    newest: AtomicU64,
}

/// A state of the desk, and its number.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) number: u64,
    pub(super) desk: Desk,
}

impl Session {
    pub(super) fn new(params: InitializeParams, setup: &Setup) -> Self {
        let options = params
            .initialization_options
            .and_then(|options| serde_json::from_value::<Options>(options).ok())
            .unwrap_or_default();
        let settings = Settings {
            profile: options.profile,
            set: options.set.into_iter().collect(),
        };
        Self {
            encoding: encoding(&params.capabilities),
            shelf: Shelf::default(),
            analyst: Analyst::new(settings),
            pages: Arc::clone(&setup.pages),
            newest: AtomicU64::new(0),
        }
    }

    /// There is a newer state; its number.
    pub(super) fn next(&self) -> u64 {
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        self.analyst.want(number);
        number
    }
}

/// Bytes are what the compiler counts; every editor can UTF-16.
fn encoding(client: &ClientCapabilities) -> Encoding {
    let offered = client
        .general
        .as_ref()
        .and_then(|general| general.position_encodings.as_deref());
    match offered {
        Some(offered) if offered.contains(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        _ => Encoding::Utf16,
    }
}
