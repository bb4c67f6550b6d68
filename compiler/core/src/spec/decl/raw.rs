use crate::diag::{Span, Spanned};

/// A file that `raw` names.
#[derive(Clone, Debug)]
pub struct RawDecl {
    /// What it is called below `out/`, without an ending.
    pub name: String,
    /// `cluster=`; every cluster if it is not said.
    pub cluster: Option<Spanned<String>>,
    /// Its documents.
    pub objects: Vec<RawObject>,
    /// Where it is named.
    pub span: Span,
}

/// A document of objects that are written by hand.
#[derive(Clone, Debug)]
pub struct RawObject {
    /// As it is written.
    pub text: String,
    /// What is in it: one object, or those of a List.
    pub identities: Vec<Identity>,
    /// Its first line.
    pub span: Span,
}

/// Which object of Kubernetes it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The group of its API; empty for the core's.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}
