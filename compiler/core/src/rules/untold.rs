//! Which rules of meshes are not told of existing objects, and why.

use crate::diag::{Code, code};

/// Why a rule looks at specs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A rule of objects speaks of the same, where they are written.
    OfObjects,
    /// It is about what the language has of its own.
    Language,
    /// It is about what meshd does, or what it is told.
    Machines,
    /// Objects do not say enough of it.
    Unknown,
    /// Istio's own samples are written so, or people mean it so.
    Custom,
}

impl Why {
    /// In words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::OfObjects => "a rule of objects speaks of it",
            Self::Language => "only the language has it",
            Self::Machines => "objects do not say what is on a machine",
            Self::Unknown => "objects do not say enough to be sure",
            Self::Custom => "objects are often written so on purpose",
        }
    }
}

/// The rules that look at specs alone.
pub static UNTOLD: &[(&Code, Why)] = &[
    (&code::ACCOUNT_UNUSED, Why::Custom),
    (&code::ADDRESS_CONFLICT, Why::OfObjects),
    (&code::AUDIT_UNSEEN, Why::Unknown),
    (&code::AUTHZ_UNKNOWN_KEY, Why::OfObjects),
    (&code::AUTO_ALLOCATE, Why::Machines),
    (&code::BOOTSTRAP_CYCLE, Why::Unknown),
    (&code::CONFLICT, Why::Language),
    (&code::DNS_LOOP, Why::Machines),
    (&code::DUPLICATE, Why::Language),
    (&code::EGRESS_UNABLE, Why::Language),
    (&code::EXCLUDE_INEFFECTIVE, Why::Machines),
    (&code::EXPRESSION_UNUSABLE, Why::Machines),
    (&code::EXTERNAL_IN_MESH, Why::OfObjects),
    (&code::FILE_PLACE, Why::Language),
    // A sidecar may have been given formatters of its own.
    (&code::FORMAT_UNUSABLE, Why::Unknown),
    (&code::FORWARD_MESH, Why::Machines),
    (&code::GATEWAY_MISSING, Why::Unknown),
    (&code::GATEWAY_PORT, Why::OfObjects),
    (&code::GATEWAY_SHARED, Why::Unknown),
    (&code::H2_CONFLICT, Why::OfObjects),
    // Istio takes `host` among the headers for what the language calls a rewrite.
    (&code::HEADER_RESERVED, Why::Custom),
    (&code::HOST_IN_CLUSTER, Why::Custom),
    (&code::HOST_WITHOUT_PORT, Why::Custom),
    (&code::HTTP_ON_TCP, Why::OfObjects),
    (&code::INBOUND_UNCAPTURED, Why::Machines),
    (&code::INJECT_ANNOTATION, Why::OfObjects),
    // Pods of a service may be anywhere.
    (&code::IP_FAMILY, Why::Unknown),
    (&code::IPV6_BYPASS, Why::Machines),
    (&code::ISTIOD_ENV, Why::Machines),
    (&code::ISTIOD_UNREACHABLE, Why::Machines),
    (&code::JWT_WITHOUT_KEYS, Why::Machines),
    (&code::LB_ONEOF, Why::OfObjects),
    (&code::MEMORY_SMALL, Why::Machines),
    (&code::NAME_OVERSIZE, Why::OfObjects),
    (&code::NAMED_TARGET, Why::OfObjects),
    (&code::NEEDS_ENVOY, Why::Machines),
    (&code::NETWORK_DIRECT, Why::Unknown),
    (&code::NETWORK_OVERLAP, Why::Unknown),
    (&code::NO_ENDPOINTS, Why::Unknown),
    (&code::NO_PROBE, Why::OfObjects),
    (&code::PERMISSIVE_OPEN, Why::OfObjects),
    (&code::PORT_CONFLICT, Why::Unknown),
    (&code::PORT_NOBODY, Why::OfObjects),
    (&code::PORT_UNDECLARED, Why::OfObjects),
    (&code::PORTLEVEL_SELECTOR, Why::OfObjects),
    (&code::PRINCIPAL_NONEXISTENT, Why::OfObjects),
    (&code::PROBE_GRPC, Why::OfObjects),
    (&code::RANGE_OVERLAP, Why::Unknown),
    (&code::RELEASE_ENDED, Why::OfObjects),
    (&code::RESERVED_METADATA, Why::Machines),
    (&code::RESERVED_PORT, Why::OfObjects),
    // Requests to a port for HTTPS, where the DestinationRule begins the TLS.
    (&code::ROUTE_MISFIT, Why::Custom),
    (&code::ROUTE_UNREACHABLE, Why::OfObjects),
    (&code::ROUTE_WEIGHTS, Why::OfObjects),
    (&code::SELECTOR_MISSED, Why::Language),
    (&code::SELECTS_PODS, Why::Language),
    (&code::SNI_OVERLAP, Why::Custom),
    (&code::SSH_CAPTURABLE, Why::Machines),
    (&code::SUBSET_EMPTY, Why::OfObjects),
    // As above: the port says HTTPS, and nobody calls it but by the route.
    (&code::TLS_TWICE, Why::Custom),
    (&code::TRACING_UNSET, Why::OfObjects),
    (&code::TRUST_DOMAIN_MISMATCH, Why::OfObjects),
    (&code::UNCONDITIONAL_RULE, Why::Custom),
    (&code::UNKNOWN_ENV, Why::Machines),
    // Nodes are rarely among the objects.
    (&code::UNKNOWN_PLACE, Why::Unknown),
    (&code::VIP_COLLISION, Why::OfObjects),
    (&code::VIP_UNCAPTURED, Why::Machines),
    (&code::WATCH_WITHOUT_METRICS, Why::Language),
];
