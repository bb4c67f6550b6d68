use crate::project::File;
use crate::tree::Range;

/// What puts a file in order: the lines that change, so that the editor keeps its place. A text with mistakes stays as it
/// is.
pub fn format(file: &File) -> Vec<(Range, String)> {
    match mesh_compiler::format(&file.text, &file.path) {
        Ok(formatted) => difference(&file.text, &formatted).into_iter().collect(),
        Err(_) => Vec::new(),
    }
}

/// The part of `before` that is another in `after`, in whole lines.
pub(crate) fn difference(before: &str, after: &str) -> Option<(Range, String)> {
    if before == after {
        return None;
    }
    let lines = |text: &str| text.split_inclusive('\n').map(str::len).collect::<Vec<_>>();
    let (old, new) = (lines(before), lines(after));
    let same = |old: usize, new: usize, length: usize| before[old..old + length] == after[new..new + length];
    let mut start = 0;
    for (old, new) in old.iter().zip(&new) {
        if old != new || !same(start, start, *old) {
            break;
        }
        start += old;
    }
    let (mut old_end, mut new_end) = (before.len(), after.len());
    for (old, new) in old.iter().rev().zip(new.iter().rev()) {
        let inside = old_end - start >= *old && new_end - start >= *new;
        if old != new || !inside || !same(old_end - old, new_end - new, *old) {
            break;
        }
        (old_end, new_end) = (old_end - old, new_end - new);
    }
    Some((Range::new(start, old_end), after[start..new_end].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_change_are_replaced() {
        for (before, after, range, text) in [
            ("a\nb\nc\n", "a\n  b\nc\n", (2, 4), "  b\n"),
            ("a\na\n", "a\n", (2, 4), ""),
            ("a", "a\n", (0, 1), "a\n"),
            ("", "a\n", (0, 0), "a\n"),
            ("a\nb", "b", (0, 2), ""),
        ] {
            let found = difference(before, after);
            assert_eq!(
                found,
                Some((Range::new(range.0, range.1), text.to_owned())),
                "{before:?}"
            );
        }
        assert_eq!(difference("a\n", "a\n"), None);
    }
}
