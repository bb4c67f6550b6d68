//! What is wrong with machines' files. A rule is a file here and a line in [`RULES`]; its page lies with those of the
//! other rules.

mod agent_config_path;
mod artifact_missing;
mod capture;
mod cluster_creds_on_vm;
mod configure_flags;
mod control_plane_env_on_vm;
mod dns_auto_allocate_legacy;
mod dns_bootstrap_cycle;
mod dns_capture_half;
mod dns_loop;
mod double_registration;
mod env_line_broken;
mod env_not_loaded;
mod exclude_ineffective;
mod firewall_after_nat;
mod gateway_not_installed;
mod group;
mod group_delete_cascade;
mod inbound_port_uncaptured;
mod ipv6_bypass;
mod mesh_id_mismatch;
mod mesh_port_captured;
mod name_invalid;
mod network_empty;
mod nss_resolve_bypass;
mod oversize_name;
mod plaintext_xds_exposed;
mod port_missing;
mod proxy_runs_as_root;
mod proxymetadata_not_string;
mod reserved_app_port;
mod sa_namespace;
mod san_mismatch_ip;
mod ssh_capturable;
mod stat_not_emitted;
mod token_audience;
mod token_unreadable;
mod tracing_unset;
mod ttl_out_of_range;
mod unit_ordering;
mod unknown_env;
mod unsupported_release;
mod vip_claim_wrong;
mod vip_range_not_captured;
mod vm_network_no_gateway;
mod volatile_token;
mod workload_name_mismatch;

use super::Machine;
use super::machine::{By, Said};
use crate::diag::{Code, Edit, Fix, Sink, Span, Spanned, code};
use crate::manifest::Object;

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// The machines.
    pub(crate) machines: &'a [Machine<'a>],
    /// What is in the clusters, as far as it was given.
    pub(crate) objects: &'a [Object],
    /// The minor release of Istio 1 that runs in the clusters, if it was said.
    pub(crate) istio: Option<u32>,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// What it finds.
    pub code: &'static Code,
    check: fn(Context<'_>, &mut Sink),
}

/// All rules.
pub static RULES: &[Rule] = &[
    rule(&code::GATEWAY_NOT_INSTALLED, gateway_not_installed::check),
    rule(&code::CONFIG_PATH, agent_config_path::check),
    rule(&code::METADATA_NOT_STRING, proxymetadata_not_string::check),
    rule(&code::ENV_NOT_LOADED, env_not_loaded::check),
    rule(&code::PROXY_USER, proxy_runs_as_root::check),
    rule(&code::ISTIOD_ENV, control_plane_env_on_vm::check),
    rule(&code::UNKNOWN_ENV, unknown_env::check),
    rule(&code::ARTIFACT_MISSING, artifact_missing::check),
    rule(&code::DOUBLE_REGISTRATION, double_registration::check),
    rule(&code::CONFIGURE_FLAGS, configure_flags::check),
    rule(&code::WORKLOAD_NAME, workload_name_mismatch::check),
    rule(&code::MESH_ID, mesh_id_mismatch::check),
    rule(&code::RELEASE_ENDED, unsupported_release::check),
    rule(&code::UNIT_ORDERING, unit_ordering::check),
    rule(&code::ENV_BROKEN, env_line_broken::check),
    rule(&code::TOKEN_AUDIENCE, token_audience::check),
    rule(&code::SAN_MISMATCH, san_mismatch_ip::check),
    rule(&code::TOKEN_VOLATILE, volatile_token::check),
    rule(&code::TOKEN_UNREADABLE, token_unreadable::check),
    rule(&code::TTL_RANGE, ttl_out_of_range::check),
    rule(&code::ACCOUNT_MISMATCH, sa_namespace::check),
    rule(&code::VIP_CLAIM, vip_claim_wrong::check),
    rule(&code::VIP_UNCAPTURED, vip_range_not_captured::check),
    rule(&code::AUTO_ALLOCATE, dns_auto_allocate_legacy::check),
    rule(&code::DNS_LOOP, dns_loop::check),
    rule(&code::RESOLVE_BYPASS, nss_resolve_bypass::check),
    rule(&code::BOOTSTRAP_CYCLE, dns_bootstrap_cycle::check),
    rule(&code::DNS_HALF, dns_capture_half::check),
    rule(&code::SSH_CAPTURABLE, ssh_capturable::check),
    rule(&code::EXCLUDE_INEFFECTIVE, exclude_ineffective::check),
    rule(&code::INBOUND_UNCAPTURED, inbound_port_uncaptured::check),
    rule(&code::IPV6_BYPASS, ipv6_bypass::check),
    rule(&code::FIREWALL_AFTER_NAT, firewall_after_nat::check),
    rule(&code::PLAINTEXT_XDS, plaintext_xds_exposed::check),
    rule(&code::RESERVED_PORT, reserved_app_port::check),
    rule(&code::NETWORK_DIRECT, vm_network_no_gateway::check),
    rule(&code::NETWORK_EMPTY, network_empty::check),
    rule(&code::MESH_PORT_CAPTURED, mesh_port_captured::check),
    rule(&code::PORT_UNDECLARED, port_missing::check),
    rule(&code::CLUSTER_CREDENTIALS, cluster_creds_on_vm::check),
    rule(&code::STAT_MISSING, stat_not_emitted::check),
    rule(&code::TRACING_UNSET, tracing_unset::check),
    rule(&code::NAME_OVERSIZE, oversize_name::check),
    rule(&code::NAME_INVALID, name_invalid::check),
    rule(&code::GROUP_CASCADE, group_delete_cascade::check),
];

const fn rule(code: &'static Code, check: fn(Context<'_>, &mut Sink)) -> Rule {
    Rule { code, check }
}

/// Lets every rule look.
pub(crate) fn check(machines: &[Machine<'_>], objects: &[Object], istio: Option<u32>, sink: &mut Sink) {
    let context = Context {
        machines,
        objects,
        istio,
    };
    for rule in RULES {
        (rule.check)(context, sink);
    }
}

/// The items of `a, b`, with their places.
fn items(list: &Spanned<String>) -> Vec<Spanned<String>> {
    let Span { file, start, end } = list.span;
    let exact = end - start == list.value.len();
    let mut at = 0;
    let mut found = Vec::new();
    for item in list.value.split(',') {
        let lead = item.len() - item.trim_start().len();
        let text = item.trim();
        let from = start + at + lead;
        at += item.len() + 1;
        if text.is_empty() {
            continue;
        }
        found.push(Spanned {
            value: text.to_owned(),
            span: if exact {
                Span {
                    file,
                    start: from,
                    end: from + text.len(),
                }
            } else {
                list.span
            },
        });
    }
    found
}

/// The line of a variable that does nothing goes; in other files more than the line may have to.
fn left_out(said: &Said) -> Option<Fix> {
    let edit = || Edit::without_lines(said.variable.span);
    (said.by == By::Env).then(|| {
        let title = format!("leave `{}` out", said.variable.name.value);
        Fix::certain(title, vec![edit()])
    })
}

/// `a, b and c`, without quotes.
fn words<T: ToString>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
