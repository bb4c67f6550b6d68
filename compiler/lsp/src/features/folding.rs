use crate::project::File;
use crate::tree::{Branch, Range};

/// What can be folded away: braces of several lines, and what YAML writes below a key.
pub fn folding(file: &File) -> Vec<Range> {
    let mut found = Vec::new();
    collect(&file.tree.nodes, &mut found);
    let lines = |range: &Range| file.lines.start_of(range.start).0 < file.lines.start_of(range.end).0;
    let comments = file.tree.comments.iter().copied();
    found.into_iter().chain(comments).filter(lines).collect()
}

fn collect(branches: &[Branch], found: &mut Vec<Range>) {
    for branch in branches {
        found.push(branch.whole);
        collect(&branch.children, found);
    }
}
