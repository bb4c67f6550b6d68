use super::Pairs;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `tune`.
#[derive(Clone, Debug)]
pub struct TuneDecl {
    /// `sysctl`.
    pub sysctls: Pairs,
    /// `limit nofile=`.
    pub nofile: Option<Spanned<u32>>,
    /// `limit memory=`, bytes.
    pub memory: Option<Spanned<u64>>,
    /// `limit cpu=`, hundredths of a processor.
    pub cpu: Option<Spanned<u32>>,
    /// `limit tasks=`.
    pub tasks: Option<Spanned<u32>>,
    /// `after`.
    pub after: Vec<Spanned<String>>,
    /// `before`.
    pub before: Vec<Spanned<String>>,
    /// Where.
    pub span: Span,
}

impl TuneDecl {
    pub(super) fn read(item: &Item) -> Self {
        let limit = item.child("limit");
        let units = |name| item.children(name).flat_map(|node| node.all("unit")).collect();
        Self {
            sysctls: super::vms::pairs(item, "sysctl", "name"),
            nofile: limit.and_then(|limit| limit.spanned("nofile")),
            memory: limit.and_then(|limit| limit.spanned("memory")),
            cpu: limit.and_then(|limit| limit.spanned("cpu")),
            tasks: limit.and_then(|limit| limit.spanned("tasks")),
            after: units("after"),
            before: units("before"),
            span: item.span,
        }
    }
}
