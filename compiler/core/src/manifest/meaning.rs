//! What Istio makes of words in objects.

/// Prefixes of port names by which Istio knows protocols (Istio `pkg/config/protocol`).
pub(crate) const PROTOCOLS: &[&str] = &[
    "http", "http2", "grpc", "grpc-web", "tls", "https", "tcp", "udp", "mysql", "redis", "mongo",
];

/// Ports on which servers speak first, so that Istio does not wait for bytes of the client (Istio `pkg/config/kube`).
const SERVERS_FIRST: &[i128] = &[25, 53, 3306, 27017];

/// What is spoken, by what the port `number` of a Service says (Istio `kube.ConvertProtocol`); `auto` where Istio looks at
/// the first bytes.
pub(crate) fn istio_protocol(transport: Option<&str>, app: Option<&str>, name: &str, number: i128) -> String {
    match transport {
        Some("UDP") => return "udp".to_owned(),
        Some("SCTP") => return "sctp".to_owned(),
        _ => {}
    }
    match app {
        Some("kubernetes.io/h2c") => return "http2".to_owned(),
        Some("kubernetes.io/ws") => return "http".to_owned(),
        Some("kubernetes.io/wss") => return "https".to_owned(),
        _ => {}
    }
    // What the application says is read as a name is.
    let name = app.unwrap_or(name).to_ascii_lowercase();
    if name.starts_with("grpc-web") {
        return "grpc-web".to_owned();
    }
    let prefix = name.split_once('-').map_or(name.as_str(), |(prefix, _)| prefix);
    let unknown = if SERVERS_FIRST.contains(&number) {
        "tcp"
    } else {
        "auto"
    };
    let known = PROTOCOLS.contains(&prefix);
    if known { prefix } else { unknown }.to_owned()
}

/// The host that Istio takes a name for: one without dots is a service of the namespace, and what ends early is
/// completed. A name of two or more dots that is no Kubernetes name is a host of its own.
pub(crate) fn full_host(host: &str, namespace: &str) -> String {
    let parts: Vec<&str> = host.split('.').collect();
    match parts.as_slice() {
        _ if host.contains('*') => host.to_lowercase(),
        [name] => format!("{name}.{namespace}.svc.cluster.local").to_lowercase(),
        _ => host.to_lowercase(),
    }
}

/// Istio or Kubernetes acts on it.
pub(crate) fn has_meaning(key: &str) -> bool {
    if is_of_tools(key) {
        return false;
    }
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    key == "istio-injection"
        || domain == "istio.io"
        || domain.ends_with(".istio.io")
        || domain.ends_with("kubernetes.io")
        || domain.ends_with("k8s.io")
}

/// Tools write it for themselves.
pub(crate) fn is_of_tools(key: &str) -> bool {
    const TOOLS: &[&str] = &[
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubernetes.io/metadata.name",
        "deployment.kubernetes.io/revision",
    ];
    TOOLS.contains(&key) || key.starts_with("app.kubernetes.io/") || key.starts_with("helm.sh/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_of_a_port_is_the_one_istio_sees() {
        assert_eq!(istio_protocol(None, None, "http-web", 80), "http");
        assert_eq!(istio_protocol(None, None, "web", 80), "auto");
        assert_eq!(istio_protocol(None, None, "grpc-web-x", 80), "grpc-web");
        assert_eq!(istio_protocol(None, Some("HTTP"), "tcp-x", 80), "http");
        assert_eq!(istio_protocol(None, Some("grpc-web"), "x", 80), "grpc-web");
        assert_eq!(istio_protocol(None, Some("example.com/own"), "http", 80), "auto");
        assert_eq!(istio_protocol(None, None, "db", 3306), "tcp");
        assert_eq!(istio_protocol(None, None, "http-db", 3306), "http");
        assert_eq!(istio_protocol(Some("UDP"), None, "http", 80), "udp");
    }

    #[test]
    fn short_names_are_of_the_namespace() {
        assert_eq!(full_host("reviews", "shop"), "reviews.shop.svc.cluster.local");
        assert_eq!(full_host("reviews.shop", "x"), "reviews.shop");
        assert_eq!(full_host("*.example.com", "x"), "*.example.com");
        assert_eq!(full_host("API.example.com", "x"), "api.example.com");
    }
}
