//! Patterns with `*` and `?`, for names and for files.

use std::path::{Path, PathBuf};

/// `name` is like one of `patterns` and like none that begins with `!`. Letters count the same in both cases.
pub fn matches_any<S: AsRef<str>>(patterns: &[S], name: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.as_ref().strip_prefix('!') {
            Some(pattern) if matches(pattern, name) => return false,
            Some(_) => {}
            None => found |= matches(pattern.as_ref(), name),
        }
    }
    found
}

/// `name` is like `pattern`: `*` stands for any text, `?` for one character.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let name: Vec<char> = name.to_lowercase().chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last star stood, and up to where it has swallowed: enough to try again, without recursion.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, swallowed)) = star else { return false };
                star = Some((at, swallowed + 1));
                p = at + 1;
                n = swallowed + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// The files that `name` of an `Include` stands for, in order: relative ones lie in `~/.ssh`.
pub(super) fn expand(name: &str, home: &Path) -> Vec<PathBuf> {
    let path = match name.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => home.join(".ssh").join(name),
    };
    let mut found = vec![PathBuf::new()];
    for part in path.components() {
        let text = part.as_os_str().to_string_lossy().into_owned();
        if text.contains(['*', '?']) {
            found = found.iter().flat_map(|folder| children(folder, &text)).collect();
        } else {
            found.iter_mut().for_each(|folder| folder.push(part));
        }
    }
    found.retain(|path| path.is_file());
    found
}

fn children(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            // As in a shell, a star does not find what is hidden.
            matches(pattern, &name) && name.starts_with('.') == pattern.starts_with('.')
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}
