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

/// The one of `known` that `word` must have been meant to be: a slip or two away, and no other is nearly as near. Names
/// that differ in their digits, or in one letter of a few, are not slips of each other.
pub fn certainly<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let lower = word.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let mut found: Vec<_> = known.into_iter().map(|name| (distance(name), name)).collect();
    found.sort_unstable();
    found.dedup();
    let (nearest, name) = found.first().copied()?;
    let shortest = word.chars().count().min(name.chars().count());
    let allowed = match shortest {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    // Of two slips, others must be further than of one.
    let alone = found.get(1).is_none_or(|(next, _)| *next >= (2 * nearest).max(1));
    (nearest <= allowed && alone && digits(word) == digits(name)).then_some(name)
}

/// Words that people write for each other.
const ALIKE: &[&[&str]] = &[
    &["code", "status", "status-code"],
    &["address", "ip", "addr", "endpoint"],
    &["host", "hostname", "authority", "domain"],
    &["path", "uri", "url"],
    &["path-prefix", "prefix"],
    &["path-regex", "regex", "pattern"],
    &["timeout", "deadline"],
    &["share", "weight", "percent", "percentage"],
    &["account", "service-account", "serviceaccount", "sa"],
    &["locality", "region", "zone", "place"],
    &["from", "source", "sources", "principals"],
    &["methods", "verbs"],
    &["eject", "outlier-detection", "outlier"],
    &["limits", "connection-pool", "circuit-breaker"],
    &["balance", "load-balancer", "lb"],
    &["health", "probe", "readiness"],
    &["mtls", "tls-mode", "peer-authentication"],
    &["retry", "retries"],
    &["external", "service-entry"],
    &["cidr", "range", "subnet"],
];

/// The one of `known` that `word` was probably meant to be, where both are words of a language: near, or another word
/// for the same.
pub fn word_meant<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<_> = known.into_iter().collect();
    let alike = || {
        let all = ALIKE.iter().find(|all| all.contains(&word))?;
        let mut other = known.iter().copied().filter(|name| all.contains(name));
        other.next().filter(|_| other.next().is_none())
    };
    did_you_mean(word, known.iter().copied()).or_else(alike)
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
    fn what_is_certain_has_no_rival() {
        let known = ["service", "network", "namespace", "port", "param"];
        assert_eq!(certainly("sevrice", known), Some("service"));
        assert_eq!(certainly("Network", known), Some("network"));
        assert_eq!(certainly("pore", known), Some("port"));
        assert_eq!(certainly("serv", known), None);
        assert_eq!(certainly("web2", ["web1"]), None);
        assert_eq!(certainly("web-c", ["web-a", "web-b"]), None);
        assert_eq!(certainly("to", ["do"]), None);
    }

    #[test]
    fn other_words_for_the_same_are_known() {
        assert_eq!(word_meant("status", ["host", "code", "port"]), Some("code"));
        assert_eq!(word_meant("prot", ["host", "code", "port"]), Some("port"));
        assert_eq!(word_meant("banana", ["host", "code"]), None);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(list([]), "nothing");
    }
}
