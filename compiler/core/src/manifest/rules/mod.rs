//! What objects get wrong together, though every field of each is right. A rule is a file here, named as its code,
//! and a line in [`RULES`]; its page lies with those of the other rules.

mod address_conflict;
mod annotation;
mod annotation_invalid;
mod annotation_misplaced;
mod annotation_unknown;
mod audience;
mod authz_unknown_key;
mod certificate_shared;
mod claims_unverified;
mod credential;
mod credential_broken;
mod dr_split;
mod empty_allow_policy;
mod entry_protocol_conflict;
mod entry_without_address;
mod gateway;
mod gateway_duplicate_host;
mod gateway_missing_15443;
mod gateway_no_network_label;
mod gateway_no_tls_block;
mod gateway_not_installed;
mod gateway_port_not_on_service;
mod gateway_port_reserved;
mod group_delete_cascade;
mod h2_upgrade_conflict;
mod host_not_on_gateway;
mod host_routed_twice;
mod http_on_tcp;
mod image_auto;
mod index;
mod inject_annotation_on_vm;
mod injection_labels;
mod log_provider_unset;
mod mesh_config;
mod mesh_external_mtls;
mod monitor;
mod name_invalid;
mod named_targetport;
mod network_empty;
mod no_probe;
mod object_twice;
mod oversize_name;
mod patch_ignored;
mod permissive_open_port;
mod plaintext_xds_exposed;
mod pods;
mod policy;
mod port_missing;
mod port_naming;
mod portlevel_needs_selector;
mod principal_nonexistent;
mod probe_grpc_rejected;
mod proxy_runs_as_root;
mod reserved_app_port;
mod route_unreachable;
mod routes;
mod sa_missing_on_entry;
mod sa_namespace;
mod scrape_port_path;
mod scrape_vs_strict;
mod selected_twice;
mod selector_unmatched;
mod servicemonitor_blind;
mod services_disagree;
pub(crate) mod stat_not_emitted;
mod subset_empty;
mod tracing_unset;
mod trust_domain_mismatch;
mod unknown_reference;
mod unsupported_release;
mod vip_collision;
mod we_fqdn_not_selectable;
mod weight_sum;
mod workload;

use self::index::Index;
use crate::diag::{Code, Sink, Sources, code};
use crate::manifest::Object;
use crate::parallel;

/// One rule.
pub struct Rule {
    /// What it finds.
    pub code: &'static Code,
    check: fn(&Index<'_>, &mut Sink),
}

/// All rules.
pub static RULES: &[Rule] = &[
    rule(&code::ADDRESS_CONFLICT, address_conflict::check),
    rule(&code::ANNOTATION_INVALID, annotation_invalid::check),
    rule(&code::ANNOTATION_MISPLACED, annotation_misplaced::check),
    rule(&code::ANNOTATION_UNKNOWN, annotation_unknown::check),
    rule(&code::AUTHZ_UNKNOWN_KEY, authz_unknown_key::check),
    rule(&code::CERTIFICATE_SHARED, certificate_shared::check),
    rule(&code::CLAIMS_UNVERIFIED, claims_unverified::check),
    rule(&code::CREDENTIAL_BROKEN, credential_broken::check),
    rule(&code::RULE_SPLIT, dr_split::check),
    rule(&code::PORT_NOBODY, empty_allow_policy::check),
    rule(&code::ENTRY_PROTOCOLS, entry_protocol_conflict::check),
    rule(&code::ENTRY_UNADDRESSED, entry_without_address::check),
    rule(&code::GATEWAY_DUPLICATE, gateway_duplicate_host::check),
    rule(&code::GATEWAY_15443, gateway_missing_15443::check),
    rule(&code::GATEWAY_NETWORK, gateway_no_network_label::check),
    rule(&code::GATEWAY_NO_TLS, gateway_no_tls_block::check),
    rule(&code::GATEWAY_NOT_INSTALLED, gateway_not_installed::check),
    rule(&code::GATEWAY_PORT_UNLISTED, gateway_port_not_on_service::check),
    rule(&code::GATEWAY_PORT, gateway_port_reserved::check),
    rule(&code::GROUP_CASCADE, group_delete_cascade::check),
    rule(&code::H2_CONFLICT, h2_upgrade_conflict::check),
    rule(&code::HOST_UNSERVED, host_not_on_gateway::check),
    rule(&code::HOST_TWICE, host_routed_twice::check),
    rule(&code::HTTP_ON_TCP, http_on_tcp::check),
    rule(&code::IMAGE_AUTO, image_auto::check),
    rule(&code::INJECT_ANNOTATION, inject_annotation_on_vm::check),
    rule(&code::INJECTION_LABELS, injection_labels::check),
    rule(&code::LOG_PROVIDER, log_provider_unset::check),
    rule(&code::EXTERNAL_IN_MESH, mesh_external_mtls::check),
    rule(&code::NAME_INVALID, name_invalid::check),
    rule(&code::NAMED_TARGET, named_targetport::check),
    rule(&code::NETWORK_EMPTY, network_empty::check),
    rule(&code::NO_PROBE, no_probe::check),
    rule(&code::OBJECT_TWICE, object_twice::check),
    rule(&code::NAME_OVERSIZE, oversize_name::check),
    rule(&code::PATCH_IGNORED, patch_ignored::check),
    rule(&code::PERMISSIVE_OPEN, permissive_open_port::check),
    rule(&code::PLAINTEXT_XDS, plaintext_xds_exposed::check),
    rule(&code::PORT_UNDECLARED, port_missing::check),
    rule(&code::PORT_NAMING, port_naming::check),
    rule(&code::PORTLEVEL_SELECTOR, portlevel_needs_selector::check),
    rule(&code::PRINCIPAL_NONEXISTENT, principal_nonexistent::check),
    rule(&code::PROBE_GRPC, probe_grpc_rejected::check),
    rule(&code::PROXY_USER, proxy_runs_as_root::check),
    rule(&code::RESERVED_PORT, reserved_app_port::check),
    rule(&code::ROUTE_UNREACHABLE, route_unreachable::check),
    rule(&code::ACCOUNT_MISSING, sa_missing_on_entry::check),
    rule(&code::ACCOUNT_MISMATCH, sa_namespace::check),
    rule(&code::SCRAPE_PORT, scrape_port_path::check),
    rule(&code::SCRAPE_STRICT, scrape_vs_strict::check),
    rule(&code::SELECTED_TWICE, selected_twice::check),
    rule(&code::SELECTOR_UNMATCHED, selector_unmatched::check),
    rule(&code::MONITOR_BLIND, servicemonitor_blind::check),
    rule(&code::SERVICES_DISAGREE, services_disagree::check),
    rule(&code::STAT_MISSING, stat_not_emitted::check),
    rule(&code::SUBSET_EMPTY, subset_empty::check),
    rule(&code::TRACING_UNSET, tracing_unset::check),
    rule(&code::TRUST_DOMAIN_MISMATCH, trust_domain_mismatch::check),
    rule(&code::UNKNOWN_REFERENCE, unknown_reference::check),
    rule(&code::RELEASE_ENDED, unsupported_release::check),
    rule(&code::VIP_COLLISION, vip_collision::check),
    rule(&code::ENTRY_UNSELECTABLE, we_fqdn_not_selectable::check),
    rule(&code::ROUTE_WEIGHTS, weight_sum::check),
];

const fn rule(code: &'static Code, check: fn(&Index<'_>, &mut Sink)) -> Rule {
    Rule { code, check }
}

/// Lets every rule look.
pub fn check(objects: &[Object], sources: &Sources, sink: &mut Sink) {
    let index = Index::of(objects, sources);
    let all = parallel::each(RULES, objects.len(), |rule| {
        let mut own = sink.beside();
        (rule.check)(&index, &mut own);
        own
    });
    all.into_iter().for_each(|own| sink.take(own));
}
