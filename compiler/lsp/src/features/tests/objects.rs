//! Existing objects in YAML and JSON.

use std::sync::Arc;

use super::super::*;
use super::{Disk, MARK};
use crate::project::{Desk, File, Shelf};
use crate::text::Document;

const ROUTE: &str = "\
# a note
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: web
spec:
  hosts: [web]
  http:
  - match:
    - uri:
        prefix: /a
    route:
    - destination:
        host: web
      weight: 10
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web
  trafficPolicy:
    tls:
      mode: SIMPLE
";

fn file(text: &str) -> Arc<File> {
    let path = if text.starts_with('{') {
        "/x/a.json"
    } else {
        "/x/a.yaml"
    };
    let mut desk = Desk::new(Arc::new(Disk::default()));
    desk.put(path, Document::new(1, text));
    Shelf::default().file(path, &desk).unwrap()
}

/// What is offered where `new` stands in the place of `old`.
fn offered(old: &str, new: &str) -> Vec<(String, String)> {
    assert_eq!(ROUTE.matches(old).count(), 1, "{old}");
    offers(&ROUTE.replace(old, new))
}

/// What is offered where the mark is, and the text after it is taken.
fn offers(text: &str) -> Vec<(String, String)> {
    let at = text.find(MARK).unwrap();
    let text = text.replace(MARK, "");
    let offers = objects::fields(&file(&text), at).into_iter();
    let taken = |offer: Offer| {
        let (Insert::Text(insert) | Insert::Snippet(_, insert)) = offer.insert;
        let mut after = text.clone();
        after.replace_range(offer.range.start..offer.range.end, &insert);
        (offer.label, after)
    };
    offers.map(taken).collect()
}

fn labels(old: &str, new: &str) -> Vec<String> {
    offered(old, new).into_iter().map(|(label, _)| label).collect()
}

#[test]
fn fields_that_are_not_there_yet_are_offered() {
    let top = labels("  hosts: [web]\n", "  hosts: [web]\n  ‸\n");
    assert!(
        top.contains(&"gateways".to_owned()) && top.contains(&"tls".to_owned()),
        "{top:?}"
    );
    assert!(
        !top.contains(&"hosts".to_owned()) && !top.contains(&"http".to_owned()),
        "{top:?}"
    );
    let route = labels("      weight: 10", "      weight: 10\n      ‸");
    assert_eq!(route, ["headers"]);
    // What has to be there comes first.
    let to = labels("        host: web\n", "        host: web\n        ‸\n");
    assert_eq!(to, ["port", "subset"]);
    let of_match = labels("    - uri:", "    - ‸uri:");
    assert!(of_match.contains(&"sourceLabels".to_owned()), "{of_match:?}");
    let whole = labels("    tls:\n", "    tls:\n    ‸\n");
    assert!(whole.contains(&"outlierDetection".to_owned()), "{whole:?}");
    assert_eq!(labels("hosts: [web]", "hosts: [‸web]"), [] as [&str; 0]);
}

#[test]
fn what_is_taken_is_whole() {
    let taken = |old: &str, new: &str, label: &str| {
        let all = offered(old, new);
        all.into_iter().find(|(own, _)| own == label).unwrap().1
    };
    let text = taken("      weight: 10", "      weight: 10\n      he‸", "headers");
    assert!(
        text.contains("      weight: 10\n      headers:\n        \n---"),
        "{text}"
    );
    let text = taken("  hosts: [web]\n", "  hosts: [web]\n  ‸\n", "gateways");
    assert!(text.contains("\n  gateways:\n  - \n  http:"), "{text}");
    let text = taken("weight: 10", "we‸ight: 10", "headers");
    assert!(text.contains("      headers: 10\n"), "{text}");
    let text = taken("mode: SIMPLE", "mode: S‸IMPLE", "ISTIO_MUTUAL");
    assert!(text.contains("      mode: ISTIO_MUTUAL\n"), "{text}");
}

#[test]
fn fields_are_explained() {
    let told = |word: &str| {
        let at = ROUTE.find(word).unwrap() + 1;
        objects::field(&file(ROUTE), at)
            .map(|hover| (ROUTE[hover.word.start..hover.word.end].to_owned(), hover.text))
    };
    let (word, text) = told("weight").unwrap();
    assert_eq!(word, "weight");
    assert!(
        text.starts_with("`spec.http.route.weight` of VirtualService (networking.istio.io): a whole number"),
        "{text}"
    );
    let (_, text) = told("mode: SIMPLE").unwrap();
    assert!(
        text.contains("`spec.trafficPolicy.tls.mode`") && text.contains("`ISTIO_MUTUAL`"),
        "{text}"
    );
    let (_, text) = told("destination").unwrap();
    assert!(text.contains("Fields: `host`, `port`, `subset`"), "{text}");
    assert_eq!(told("a note"), None);
}

#[test]
fn braces_are_completed_as_lines_are() {
    let route = |spec: &str| {
        offers(&format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: a}}\nspec: {spec}\n"
        ))
    };
    let taken = |spec: &str, label: &str| {
        let all = route(spec);
        let labels: Vec<_> = all.iter().map(|(own, _)| own.clone()).collect();
        let found = all.into_iter().find(|(own, _)| own == label);
        let text = found.unwrap_or_else(|| panic!("{spec}: {labels:?}")).1;
        text.split_once("spec: ").unwrap().1.trim_end().to_owned()
    };
    assert_eq!(taken("{hosts: [a], ht‸}", "http"), "{hosts: [a], http: []}");
    assert_eq!(
        taken("{hosts: [a], http: [{route: [{destination: {‸}}]}]}", "host"),
        "{hosts: [a], http: [{route: [{destination: {host: }}]}]}"
    );
    assert_eq!(
        taken("{hosts: [a], http: [{‸, timeout: 5s}]}", "fault"),
        "{hosts: [a], http: [{fault: {}, timeout: 5s}]}"
    );
    assert_eq!(
        taken(
            "\n  hosts: [a]\n  http:\n  - route: [{destination: {host: a}, ‸: 5}]",
            "weight"
        ),
        "\n  hosts: [a]\n  http:\n  - route: [{destination: {host: a}, weight: 5}]"
    );
    assert_eq!(
        taken(
            "{hosts: [a], http: [{redirect: {redirectCode: 301, derivePort: FROM‸}}]}",
            "FROM_PROTOCOL_DEFAULT"
        ),
        "{hosts: [a], http: [{redirect: {redirectCode: 301, derivePort: FROM_PROTOCOL_DEFAULT}}]}"
    );
    let beside: Vec<_> = route("{hosts: [a], ‸}")
        .into_iter()
        .map(|(label, _)| label)
        .collect();
    assert!(
        !beside.contains(&"hosts".to_owned()) && beside.contains(&"tcp".to_owned()),
        "{beside:?}"
    );
}

#[test]
fn json_is_completed_as_yaml_is() {
    let taken = |spec: &str, label: &str| {
        let head = "{\"apiVersion\": \"networking.istio.io/v1\", \"kind\": \"DestinationRule\",\n \"spec\": ";
        let all = offers(&format!("{head}{spec}}}\n"));
        let labels: Vec<_> = all.iter().map(|(own, _)| own.clone()).collect();
        let found = all.into_iter().find(|(own, _)| own == label);
        let text = found.unwrap_or_else(|| panic!("{spec}: {labels:?}")).1;
        text.strip_prefix(head)
            .unwrap()
            .trim_end()
            .strip_suffix('}')
            .unwrap()
            .to_owned()
    };
    assert_eq!(taken("{‸}", "trafficPolicy"), "{\"trafficPolicy\": {}}");
    assert_eq!(taken("{\"ho‸\"}", "host"), "{\"host\": \"\"}");
    assert_eq!(
        taken("{\"host\": \"a\", \"‸\": []}", "subsets"),
        "{\"host\": \"a\", \"subsets\": []}"
    );
    assert_eq!(
        taken("{\"trafficPolicy\": {\"tls\": {\"mode\": \"S‸\"}}}", "SIMPLE"),
        "{\"trafficPolicy\": {\"tls\": {\"mode\": \"SIMPLE\"}}}"
    );
    assert_eq!(
        taken("{\"trafficPolicy\": {\"tls\": {\"mode\": ‸}}}", "SIMPLE"),
        "{\"trafficPolicy\": {\"tls\": {\"mode\": \"SIMPLE\"}}}"
    );
    let list = "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"security.istio.io/v1\", \
                \"kind\": \"PeerAuthentication\", \"spec\": {\"mtls\": {\"mode\": \"STRICT\"}}}]}";
    let at = list.find("mode").unwrap() + 1;
    let hover = objects::field(&file(list), at).unwrap();
    assert!(
        hover.text.starts_with("`spec.mtls.mode` of PeerAuthentication"),
        "{}",
        hover.text
    );
    let at = list.find("items").unwrap() + 1;
    assert_eq!(objects::field(&file(list), at), None);
}

/// Whatever is typed, at whatever place.
#[test]
fn no_place_of_half_a_text_makes_it_panic() {
    let text = ROUTE.replace("web", "wéb");
    for end in text.char_indices().map(|(at, _)| at) {
        let half = file(&text[..end]);
        for at in [end, end / 2, end.saturating_sub(3)] {
            objects::fields(&half, at);
            objects::field(&half, at);
        }
    }
    for odd in [
        "",
        "-",
        "- -",
        "kind:",
        "apiVersion: a\nkind: b\n\u{a0}-\u{a0}x: 1",
        "---\n---",
    ] {
        for at in 0..=odd.len() {
            objects::fields(&file(odd), at);
            objects::field(&file(odd), at);
        }
    }
}
