use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lsp_types::{ClientCapabilities, InitializeParams, PositionEncodingKind};
use mesh_compiler::World;
use mesh_compiler::diag::Code;
use mesh_compiler::spec::Settings;
use serde::Deserialize;

use super::unanswered::Unanswered;
use super::uri;
use crate::project::{Analyst, Desk, SPECS, Shelf};
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
    pub(super) unanswered: Unanswered,
    /// The editor takes texts with places to go on at.
    pub(super) snippets: bool,
    /// The editor can tell of files that change on the disk.
    pub(super) watches: bool,
    /// The folders that are open.
    folders: Vec<String>,
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
            snippets: snippets(&params.capabilities),
            watches: watches(&params.capabilities),
            folders: params
                .workspace_folders
                .unwrap_or_default()
                .iter()
                .map(|folder| uri::path(&folder.uri))
                .collect(),
            shelf: Shelf::default(),
            analyst: Analyst::new(settings),
            pages: Arc::clone(&setup.pages),
            unanswered: Unanswered::default(),
            newest: AtomicU64::new(0),
        }
    }

    /// The specs of the folders that are open.
    pub(super) fn specs(&self, desk: &Desk) -> Vec<String> {
        let folders = self.folders.iter().map(|folder| folder.trim_end_matches('/'));
        let paths = folders.flat_map(|folder| SPECS.map(|name| format!("{folder}/{name}")));
        paths
            .filter(|path| self.shelf.file(path, desk).is_some())
            .collect()
    }

    /// There is a newer state; its number.
    pub(super) fn next(&self) -> u64 {
        let number = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        self.analyst.want(number);
        number
    }
}

fn snippets(client: &ClientCapabilities) -> bool {
    let item = || {
        client
            .text_document
            .as_ref()?
            .completion
            .as_ref()?
            .completion_item
            .as_ref()
    };
    item().and_then(|item| item.snippet_support).unwrap_or(false)
}

fn watches(client: &ClientCapabilities) -> bool {
    let watched = || client.workspace.as_ref()?.did_change_watched_files.as_ref();
    watched()
        .and_then(|watched| watched.dynamic_registration)
        .unwrap_or(false)
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
