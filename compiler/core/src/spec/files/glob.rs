use crate::{Entry, World};

/// Folders below each other that `**` goes through: links between folders may lead in a circle.
const DEEPEST: usize = 32;

/// Folders that one pattern looks into: two links that lead in circles make more of them than there is time.
const MOST: usize = 10_000;

/// The files that `pattern` fits, ordered. In a name, `*` is any characters and `?` is one, but for names that
/// begin with a dot; `**` is any folders, or none.
pub(super) fn find(world: &dyn World, pattern: &str) -> Result<Vec<String>, String> {
    let (root, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", pattern),
    };
    let parts: Vec<&str> = rest.split('/').collect();
    let mut search = Search {
        world,
        listed: 0,
        found: Vec::new(),
    };
    search.walk(root, &parts, 0)?;
    let mut found = search.found;
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(format!("no file is called like `{pattern}`"));
    }
    Ok(found)
}

struct Search<'a> {
    world: &'a dyn World,
    /// Folders that were looked into.
    listed: usize,
    found: Vec<String>,
}

impl Search<'_> {
    fn walk(&mut self, folder: &str, parts: &[&str], depth: usize) -> Result<(), String> {
        let Some((part, rest)) = parts.split_first() else {
            return Ok(());
        };
        let below = |name: &str| match folder {
            "" => name.to_owned(),
            "/" => format!("/{name}"),
            folder => format!("{folder}/{name}"),
        };
        if !super::is_pattern(part) && !rest.is_empty() {
            return self.walk(&below(part), rest, depth);
        }
        let deep = *part == "**";
        if deep {
            self.walk(folder, rest, depth)?;
        }
        for entry in self.list(folder)? {
            let path = below(&entry.name);
            match (entry.folder, deep) {
                (true, true) if depth < DEEPEST && !entry.name.starts_with('.') => {
                    self.walk(&path, parts, depth + 1)?;
                }
                (true, false) if !rest.is_empty() && fits(part, &entry.name) => {
                    self.walk(&path, rest, depth)?;
                }
                (false, _) if rest.is_empty() && fits(part, &entry.name) && !is_test(part, &entry.name) => {
                    self.found.push(path);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: &str) -> Result<Vec<Entry>, String> {
        self.listed += 1;
        if self.listed > MOST {
            return Err(format!(
                "there are more than {MOST} folders; a link may lead back to its own folder"
            ));
        }
        self.world.list(folder)
    }
}

/// Files of expectations are no part of a spec, unless they are meant.
fn is_test(pattern: &str, name: &str) -> bool {
    name.ends_with(TESTS) && !pattern.ends_with(TESTS)
}

/// What the names of files of expectations end with.
const TESTS: &str = ".test.kdl";

/// `name` is one that `pattern` means. Goes back to the last `*` only, so that no pattern takes long.
fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut on) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while on < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, on));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[on] => {
                at += 1;
                on += 1;
            }
            _ => {
                let Some((before, from)) = star else {
                    return false;
                };
                star = Some((before, from + 1));
                at = before + 1;
                on = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    struct Paths(&'static [&'static str]);

    impl World for Paths {
        fn read(&self, _path: &str) -> Result<String, String> {
            Err("only names".to_owned())
        }

        fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
            let prefix = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            let below = self
                .0
                .iter()
                .filter_map(|path| path.strip_prefix(prefix.as_str()));
            let entries: BTreeSet<_> = below
                .map(|rest| Entry {
                    name: rest.split('/').next().unwrap().to_owned(),
                    folder: rest.contains('/'),
                })
                .collect();
            if entries.is_empty() {
                return Err(format!("`{folder}` is no folder"));
            }
            Ok(entries.into_iter().rev().collect())
        }
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, name, fit) in [
            ("*.kdl", "a.kdl", true),
            ("*.kdl", ".kdl", false),
            (".*", ".a", true),
            ("a?c*", "abc", true),
            ("*a*b", "xaxb", true),
            ("*a*b", "xaxbx", false),
            ("*", "é", true),
            ("?", "é", true),
            ("a", "b", false),
            (
                "****************************b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(fits(pattern, name), fit, "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_found_in_the_order_of_their_paths() {
        let world = Paths(&[
            "t/b.kdl",
            "t/a.kdl",
            "t/c.csv",
            "t/x/a.kdl",
            "t/x/y/a.kdl",
            "t/.git/a.kdl",
        ]);
        let find = |pattern| find(&world, pattern);
        assert_eq!(find("t/*.kdl").unwrap(), ["t/a.kdl", "t/b.kdl"]);
        assert_eq!(find("t/*/a.kdl").unwrap(), ["t/x/a.kdl"]);
        assert_eq!(
            find("t/**/a.kdl").unwrap(),
            ["t/a.kdl", "t/x/a.kdl", "t/x/y/a.kdl"]
        );
        assert!(find("t/*.yaml").unwrap_err().contains("t/*.yaml"));
        assert_eq!(find("u/*.kdl").unwrap_err(), "`u` is no folder");
    }
    /// Every folder has two links that lead back to it.
    struct Circles;

    impl World for Circles {
        fn read(&self, _path: &str) -> Result<String, String> {
            Err("only names".to_owned())
        }

        fn list(&self, _folder: &str) -> Result<Vec<Entry>, String> {
            let entry = |name: &str| Entry {
                name: name.to_owned(),
                folder: true,
            };
            Ok(vec![entry("here"), entry("there")])
        }
    }

    #[test]
    fn links_in_circles_end() {
        let cause = find(&Circles, "**/a.kdl").unwrap_err();
        assert!(cause.contains("a link may lead back"), "{cause}");
    }
}
