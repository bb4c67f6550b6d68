use crate::diag::Span;
// There is nothing to resolve in them: what is written is what is meant.
pub use crate::spec::decl::{Identity, RawObject};

/// A file of objects that are written by hand.
#[derive(Clone, Debug)]
pub struct Raw {
    /// What it is called below `out/`, without an ending.
    pub name: String,
    /// The cluster that it is for; `None` is every one.
    pub cluster: Option<String>,
    /// Its documents, in order.
    pub objects: Vec<RawObject>,
    /// Where it is named.
    pub span: Span,
}

impl Raw {
    /// It is for `cluster`.
    pub fn is_for(&self, cluster: &str) -> bool {
        self.cluster.as_ref().is_none_or(|own| own == cluster)
    }
}
