use crate::diag::Code;

macro_rules! pages {
    ($($slug:literal)*) => {
        /// What is to be known about a code, as Markdown. Its examples are run as tests: blocks `kdl fail` must be
        /// found by the code, blocks `kdl pass` by none. Blocks without the word `whole` stand in a namespace of
        /// a mesh with a network `kube`, a network `vm` of 10.10.0.0/24 and a cluster with a gateway. A block such as
        /// `csv vms.csv` is a file beside.
        pub fn page(code: &Code) -> Option<&'static str> {
            match code.slug {
                $($slug => Some(include_str!(concat!($slug, ".md"))),)*
                _ => None,
            }
        }
    };
}

pages! {
    "address-conflict" "audit-unseen" "authz-bad-value" "authz-unknown-key" "conflict" "cors-open"
    "deny-shadows-allow" "dns-loop" "dry-run-open" "duplicate" "eject-never" "empty-allow-policy"
    "exclude-ineffective" "failover-invalid" "forward-in-mesh" "gateway-address-shared" "gateway-missing"
    "gateway-port-reserved" "h2-upgrade-conflict" "hash-without-requests" "header-reserved" "host-in-cluster"
    "host-without-port" "http-on-tcp" "identity-without-mtls" "inbound-port-uncaptured" "include-cycle"
    "inject-annotation-on-vm" "inventory-damaged" "ip-family-mismatch" "ipv6-bypass" "istiod-unreachable"
    "jwt-missing" "jwt-without-keys" "lb-oneof" "locality-shares" "match-never" "memory-too-small" "mirror-self"
    "missing" "name-invalid" "named-targetport" "near-without-eject" "needs-envoy" "no-endpoints" "no-probe"
    "oversize-name" "parameter-unset" "parameter-unused" "permissive-open-port" "port-conflict" "port-missing"
    "port-stands-alone" "portlevel-needs-selector" "principal-nonexistent" "probe-grpc-rejected"
    "regex-unusable" "reserved-app-port" "reserved-metadata" "resolution-mismatch" "rewrite-without-prefix"
    "route-gap" "route-misfit" "route-unreachable" "selector-missed" "selects-pods" "share-zero"
    "ssh-capturable" "subset-empty" "syntax" "timeout-order" "tls-name-unchecked" "tls-twice"
    "trust-domain-mismatch" "udp-unproxied" "unconditional-rule" "unexpected-argument" "unknown-env"
    "unknown-node" "unknown-parameter" "unknown-place" "unknown-property" "unknown-reference" "unreadable-file"
    "unsupported-release" "vip-collision" "vip-range-not-captured" "virtual-range-overlap" "warm-up-ineffective"
    "weight-missing" "weight-sum" "wrong-type"
}
