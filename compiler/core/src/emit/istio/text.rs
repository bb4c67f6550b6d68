//! Istio's words for values of the model.

use std::collections::BTreeSet;

use mesh_wire::Millis;
use mesh_wire::cluster::Locality;
use mesh_wire::listener::MtlsMode;

use crate::emit::snapshot::SYSTEM_NAMESPACE;
use crate::model::{Service, Visibility};

/// A duration of protobuf's JSON form, as short as it can be.
pub(super) fn duration(span: Millis) -> String {
    let Millis(millis) = span;
    let (seconds, rest) = (millis / 1000, millis % 1000);
    if rest == 0 {
        return format!("{seconds}s");
    }
    format!("{seconds}.{}s", format!("{rest:03}").trim_end_matches('0'))
}

pub(super) const fn mtls_mode(mode: MtlsMode) -> &'static str {
    match mode {
        MtlsMode::Strict => "STRICT",
        MtlsMode::Permissive => "PERMISSIVE",
        MtlsMode::Disable => "DISABLE",
    }
}

/// `region/zone/subzone`; `None` where nothing is said.
pub(super) fn locality(locality: &Locality) -> Option<String> {
    let parts = [&locality.region, &locality.zone, &locality.subzone];
    let said: Vec<_> = parts
        .into_iter()
        .take_while(|part| !part.is_empty())
        .map(String::as_str)
        .collect();
    (!said.is_empty()).then(|| said.join("/"))
}

/// Whom `exportTo` names where nobody knows something (Istio `pkg/config/visibility`).
pub(crate) const NOBODY: &str = "~";

/// `exportTo`; nothing for what all namespaces know, which is Istio's default. Gateways know what they lead to: the mesh's
/// services, and what leaves by them.
pub(in crate::emit) fn export_to(service: &Service) -> Vec<&str> {
    let Visibility::Namespaces(names) = &service.visible else {
        return Vec::new();
    };
    if names.is_empty() {
        return vec![NOBODY];
    }
    let gateways = service.exit.is_some() || !service.is_external();
    let gateways = gateways.then_some(SYSTEM_NAMESPACE);
    let names: BTreeSet<_> = names.iter().map(String::as_str).chain(gateways).collect();
    let own = |name| if name == service.namespace { "." } else { name };
    names.into_iter().map(own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_their_milliseconds() {
        assert_eq!(duration(Millis(5000)), "5s");
        assert_eq!(duration(Millis(1500)), "1.5s");
        assert_eq!(duration(Millis(20)), "0.02s");
        assert_eq!(duration(Millis(0)), "0s");
    }

    #[test]
    fn a_locality_ends_where_nothing_is_said() {
        let place = |region: &str, zone: &str| Locality {
            region: region.to_owned(),
            zone: zone.to_owned(),
            subzone: String::new(),
        };
        assert_eq!(
            locality(&place("us-west-2", "us-west-2a")).as_deref(),
            Some("us-west-2/us-west-2a")
        );
        assert_eq!(locality(&place("us-west-2", "")).as_deref(), Some("us-west-2"));
        assert_eq!(locality(&place("", "")), None);
    }
}
