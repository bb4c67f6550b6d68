//! Files of other programs that lie where specs do, and are named instead of one.

use crate::diag::{Diagnostic, Sink, code};
use crate::syntax::{Datum, Entry, Kind};

/// What is known of another program's files.
struct Foreign {
    /// The keys that all of them have at the top.
    has: &'static [&'static str],
    /// A key that none of them has.
    lacks: &'static str,
    /// "this is no spec, but …".
    name: &'static str,
    help: &'static str,
}

/// The first that fits is it.
const FOREIGN: &[Foreign] = &[
    Foreign {
        has: &["apiVersion", "kind"],
        lacks: "",
        name: "an object of Kubernetes",
        help: "`meshc check` looks at files of objects by themselves, `meshc import` makes a spec of them, and a spec takes \
               them over with `raw`",
    },
    Foreign {
        has: &["apiVersion", "name", "version"],
        lacks: "kind",
        name: "the description of a Helm chart",
        help: "check what the chart makes: `helm template CHART | meshc check -`",
    },
    Foreign {
        has: &["resources"],
        lacks: "mesh",
        name: "a kustomization",
        help: "check what comes of it: `kubectl kustomize FOLDER | meshc check -`",
    },
    Foreign {
        has: &["services"],
        lacks: "mesh",
        name: "a Compose file",
        help: "name a spec; `meshc init` writes one to begin with",
    },
    Foreign {
        has: &["scrape_configs"],
        lacks: "mesh",
        name: "a configuration of Prometheus",
        help: "name a spec; what is to be scraped it says with `telemetry`",
    },
];

/// Tells what `datum` is instead of a spec, if that is known.
pub(super) fn is(datum: &Datum, sink: &mut Sink) -> bool {
    let Kind::Mapping(entries) = &datum.kind else {
        return false;
    };
    let find = |key: &str| entries.iter().find(|entry| entry.key.value == key);
    let fits =
        |known: &&Foreign| known.has.iter().all(|key| find(key).is_some()) && find(known.lacks).is_none();
    let Some(known) = FOREIGN.iter().find(fits) else {
        return false;
    };
    let place = known.has.first().and_then(|key| find(key));
    let span = place.map_or(datum.span, |Entry { key, .. }| key.span);
    let message = format!("this is no spec, but {}", known.name);
    sink.push(Diagnostic::new(&code::UNKNOWN_NODE, span, message).help(known.help));
    true
}

#[cfg(test)]
mod tests {
    use crate::diag::{FileId, Language, Sink};
    use crate::spec;

    fn told(text: &str) -> Option<Vec<String>> {
        let mut sink = Sink::default();
        let read = spec::parse(text, Language::Yaml, FileId(0), &mut sink);
        let found = sink.finish();
        read.is_none()
            .then(|| found.into_iter().map(|found| found.message).collect())
    }

    #[test]
    fn files_of_others_are_named_once() {
        for (text, part) in [
            ("apiVersion: v2\nname: forum\nversion: 0.1.0\n", "a Helm chart"),
            (
                "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
                "an object",
            ),
            ("resources: [a.yaml]\nnamespace: x\n", "a kustomization"),
            ("services: {web: {image: x}}\n", "Compose"),
        ] {
            let told = told(text).unwrap();
            assert!(told.len() == 1 && told[0].contains(part), "{text}: {told:?}");
        }
        // A spec with a word of others in it is a spec with a mistake.
        assert_eq!(told("mesh: m\nservices: {web: {}}\n"), None);
        assert_eq!(told("nodes: 1\n"), None);
    }
}
