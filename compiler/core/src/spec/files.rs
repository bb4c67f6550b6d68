//! The files that a spec names: paths beside the naming file, and patterns for several.

mod glob;

use crate::World;

/// The path that `named` means in the file `by`: beside it, without `.` and `..` where they can be spared, so
/// that one file has one path.
pub fn beside(by: &str, named: &str) -> String {
    let folder = match by.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((folder, _)) => folder,
        None => "",
    };
    let whole = if named.starts_with('/') || folder.is_empty() {
        named.to_owned()
    } else {
        format!("{folder}/{named}")
    };
    plain(&whole)
}

fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// It stands for several files.
pub(crate) fn is_pattern(named: &str) -> bool {
    named.contains(['*', '?'])
}

/// The files that `named` means in the file `by`, ordered by path: one, or all that a pattern fits.
///
/// # Errors
/// Why there are none, as a sentence for the user.
pub fn find(world: &dyn World, by: &str, named: &str) -> Result<Vec<String>, String> {
    let path = beside(by, named);
    if !is_pattern(&path) {
        return Ok(vec![path]);
    }
    glob::find(world, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lie_beside_the_naming_file() {
        for (by, named, path) in [
            ("spec.kdl", "a.kdl", "a.kdl"),
            ("x/spec.kdl", "a.kdl", "x/a.kdl"),
            ("x/y/spec.kdl", "../a.kdl", "x/a.kdl"),
            ("x/spec.kdl", "./../../a.kdl", "../a.kdl"),
            ("../x/spec.kdl", "../../a.kdl", "../../a.kdl"),
            ("/spec.kdl", "t/a.kdl", "/t/a.kdl"),
            ("/x/spec.kdl", "../../../a.kdl", "/a.kdl"),
            ("x/spec.kdl", "/etc/a.kdl", "/etc/a.kdl"),
        ] {
            assert_eq!(beside(by, named), path, "{by} {named}");
        }
    }
}
