//! Existing objects in YAML.

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
    let mut desk = Desk::new(Arc::new(Disk::default()));
    desk.put("/x/a.yaml", Document::new(1, text));
    Shelf::default().file("/x/a.yaml", &desk).unwrap()
}

/// What is offered where `new` stands in the place of `old`.
fn offered(old: &str, new: &str) -> Vec<(String, String)> {
    assert_eq!(ROUTE.matches(old).count(), 1, "{old}");
    let text = ROUTE.replace(old, new);
    let at = text.find(MARK).unwrap();
    let text = text.replace(MARK, "");
    let offers = objects::fields(&file(&text), at).into_iter();
    let taken = |offer: Offer| {
        let Insert::Text(insert) = offer.insert else {
            panic!()
        };
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
