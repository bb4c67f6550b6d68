/// A file that a [`Span`] lies in: its place in [`Sources`](super::Sources).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

impl Span {
    /// Moves it `by` bytes on in its file.
    pub(crate) fn shift(&mut self, by: usize) {
        self.start += by;
        self.end += by;
    }

    /// They share a byte, or both put something in at one place.
    pub fn overlaps(self, other: Self) -> bool {
        self.file == other.file
            && (self.start < other.end && other.start < self.end || self.start == other.start)
    }
}

/// A value and the place where the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub span: Span,
}
