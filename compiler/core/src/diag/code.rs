//! All codes of the compiler, in one table. A code never changes its meaning and is never given away again.
//!
//! Areas: L language, G gateway, V virtual machine, I identity, D names, C capture and network, T traffic,
//! S security, O telemetry, K Kubernetes.

use super::Severity;

/// One kind of mistake.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Such as `MC-C007`.
    pub id: &'static str,
    /// The same for people: `reserved-app-port`.
    pub slug: &'static str,
    /// How bad it is unless the place says otherwise.
    pub severity: Severity,
    /// What it is about, as a sentence.
    pub about: &'static str,
}

macro_rules! codes {
    ($($name:ident $id:literal $slug:literal $severity:ident $about:literal;)*) => {
        $(#[doc = $about] pub static $name: Code =
            Code { id: $id, slug: $slug, severity: Severity::$severity, about: $about };)*

        /// Every code, in the order of the table.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    SYNTAX "MC-L001" "syntax" Error "The text breaks the rules of KDL, YAML or JSON.";
    UNKNOWN_NODE "MC-L002" "unknown-node" Error "The language has no such node at this place.";
    UNKNOWN_PROPERTY "MC-L003" "unknown-property" Error "The node has no such property.";
    WRONG_TYPE "MC-L004" "wrong-type" Error "A value is not of the kind that its place asks for.";
    MISSING "MC-L005" "missing" Error "Something that the node needs is not there.";
    DUPLICATE "MC-L006" "duplicate" Error "Two things share one name, or one thing is said twice.";
    UNKNOWN_REFERENCE "MC-L007" "unknown-reference" Error "A name leads to nothing.";
    TOO_MANY "MC-L008" "unexpected-argument" Error "The node does not take this value or these children.";
    UNREADABLE "MC-L009" "unreadable-file" Error "A file cannot be read.";
    CONFLICT "MC-L010" "conflict" Error "Two settings exclude each other.";
    INCLUDE_CYCLE "MC-L011" "include-cycle" Error "A file includes itself.";
    UNKNOWN_PARAMETER "MC-L012" "unknown-parameter" Error "There is no such parameter or profile.";
    PARAMETER_UNSET "MC-L013" "parameter-unset" Error "A parameter has no value.";
    PARAMETER_UNUSED "MC-L014" "parameter-unused" Warning "A parameter is declared and used nowhere.";
    INVENTORY "MC-L015" "inventory-damaged" Error "An inventory is no table of machines.";
    RAW_OBJECT "MC-L016" "raw-object" Error "A file of Kubernetes objects holds something else.";
    OBJECT_TWICE "MC-L017" "object-twice" Error "An object is written by hand, and again elsewhere.";
    TEMPLATE "MC-L018" "template-unusable" Error "A template cannot be filled in.";
    FILE_PLACE "MC-L019" "file-place" Error "A file of yours cannot lie where it is to.";
    ALLOW_UNUSED "MC-L021" "allow-unused" Warning "An `allow` silences nothing.";
    LEVEL_REFUSED "MC-L022" "level-refused" Error "An error is allowed that nothing can be built in spite of.";

    EXPECTATION_FAILED "MC-L020" "expectation-failed" Error "The mesh does not do what the spec expects of it.";
    GATEWAY_15443 "MC-G001" "gateway-missing-15443" Error
        "Machines of another network reach istiod and no service.";
    GATEWAY_DUPLICATE "MC-G002" "gateway-duplicate-host" Error "Two gateways serve one host on one port.";
    GATEWAY_NOT_INSTALLED "MC-G004" "gateway-not-installed" Error "A Gateway is put on pods that are not there.";
    GATEWAY_PORT_UNLISTED "MC-G005" "gateway-port-not-on-service" Warning
        "The Service of a gateway does not list a port that it serves.";
    GATEWAY_NETWORK "MC-G006" "gateway-no-network-label" Error
        "istiod does not take the Service of a gateway for one between networks.";
    GATEWAY_NO_TLS "MC-G007" "gateway-no-tls-block" Error "A server for TLS says nothing of TLS.";
    GATEWAY_PORT "MC-G003" "gateway-port-reserved" Error "The gateway itself uses the port for something else.";
    GATEWAY_MISSING "MC-G008" "gateway-missing" Error
        "No gateway leads to pods that are called from another network.";
    GATEWAY_SHARED "MC-G009" "gateway-address-shared" Error "Two gateways would be dialled at one address.";
    HOST_UNSERVED "MC-G010" "host-not-on-gateway" Warning
        "A host of a VirtualService is served by no gateway that it is put on.";
    CREDENTIAL_BROKEN "MC-G011" "credential-broken" Error
        "The Secret of a gateway holds no certificate with its key.";
    CERTIFICATE_SHARED "MC-G012" "certificate-shared" Warning "Two gateways show one certificate.";
    CONFIG_PATH "MC-V001" "agent-config-path" Error "The agent does not read its configuration where it lies.";
    METADATA_NOT_STRING "MC-V002" "proxymetadata-not-string" Error "A variable of the proxy is no text.";
    ENV_NOT_LOADED "MC-V003" "env-not-loaded" Error "A unit starts the agent without its variables or its capture.";
    PROXY_USER "MC-V004" "proxy-runs-as-root" Error
        "The proxy runs as a user whose traffic is captured, or the application as the proxy's.";
    ISTIOD_ENV "MC-V005" "control-plane-env-on-vm" Warning "A variable of istiod is set on a machine.";
    UNKNOWN_ENV "MC-V006" "unknown-env" Warning "A variable of the proxy has no effect on a machine.";
    ARTIFACT_MISSING "MC-V007" "artifact-missing" Error "A program is taken from where it is not.";
    DOUBLE_REGISTRATION "MC-V008" "double-registration" Error
        "A machine registers itself and is registered by hand as well.";
    CONFIGURE_FLAGS "MC-V009" "configure-flags" Error "A command of istioctl cannot run as it is written.";
    WORKLOAD_NAME "MC-V011" "workload-name-mismatch" Warning "A machine is called something else than those who look for it say.";
    MESH_ID "MC-V012" "mesh-id-mismatch" Warning "A machine belongs to another mesh than the cluster.";
    UNIT_ORDERING "MC-V014" "unit-ordering" Warning "A unit starts too early, or is written where nothing is.";
    ENV_BROKEN "MC-V023" "env-line-broken" Error "A line of an env file does not set what it shows.";
    INJECT_ANNOTATION "MC-V010" "inject-annotation-on-vm" Warning
        "An annotation for the injection of sidecars stands on machines.";
    PROBE_OVERLAP "MC-V024" "probe-overlap" Warning "A probe may take longer than the time to the next one.";
    RELEASE_ENDED "MC-V013" "unsupported-release" Warning "Nobody repairs this release of Istio, or nobody knows it.";
    PROBE_GRPC "MC-V015" "probe-grpc-rejected" Error "istiod refuses probes by gRPC for machines.";
    NO_PROBE "MC-V016" "no-probe" Warning "A group without a probe keeps a dead VM in rotation.";
    NEEDS_ENVOY "MC-V017" "needs-envoy" Error
        "A group asks for something that only Istio's own agent can do.";
    RESERVED_METADATA "MC-V018" "reserved-metadata" Error
        "A variable of the proxy says what the spec says elsewhere.";
    ISTIOD_UNREACHABLE "MC-V020" "istiod-unreachable" Warning
        "Machines with Istio's own agent do not find istiod.";
    MEMORY_SMALL "MC-V021" "memory-too-small" Error "What carries the traffic has less memory than it needs.";
    HEADLESS_MACHINES "MC-V022" "headless-machines" Warning
        "Pods do not find the machines behind a headless service.";
    SELECTS_PODS "MC-V019" "selects-pods" Error
        "A service on another's machines would find the other's pods as well.";
    TOKEN_AUDIENCE "MC-I001" "token-audience" Error "A token is not for istiod.";
    SAN_MISMATCH "MC-I002" "san-mismatch-ip" Error "istiod is dialled by an address that its certificate does not name.";
    TOKEN_VOLATILE "MC-I003" "volatile-token" Error "After a restart the machine has nothing to prove itself with.";
    TOKEN_UNREADABLE "MC-I004" "token-unreadable" Error "The agent cannot read its token.";
    TTL_RANGE "MC-I006" "ttl-out-of-range" Error "A certificate is asked for that istiod does not give.";
    ACCOUNT_MISMATCH "MC-I007" "sa-namespace" Error "A machine's account or namespace is not that of its group.";
    VIP_CLAIM "MC-D001" "vip-claim-wrong" Warning
        "A virtual address is taken for that of a service of Kubernetes.";
    VIP_UNCAPTURED "MC-D002" "vip-range-not-captured" Error "What a name of the mesh resolves to is not captured.";
    VIP_COLLISION "MC-D003" "vip-collision" Error "Two hosts have the same address.";
    AUTO_ALLOCATE "MC-D004" "dns-auto-allocate-legacy" Warning "istiod allocates addresses by itself.";
    DNS_LOOP "MC-D005" "dns-loop" Error
        "Queries would go in circles between meshd and a forwarder on the same machine.";
    RESOLVE_BYPASS "MC-D006" "nss-resolve-bypass" Warning "Names are asked where no packet can be captured.";
    BOOTSTRAP_CYCLE "MC-D007" "dns-bootstrap-cycle" Error "istiod is found only by those who have found it.";
    RANGE_OVERLAP "MC-D008" "virtual-range-overlap" Error
        "The range of virtual addresses overlaps a network of real machines.";
    FORWARD_MESH "MC-D009" "forward-in-mesh" Error "A forwarded domain would take away names of the mesh.";
    HOST_IN_CLUSTER "MC-D010" "host-in-cluster" Error "A host of its own carries a name of Kubernetes.";
    NAME_UNKNOWN "MC-D011" "name-unknown" Error "A name that is called leads to nothing in the mesh.";
    DNS_HALF "MC-D012" "dns-capture-half" Error "Names are captured by one half of the agent only.";
    ACCOUNT_MISSING "MC-I005" "sa-missing-on-entry" Error "A machine of the mesh has no account.";
    SSH_CAPTURABLE "MC-C001" "ssh-capturable" Error "SSH would be captured: the machine locks its operator out.";
    EXCLUDE_INEFFECTIVE "MC-C002" "exclude-ineffective" Warning
        "Something is excluded from what is not captured, or added to what is captured anyway.";
    INBOUND_UNCAPTURED "MC-C003" "inbound-port-uncaptured" Error
        "A port of a service is not captured: nothing of the mesh holds there.";
    IPV6_BYPASS "MC-C004" "ipv6-bypass" Error "IPv6 is not captured and goes round the mesh.";
    FIREWALL_AFTER_NAT "MC-C005" "firewall-after-nat" Warning "A firewall opens ports that no packet is to.";
    PLAINTEXT_XDS "MC-C006" "plaintext-xds-exposed" Error "istiod is asked where nobody proves who he is, or at another's port.";
    RESERVED_PORT "MC-C007" "reserved-app-port" Error "The mesh itself uses the port on every VM.";
    NETWORK_DIRECT "MC-C008" "vm-network-no-gateway" Warning
        "Machines are dialled directly, and nothing says that there is a way.";
    NETWORK_EMPTY "MC-C009" "network-empty" Error "A machine does not say in which network it is.";
    ENTRY_UNSELECTABLE "MC-C010" "we-fqdn-not-selectable" Error
        "A Service selects a machine that is named, not addressed.";
    ADDRESS_CONFLICT "MC-C011" "address-conflict" Error
        "An address is given twice, or lies outside its network.";
    PORT_CONFLICT "MC-C012" "port-conflict" Error "Two ports of one machine are the same.";
    DESTINATION_CLOSED "MC-C013" "destination-closed" Error
        "A connection goes to what the mesh does not know, and is closed.";
    MESH_BYPASSED "MC-C014" "mesh-bypassed" Error
        "A connection goes past the mesh to an address that only the mesh knows.";
    MESH_PORT_CAPTURED "MC-C015" "mesh-port-captured" Warning "What the agent itself serves is captured.";
    NETWORK_OVERLAP "MC-C016" "network-overlap" Warning
        "Addresses of machines that are dialled directly mean others elsewhere.";
    LB_ONEOF "MC-T001" "lb-oneof" Error
        "A `balance` says several ways to choose a workload, or nothing to hash.";
    OUTLIER_NESTING "MC-T002" "outlier-nesting" Error "A field stands where another place has it.";
    FIELD_NAME "MC-T003" "field-name" Error "An object has no field of this name.";
    OUTLIER_DEPRECATED "MC-T004" "outlier-deprecated" Warning
        "Failures are counted by a field that Istio has given up.";
    LB_DEPRECATED "MC-T005" "lb-deprecated" Warning
        "Workloads are chosen in a way that Istio has renamed.";
    FIELD_DEPRECATED "MC-T045" "field-deprecated" Warning "A field is given up, and another does its work.";
    SUBSET_UNUSED "MC-T046" "subset-unused" Warning "What a version of a service says holds for nobody.";
    HOST_TWICE "MC-T047" "host-routed-twice" Error
        "Two VirtualServices route one host within the mesh, and one of them is dropped.";
    SELECTED_TWICE "MC-T048" "selected-twice" Error
        "Two objects of which one counts are for the same workloads.";
    SERVICES_DISAGREE "MC-T049" "services-disagree" Warning
        "Two Services say different protocols of one port of a workload.";
    ENTRY_PROTOCOLS "MC-T050" "entry-protocol-conflict" Warning
        "Two ServiceEntries say different protocols of one port of a host.";
    ENTRY_UNADDRESSED "MC-T051" "entry-without-address" Warning
        "A ServiceEntry takes every connection to a port, whoever it is to.";
    PATCH_IGNORED "MC-T052" "patch-ignored" Error
        "An EnvoyFilter asks for an operation that istiod does not do there.";
    SUBSET_EMPTY "MC-T006" "subset-empty" Error "A subset selects no pod and no VM.";
    RULE_SPLIT "MC-T007" "dr-split" Warning "Two DestinationRules are for one host.";
    H2_CONFLICT "MC-T008" "h2-upgrade-conflict" Warning
        "A setting of HTTP/2 is undone by another, or stands where none is spoken.";
    PORT_UNDECLARED "MC-T009" "port-missing" Error "A port is used that nobody declares.";
    NAMED_TARGET "MC-T010" "named-targetport" Error
        "A port leads to a port of the workload by a name that machines do not have.";
    PORT_NAMING "MC-T012" "port-naming" Warning "The protocol of a port is not said.";
    EXTERNAL_IN_MESH "MC-T013" "mesh-external-mtls" Error
        "A machine of the mesh is called as if it lay outside.";
    NO_ENDPOINTS "MC-T014" "no-endpoints" Error "A service has neither pods nor VMs nor endpoints.";
    NEAR_WITHOUT_EJECT "MC-T015" "near-without-eject" Warning
        "Nearer places are preferred, but nothing says when they are given up.";
    WEIGHT_MIXED "MC-T016" "weight-missing" Warning "Some VMs of a service have a weight and others have none.";
    SELECTOR_MISSED "MC-T017" "selector-missed" Error "A label keeps the machine out of its own service.";
    ROUTE_WEIGHTS "MC-T011" "weight-sum" Error "The shares of a route do not say who gets how much.";
    ROUTE_UNREACHABLE "MC-T018" "route-unreachable" Warning
        "An earlier route takes everything that this one would.";
    ROUTE_GAP "MC-T019" "route-gap" Warning "Requests that no route takes are answered with 404.";
    ROUTE_MISFIT "MC-T020" "route-misfit" Error
        "A route asks or does what the protocol of its port does not have.";
    MATCH_NEVER "MC-T021" "match-never" Error "No request can meet all conditions of a match.";
    REGEX_UNUSABLE "MC-T022" "regex-unusable" Error "An expression is none that all proxies take.";
    TIMEOUT_ORDER "MC-T023" "timeout-order" Warning "One try may take longer than the whole request.";
    HEADER_RESERVED "MC-T024" "header-reserved" Error "A header that belongs to the proxies, or a value that breaks one.";
    REWRITE_WITHOUT_PREFIX "MC-T025" "rewrite-without-prefix" Error
        "A path is rewritten by its beginning, and nothing says how it begins.";
    MIRROR_SELF "MC-T026" "mirror-self" Warning "Copies go where the requests go anyway.";
    SHARE_ZERO "MC-T027" "share-zero" Warning "A share of nothing does nothing.";
    CORS_OPEN "MC-T028" "cors-open" Error "Pages of every origin may use the cookies of a user.";
    HASH_WITHOUT_REQUESTS "MC-T030" "hash-without-requests" Error
        "A service that knows no requests is balanced by a part of requests.";
    WARM_UP_INEFFECTIVE "MC-T031" "warm-up-ineffective" Warning
        "New workloads are to warm up, and the way of balancing cannot do it.";
    LOCALITY_SHARES "MC-T032" "locality-shares" Error
        "The shares that places get are not 100% together, or a place is named twice.";
    FAILOVER_INVALID "MC-T033" "failover-invalid" Error "What takes over for a region is no other region.";
    UNKNOWN_PLACE "MC-T034" "unknown-place" Warning "A rule about places names one where nothing stands.";
    EJECT_NEVER "MC-T035" "eject-never" Warning "Workloads that fail are to be left out, and none ever is.";
    PORT_STANDS_ALONE "MC-T036" "port-stands-alone" Warning
        "A port has settings of its own, so that it loses some of the service's.";
    RESOLUTION "MC-T037" "resolution-mismatch" Error "An external service cannot be found the way that is said.";
    TLS_TWICE "MC-T038" "tls-twice" Error
        "TLS begins at the proxy on a port where the application speaks it already.";
    TLS_NAME "MC-T039" "tls-name-unchecked" Warning "A server outside may show a certificate of anybody's.";
    UDP_UNPROXIED "MC-T040" "udp-unproxied" Warning
        "A port for datagrams has settings that only proxies keep.";
    PORT_UNREAD "MC-T041" "port-setting-unread" Warning
        "A port of bytes says something that Envoy reads from the whole service.";
    SNI_OVERLAP "MC-T042" "sni-overlap" Error "A route for names takes in the host of a service.";
    EGRESS_UNABLE "MC-T044" "egress-unable" Error
        "A service is to leave by an egress gateway that could not send it on.";
    CLUSTER_MISSING "MC-T043" "cluster-missing" Error "A route leads to what its caller does not know.";
    AUTHZ_UNKNOWN_KEY "MC-S001" "authz-unknown-key" Error
        "A rule asks for an attribute that Istio does not know.";
    PRINCIPAL_NONEXISTENT "MC-S002" "principal-nonexistent" Error "A rule allows somebody who does not exist.";
    HTTP_ON_TCP "MC-S003" "http-on-tcp" Error "A condition on requests stands on a port that knows no requests.";
    PORTLEVEL_SELECTOR "MC-S004" "portlevel-needs-selector" Error
        "Mutual TLS is set for a port that the workload does not listen on.";
    PERMISSIVE_OPEN "MC-S005" "permissive-open-port" Warning "A port takes plaintext, and from everybody.";
    PORT_NOBODY "MC-S006" "empty-allow-policy" Warning "No rule of the service allows anything on this port.";
    TRUST_DOMAIN_MISMATCH "MC-S007" "trust-domain-mismatch" Error
        "A rule names an identity of a trust domain that the mesh does not have.";
    AUTHZ_BAD_VALUE "MC-S009" "authz-bad-value" Error
        "A condition compares with what its attribute can never be.";
    DENY_SHADOWS_ALLOW "MC-S010" "deny-shadows-allow" Warning
        "A `deny` refuses all that an `allow` lets in.";
    UNCONDITIONAL_RULE "MC-S011" "unconditional-rule" Warning
        "A rule asks nothing: it lets everybody in, or nobody.";
    JWT_MISSING "MC-S012" "jwt-missing" Error
        "A rule asks for a token that nothing verifies.";
    IP_FAMILY "MC-S013" "ip-family-mismatch" Warning
        "A rule names addresses of a family that its callers never have.";
    HOST_WITHOUT_PORT "MC-S014" "host-without-port" Warning
        "A rule names a host without the port that clients write behind it.";
    DRY_RUN_OPEN "MC-S015" "dry-run-open" Warning
        "Every `allow` is a dry run: everybody may call.";
    AUDIT_UNSEEN "MC-S016" "audit-unseen" Warning
        "Calls are noted, and nobody writes the notes down.";
    IDENTITY_WITHOUT_MTLS "MC-S017" "identity-without-mtls" Error
        "A rule asks who calls, where callers have no identity.";
    ACCOUNT_UNUSED "MC-S022" "account-unused" Warning "An account of callers may call nothing.";
    ROUTE_REFUSED "MC-S023" "route-refused" Warning
        "A route leads callers to a service that refuses them.";
    TOKEN_OPTIONAL "MC-S024" "token-optional" Warning
        "Tokens are verified, and requests without one pass.";
    CLAIMS_UNVERIFIED "MC-S025" "claims-unverified" Error
        "A gateway routes by claims of tokens that it does not verify.";
    JWT_WITHOUT_KEYS "MC-S018" "jwt-without-keys" Warning
        "VMs are to verify tokens, and have no keys for it.";
    MTLS_MISMATCH "MC-S019" "mtls-mismatch" Error
        "The two ends of a connection do not agree on mutual TLS.";
    ACCESS_REFUSED "MC-S020" "access-refused" Error "A policy of the workload refuses a call.";
    TOKEN_REFUSED "MC-S021" "token-refused" Error "The token of a request is not taken.";
    CLUSTER_CREDENTIALS "MC-S008" "cluster-creds-on-vm" Error "A machine holds the keys of the cluster.";
    STAT_MISSING "MC-O004" "stat-not-emitted" Warning "A statistic is asked for that the proxy does not keep.";
    MONITOR_BLIND "MC-O001" "servicemonitor-blind" Error "Prometheus does not see machines.";
    SCRAPE_PORT "MC-O002" "scrape-port-path" Error "Metrics of the proxy are asked of the application.";
    SCRAPE_STRICT "MC-O003" "scrape-vs-strict" Warning
        "Prometheus comes in plaintext to a port that takes mutual TLS only.";
    TRACING_UNSET "MC-O005" "tracing-unset" Warning
        "Traces are set up, and nobody receives them.";
    WATCH_WITHOUT_METRICS "MC-O006" "watch-without-metrics" Warning
        "Dashboards or alerts look at metrics that no Prometheus is told of.";
    EXPRESSION_UNUSABLE "MC-O007" "expression-unusable" Error
        "An expression of attributes is none that all proxies know.";
    LOG_PROVIDER "MC-O008" "log-provider-unset" Warning
        "Access logs are asked for, and no provider writes them.";
    FORMAT_UNUSABLE "MC-O009" "format-unusable" Error
        "A format of the access log asks for what proxies do not know.";
    NAME_OVERSIZE "MC-K001" "oversize-name" Error "A name is longer than Kubernetes or Helm take it.";
    UNKNOWN_KIND "MC-K004" "unknown-kind" Error "Istio has no such kind, or not in this version.";
    SELECTOR_UNMATCHED "MC-K005" "selector-unmatched" Warning "An object is for workloads that are not there.";
    ANNOTATION_UNKNOWN "MC-K006" "annotation-unknown" Warning "Istio has no annotation of this name.";
    ANNOTATION_MISPLACED "MC-K007" "annotation-misplaced" Warning
        "An annotation of Istio stands where nobody reads it.";
    ANNOTATION_INVALID "MC-K008" "annotation-invalid" Error
        "An annotation of Istio holds what cannot be read: pods with it are refused.";
    INJECTION_LABELS "MC-K009" "injection-labels" Warning
        "The labels of a namespace do not say which proxy is injected into it.";
    IMAGE_AUTO "MC-K010" "image-auto" Error
        "`image: auto` stands where nothing is injected.";
    NAME_INVALID "MC-K002" "name-invalid" Error "Kubernetes does not take this name or label.";
    GROUP_CASCADE "MC-K003" "group-delete-cascade" Warning
        "With a WorkloadGroup go all machines that registered with it.";
}

/// What codes of one letter are about.
#[derive(Debug, PartialEq, Eq)]
pub struct Area {
    /// Behind `MC-`.
    pub letter: char,
    /// What it is.
    pub about: &'static str,
}

const fn area(letter: char, about: &'static str) -> Area {
    Area { letter, about }
}

/// All areas, in the order of the table.
pub static AREAS: &[Area] = &[
    area('L', "the language"),
    area('G', "gateways"),
    area('V', "machines"),
    area('I', "identity"),
    area('D', "names"),
    area('C', "capture and networks"),
    area('T', "traffic"),
    area('S', "security"),
    area('O', "telemetry"),
    area('K', "Kubernetes"),
];

/// Errors in spite of which a mesh can be built: what they find works otherwise than one thinks, or not yet.
static YIELDING: &[&Code] = &[
    &GATEWAY_MISSING,
    &GATEWAY_SHARED,
    &MEMORY_SMALL,
    &VIP_UNCAPTURED,
    &DNS_LOOP,
    &RANGE_OVERLAP,
    &FORWARD_MESH,
    &SSH_CAPTURABLE,
    &INBOUND_UNCAPTURED,
    &IPV6_BYPASS,
    &ADDRESS_CONFLICT,
    &SUBSET_EMPTY,
    &NO_ENDPOINTS,
    &SELECTOR_MISSED,
    &CORS_OPEN,
    &PRINCIPAL_NONEXISTENT,
    &TRUST_DOMAIN_MISMATCH,
    &JWT_MISSING,
];

impl Code {
    /// A spec may allow it, or make a warning of it.
    pub fn yields(&self) -> bool {
        self.severity == Severity::Warning || YIELDING.contains(&self)
    }

    /// What it is about, by its letter.
    pub fn area(&self) -> Option<&'static Area> {
        AREAS.iter().find(|area| self.id[3..].starts_with(area.letter))
    }
}

/// The code with this id, with or without `MC-`, or this slug.
pub fn find(name: &str) -> Option<&'static Code> {
    let is = |code: &Code| {
        let short = code.id.trim_start_matches("MC-");
        code.id.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name) || code.slug == name
    };
    ALL.iter().copied().find(|code| is(code))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_and_slugs_are_unique_and_well_formed() {
        let ids: BTreeSet<_> = ALL.iter().map(|code| code.id).collect();
        let slugs: BTreeSet<_> = ALL.iter().map(|code| code.slug).collect();
        assert_eq!((ids.len(), slugs.len()), (ALL.len(), ALL.len()));
        for id in ids {
            let (area, number) = id.strip_prefix("MC-").unwrap().split_at(1);
            assert!(
                AREAS.iter().any(|known| area.starts_with(known.letter))
                    && number.len() == 3
                    && number.parse::<u16>().is_ok(),
                "{id}"
            );
        }
    }
}
