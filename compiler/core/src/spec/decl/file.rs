use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `file`.
#[derive(Clone, Debug)]
pub struct FileDecl {
    /// Where it is written to.
    pub to: Spanned<String>,
    /// `from=`.
    pub from: Spanned<String>,
    /// `mode=`, permission bits.
    pub mode: Option<u32>,
    /// `owner=`.
    pub owner: Option<String>,
    /// `group=`.
    pub group: Option<String>,
    /// Where.
    pub span: Span,
}

impl FileDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let mode = item.get::<String>("mode");
        Some(Self {
            to: item.spanned("to")?,
            from: item.spanned("from")?,
            mode: mode.and_then(|mode| u32::from_str_radix(&mode, 8).ok()),
            owner: item.get("owner"),
            group: item.get("group"),
            span: item.span,
        })
    }
}
