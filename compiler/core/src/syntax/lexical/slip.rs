/// One thing that people write wrong.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::syntax) struct Slip {
    pub(in crate::syntax) start: usize,
    pub(in crate::syntax) end: usize,
    pub(in crate::syntax) message: String,
    pub(in crate::syntax) help: String,
    /// What makes it right, where that is certain.
    pub(in crate::syntax) repair: Option<Repair>,
}

/// What makes a slip right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Repair {
    /// `30s` becomes `"30s"`.
    Quotes,
    /// `true` becomes `#true`.
    Hash,
    /// `# why` becomes `//# why`.
    Comment,
    /// `'a'` becomes `"a"`.
    DoubleQuotes,
}
