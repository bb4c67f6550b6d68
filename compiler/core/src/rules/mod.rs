//! What cannot work, though every word of the spec is right. A rule is a file here and a line in [`RULES`]; every
//! [`Code`], the language's own too, has a page beside: `<slug>.md`, whose examples are its test.

mod account_unused;
mod address_conflict;
mod audit_unseen;
mod authz_bad_value;
mod authz_unknown_key;
mod callers;
mod conflict;
mod control_plane_env_on_vm;
mod cors_open;
mod deny_shadows_allow;
mod dns_auto_allocate_legacy;
mod dns_bootstrap_cycle;
mod dns_loop;
mod dry_run_open;
mod duplicate;
mod egress_unable;
mod eject_never;
mod empty_allow_policy;
mod examples;
mod exclude_ineffective;
mod expression_unusable;
mod failover_invalid;
mod file_place;
mod format_unusable;
mod formats;
mod forward_in_mesh;
mod gateway_address_shared;
mod gateway_missing;
mod gateway_port_reserved;
mod h2_upgrade_conflict;
mod hash_without_requests;
mod header_reserved;
mod headless_machines;
mod host_in_cluster;
mod host_without_port;
mod http_on_tcp;
mod identity_without_mtls;
mod inbound_port_uncaptured;
mod inject_annotation_on_vm;
mod ip_family_mismatch;
mod ipv6_bypass;
mod istiod_unreachable;
mod jwt_missing;
mod jwt_without_keys;
mod lb_oneof;
mod locality_shares;
mod match_never;
mod memory_too_small;
mod mesh_external_mtls;
mod mirror_self;
mod named_targetport;
mod near_without_eject;
mod needs_envoy;
mod network_overlap;
mod no_endpoints;
mod no_probe;
mod oversize_name;
mod pages;
mod permissive_open_port;
mod port_conflict;
mod port_missing;
mod port_setting_unread;
mod port_stands_alone;
mod portlevel_needs_selector;
mod principal_nonexistent;
mod probe_grpc_rejected;
mod probe_overlap;
mod regex_unusable;
mod reserved_app_port;
mod reserved_metadata;
mod resolution_mismatch;
mod rewrite_without_prefix;
mod route_gap;
mod route_misfit;
mod route_refused;
mod route_unreachable;
mod scope;
mod selector_missed;
mod selects_pods;
mod share_zero;
mod site;
mod sni_overlap;
mod ssh_capturable;
mod subset_empty;
mod subset_unused;
mod table;
mod timeout_order;
mod tls_name_unchecked;
mod tls_twice;
mod token_optional;
mod told;
mod tracing_unset;
mod trust_domain_mismatch;
mod udp_unproxied;
mod unconditional_rule;
mod unknown_env;
mod unknown_place;
mod unsupported_release;
mod untold;
mod vip_collision;
mod vip_range_not_captured;
mod virtual_range_overlap;
mod vm_network_no_gateway;
mod warm_up_ineffective;
mod watch_without_metrics;
mod weight_missing;
mod weight_sum;

pub use examples::{Example, Kind as ExampleKind, examples, files};
pub use pages::page;
pub(crate) use reserved_app_port::reserved_ports;
pub use table::table;
pub(crate) use told::told;
pub use told::{Needs, TOLD, Told};
pub(crate) use unsupported_release::{minor, release_ended};
pub use untold::{UNTOLD, Why};

use crate::diag::{Code, Diagnostic, Sink, code};
use crate::model::Mesh;
use crate::parallel;
use crate::spec::decl::Spec;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The spec as it is written: every value has its place.
    pub spec: &'a Spec,
    /// What it means; what leads nowhere is left out.
    pub mesh: &'a Mesh,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// What it finds.
    pub code: &'static Code,
    check: fn(Context<'_>, &mut Sink),
    /// It asks what was found before it.
    asks: bool,
}

/// All rules.
pub static RULES: &[Rule] = &[
    rule(&code::ADDRESS_CONFLICT, address_conflict::check),
    rule(&code::CONFLICT, conflict::check),
    rule(&code::CORS_OPEN, cors_open::check),
    rule(&code::DNS_LOOP, dns_loop::check),
    rule(&code::DUPLICATE, duplicate::check),
    rule(&code::EGRESS_UNABLE, egress_unable::check),
    rule(&code::EJECT_NEVER, eject_never::check),
    rule(&code::PORT_NOBODY, empty_allow_policy::check),
    rule(&code::EXCLUDE_INEFFECTIVE, exclude_ineffective::check),
    rule(&code::EXPRESSION_UNUSABLE, expression_unusable::check),
    rule(&code::FAILOVER_INVALID, failover_invalid::check),
    rule(&code::FILE_PLACE, file_place::check),
    rule(&code::FORMAT_UNUSABLE, format_unusable::check),
    rule(&code::FORWARD_MESH, forward_in_mesh::check),
    rule(&code::GATEWAY_SHARED, gateway_address_shared::check),
    rule(&code::GATEWAY_MISSING, gateway_missing::check),
    rule(&code::GATEWAY_PORT, gateway_port_reserved::check),
    rule(&code::H2_CONFLICT, h2_upgrade_conflict::check),
    rule(&code::HASH_WITHOUT_REQUESTS, hash_without_requests::check),
    rule(&code::HEADER_RESERVED, header_reserved::check),
    rule(&code::HOST_IN_CLUSTER, host_in_cluster::check),
    rule(&code::HTTP_ON_TCP, http_on_tcp::check),
    rule(&code::INBOUND_UNCAPTURED, inbound_port_uncaptured::check),
    rule(&code::INJECT_ANNOTATION, inject_annotation_on_vm::check),
    rule(&code::IPV6_BYPASS, ipv6_bypass::check),
    rule(&code::ISTIOD_UNREACHABLE, istiod_unreachable::check),
    rule(&code::LB_ONEOF, lb_oneof::check),
    rule(&code::LOCALITY_SHARES, locality_shares::check),
    rule(&code::MATCH_NEVER, match_never::check),
    rule(&code::MIRROR_SELF, mirror_self::check),
    rule(&code::NAMED_TARGET, named_targetport::check),
    rule(&code::NEAR_WITHOUT_EJECT, near_without_eject::check),
    rule(&code::NEEDS_ENVOY, needs_envoy::check),
    rule(&code::NO_ENDPOINTS, no_endpoints::check),
    rule(&code::NO_PROBE, no_probe::check),
    rule(&code::NAME_OVERSIZE, oversize_name::check),
    rule(&code::PERMISSIVE_OPEN, permissive_open_port::check),
    rule(&code::PORT_CONFLICT, port_conflict::check),
    rule(&code::PORT_UNDECLARED, port_missing::check),
    rule(&code::PORT_STANDS_ALONE, port_stands_alone::check),
    rule(&code::PORT_UNREAD, port_setting_unread::check),
    rule(&code::SNI_OVERLAP, sni_overlap::check),
    rule(&code::HEADLESS_MACHINES, headless_machines::check),
    rule(&code::PRINCIPAL_NONEXISTENT, principal_nonexistent::check),
    rule(&code::PROBE_GRPC, probe_grpc_rejected::check),
    rule(&code::REGEX_UNUSABLE, regex_unusable::check),
    rule(&code::RESERVED_PORT, reserved_app_port::check),
    rule(&code::RESERVED_METADATA, reserved_metadata::check),
    rule(&code::RESOLUTION, resolution_mismatch::check),
    rule(&code::REWRITE_WITHOUT_PREFIX, rewrite_without_prefix::check),
    rule(&code::ROUTE_GAP, route_gap::check),
    rule(&code::ROUTE_MISFIT, route_misfit::check),
    rule(&code::ROUTE_UNREACHABLE, route_unreachable::check),
    rule(&code::SELECTOR_MISSED, selector_missed::check),
    rule(&code::SELECTS_PODS, selects_pods::check),
    rule(&code::SHARE_ZERO, share_zero::check),
    rule(&code::SSH_CAPTURABLE, ssh_capturable::check),
    rule(&code::SUBSET_EMPTY, subset_empty::check),
    rule(&code::TIMEOUT_ORDER, timeout_order::check),
    rule(&code::TLS_NAME, tls_name_unchecked::check),
    rule(&code::TLS_TWICE, tls_twice::check),
    rule(&code::UDP_UNPROXIED, udp_unproxied::check),
    rule(&code::UNKNOWN_ENV, unknown_env::check),
    rule(&code::UNKNOWN_PLACE, unknown_place::check),
    rule(&code::RELEASE_ENDED, unsupported_release::check),
    rule(&code::VIP_COLLISION, vip_collision::check),
    rule(&code::VIP_UNCAPTURED, vip_range_not_captured::check),
    rule(&code::RANGE_OVERLAP, virtual_range_overlap::check),
    rule(&code::WARM_UP_INEFFECTIVE, warm_up_ineffective::check),
    rule(&code::WEIGHT_MIXED, weight_missing::check),
    rule(&code::ROUTE_WEIGHTS, weight_sum::check),
    rule(&code::MEMORY_SMALL, memory_too_small::check),
    rule(&code::AUTHZ_UNKNOWN_KEY, authz_unknown_key::check),
    rule(&code::PORTLEVEL_SELECTOR, portlevel_needs_selector::check),
    rule(&code::TRUST_DOMAIN_MISMATCH, trust_domain_mismatch::check),
    rule(&code::AUTHZ_BAD_VALUE, authz_bad_value::check),
    rule(&code::DENY_SHADOWS_ALLOW, deny_shadows_allow::check),
    rule(&code::UNCONDITIONAL_RULE, unconditional_rule::check),
    rule(&code::JWT_MISSING, jwt_missing::check),
    rule(&code::IP_FAMILY, ip_family_mismatch::check),
    rule(&code::HOST_WITHOUT_PORT, host_without_port::check),
    rule(&code::DRY_RUN_OPEN, dry_run_open::check),
    rule(&code::AUDIT_UNSEEN, audit_unseen::check),
    rule(&code::IDENTITY_WITHOUT_MTLS, identity_without_mtls::check),
    rule(&code::JWT_WITHOUT_KEYS, jwt_without_keys::check),
    rule(&code::TRACING_UNSET, tracing_unset::check),
    rule(&code::WATCH_WITHOUT_METRICS, watch_without_metrics::check),
    asking(&code::ACCOUNT_UNUSED, account_unused::check),
    rule(&code::NETWORK_OVERLAP, network_overlap::check),
    rule(&code::PROBE_OVERLAP, probe_overlap::check),
    rule(&code::ROUTE_REFUSED, route_refused::check),
    asking(&code::SUBSET_UNUSED, subset_unused::check),
    rule(&code::TOKEN_OPTIONAL, token_optional::check),
    rule(&code::ISTIOD_ENV, control_plane_env_on_vm::check),
    rule(&code::AUTO_ALLOCATE, dns_auto_allocate_legacy::check),
    rule(&code::BOOTSTRAP_CYCLE, dns_bootstrap_cycle::check),
    rule(&code::EXTERNAL_IN_MESH, mesh_external_mtls::check),
    rule(&code::NETWORK_DIRECT, vm_network_no_gateway::check),
];

const fn rule(code: &'static Code, check: fn(Context<'_>, &mut Sink)) -> Rule {
    let asks = false;
    Rule { code, check, asks }
}

/// One that asks what was found before it.
const fn asking(code: &'static Code, check: fn(Context<'_>, &mut Sink)) -> Rule {
    let asks = true;
    Rule { code, check, asks }
}

/// Lets every rule look.
pub fn check(spec: &Spec, mesh: &Mesh, sink: &mut Sink) {
    let context = Context { spec, mesh };
    let amount = mesh.services.len() + mesh.vms().count();
    let found = parallel::each(RULES, amount, |rule| {
        let mut own = sink.beside();
        (!rule.asks).then(|| (rule.check)(context, &mut own))?;
        Some(own)
    });
    for (rule, own) in RULES.iter().zip(found) {
        match own {
            Some(own) => sink.take(own),
            None => (rule.check)(context, sink),
        }
    }
}

/// The only one, where there is only one: it need not be named.
fn only<T>(map: &std::collections::BTreeMap<String, T>) -> Option<&T> {
    map.values().next().filter(|_| map.len() == 1)
}

/// One diagnostic of a mistake that several places share, since they have it from a wider one.
#[derive(Default)]
struct Once {
    seen: std::collections::BTreeSet<(&'static str, crate::diag::Span, String)>,
}

impl Once {
    fn push(&mut self, found: Diagnostic, sink: &mut Sink) {
        let key = (found.code.id, found.primary.span, found.message.clone());
        if self.seen.insert(key) {
            sink.push(found);
        }
    }
}
