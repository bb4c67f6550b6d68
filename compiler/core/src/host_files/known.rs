//! Names of variables, and who reads them: facts of Istio 1.32, whose place in its sources each table names.

use crate::diag::did_you_mean;

/// What pilot-agent reads (`pilot/cmd/pilot-agent/options`, `pkg/bootstrap`), and what `istioctl` writes for people.
const AGENT: &[&str] = &[
    "CANONICAL_REVISION",
    "CANONICAL_SERVICE",
    "CA_ADDR",
    "CA_PROVIDER",
    "CA_ROOT_CA",
    "CLOUD_PLATFORM",
    "COMPLIANCE_POLICY",
    "CREDENTIAL_FETCHER_TYPE",
    "CREDENTIAL_IDENTITY_PROVIDER",
    "DISABLE_ENVOY",
    "DNS_FORWARD_PARALLEL",
    "DNS_FORWARD_TIMEOUT",
    "DNS_PROXY_ADDR",
    "ECC_CURVE",
    "ECC_SIGNATURE_ALGORITHM",
    "ENABLE_PROBE_KEEPALIVE_CONNECTIONS",
    "ENVOY_PROMETHEUS_PORT",
    "ENVOY_SECURE_MERGED_METRICS_PORT",
    "ENVOY_SECURE_METRICS_PORT",
    "ENVOY_SKIP_DEPRECATED_LOGS",
    "ENVOY_STATUS_PORT",
    "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
    "FILE_DEBOUNCE_DURATION",
    "FILE_MOUNTED_CERTS",
    "GCP_METADATA",
    "GCP_QUOTA_PROJECT",
    "GCP_ZONE",
    "GRPC_KEEPALIVE_INTERVAL",
    "GRPC_KEEPALIVE_TIMEOUT",
    "GRPC_XDS_BOOTSTRAP",
    "HOST_IP",
    "HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED",
    "INSTANCE_IP",
    "ISTIOD_SAN",
    "ISTIO_BOOTSTRAP",
    "ISTIO_BOOTSTRAP_OVERRIDE",
    "ISTIO_CPU_LIMIT",
    "ISTIO_DELTA_XDS",
    "ISTIO_ENABLE_HTTP2_PROBING",
    "ISTIO_ENVOY_ENABLE_CORE_DUMP",
    "ISTIO_KUBE_APP_PROBERS",
    "ISTIO_PROMETHEUS_ANNOTATIONS",
    "JWT_POLICY",
    "METRICS_LOCALHOST_ACCESS_ONLY",
    "MINIMUM_DRAIN_DURATION",
    "OUTPUT_CERTS",
    "PEER_METADATA_DISCOVERY",
    "PILOT_CERT_PROVIDER",
    "PKCS8_KEY",
    "POD_NAME",
    "POD_NAMESPACE",
    "PROV_CERT",
    "PROXY_CONFIG",
    "PROXY_CONFIG_XDS_AGENT",
    "REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION",
    "SECRET_GRACE_PERIOD_RATIO",
    "SECRET_GRACE_PERIOD_RATIO_JITTER",
    "SECRET_TTL",
    "SERVICE_ACCOUNT",
    "TOKEN_AUDIENCES",
    "TRUST_DOMAIN",
    "WASM_HTTP_REQUEST_MAX_RETRIES",
    "WASM_HTTP_REQUEST_TIMEOUT",
    "WASM_INSECURE_REGISTRIES",
    "WASM_MODULE_EXPIRY",
    "WASM_PURGE_INTERVAL",
    "WORKLOAD_IDENTITY_SOCKET_FILE",
    "WORKLOAD_RSA_KEY_SIZE",
    "XDS_AUTH_PLAINTEXT",
    "XDS_AUTH_PROVIDER",
    "XDS_ROOT_CA",
];

/// What `istio-iptables` reads (`tools/istio-iptables/pkg`).
const CAPTURE: &[&str] = &[
    "CAPTURE_ALL_DNS",
    "CLEANUP_ONLY",
    "CNI_MODE",
    "DROP_INVALID",
    "DRY_RUN",
    "DRY_RUN_FILE_PATH",
    "DUAL_STACK",
    "ENVOY_PORT",
    "ENVOY_USER",
    "FORCE_APPLY",
    "FORCE_IPTABLES_BINARY",
    "INBOUND_CAPTURE_PORT",
    "INBOUND_INTERCEPTION_MODE",
    "INBOUND_TPROXY_MARK",
    "INBOUND_TUNNEL_PORT",
    "INVALID_DROP",
    "IPTABLES_PROBE_PORT",
    "IPTABLES_TRACE_LOGGING",
    "ISTIO_DUAL_STACK",
    "ISTIO_EXCLUDE_INTERFACES",
    "ISTIO_INBOUND_INTERCEPTION_MODE",
    "ISTIO_INBOUND_PORTS",
    "ISTIO_INBOUND_TPROXY_MARK",
    "ISTIO_INBOUND_TPROXY_ROUTE_TABLE",
    "ISTIO_LOCAL_EXCLUDE_PORTS",
    "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE",
    "ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR",
    "ISTIO_OUTBOUND_OWNER_GROUPS",
    "ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE",
    "ISTIO_OUTBOUND_PORTS",
    "ISTIO_SERVICE_CIDR",
    "ISTIO_SERVICE_EXCLUDE_CIDR",
    "KUBE_VIRT_INTERFACES",
    "NATIVE_NFTABLES",
    "NETWORK_NAMESPACE",
    "PROBE_TIMEOUT",
    "PROXY_GID",
    "PROXY_UID",
    "RECONCILE",
    "REDIRECT_DNS",
    "RUN_VALIDATION",
    "SKIP_RULE_APPLY",
];

/// What `istio-start.sh` reads (`tools/packaging/common`).
const START: &[&str] = &[
    "CONTROL_PLANE_AUTH_POLICY",
    "EXEC_USER",
    "ISTIO_AGENT_FLAGS",
    "ISTIO_BIN_BASE",
    "ISTIO_CFG",
    "ISTIO_CLUSTER_CONFIG",
    "ISTIO_CP_AUTH",
    "ISTIO_CUSTOM_IP_TABLES",
    "ISTIO_LOG_DIR",
    "ISTIO_NAMESPACE",
    "ISTIO_PILOT_PORT",
    "ISTIO_SERVICE",
    "ISTIO_SIDECAR_CONFIG",
    "ISTIO_SVC_IP",
    "ISTIO_SYSTEM_NAMESPACE",
    "PILOT_ADDRESS",
];

/// What of a proxy istiod knows, behind `ISTIO_META_` (`pkg/model/proxy.go`); other names are the users' own.
const METADATA: &[&str] = &[
    "ANNOTATIONS",
    "APP_CONTAINERS",
    "AUTO_REGISTER_GROUP",
    "BASE",
    "CERT_SIGNER",
    "CLOUDRUN_ADDR",
    "CLUSTER_ID",
    "DISABLE_HBONE_SEND",
    "DNS_AUTO_ALLOCATE",
    "DNS_CAPTURE",
    "DNS_PROXY_ADDR",
    "ENABLE_DNS_SERVER",
    "ENABLE_HBONE",
    "ENABLE_SELF_DISCOVERY",
    "ENVOY_PROMETHEUS_PORT",
    "ENVOY_SECURE_MERGED_METRICS_PORT",
    "ENVOY_SECURE_METRICS_PORT",
    "ENVOY_SKIP_DEPRECATED_LOGS",
    "ENVOY_STATUS_PORT",
    "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
    "GENERATOR",
    "GLOBAL_DOWNSTREAM_MAX_CONNECTIONS",
    "HTTP10",
    "HTTP_PROXY_PORT",
    "IDLE_TIMEOUT",
    "INBOUND_LISTENER_EXACT_BALANCE",
    "INSTANCE_IPS",
    "INTERCEPTION_MODE",
    "ISTIO_PROXY_SHA",
    "ISTIO_REVISION",
    "ISTIO_VERSION",
    "LABELS",
    "MESH_ID",
    "METADATA_DISCOVERY",
    "NAME",
    "NAMESPACE",
    "NETWORK",
    "NODE_NAME",
    "OUTBOUND_LISTENER_EXACT_BALANCE",
    "OUTLIER_LOG_PATH",
    "OWNER",
    "PILOT_SAN",
    "PLATFORM_METADATA",
    "POD_PORTS",
    "PROXY_CONFIG",
    "REQUESTED_NETWORK_VIEW",
    "SERVICE_ACCOUNT",
    "STATIC_LABELS",
    "STS_PORT",
    "TLS_CLIENT_CERT_CHAIN",
    "TLS_CLIENT_KEY",
    "TLS_CLIENT_ROOT_CERT",
    "TLS_SERVER_CERT_CHAIN",
    "TLS_SERVER_KEY",
    "TLS_SERVER_ROOT_CERT",
    "UNPRIVILEGED_POD",
    "WORKLOAD_ENTRY",
    "WORKLOAD_IDENTITY_SOCKET_FILE",
    "WORKLOAD_NAME",
];

/// What only istiod reads (`pilot/pkg/features`, `pilot/pkg/bootstrap`).
const ISTIOD: &[&str] = &[
    "BLOCKED_CIDRS_IN_JWKS_URIS",
    "CITADEL_ENABLE_JITTER_FOR_ROOT_CERT_ROTATOR",
    "CITADEL_SELF_SIGNED_CA_CERT_TTL",
    "CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE",
    "CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL",
    "CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE",
    "DEFAULT_WORKLOAD_CERT_TTL",
    "ENABLE_CA_SERVER",
    "ENABLE_DEBUG_ON_HTTP",
    "ENABLE_MCS_AUTO_EXPORT",
    "ENABLE_MCS_CLUSTER_LOCAL",
    "ENABLE_MCS_HOST",
    "ENABLE_MCS_SERVICE_DISCOVERY",
    "ENABLE_MULTICLUSTER_HEADLESS",
    "ENABLE_TLS_ON_SIDECAR_INGRESS",
    "EXTERNAL_CA",
    "EXTERNAL_ISTIOD",
    "INJECTION_WEBHOOK_CONFIG_NAME",
    "INJECT_ENABLED",
    "ISTIOD_CUSTOM_HOST",
    "ISTIO_MULTIROOT_MESH",
    "ISTIO_WATCH_NAMESPACE",
    "ISTIO_WORKLOAD_ENTRY_VALIDATE_IDENTITY",
    "LOCAL_CLUSTER_SECRET_WATCHER",
    "MAX_WORKLOAD_CERT_TTL",
    "PILOT_AGENT_MERGE_ENVOY_STATS",
    "PILOT_ALLOW_ANY_DYNAMIC_DNS_MAX_HOSTS",
    "PILOT_ALLOW_SIDECAR_SERVICE_INBOUND_LISTENER_MERGE",
    "PILOT_ANALYSIS_INTERVAL",
    "PILOT_AUTO_ALLOW_WAYPOINT_POLICY",
    "PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS",
    "PILOT_CA_CERT_CONFIGMAP",
    "PILOT_CONVERT_SIDECAR_SCOPE_CONCURRENCY",
    "PILOT_CRL_CONFIGMAP",
    "PILOT_DEBOUNCE_AFTER",
    "PILOT_DEBOUNCE_MAX",
    "PILOT_DISABLE_MX_ALPN",
    "PILOT_DNS_CARES_UDP_MAX_QUERIES",
    "PILOT_DNS_JITTER_DURATION",
    "PILOT_DRAINING_LABEL",
    "PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN",
    "PILOT_ENABLE_AGENTGATEWAY",
    "PILOT_ENABLE_ALPN_FILTER",
    "PILOT_ENABLE_AMBIENT",
    "PILOT_ENABLE_AMBIENT_WAYPOINTS",
    "PILOT_ENABLE_ANALYSIS",
    "PILOT_ENABLE_CA_CRL",
    "PILOT_ENABLE_CDS_CACHE",
    "PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY",
    "PILOT_ENABLE_EDS_DEBOUNCE",
    "PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES",
    "PILOT_ENABLE_GATEWAY_API",
    "PILOT_ENABLE_GATEWAY_API_COPY_LABELS_ANNOTATIONS",
    "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER",
    "PILOT_ENABLE_GATEWAY_API_GATEWAYCLASS_CONTROLLER",
    "PILOT_ENABLE_GATEWAY_API_STATUS",
    "PILOT_ENABLE_HEADLESS_FILTER_CHAIN_LISTENER",
    "PILOT_ENABLE_IP_AUTOALLOCATE",
    "PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES",
    "PILOT_ENABLE_METADATA_EXCHANGE",
    "PILOT_ENABLE_MONGO_FILTER",
    "PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS",
    "PILOT_ENABLE_MYSQL_FILTER",
    "PILOT_ENABLE_NODE_UNTAINT_CONTROLLERS",
    "PILOT_ENABLE_PERSISTENT_SESSION_FILTER",
    "PILOT_ENABLE_QUIC_LISTENERS",
    "PILOT_ENABLE_RDS_CACHE",
    "PILOT_ENABLE_REDIS_FILTER",
    "PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER",
    "PILOT_ENABLE_ROUTE_COLLAPSE_OPTIMIZATION",
    "PILOT_ENABLE_SENDING_HBONE",
    "PILOT_ENABLE_SERVICEENTRY_SELECT_PODS",
    "PILOT_ENABLE_SIDECAR_LISTENING_HBONE",
    "PILOT_ENABLE_STRICT_GATEWAY_MERGING",
    "PILOT_ENABLE_TELEMETRY_LABEL",
    "PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION",
    "PILOT_ENABLE_WORKLOAD_ENTRY_HEALTHCHECKS",
    "PILOT_ENABLE_XDS_CACHE",
    "PILOT_ENABLE_XDS_IDENTITY_CHECK",
    "PILOT_ENDPOINT_TELEMETRY_LABEL",
    "PILOT_ENVOY_FILTER_STATS",
    "PILOT_FILTER_GATEWAY_CLUSTER_CONFIG",
    "PILOT_GATEWAY_API_CONTROLLER_NAME",
    "PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME",
    "PILOT_GATEWAY_TRANSPORT_SOCKET_CONNECT_TIMEOUT",
    "PILOT_HBONE_INITIAL_CONNECTION_WINDOW_SIZE",
    "PILOT_HBONE_INITIAL_STREAM_WINDOW_SIZE",
    "PILOT_HTTP10",
    "PILOT_IGNORE_RESOURCES",
    "PILOT_INCLUDE_RESOURCES",
    "PILOT_INSECURE_MULTICLUSTER_KUBECONFIG_OPTIONS",
    "PILOT_IP_AUTOALLOCATE_IPV4_PREFIX",
    "PILOT_IP_AUTOALLOCATE_IPV6_PREFIX",
    "PILOT_JWT_ENABLE_REMOTE_JWKS",
    "PILOT_JWT_PUB_KEY_REFRESH_INTERVAL",
    "PILOT_MAX_REQUESTS_PER_SECOND",
    "PILOT_MULTICLUSTER_KUBECONFIG_PATH",
    "PILOT_MULTI_NETWORK_DISCOVER_GATEWAY_API",
    "PILOT_MX_ADDITIONAL_LABELS",
    "PILOT_NODE_UNTAINT_CONTROLLERS_TAINT_NAME",
    "PILOT_PERSISTENT_SESSION_HEADER_LABEL",
    "PILOT_PERSISTENT_SESSION_LABEL",
    "PILOT_PREFER_SENDING_HBONE",
    "PILOT_PUSH_THROTTLE",
    "PILOT_REMOTE_CLUSTER_TIMEOUT",
    "PILOT_SCOPE_GATEWAY_TO_NAMESPACE",
    "PILOT_SEND_UNHEALTHY_ENDPOINTS",
    "PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE",
    "PILOT_SIDECAR_USE_REMOTE_ADDRESS",
    "PILOT_SKIP_VALIDATE_TRUST_DOMAIN",
    "PILOT_STATUS_MAX_WORKERS",
    "PILOT_TRACE_SAMPLING",
    "PILOT_UNIFIED_SIDECAR_SCOPE",
    "PILOT_WORKLOAD_ENTRY_GRACE_PERIOD",
    "PILOT_XDS_CACHE_INDEX_CLEAR_INTERVAL",
    "PILOT_XDS_CACHE_SIZE",
    "PILOT_XDS_CACHE_STATS",
    "RESOLVE_HOSTNAME_GATEWAYS",
    "SHARED_MESH_CONFIG",
    "TOKEN_ISSUER",
    "UNSAFE_ENABLE_ADMIN_ENDPOINTS",
    "VALIDATION_WEBHOOK_CONFIG_NAME",
];

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
