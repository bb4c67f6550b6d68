use std::collections::BTreeMap;

use ipnet::IpNet;
use mesh_wire::listener::MtlsMode;

use crate::diag::{Span, Spanned};
use crate::model::{Dns, DnsCapture, DnsForward, Mesh, OutboundMode, Telemetry, UserFiles, Watch};
use crate::spec::decl::{DnsDecl, Spec};

/// Istio's root namespace, where what holds for the whole mesh is kept.
pub(crate) const ROOT_NAMESPACE: &str = "istio-system";

/// The release that manifests are for where the spec does not say.
const ISTIO: &str = "1.31";

/// Seconds that an answer may be kept where the spec does not say; Istio's.
const TTL: u32 = 30;

/// Istio's ranges (PILOT_IP_AUTOALLOCATE_IPV4_PREFIX and _IPV6_PREFIX).
const RANGES: [&str; 2] = ["240.240.0.0/16", "2001:2::/48"];

/// The mesh without its places and services.
pub(super) fn mesh(spec: &Spec, whole: Span) -> Mesh {
    let decl = spec.mesh.as_ref();
    let text = |value: Option<&Spanned<String>>, default: &str| {
        value.map_or_else(|| default.to_owned(), |value| value.value.clone())
    };
    let mut aliases: Vec<_> = decl
        .map(|decl| {
            decl.trust_domain_aliases
                .iter()
                .map(|alias| alias.value.clone())
                .collect()
        })
        .unwrap_or_default();
    aliases.sort();
    Mesh {
        expectations: Vec::new(),
        name: text(decl.map(|decl| &decl.name), "mesh"),
        trust_domain: text(
            decl.and_then(|decl| decl.trust_domain.as_ref()),
            super::CLUSTER_DOMAIN,
        ),
        trust_domain_aliases: aliases,
        istio_version: text(decl.and_then(|decl| decl.istio_version.as_ref()), ISTIO),
        revision: decl
            .and_then(|decl| decl.revision.clone())
            .map(|revision| revision.value),
        mtls: decl
            .and_then(|decl| decl.mtls.as_ref())
            .map_or(MtlsMode::Strict, |mode| mode_of(&mode.value)),
        authorizers: BTreeMap::new(),
        access: decl
            .map(|decl| super::access::access(&decl.access, ROOT_NAMESPACE, spec))
            .unwrap_or_default(),
        outbound: match decl
            .and_then(|decl| decl.outbound.as_ref())
            .map(|mode| mode.value.as_str())
        {
            Some("registry-only") => OutboundMode::RegistryOnly,
            _ => OutboundMode::AllowAny,
        },
        dns: dns(decl.map(|decl| &decl.dns)),
        telemetry: Telemetry::default(),
        watch: Watch::default(),
        raw: Vec::new(),
        files: UserFiles::default(),
        networks: BTreeMap::new(),
        clusters: BTreeMap::new(),
        namespaces: BTreeMap::new(),
        services: Vec::new(),
        groups: Vec::new(),
        proxy_metadata: decl
            .map(|decl| super::group::pairs(&decl.proxy.metadata))
            .unwrap_or_default(),
        span: decl.map_or(whole, |decl| decl.span),
    }
}

/// The word's mode; the language has checked the word.
pub(super) fn mode_of(word: &str) -> MtlsMode {
    match word {
        "permissive" => MtlsMode::Permissive,
        "disable" => MtlsMode::Disable,
        _ => MtlsMode::Strict,
    }
}

fn dns(decl: Option<&DnsDecl>) -> Dns {
    let given = |decl: &DnsDecl| {
        decl.virtual_ips
            .iter()
            .map(|range| range.value)
            .collect::<Vec<_>>()
    };
    let mut virtual_ips = decl.map(given).unwrap_or_default();
    if virtual_ips.is_empty() {
        virtual_ips = RANGES
            .iter()
            .filter_map(|range| range.parse::<IpNet>().ok())
            .collect();
    }
    virtual_ips.sort();
    let forward = decl
        .map(|decl| decl.forward.as_slice())
        .unwrap_or_default()
        .iter();
    let mut forward: Vec<_> = forward
        .map(|forward| DnsForward {
            domain: forward.domain.value.to_lowercase(),
            servers: forward.servers.value.clone(),
        })
        .collect();
    forward.sort_by(|a, b| a.domain.cmp(&b.domain));
    let ttl = decl.and_then(|decl| decl.ttl.as_ref());
    Dns {
        ttl: ttl.map_or(TTL, |ttl| {
            u32::try_from(ttl.value.0.div_ceil(1000)).unwrap_or(u32::MAX)
        }),
        virtual_ips,
        search: decl
            .map(|decl| {
                decl.search
                    .iter()
                    .map(|domain| domain.value.to_lowercase())
                    .collect()
            })
            .unwrap_or_default(),
        forward,
        capture: match decl
            .and_then(|decl| decl.capture.as_ref())
            .map(|mode| mode.value.as_str())
        {
            Some("packets") => DnsCapture::Packets,
            Some("none") => DnsCapture::None,
            _ => DnsCapture::Resolved,
        },
    }
}
