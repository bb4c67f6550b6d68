//! How the wire to endpoints is protected (`envoy.extensions.transport_sockets.tls.v3`, Istio `cluster_tls.go`).

use mesh_wire::cluster::{ClientFiles, MeshTls, OriginatedTls, Transport};
use mesh_wire::matcher::StringMatch;
use serde_json::{Value as Json, json};

use crate::matcher;
use crate::reader::Reader;

/// Istio's mutual TLS stands among the matches for endpoints' TLS mode, or alone where endpoints are not listed.
pub(super) fn read(cluster: &mut Reader<'_>, name: &str, auto_sni: bool) -> Transport {
    let mut found = Transport::Plaintext;
    for mut entry in cluster.messages("transport_socket_matches") {
        entry.skip("name");
        let mode = entry.structure("match").map(|mut wanted| wanted.text("tlsMode"));
        let socket = entry.message("transport_socket");
        let socket = socket.map_or(Transport::Plaintext, |socket| of_socket(socket, name, auto_sni));
        let mode = mode.unwrap_or_default();
        match mode.as_str() {
            "istio" => found = socket,
            // Endpoints that cannot do it: `Transport::Mesh` is plaintext for them.
            "" | "disabled" if socket == Transport::Plaintext => {}
            "" | "disabled" => {
                let why = "endpoints without the mesh's TLS are dialled in plaintext";
                entry.tell("transport_socket", &json!(mode), why);
            }
            _ => entry.tell(
                "match",
                &json!(mode),
                "a mode of TLS that is not known; no endpoint is dialled so",
            ),
        }
    }
    match cluster.message("transport_socket") {
        Some(socket) => of_socket(socket, name, auto_sni),
        None => found,
    }
}

fn of_socket(mut socket: Reader<'_>, cluster: &str, auto_sni: bool) -> Transport {
    socket.skip("name");
    let Some(config) = socket.message("typed_config") else {
        return Transport::Plaintext;
    };
    if config.is("raw_buffer.v3.RawBuffer") {
        return Transport::Plaintext;
    }
    if !config.is("tls.v3.UpstreamTlsContext") {
        config.refuse_all("a way to protect the wire that is not known; it is left unprotected");
        return Transport::Plaintext;
    }
    tls(config, cluster, auto_sni)
}

fn tls(mut config: Reader<'_>, cluster: &str, auto_sni: bool) -> Transport {
    let sni = config.some_text("sni");
    let Some(mut common) = config.message("common_tls_context") else {
        return Transport::Tls(originated(sni, cluster, auto_sni));
    };
    versions(&mut common, &[]);
    let alpn = common.texts("alpn_protocols");
    let certificate = certificate(&mut common);
    let checked = checked(&mut common);
    if certificate.as_deref() == Some(OWN) {
        if checked.authority.as_deref() != Some(MESH_ROOTS) {
            common.tell(
                "combined_validation_context",
                &json!(checked.authority),
                "peers of the mesh are checked by the mesh's roots",
            );
        }
        let sans = checked.sans;
        let sni = sni.unwrap_or_default();
        return Transport::Mesh(MeshTls { sni, alpn, sans });
    }
    let mut originated = originated(sni, cluster, auto_sni);
    originated.alpn = alpn;
    originated.sans = checked.sans;
    originated.crl_file = checked.revoked;
    match checked
        .authority
        .as_deref()
        .map(|name| name.strip_prefix("file-root:"))
    {
        Some(Some("system")) => {}
        Some(Some(file)) => originated.ca_file = Some(file.to_owned()),
        Some(None) => common.tell(
            "combined_validation_context",
            &json!(checked.authority),
            "roots that no file holds; those of the system are taken",
        ),
        None => originated.insecure_skip_verify = true,
    }
    originated.client = certificate.as_deref().and_then(|name| {
        let files = name
            .strip_prefix("file-cert:")
            .and_then(|files| files.split_once('~'));
        if files.is_none() {
            common.tell(
                "tls_certificate_sds_secret_configs",
                &json!(name),
                "a certificate that no file holds",
            );
        }
        let (cert_chain, key) = files?;
        let (cert_chain, key) = (cert_chain.to_owned(), key.to_owned());
        Some(ClientFiles { cert_chain, key })
    });
    Transport::Tls(originated)
}

/// Without a name, that of the request is asked for, which is the cluster's unless a route changes it.
fn originated(sni: Option<String>, cluster: &str, auto_sni: bool) -> OriginatedTls {
    let host = cluster.rsplit('|').next().unwrap_or_default();
    let host = Some(host).filter(|host| auto_sni && !host.starts_with('*'));
    OriginatedTls {
        sni: sni.or(host.map(str::to_owned)),
        sans: Vec::new(),
        alpn: Vec::new(),
        ca_file: None,
        crl_file: None,
        client: None,
        insecure_skip_verify: false,
    }
}

/// Names under which Istio's agent serves the workload's own certificate and the mesh's roots
/// (`pkg/security/security.go`).
pub(crate) const OWN: &str = "default";
pub(crate) const MESH_ROOTS: &str = "ROOTCA";

/// TLS 1.2 and 1.3, and the suites that Istio lists for servers.
pub(crate) fn versions(common: &mut Reader<'_>, suites: &[&str]) {
    let Some(mut versions) = common.message("tls_params") else {
        return;
    };
    versions.given("tls_minimum_protocol_version", &[json!("TLSv1_2")]);
    versions.given("tls_maximum_protocol_version", &[json!("TLSv1_3")]);
    versions.given("cipher_suites", &[json!(suites)]);
}

/// The name of the secret with the own certificate; files have one as Istio's agent names them.
pub(crate) fn certificate(common: &mut Reader<'_>) -> Option<String> {
    let mut all = common.messages("tls_certificate_sds_secret_configs").into_iter();
    let name = all.next().map(secret);
    all.for_each(|other| other.refuse_all("one certificate is known"));
    let mut files = common.messages("tls_certificates").into_iter();
    let named = files.next().and_then(|mut files| {
        let chain = files.message("certificate_chain").and_then(file)?;
        let key = files.message("private_key").and_then(file)?;
        Some(format!("file-cert:{chain}~{key}"))
    });
    files.for_each(|other| other.refuse_all("one certificate is known"));
    name.or(named)
}

/// The path of a `DataSource`; what else it says is left over. A key in it is never shown.
fn file(mut source: Reader<'_>) -> Option<String> {
    let path = source.some_text("filename");
    for inline in ["inline_string", "inline_bytes"] {
        if source.has(inline) {
            source.skip(inline);
            source.tell(inline, &json!("a secret"), "certificates come from files");
        }
    }
    path
}

/// Where the agent is asked for it is the agent's affair.
fn secret(mut secret: Reader<'_>) -> String {
    secret.skip("sds_config");
    secret.text("name")
}

/// By what a peer is checked.
#[derive(Default)]
pub(crate) struct Checked {
    /// The name of the secret with the roots.
    pub(crate) authority: Option<String>,
    pub(crate) sans: Vec<StringMatch>,
    pub(crate) revoked: Option<String>,
}

pub(crate) fn checked(common: &mut Reader<'_>) -> Checked {
    let mut checked = Checked::default();
    if let Some(name) = common.message("validation_context_sds_secret_config").map(secret) {
        checked.authority = Some(name);
    }
    if let Some(rules) = common.message("validation_context") {
        add_rules(&mut checked, rules);
    }
    if let Some(mut both) = common.message("combined_validation_context") {
        if let Some(rules) = both.message("default_validation_context") {
            add_rules(&mut checked, rules);
        }
        let name = both.message("validation_context_sds_secret_config").map(secret);
        checked.authority = name.or(checked.authority);
    }
    checked
}

/// Roots in a file have a name as Istio's agent gives them.
fn add_rules(checked: &mut Checked, mut rules: Reader<'_>) {
    let plain = rules.messages("match_subject_alt_names").into_iter();
    checked.sans = plain.filter_map(matcher::string).collect();
    for mut typed in rules.messages("match_typed_subject_alt_names") {
        typed.given("san_type", &[Json::from("URI"), Json::from("DNS")]);
        checked
            .sans
            .extend(typed.message("matcher").and_then(matcher::string));
    }
    checked.revoked = rules.message("crl").and_then(file);
    let roots = rules.message("trusted_ca");
    let inline = roots.is_some();
    let roots = roots.and_then(file);
    let system = rules.has("system_root_certs");
    drop(rules.message("system_root_certs"));
    checked.authority = match roots {
        Some(path) => Some(format!("file-root:{path}")),
        None if system => Some("file-root:system".to_owned()),
        // They are somewhere else: without them nobody is trusted blindly.
        None if inline => Some(String::new()),
        None => checked.authority.take(),
    };
}
