use ipnet::IpNet;

use crate::diag::Spanned;
use crate::spec::decl::{List, MatchDecl, PairDecl, RouteDecl, TextDecl};

/// Whatever comes, the route takes it.
pub(super) fn takes_all(route: &RouteDecl) -> bool {
    let all = |matching: &MatchDecl| {
        matching.takes_every_request()
            && matching.from.is_none()
            && matching.sni.is_none()
            && matching.to.is_none()
            && !matching.damaged
    };
    route.matches.is_empty() || route.matches.iter().any(all)
}

/// Whatever meets `narrow` meets `wide`. In doubt it does not.
pub(super) fn covers(wide: &MatchDecl, narrow: &MatchDecl, home: &str) -> bool {
    !wide.damaged
        && path(wide, narrow)
        && listed(&wide.method, &narrow.method, |a, b| a == b)
        && text(&wide.authority, &narrow.authority)
        && same(&wide.scheme, &narrow.scheme)
        && wide.headers.iter().all(|header| asked(header, &narrow.headers))
        && wide.query.iter().all(|query| asked(query, &narrow.query))
        && listed(&wide.from, &narrow.from, |a, b| sender(a, b, home))
        && wide.sni.is_some() == narrow.sni.is_some()
        && listed(&wide.sni, &narrow.sni, name)
        && ranges(&wide.to, &narrow.to)
}

fn value(text: Option<&Spanned<String>>) -> Option<&str> {
    text.map(|text| text.value.as_str())
}

fn path(wide: &MatchDecl, narrow: &MatchDecl) -> bool {
    let folds = |matching: &MatchDecl| matching.ignore_case.as_ref().is_some_and(|ignore| ignore.value);
    let exact = value(wide.path.as_ref());
    let prefix = value(wide.path_prefix.as_ref());
    let regex = value(wide.path_regex.as_ref());
    if exact.is_none() && prefix.is_none() && (regex.is_none() || regex == Some(".*")) {
        return true;
    }
    if prefix == Some("/") {
        return true;
    }
    if regex.is_some() {
        return regex == value(narrow.path_regex.as_ref());
    }
    if folds(narrow) && !folds(wide) {
        return false;
    }
    let fold = |text: &str| {
        if folds(wide) {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        }
    };
    let (whole, beginning) = (value(narrow.path.as_ref()), value(narrow.path_prefix.as_ref()));
    match (exact, prefix) {
        (Some(exact), _) => whole.is_some_and(|whole| fold(whole) == fold(exact)),
        (None, Some(prefix)) => whole
            .or(beginning)
            .is_some_and(|path| fold(path).starts_with(&fold(prefix))),
        (None, None) => false,
    }
}

fn text(wide: &TextDecl, narrow: &TextDecl) -> bool {
    let (exact, prefix, regex) = (
        value(wide.exact.as_ref()),
        value(wide.prefix.as_ref()),
        value(wide.regex.as_ref()),
    );
    let (whole, beginning) = (value(narrow.exact.as_ref()), value(narrow.prefix.as_ref()));
    match (exact, prefix, regex) {
        (None, None, None) => true,
        (Some(exact), _, _) => whole == Some(exact),
        (None, Some(prefix), _) => whole.or(beginning).is_some_and(|text| text.starts_with(prefix)),
        (None, None, Some(regex)) => value(narrow.regex.as_ref()) == Some(regex),
    }
}

fn same(wide: &Option<Spanned<String>>, narrow: &Option<Spanned<String>>) -> bool {
    wide.is_none() || value(wide.as_ref()) == value(narrow.as_ref())
}

/// One of the narrow conditions holds only where this one does.
fn asked(wide: &PairDecl, narrow: &[PairDecl]) -> bool {
    let negative = |pair: &PairDecl| pair.is_absent() || pair.not.is_some();
    narrow.iter().any(|other| {
        let same_name = other.name.value.eq_ignore_ascii_case(&wide.name.value);
        let same_kind =
            wide.is_absent() == other.is_absent() && value(wide.not.as_ref()) == value(other.not.as_ref());
        same_name && same_kind && (negative(wide) || text(&wide.value, &other.value))
    })
}

/// Everything in the narrow list is in the wide one; no list is everything.
fn listed(wide: &Option<List>, narrow: &Option<List>, is_in: impl Fn(&str, &str) -> bool) -> bool {
    let Some(wide) = wide else { return true };
    let Some(narrow) = narrow else { return false };
    let one = |narrow: &Spanned<String>| wide.value.iter().any(|wide| is_in(&wide.value, &narrow.value));
    narrow.value.iter().all(one)
}

fn sender(wide: &str, narrow: &str, home: &str) -> bool {
    let split = |text: &str| match text.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (home.to_owned(), text.to_owned()),
    };
    let (wide, narrow) = (split(wide), split(narrow));
    wide.0 == narrow.0 && (wide.1 == "*" || wide.1 == narrow.1)
}

fn name(wide: &str, narrow: &str) -> bool {
    let (wide, narrow) = (wide.to_ascii_lowercase(), narrow.to_ascii_lowercase());
    match wide.strip_prefix('*') {
        Some(suffix) => narrow.ends_with(suffix),
        None => wide == narrow,
    }
}

fn ranges(wide: &Option<Spanned<Vec<IpNet>>>, narrow: &Option<Spanned<Vec<IpNet>>>) -> bool {
    let Some(wide) = wide else { return true };
    let Some(narrow) = narrow else { return false };
    let one = |narrow: &IpNet| wide.value.iter().any(|wide| wide.contains(narrow));
    narrow.value.iter().all(one)
}
