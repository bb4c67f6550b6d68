use std::collections::BTreeSet;

use super::NAMED;
use crate::diag::{Language, Sink, Sources};
use crate::syntax::{self, Datum};

/// For each limit a value that breaks it and one that does not.
const CASES: &[(&str, &str, &str)] = &[
    ("host", "a b", "a.example"),
    ("host-or-wildcard", "a.*.example", "'*.example'"),
    ("server-host", "a/b/c.example", "shop/*.example"),
    ("namespace-host", "reviews", "./*"),
    ("gateway-name", "a/b/c", "shop/web"),
    ("label", "a_b", "a-b"),
    ("label-keys", "{'a b': c}", "{example.com/a: b_c}"),
    ("export-to", "['*', other]", "['.', other]"),
    (
        "exports-itself",
        "{workloadSelector: {a: b}, exportTo: ['*']}",
        "{workloadSelector: {a: b}, exportTo: ['.']}",
    ),
    ("header", "a b", "x-user"),
    (
        "header-keys",
        "{'a b': {exact: c}}",
        "{'@request.auth.claims.sub': {exact: c}, ':path': {exact: d}}",
    ),
    ("regex", "'a('", "'a(b|c)+'"),
    ("no-twins", "[a, b, a]", "[a, b]"),
    ("hosts-once", "[./a, ./a]", "[./a, ./b]"),
    ("star-alone", "['*/*', 'x/*']", "['*/*']"),
    ("protocol", "HTTP3", "grpc-web"),
    ("port", "http", "'8080'"),
    ("no-target", "{number: 80, targetPort: 8080}", "{number: 80}"),
    (
        "unique-port-names",
        "{servers: [{port: {name: a}}, {port: {name: a}}]}",
        "{servers: [{port: {name: a}}, {port: {name: b}}]}",
    ),
    (
        "bound-port",
        "{port: {number: 0}, bind: 127.0.0.1}",
        "{port: {number: 0}, bind: 'unix:///run/a'}",
    ),
    ("own-endpoint", "'10.0.0.1:80'", "'127.0.0.1:80'"),
    (
        "portless-last",
        "{egress: [{hosts: [a]}, {port: {number: 80}}]}",
        "{egress: [{port: {number: 80}}, {hosts: [a]}]}",
    ),
    (
        "unique-ingress",
        "{ingress: [{port: {number: 80}}, {port: {number: 80}}]}",
        "{ingress: [{port: {number: 80}}, {port: {number: 81}}]}",
    ),
    (
        "egress-proxy",
        "{mode: REGISTRY_ONLY, egressProxy: {host: a, port: {number: 80}}}",
        "{mode: ALLOW_ANY, egressProxy: {host: a, port: {number: 80}}}",
    ),
    ("address-or-range", "10.0.0", "10.0.0.0/8"),
    ("address-or-host", "a b", "a.example"),
    ("endpoint-address", "a b", "'2001:db8::1'"),
    ("tunnel", "GET", "CONNECT"),
    (
        "one-host-of-bytes",
        "{hosts: [a, b], ports: [{protocol: TCP}]}",
        "{hosts: [a, b], ports: [{protocol: TLS}]}",
    ),
    (
        "dynamic-wildcard",
        "{resolution: DYNAMIC_DNS, hosts: [a.example]}",
        "{resolution: DYNAMIC_DNS, hosts: ['*.example']}",
    ),
    (
        "dynamic-bare",
        "{resolution: DYNAMIC_DNS, addresses: [10.0.0.1]}",
        "{resolution: DNS, addresses: [10.0.0.1]}",
    ),
    (
        "dynamic-protocols",
        "{resolution: DYNAMIC_DNS, ports: [{protocol: TCP}]}",
        "{resolution: DYNAMIC_DNS, ports: [{protocol: TLS}]}",
    ),
    (
        "endpoint-ports",
        "{ports: [{name: a}], endpoints: [{ports: {b: 80}}]}",
        "{ports: [{name: a}], endpoints: [{ports: {a: 80}}]}",
    ),
    (
        "none-selects",
        "{resolution: NONE, workloadSelector: {labels: {a: b}}}",
        "{resolution: STATIC, workloadSelector: {labels: {a: b}}}",
    ),
    ("some-field", "{}", "{tls: {mode: SIMPLE}}"),
    (
        "some-setting",
        "{port: {number: 80}}",
        "{port: {number: 80}, tls: {mode: SIMPLE}}",
    ),
    (
        "upgrade-or-client",
        "{h2UpgradePolicy: UPGRADE, useClientProtocol: true}",
        "{h2UpgradePolicy: UPGRADE}",
    ),
    ("prime", "1000", "65537"),
    ("above-zero", "0", "1.5"),
    (
        "local-origin",
        "{consecutiveLocalOriginFailures: 5}",
        "{consecutiveLocalOriginFailures: 5, splitExternalLocalOriginErrors: true}",
    ),
    ("mesh-star", "{hosts: ['*']}", "{hosts: ['*'], gateways: [web]}"),
    (
        "sni-of-hosts",
        "{hosts: [a.example], tls: [{match: [{sniHosts: [b.example]}]}]}",
        "{hosts: ['*.example'], tls: [{match: [{sniHosts: [b.example]}]}]}",
    ),
    ("method", "get", "GET"),
    ("grpc-status", "FOO", "UNAVAILABLE"),
    ("redirect-scheme", "ftp", "https"),
    ("no-exponential", "{exponentialDelay: 5s}", "{fixedDelay: 5s}"),
    ("retries-off", "{attempts: 0, perTryTimeout: 5s}", "{attempts: 0}"),
    ("retry-on", "5xx,foo", "'5xx, 503'"),
    ("own-headers", "[':path']", "[x-a]"),
    ("set-headers", "{':path': /a}", "{':authority': a.example}"),
    ("patch-value", "{operation: ADD}", "{operation: REMOVE}"),
    (
        "patch-match",
        "{applyTo: CLUSTER, match: {listener: {portNumber: 80}}}",
        "{applyTo: CLUSTER, match: {cluster: {name: a}}}",
    ),
    (
        "tls-fits",
        "{port: {protocol: HTTP}, tls: {mode: SIMPLE}}",
        "{port: {protocol: HTTP}, tls: {httpsRedirect: true}}",
    ),
    (
        "sidecar-tls",
        "{tls: {mode: SIMPLE, credentialName: a}}",
        "{tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}}",
    ),
    (
        "mutual-alone",
        "{mode: ISTIO_MUTUAL, credentialName: a}",
        "{mode: ISTIO_MUTUAL}",
    ),
    (
        "one-source",
        "{mode: SIMPLE, credentialName: a, serverCertificate: /c, privateKey: /k}",
        "{mode: SIMPLE, credentialName: a}",
    ),
    (
        "needs-certificate",
        "{mode: SIMPLE, serverCertificate: /c}",
        "{mode: SIMPLE, serverCertificate: /c, privateKey: /k}",
    ),
    (
        "needs-roots",
        "{mode: MUTUAL, serverCertificate: /c, privateKey: /k}",
        "{mode: MUTUAL, credentialName: a}",
    ),
    (
        "crl-alone",
        "{mode: SIMPLE, caCrl: /crl}",
        "{mode: MUTUAL, caCrl: /crl}",
    ),
    (
        "passthrough-bare",
        "{mode: PASSTHROUGH, credentialName: a}",
        "{mode: PASSTHROUGH}",
    ),
    (
        "old-tls",
        "{minProtocolVersion: TLSV1_0}",
        "{minProtocolVersion: TLSV1_0, cipherSuites: [AES128-SHA]}",
    ),
    ("ciphers", "[AES128-SHA, AES128-SHA]", "[AES128-SHA]"),
    (
        "mutual-needs-key",
        "{mode: MUTUAL}",
        "{mode: MUTUAL, clientCertificate: /c, privateKey: /k}",
    ),
    (
        "credential-alone",
        "{credentialName: a, privateKey: /k}",
        "{credentialName: a}",
    ),
    (
        "custom-rules",
        "{action: CUSTOM}",
        "{action: CUSTOM, rules: [{}]}",
    ),
    ("deny-rules", "{action: DENY}", "{action: DENY, rules: [{}]}"),
    (
        "custom-provider",
        "{action: CUSTOM, rules: [{}]}",
        "{action: CUSTOM, rules: [{}], provider: {name: a}}",
    ),
    (
        "provider-custom",
        "{provider: {name: a}}",
        "{action: CUSTOM, provider: {name: a}}",
    ),
    ("some-value", "{paths: []}", "{paths: [/a]}"),
    ("account", "a/b/c", "shop/cart"),
    ("path-template", "'/a/{**}/{*}'", "'/a/{*}/b/{**}'"),
    ("jwks", "hello", "'{\"keys\": []}'"),
];

fn datum(text: &str) -> Datum {
    let file = Sources::default().add("a.yaml", text);
    let mut sink = Sink::default();
    let mut found = syntax::documents(text, Language::Yaml, file, &mut sink);
    assert!(sink.is_empty() && found.len() == 1, "{text}");
    found.remove(0)
}

#[test]
fn limits_are_broken_by_what_breaks_them() {
    for (name, wrong, right) in CASES {
        let limit = NAMED.iter().find(|named| named.name == *name);
        let limit = limit.unwrap_or_else(|| panic!("there is no `{name}`"));
        assert!((limit.breaks)(&datum(wrong)).is_some(), "{name}: {wrong}");
        assert!((limit.breaks)(&datum(right)).is_none(), "{name}: {right}");
    }
    let shown: BTreeSet<_> = CASES.iter().map(|(name, ..)| *name).collect();
    let all: BTreeSet<_> = NAMED.iter().map(|named| named.name).collect();
    assert_eq!(shown, all);
}
