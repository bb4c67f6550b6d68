//! The Secret from which istiod takes a plugged-in CA.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The manifest of `istio-system/cacerts`, with the four keys that istiod reads
/// (istio: security/pkg/pki/ca/ca.go, `NewPluggedCertIstioCAOptions`).
pub(super) fn manifest(cert: &str, key: &str, chain: &str, root: &str) -> String {
    let line = |name: &str, text: &str| format!("  {name}: {}\n", STANDARD.encode(text));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: cacerts\n  namespace: istio-system\ntype: Opaque\ndata:\n{}{}{}{}",
        line("ca-cert.pem", cert),
        line("ca-key.pem", key),
        line("cert-chain.pem", chain),
        line("root-cert.pem", root),
    )
}
