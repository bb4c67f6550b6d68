use super::{FileId, Span};

/// The files that were read, so that places can be shown.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, as the user gave it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Where lines start.
    lines: Vec<usize>,
}

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Sources {
    /// Takes a file in.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let starts = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        self.files.push(Source {
            path: path.into(),
            text,
            lines,
        });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Says the paths of files below `folder` from there.
    pub fn relative_to(&mut self, folder: &str) {
        for file in &mut self.files {
            let below = file.path.strip_prefix(folder);
            if let Some(path) = below.and_then(|path| path.strip_prefix('/')) {
                file.path = path.to_owned();
            }
        }
    }

    /// The file `id`.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// Path and place of the start of `span`; an unknown file is at 1:1 of no name.
    pub fn place(&self, span: Span) -> (&str, Place) {
        self.get(span.file)
            .map_or(("", Place { line: 1, column: 1 }), |source| {
                (source.path.as_str(), source.place(span.start))
            })
    }
}

impl Source {
    /// The line that byte `at` lies in has more bytes than `most`.
    pub(crate) fn is_line_longer(&self, at: usize, most: usize) -> bool {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        end - start > most
    }

    /// Where byte `at` is; beyond the end is the end.
    pub fn place(&self, at: usize) -> Place {
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self
            .text
            .get(start..at)
            .map_or(1, |before| before.chars().count() + 1);
        Place { line, column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_stay_inside() {
        let mut sources = Sources::default();
        let file = sources.add("a", "é b\nc");
        let place = |start| {
            sources
                .place(Span {
                    file,
                    start,
                    end: start,
                })
                .1
        };
        assert_eq!(place(0), Place { line: 1, column: 1 });
        assert_eq!(place(1), Place { line: 1, column: 1 });
        assert_eq!(place(3), Place { line: 1, column: 3 });
        assert_eq!(place(5), Place { line: 2, column: 1 });
        assert_eq!(place(99), Place { line: 2, column: 2 });
    }
}
