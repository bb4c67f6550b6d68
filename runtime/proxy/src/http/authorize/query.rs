//! Parameters of a query, changed as Envoy does it (`Http::Utility::QueryParamsMulti`): in the order of their names then.

use std::collections::BTreeMap;

/// `query` with `set` in place of its own, and without `remove`.
pub(super) fn changed(query: Option<&str>, set: &[(String, String)], remove: &[String]) -> Option<String> {
    let mut all = BTreeMap::<&str, Vec<&str>>::new();
    let own = query.unwrap_or_default().split('&');
    for part in own.filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        all.entry(key).or_default().push(value);
    }
    for (key, value) in set {
        all.insert(key, vec![value]);
    }
    for key in remove {
        all.remove(key.as_str());
    }
    let each = all
        .iter()
        .flat_map(|(key, values)| values.iter().map(move |value| format!("{key}={value}")));
    let parts: Vec<String> = each.collect();
    (!parts.is_empty()).then(|| parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn parameters_are_put_in_place_of_their_own() {
        let set = [
            ("a".to_owned(), "1".to_owned()),
            ("new".to_owned(), "2".to_owned()),
        ];
        let remove = ["c".to_owned()];
        for (query, wanted) in [
            (Some("b=x&a=y&c=z&a=w&b=v"), Some("a=1&b=x&b=v&new=2")),
            (None, Some("a=1&new=2")),
            (Some("c"), Some("a=1&new=2")),
        ] {
            assert_eq!(changed(query, &set, &remove).as_deref(), wanted);
        }
        assert_eq!(changed(Some("c=1"), &[], &remove), None);
    }
}
