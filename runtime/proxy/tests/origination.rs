//! TLS that the proxy begins for an application, with a server outside of the mesh.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mesh_wire::cluster::{ClientFiles, Discovery, OriginatedTls, Transport};
use mesh_wire::matcher::StringMatch;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use support::{Ca, Proxy, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "api.example.com";

/// A server with a certificate for [`HOST`] that greets whoever trusts it.
async fn server(ca: &Ca) -> SocketAddr {
    serve(ca.issue_host(HOST), b"hello").await
}

/// A server with a certificate that says `greeting` to whoever trusts it.
async fn serve(issued: (String, String), greeting: &'static [u8]) -> SocketAddr {
    serve_those(None, issued, greeting).await
}

/// The same for those alone whom `clients` certified, where it is given.
async fn serve_those(
    clients: Option<&Ca>,
    (chain, key): (String, String),
    greeting: &'static [u8],
) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        Some(ca) => {
            let mut roots = rustls::RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_slice(ca.root.as_bytes()).unwrap())
                .unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _gone = stream.write_all(greeting).await;
            let _gone = stream.shutdown().await;
        }
    });
    address
}

/// A file with the root of `ca`.
fn root(ca: &Ca, name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.pem", std::process::id()));
    std::fs::write(&path, &ca.root).unwrap();
    path
}

fn tls(sni: &str, sans: &[&str], roots: &Path) -> OriginatedTls {
    OriginatedTls {
        sni: Some(sni.to_owned()),
        sans: sans
            .iter()
            .map(|san| StringMatch::Exact((*san).to_owned()))
            .collect(),
        alpn: Vec::new(),
        ca_file: Some(roots.display().to_string()),
        crl_file: None,
        client: None,
        insecure_skip_verify: false,
    }
}

/// What an application hears that connects through the proxy.
async fn heard(server: SocketAddr, tls: OriginatedTls) -> String {
    let mut snapshot = snapshot::outbound(server);
    snapshot::tcp(&mut snapshot);
    snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().transport = Transport::Tls(tls);
    heard_through(&Proxy::outbound(snapshot, support::service()).await).await
}

async fn heard_through(proxy: &Proxy) -> String {
    let mut text = Vec::new();
    let _reset = proxy.connect().await.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_server_outside_is_known_by_its_chain_and_its_name() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    let server = server(&ca).await;
    let (roots, other_roots) = (root(&ca, "ours"), root(&stranger, "theirs"));

    assert_eq!(heard(server, tls(HOST, &[], &roots)).await, "hello");
    assert_eq!(
        heard(server, tls("other.example.com", &[], &roots)).await,
        "",
        "another host"
    );
    assert_eq!(
        heard(server, tls(HOST, &[], &other_roots)).await,
        "",
        "another authority"
    );

    // Names that the cluster lists stand in for the host's.
    assert_eq!(
        heard(server, tls("other.example.com", &[HOST], &roots)).await,
        "hello"
    );
    assert_eq!(
        heard(server, tls(HOST, &["billing.example.com"], &roots)).await,
        "",
        "not listed"
    );
    assert_eq!(
        heard(server, tls(HOST, &[HOST], &other_roots)).await,
        "",
        "listed, of another authority"
    );

    let mut unchecked = tls("other.example.com", &[], &other_roots);
    unchecked.insecure_skip_verify = true;
    assert_eq!(heard(server, unchecked).await, "hello");
    for file in [roots, other_roots] {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_that_of_the_files() {
    let (ca, stranger) = (Ca::new(), Ca::new());
    let server = serve_those(Some(&ca), ca.issue_host(HOST), b"hello").await;
    let roots = root(&ca, "mutual");
    let files = |name: &str, (chain, key): (String, String)| {
        let at = |end: &str| roots.with_extension(format!("{name}.{end}"));
        let (cert_chain, key_file) = (at("chain"), at("key"));
        std::fs::write(&cert_chain, chain).unwrap();
        std::fs::write(&key_file, key).unwrap();
        ClientFiles {
            cert_chain: cert_chain.display().to_string(),
            key: key_file.display().to_string(),
        }
    };
    let (ours, theirs) = (
        files("ours", ca.issue_host("client.example.com")),
        files("theirs", stranger.issue_host("client.example.com")),
    );
    for (client, expected) in [(Some(&ours), "hello"), (Some(&theirs), ""), (None, "")] {
        let mut tls = tls(HOST, &[], &roots);
        tls.client = client.cloned();
        assert_eq!(heard(server, tls).await, expected, "{client:?}");
    }
    for file in [&ours.cert_chain, &ours.key, &theirs.cert_chain, &theirs.key] {
        std::fs::remove_file(file).unwrap();
    }
    std::fs::remove_file(roots).unwrap();
}

#[tokio::test]
async fn a_file_that_is_missing_closes_its_own_cluster_alone() {
    let ca = Ca::new();
    let server = server(&ca).await;
    let roots = root(&ca, "late");
    std::fs::remove_file(&roots).unwrap();
    let mut snapshot = snapshot::outbound(server);
    snapshot::tcp(&mut snapshot);
    snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().transport = Transport::Tls(tls(HOST, &[], &roots));
    let proxy = Proxy::outbound(snapshot.clone(), support::service()).await;
    let mut text = Vec::new();
    let _reset = proxy.connect().await.read_to_end(&mut text).await;
    assert_eq!(text, b"", "nothing is sent to a server that cannot be checked");

    // Once the file is there, the same snapshot does.
    root(&ca, "late");
    proxy.shared.apply(snapshot).unwrap();
    let _end = proxy.connect().await.read_to_end(&mut text).await;
    assert_eq!(text, b"hello");
    std::fs::remove_file(&roots).unwrap();
}

#[tokio::test]
async fn certificates_that_were_revoked_do_not_hold() {
    let ca = Ca::new();
    let issued = ca.issue_host(HOST);
    let list = |name: &str, text: String| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.crl", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    };
    let (empty, revoked, foreign) = (
        list("empty", ca.revoke(None)),
        list("revoked", ca.revoke(Some(&issued.0))),
        list("foreign", Ca::new().revoke(None)),
    );
    let server = serve(issued, b"hello").await;
    let roots = root(&ca, "revoking");
    for (file, expected) in [(&empty, "hello"), (&revoked, ""), (&foreign, "")] {
        let mut tls = tls(HOST, &[], &roots);
        tls.crl_file = Some(file.display().to_string());
        assert_eq!(heard(server, tls).await, expected, "{}", file.display());
    }
    for file in [roots, empty, revoked, foreign] {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn files_that_changed_hold_from_then_on_and_damaged_ones_never() {
    let ca = Ca::new();
    let issued = ca.issue_host(HOST);
    let revoked = ca.revoke(Some(&issued.0));
    let server = serve(issued, b"hello").await;
    let roots = root(&ca, "changing");
    let list = roots.with_extension("crl");
    std::fs::write(&list, ca.revoke(None)).unwrap();
    let mut tls = tls(HOST, &[], &roots);
    tls.crl_file = Some(list.display().to_string());
    let mut snapshot = snapshot::outbound(server);
    snapshot::tcp(&mut snapshot);
    snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().transport = Transport::Tls(tls);
    let files = mesh_proxy::files(&snapshot);
    assert_eq!(files, [list.clone(), roots.clone()].into());
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    assert_eq!(heard_through(&proxy).await, "hello");

    for (file, content, expected) in [
        (&list, "damaged".to_owned(), "hello"),
        (&list, revoked, ""),
        (&list, ca.revoke(None), "hello"),
        (&roots, Ca::new().root, ""),
        (&roots, ca.root.clone(), "hello"),
    ] {
        std::fs::write(file, &content).unwrap();
        proxy.shared.reread().unwrap();
        assert_eq!(heard_through(&proxy).await, expected, "{content}");
    }
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
}

#[tokio::test]
async fn where_nothing_is_said_tls_asks_for_the_host_of_each_request() {
    let ca = Ca::new();
    let server = serve(
        ca.issue_host(HOST),
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let roots = root(&ca, "hosts");
    let mut snapshot = snapshot::outbound(server);
    let mut tls = tls(HOST, &[], &roots);
    tls.sni = None;
    let cluster = snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap();
    cluster.transport = Transport::Tls(tls);
    cluster.discovery = Discovery::OriginalDestination;
    cluster.endpoints.clear();
    snapshot.outbound[0].port = server.port();
    snapshot.routes.get_mut("80").unwrap().virtual_hosts[0].domains = vec!["*".to_owned()];
    assert_eq!(mesh_proxy::unsupported(&snapshot), Vec::<String>::new());
    let proxy = Proxy::outbound(snapshot, server).await;
    for (host, expected) in [
        (HOST.to_owned(), 200),
        (format!("{HOST}:443"), 200),
        ("other.example.com".to_owned(), 503),
    ] {
        let mut request = support::client::get("/");
        request.headers_mut().insert("host", host.parse().unwrap());
        let response = support::client::once(proxy.connect().await, request).await;
        assert_eq!(response.status(), expected, "{host}");
    }
    std::fs::remove_file(roots).unwrap();
}
