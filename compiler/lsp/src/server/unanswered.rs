use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lsp_server::RequestId;
use lsp_types::NumberOrString;

/// Requests that wait for their answers, and whether the editor still wants those.
#[derive(Debug, Default)]
pub(super) struct Unanswered {
    wanted: Mutex<BTreeMap<RequestId, bool>>,
}

impl Unanswered {
    pub(super) fn asked(&self, id: &RequestId) {
        self.lock().insert(id.clone(), true);
    }

    /// The editor does not want the answer any more; one that it has already is none to wait for.
    pub(super) fn cancel(&self, id: NumberOrString) {
        let id = match id {
            NumberOrString::Number(id) => id.into(),
            NumberOrString::String(id) => id.into(),
        };
        if let Some(wanted) = self.lock().get_mut(&id) {
            *wanted = false;
        }
    }

    /// Its answer is on the way: whether it was still wanted.
    pub(super) fn answered(&self, id: &RequestId) -> bool {
        self.lock().remove(id).unwrap_or(true)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RequestId, bool>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
