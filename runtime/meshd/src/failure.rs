//! What is told to people when an operation fails: what, why, and what they can do.

use std::fmt::Display;
use std::path::Path;

use serde::Serialize;

/// A failed operation.
#[derive(Debug, thiserror::Error, Serialize)]
#[error("{what}: {cause}")]
pub(crate) struct Failure {
    /// What was tried.
    pub(crate) what: String,
    /// Why it failed.
    pub(crate) cause: String,
    /// What helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>, cause: impl Display) -> Self {
        Self {
            what: what.into(),
            cause: cause.to_string(),
            remedy: None,
        }
    }

    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Says what was done to a path when that failed.
pub(crate) trait OnPath<T> {
    fn on(self, what: &str, path: &Path) -> Result<T, Failure>;
}

impl<T, E: Display> OnPath<T> for Result<T, E> {
    fn on(self, what: &str, path: &Path) -> Result<T, Failure> {
        self.map_err(|cause| Failure::new(format!("{what} {}", path.display()), cause))
    }
}
