//! Names of variables, and who reads them.

mod tables;

use crate::diag::did_you_mean;
use tables::{AGENT, CAPTURE, ISTIOD, METADATA, START};

/// Names that are passed around, and that no Istio reads, with what does what they promise.
const INVENTED: &[(&str, &str)] = &[
    (
        "ISTIO_INBOUND_EXCLUDE_PORTS",
        "write `ISTIO_LOCAL_EXCLUDE_PORTS`, which `istio-iptables` reads",
    ),
    (
        "ISTIO_META_DNS_DOMAIN",
        "leave it out: search domains follow from the namespace",
    ),
    (
        "PILOT_ENABLE_DNS_CAPTURE",
        "write `ISTIO_META_DNS_CAPTURE='true'` in cluster.env",
    ),
    (
        "PILOT_ENABLE_WORKLOAD_ENTRY_MEMORY_OPTIMIZATION",
        "leave it out: there is nothing to switch on; systemd's `MemoryMax=` limits memory",
    ),
];

/// Who reads a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The agent, its start script, `istio-iptables`, or whoever looks at a proxy's metadata.
    Machine,
    /// istiod, in the cluster.
    Istiod,
    /// Nobody: what to write instead.
    Nobody(String),
    /// It is none of Istio's.
    Other,
}

/// Who reads the variable `name`.
pub(crate) fn reader(name: &str) -> Reader {
    if let Some((_, instead)) = INVENTED.iter().find(|(invented, _)| *invented == name) {
        return Reader::Nobody((*instead).to_owned());
    }
    let free = ["ISTIO_METAJSON_", "XDS_HEADER_", "CA_HEADER_"];
    if is_own(name) || free.iter().any(|start| name.starts_with(start)) {
        return Reader::Machine;
    }
    if ISTIOD.binary_search(&name).is_ok() {
        return Reader::Istiod;
    }
    if let Some(own) = name.strip_prefix("ISTIO_META_") {
        // Users may give metadata names of their own; only a slip is told.
        return match near(own, METADATA.iter().copied()) {
            Some(meant) => Reader::Nobody(format!("did you mean `ISTIO_META_{meant}`?")),
            None => Reader::Machine,
        };
    }
    let all = || AGENT.iter().chain(CAPTURE).chain(START).copied();
    if name.starts_with("ISTIO_") || name.starts_with("PILOT_") {
        let metadata = METADATA.iter().map(|own| format!("ISTIO_META_{own}"));
        let metadata: Vec<_> = metadata.collect();
        let known = all().chain(metadata.iter().map(String::as_str));
        let known = known.filter(|known| known.starts_with("ISTIO_"));
        return Reader::Nobody(match near(name, known).or_else(|| distant(name, all())) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "leave it out".to_owned(),
        });
    }
    match near(name, all().filter(|known| known.len() >= 7)) {
        Some(meant) => Reader::Nobody(format!("did you mean `{meant}`?")),
        None => Reader::Other,
    }
}

fn is_own(name: &str) -> bool {
    let metadata = name.strip_prefix("ISTIO_META_");
    let known = |table: &[&str]| table.binary_search(&name).is_ok();
    known(AGENT)
        || known(CAPTURE)
        || known(START)
        || metadata.is_some_and(|own| METADATA.binary_search(&own).is_ok())
}

/// A variable with this name belongs to the agent: a file that sets it is one of its.
pub(crate) fn is_agents(name: &str) -> bool {
    let telling = ["ISTIO_", "ISTIOD_", "PILOT_"]
        .iter()
        .any(|start| name.starts_with(start));
    telling || ["CA_ADDR", "PROXY_CONFIG"].contains(&name) || ISTIOD.binary_search(&name).is_ok()
}

/// A slip of one letter.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips = |known: &&str| strsim::damerau_levenshtein(known, name) == 1;
    let mut found: Vec<_> = known.filter(slips).collect();
    found.sort_unstable();
    found.first().copied()
}

/// What a name of Istio's own was probably meant to be.
fn distant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let prefixed = known.filter(|known| known.starts_with("ISTIO_"));
    let found = did_you_mean(name, prefixed)?;
    let length = name.len().max(found.len());
    (strsim::damerau_levenshtein(name, found) * 5 <= length).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        for table in [AGENT, CAPTURE, START, METADATA, ISTIOD] {
            assert!(table.is_sorted());
        }
        for (name, _) in INVENTED {
            assert!(!is_own(name) && ISTIOD.binary_search(name).is_err(), "{name}");
        }
    }

    #[test]
    fn readers_are_told_apart() {
        for own in [
            "CA_ADDR",
            "ISTIO_META_NETWORK",
            "ISTIO_META_MY_OWN",
            "ISTIO_METAJSON_LABELS",
            "EXEC_USER",
        ] {
            assert_eq!(reader(own), Reader::Machine, "{own}");
        }
        assert_eq!(
            reader("PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION"),
            Reader::Istiod
        );
        for other in ["PATH", "CLUSTER_MESH_CONFIG_VALUE", "HTTP_PROXY", "NODE_ENV"] {
            assert_eq!(reader(other), Reader::Other, "{other}");
        }
        for (wrong, meant) in [
            ("ISTIO_INBOUND_PORT", "ISTIO_INBOUND_PORTS"),
            ("ISTIO_META_NETWROK", "ISTIO_META_NETWORK"),
            ("SERVICE_ACOUNT", "SERVICE_ACCOUNT"),
            ("ISTIO_LOCAL_EXCLUDED_PORTS", "ISTIO_LOCAL_EXCLUDE_PORTS"),
            ("PILOT_ENABLE_DNS_CAPTURE", "ISTIO_META_DNS_CAPTURE"),
        ] {
            let Reader::Nobody(help) = reader(wrong) else {
                panic!("{wrong}")
            };
            assert!(help.contains(meant), "{help}");
        }
    }
}
