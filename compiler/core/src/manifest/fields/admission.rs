//! What istiod refuses beyond the definitions of its kinds: the limits of `webhook.txt`, by their names.

mod names;
mod network;
mod policy;
mod route;
mod tls;

#[cfg(test)]
mod tests;

use super::limit::Named;
use crate::diag::{Span, code};
use crate::spec::schema::GRPC_CODES;
use crate::syntax::{Datum, Entry};

macro_rules! named {
    ($($name:literal $code:ident $breaks:expr, $message:literal, $help:literal;)*) => {
        /// The limits, by their names.
        pub(super) static NAMED: &[Named] = &[$(Named {
            name: $name,
            code: &code::$code,
            breaks: $breaks,
            message: $message,
            help: $help,
        }),*];
    };
}

named! {
    // Names.
    "host" WRONG_TYPE names::host, "this is no name of a host", "write letters, digits and `-`, with dots between";
    "host-or-wildcard" WRONG_TYPE names::host, "this is no name of a host",
        "write letters, digits and `-`, with dots between; `*` stands at the beginning alone";
    "server-host" WRONG_TYPE names::server_host, "this is no host of a server",
        "write HOST or NAMESPACE/HOST; `*` stands at the beginning of the host alone";
    "namespace-host" WRONG_TYPE names::namespace_host, "a host stands behind its namespace here",
        "write NAMESPACE/HOST, such as `./*`, `istio-system/*` or `shop/cart.shop.svc.cluster.local`";
    "gateway-name" WRONG_TYPE names::gateway, "this is no name of a Gateway", "write NAME or NAMESPACE/NAME";
    "label" WRONG_TYPE names::label, "this is no name of Kubernetes",
        "write letters and digits, and `-` within, 63 at the most";
    "label-keys" NAME_INVALID names::label_keys, "Kubernetes takes no label of this name or value",
        "write letters, digits, `-`, `_` and `.`, 63 at the most";
    "export-to" WRONG_TYPE names::export_to, "this says who sees it in a way that istiod does not take",
        "write namespaces, each once, `.` for the own one, or `*` alone for all";
    "exports-itself" CONFLICT names::exports_itself, "with `workloadSelector` it holds in its own namespace only",
        "write `exportTo: [\".\"]`, or leave it out";
    "header" WRONG_TYPE names::header, "this is no name of a header", "write letters, digits and `-`";
    "header-keys" WRONG_TYPE names::header_keys, "this is no name of a header", "write letters, digits and `-`";
    "regex" REGEX_UNUSABLE names::regex, "this is no expression of RE2", "close its brackets, and leave out what looks around or back";
    "no-twins" DUPLICATE names::twins, "this is there already", "keep one of them";
    "hosts-once" DUPLICATE names::twins, "this host is there already", "keep one of them";
    "star-alone" CONFLICT names::star_alone, "`*/*` is every host: this says nothing more", "keep `*/*`, or the others";
    // Ports, addresses, protocols.
    "protocol" WRONG_TYPE network::protocol, "Istio knows no such protocol",
        "write HTTP, HTTP2, GRPC, GRPC-WEB, HTTPS, TLS, TCP, MONGO, MYSQL or REDIS";
    "port" WRONG_TYPE network::port, "this is no port", "write a number from 1 to 65535";
    "no-target" WRONG_TYPE |datum| key(datum, "targetPort"), "`targetPort` does nothing here", "leave it out";
    "unique-port-names" DUPLICATE network::port_names, "two servers have ports of the same name",
        "give each its own, such as `http-admin`";
    "bound-port" WRONG_TYPE network::bound_port, "port 0 is for a unix socket", "write a port from 1 to 65535, or `bind: unix:///…`";
    "own-endpoint" WRONG_TYPE network::own_endpoint, "traffic goes on to this pod itself",
        "write `127.0.0.1:PORT`, `0.0.0.0:PORT` or `unix:///PATH`";
    "portless-last" CONFLICT network::portless_last, "a listener without `port` takes all that others leave, and comes last",
        "write it at the end, once";
    "unique-ingress" DUPLICATE network::ingress_ports, "two listeners have this port", "keep one of them, or take another port";
    "egress-proxy" CONFLICT network::egress_proxy, "`egressProxy` needs `mode: ALLOW_ANY` and a port",
        "write `mode: ALLOW_ANY`, and `port: {number: …}` beside the host";
    "address-or-range" AUTHZ_BAD_VALUE network::address, "this is neither an address nor a range", "write it as in `10.0.0.0/8`";
    "address-or-host" WRONG_TYPE network::address_or_host, "this is neither an address nor a host", "write a name or an address";
    "endpoint-address" WRONG_TYPE network::endpoint, "this is neither an address nor a host", "write an address, a name, or `unix:///PATH`";
    "tunnel" WRONG_TYPE |datum| not_among(datum, &["CONNECT", "POST"]), "a tunnel is opened by CONNECT or POST", "write CONNECT or POST";
    "one-host-of-bytes" CONFLICT network::one_host, "hosts of bytes cannot be told apart: there is more than one",
        "write a ServiceEntry for each, or `protocol: TLS` or `HTTP`";
    "dynamic-wildcard" RESOLUTION network::dynamic_wildcard, "`DYNAMIC_DNS` is for wildcards", "write `resolution: DNS`, or hosts such as `*.example.com`";
    "dynamic-bare" RESOLUTION network::dynamic_bare, "`DYNAMIC_DNS` looks up what is called: nothing else says where it is",
        "leave `addresses` and `endpoints` out, or write `resolution: DNS`";
    "dynamic-protocols" RESOLUTION network::dynamic_protocols, "`DYNAMIC_DNS` needs the name of the host in the connection",
        "write `protocol: HTTP`, `HTTP2`, `GRPC` or `TLS`";
    "endpoint-ports" UNKNOWN_REFERENCE network::endpoint_ports, "this names a port that `spec.ports` has not",
        "write the name of a port of `spec.ports`";
    "none-selects" RESOLUTION network::none_selects, "`resolution: NONE` goes where the caller wanted: nothing is selected",
        "write `resolution: STATIC`, or leave `workloadSelector` out";
    // Traffic.
    "some-field" MISSING |datum| nothing_in(datum, &[]), "nothing is in it", "write what it is to say, or leave it out";
    "some-setting" MISSING |datum| nothing_in(datum, &["port"]), "nothing is set for the port", "write what is to hold there, or leave it out";
    "upgrade-or-client" H2_CONFLICT route::upgrade, "the client's protocol cannot be kept and upgraded", "keep one of them";
    "prime" WRONG_TYPE route::not_prime, "the table of Maglev needs a prime number", "write a prime, such as 65537";
    "above-zero" WRONG_TYPE |datum| number_that(datum, |number| number <= 0.0), "this has to be more than 0", "write a number above 0, such as 1.0";
    "local-origin" CONFLICT route::local_origin, "failures of the connection itself are counted only if they are told apart",
        "write `splitExternalLocalOriginErrors: true`";
    "mesh-star" WRONG_TYPE route::mesh_star, "within the mesh a host of everything is none", "write hosts, or put it on a gateway: `gateways`";
    "sni-of-hosts" UNKNOWN_REFERENCE route::sni_of_hosts, "this is none of the hosts of the VirtualService", "write it in `hosts` as well, or one of those";
    "method" WRONG_TYPE |datum| not_among(datum, route::METHODS), "this is no method of HTTP", "write it in capitals, such as GET";
    "grpc-status" WRONG_TYPE |datum| not_among(datum, GRPC_CODES), "this is no status of gRPC", "write it as in UNAVAILABLE";
    "redirect-scheme" WRONG_TYPE |datum| not_among(datum, &["http", "https", ""]), "a redirect leads to http or https", "write `http` or `https`";
    "no-exponential" WRONG_TYPE |datum| key(datum, "exponentialDelay"), "Istio does not delay so", "write `fixedDelay`";
    "retries-off" CONFLICT route::retries_off, "`attempts: 0` tries nothing again: this says nothing", "write `attempts: 1` or more, or leave this out";
    "retry-on" WRONG_TYPE route::retry_on, "this is no reason for a retry",
        "write conditions of Envoy with commas between, such as `5xx,connect-failure`, or statuses, such as `503`";
    "own-headers" HEADER_RESERVED route::pseudo, "headers that begin with `:` are the proxy's", "write `rewrite` for the path or the host";
    "set-headers" HEADER_RESERVED route::pseudo_but_authority, "headers that begin with `:` are the proxy's", "write `rewrite` for the path or the host";
    "patch-value" MISSING route::patch_value, "the patch has nothing to put in", "write `value`";
    "patch-match" CONFLICT route::patch_match, "this is matched by something else than it is applied to",
        "write `listener` for listeners and filters, `routeConfiguration` for routes, `cluster` for clusters";
    // TLS.
    "tls-fits" CONFLICT tls::fits, "TLS is for ports of HTTPS and TLS", "write `protocol: HTTPS` or `TLS`, or leave `tls` out";
    "sidecar-tls" CONFLICT tls::of_sidecar, "the listener of a sidecar does not take this",
        "write `mode: SIMPLE` or `MUTUAL` with files for certificate and key";
    "mutual-alone" CONFLICT tls::mutual_alone, "`ISTIO_MUTUAL` takes the certificate of the mesh, and no other", "leave this out, or write `mode: MUTUAL`";
    "one-source" CONFLICT tls::two_sources, "the certificate is said twice", "keep `credentialName`, or the files";
    "needs-certificate" MISSING tls::no_certificate, "nothing says which certificate is shown",
        "write `credentialName`, or `serverCertificate` and `privateKey`";
    "needs-roots" MISSING tls::no_roots, "nothing says whose certificates callers may show", "write `caCertificates`, or `credentialName`";
    "crl-alone" CONFLICT tls::crl, "a list of what is revoked is for `mode: MUTUAL` with files", "leave `caCrl` out";
    "passthrough-bare" CONFLICT tls::passthrough, "TLS is passed through: the gateway shows no certificate", "leave it out, or write `mode: SIMPLE`";
    "old-tls" CONFLICT tls::old, "proxies have no ciphers for this version by themselves", "write `cipherSuites` for it, or `TLSV1_2`";
    "ciphers" WRONG_TYPE tls::ciphers, "proxies know no such cipher, or have it already", "write names of OpenSSL, such as ECDHE-RSA-AES256-GCM-SHA384";
    "mutual-needs-key" MISSING tls::client_key, "`mode: MUTUAL` shows a certificate, and there is none",
        "write `clientCertificate` and `privateKey`, or `credentialName`";
    "credential-alone" CONFLICT tls::credential_alone, "`credentialName` brings all of this", "keep `credentialName`, or the files";
    // Policies.
    "custom-rules" MISSING |datum| policy::without_rules(datum, "CUSTOM"), "without rules nobody is ever asked", "write `rules: [{}]` to ask about every request";
    "deny-rules" MISSING |datum| policy::without_rules(datum, "DENY"), "without rules nothing is ever denied", "write `rules: [{}]` to deny every request";
    "custom-provider" MISSING policy::no_provider, "nothing says who is asked", "write `provider: {name: …}`, one of `meshConfig.extensionProviders`";
    "provider-custom" CONFLICT policy::provider_of_others, "a provider is for `action: CUSTOM`", "write `action: CUSTOM`, or leave it out";
    "some-value" MISSING policy::nothing_asked, "nothing is asked for in it", "write what it is to ask for, or leave it out";
    "account" AUTHZ_BAD_VALUE policy::account, "this is no account", "write ACCOUNT or NAMESPACE/ACCOUNT, without `*`";
    "path-template" AUTHZ_BAD_VALUE policy::path_template, "this is no path with `{*}` and `{**}`", "write `{*}` for one part, and `{**}` as the last one";
    "jwks" WRONG_TYPE policy::jwks, "this is no set of keys", "write JSON, `{\"keys\": […]}`, or `jwksUri`";
}

fn text_that(datum: &Datum, wrong: impl Fn(&str) -> bool) -> Option<Span> {
    let text = datum.text()?;
    // What a tool fills in is not known yet.
    let filled_in = ["{{", "${"].iter().any(|mark| text.value.contains(mark));
    (!filled_in && wrong(&text.value)).then_some(text.span)
}

fn number_that(datum: &Datum, wrong: impl Fn(f64) -> bool) -> Option<Span> {
    let text = datum.text()?;
    wrong(text.value.parse().ok()?).then_some(text.span)
}

fn not_among(datum: &Datum, known: &[&str]) -> Option<Span> {
    text_that(datum, |text| !known.contains(&text))
}

/// The key, where it is there and says something.
fn key(datum: &Datum, name: &str) -> Option<Span> {
    said(datum, name).map(|entry| entry.key.span)
}

fn said<'a>(datum: &'a Datum, name: &str) -> Option<&'a Entry> {
    datum.entry(name).filter(|entry| says(&entry.value))
}

/// It is more than nothing: an empty text, list or mapping is not.
fn says(datum: &Datum) -> bool {
    !datum.entries().is_empty()
        || !datum.items().is_empty()
        || datum.text().is_some_and(|text| !text.value.is_empty())
}

fn is(datum: &Datum, name: &str, value: &str) -> bool {
    datum.field_text(name).is_some_and(|text| text.value == value)
}

/// A mapping with nothing set beside `but`.
fn nothing_in(datum: &Datum, but: &[&str]) -> Option<Span> {
    let set = datum
        .entries()
        .iter()
        .any(|entry| !but.contains(&entry.key.value.as_str()) && super::value::is_set(&entry.value));
    (!set).then_some(datum.span)
}
