/// The one of `known` that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = |name: &&str| {
        let longest = word.chars().count().max(name.chars().count());
        // Two names of one letter have nothing in common.
        let allowed = (longest / 3).max(usize::from(longest > 1));
        let distance = strsim::damerau_levenshtein(&word, &name.to_lowercase());
        let part = word.len() >= 3 && (name.starts_with(&word) || word.starts_with(*name) && name.len() >= 3);
        (distance <= allowed || part).then_some(distance)
    };
    let mut found: Vec<_> = known
        .into_iter()
        .filter_map(|name| near(&name).map(|at| (at, name)))
        .collect();
    found.sort_unstable();
    found.first().map(|(_, name)| *name)
}

/// `a, b or c`; of many the first eight.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    match (names.pop(), more) {
        (None, _) => "nothing".to_owned(),
        (Some(last), 0) if names.is_empty() => last,
        (Some(last), 0) => format!("{} or {last}", names.join(", ")),
        (Some(last), more) => format!("{}, {last} and {more} more", names.join(", ")),
    }
}

/// More names than these are no help.
const SHOWN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["service", "network", "namespace", "port"];
        assert_eq!(did_you_mean("sevrice", known), Some("service"));
        assert_eq!(did_you_mean("Ports", known), Some("port"));
        assert_eq!(did_you_mean("banana", known), None);
        assert_eq!(did_you_mean("b", ["a"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(list([]), "nothing");
    }
}
