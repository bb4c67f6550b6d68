//! What went wrong on one machine, in words for the person who has to mend it.

use std::fmt;

use serde::Serialize;

/// What, why and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// A stable name such as `host-key-changed`, for scripts.
    pub code: &'static str,
    /// What did not happen.
    pub what: String,
    /// Why.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl Failure {
    /// A failure of the kind `code`.
    pub fn new(
        code: &'static str,
        what: impl Into<String>,
        cause: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            what: what.into(),
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cause)
    }
}

impl std::error::Error for Failure {}
