//! Who may, and who may not: mutual TLS, its modes, policies, and certificates that change.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeMap;

use http::StatusCode;
use mesh_proxy::tls::Identity;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::policy::{Action, Permission, Policy, PolicySet, Principal};
use support::{CLIENT, Ca, Mesh, Proxy, SERVER, backend, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn allow(permission: Permission, principal: &str) -> PolicySet {
    let principal = Principal::Authenticated(Some(StringMatch::Exact(principal.to_owned())));
    let policy = Policy {
        action: Action::Allow,
        permissions: vec![permission],
        principals: vec![principal],
        dry_run: false,
    };
    PolicySet {
        policies: BTreeMap::from([("ns[forum]-policy[api]-rule[0]".to_owned(), policy)]),
    }
}

/// Everything that the other end says before it closes.
async fn all(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _reset = stream.read_to_end(&mut bytes).await;
    bytes
}

#[tokio::test]
async fn a_client_of_another_ca_is_refused() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    mesh.outbound
        .shared
        .set_identity(Ca::new().identity(CLIENT))
        .unwrap();
    let response = client::once(mesh.outbound.connect().await, client::get("/")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    mesh.outbound.log.line(" 503 U").await;
}

#[tokio::test]
async fn a_client_of_another_trust_domain_is_refused_unless_it_is_an_alias() {
    let mesh = Mesh::of(backend::greeting().await, snapshot::tcp, |snapshot| {
        snapshot.inbound[0].protocol = InboundProtocol::Tcp;
    })
    .await;
    mesh.outbound
        .shared
        .set_identity(mesh.ca.identity("spiffe://elsewhere/ns/forum/sa/webapp"))
        .unwrap();
    assert!(all(mesh.outbound.connect().await).await.is_empty());
    let mut known = (*mesh.inbound.shared.snapshot().unwrap()).clone();
    known.identity.as_mut().unwrap().trust_domain_aliases = vec!["elsewhere".to_owned()];
    mesh.inbound.shared.apply(known).unwrap();
    let mut stream = mesh.outbound.connect().await;
    let mut greeting = [0; 5];
    stream.read_exact(&mut greeting).await.unwrap();
}

#[tokio::test]
async fn a_client_that_was_good_is_refused_once_its_authority_is_trusted_no_more() {
    let mesh = Mesh::of(backend::greeting().await, snapshot::tcp, |snapshot| {
        snapshot.inbound[0].protocol = InboundProtocol::Tcp;
    })
    .await;
    // Every handshake is full: who was verified before is remembered, not taken up again.
    let client = mesh.ca.identity(CLIENT).without_resumption();
    mesh.outbound.shared.set_identity(client).unwrap();
    let (chain, key) = mesh.ca.issue(SERVER);
    let trusting = |ca: &Ca| {
        let identity = Identity::load(chain.as_bytes(), key.as_bytes(), ca.root.as_bytes());
        mesh.inbound.shared.set_identity(identity.unwrap()).unwrap();
    };
    for _ in 0..2 {
        trusting(&mesh.ca);
        for _ in 0..2 {
            let mut greeting = [0; 5];
            let mut stream = mesh.outbound.connect().await;
            stream.read_exact(&mut greeting).await.unwrap();
        }
        trusting(&Ca::new());
        assert!(all(mesh.outbound.connect().await).await.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_is_somebody_else_is_refused() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    mesh.inbound
        .shared
        .set_identity(mesh.ca.identity("spiffe://cluster.local/ns/forum/sa/impostor"))
        .unwrap();
    let response = client::once(mesh.outbound.connect().await, client::get("/")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = client::text(response).await;
    assert!(
        body.contains("sa/impostor is not one of the identities that serve this cluster"),
        "{body}"
    );
    mesh.outbound.log.line(" 503 UF ").await;
}

#[tokio::test]
async fn who_was_revoked_is_refused_by_clients_and_by_servers() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let ((client_chain, client_key), (server_chain, server_key)) =
        (mesh.ca.issue(CLIENT), mesh.ca.issue(SERVER));
    let load = |chain: &str, key: &str, list: String| {
        let root = mesh.ca.root.as_bytes();
        let identity = Identity::load(chain.as_bytes(), key.as_bytes(), root).unwrap();
        identity.with_revoked(list.as_bytes()).unwrap()
    };
    let status = async |client_revokes: Option<&str>, server_revokes: Option<&str>| {
        let client = load(&client_chain, &client_key, mesh.ca.revoke(client_revokes));
        mesh.outbound.shared.set_identity(client).unwrap();
        let server = load(&server_chain, &server_key, mesh.ca.revoke(server_revokes));
        mesh.inbound.shared.set_identity(server).unwrap();
        let response = client::once(mesh.outbound.connect().await, client::get("/")).await;
        (response.status(), client::text(response).await)
    };
    assert_eq!(status(None, None).await.0, StatusCode::OK);
    assert_eq!(
        status(Some(&client_chain), Some(&server_chain)).await.0,
        StatusCode::OK
    );
    let (revoked, body) = status(Some(&server_chain), None).await;
    assert_eq!(revoked, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("Revoked"), "{body}");
    assert_eq!(
        status(None, Some(&client_chain)).await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    // Whose issuer has no list is refused too: nobody can tell.
    let foreign = load(&client_chain, &client_key, Ca::new().revoke(None));
    mesh.outbound.shared.set_identity(foreign).unwrap();
    let response = client::once(mesh.outbound.connect().await, client::get("/")).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn strict_refuses_plaintext() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let mut stream = mesh.inbound.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: forum\r\n\r\n")
        .await
        .unwrap();
    let answer = all(stream).await;
    assert!(
        !answer.starts_with(b"HTTP/"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn permissive_takes_both_and_tells_them_apart() {
    let permissive = |snapshot: &mut mesh_wire::Snapshot| snapshot.inbound[0].mtls = MtlsMode::Permissive;
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, permissive).await;
    let plain = client::text(client::once(mesh.inbound.connect().await, client::get("/plain")).await).await;
    assert!(!plain.contains("x-forwarded-client-cert"), "{plain}");
    let mutual =
        client::text(client::once(mesh.outbound.connect().await, client::get("/mutual")).await).await;
    assert!(mutual.contains("x-forwarded-client-cert"), "{mutual}");
}

#[tokio::test]
async fn permissive_passes_the_applications_own_tls() {
    let ca = Ca::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = listener.local_addr().unwrap();
    let (received, mut receives) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 3];
        stream.read_exact(&mut first).await.unwrap();
        received.send(first).await.unwrap();
    });
    let mut snapshot = snapshot::inbound();
    snapshot.inbound[0].mtls = MtlsMode::Permissive;
    let inbound = Proxy::inbound(snapshot, backend).await.identify(&ca, SERVER);
    let config =
        rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let _refused = connector
        .connect("forum".try_into().unwrap(), inbound.connect().await)
        .await;
    let first = receives.recv().await.unwrap();
    // A handshake record: the hello arrived as it was.
    assert_eq!(first[..2], [0x16, 0x03]);
}

#[tokio::test]
async fn requests_are_allowed_by_path_and_principal() {
    let policy = allow(Permission::Path(StringMatch::Prefix("/api/".to_owned())), CLIENT);
    let mesh = Mesh::of(
        backend::http1(backend::told).await,
        |_| {},
        |snapshot| snapshot.inbound[0].policy = policy,
    )
    .await;
    for (path, status) in [
        ("/api/posts", 200),
        ("/admin", 403),
        ("/api/../admin", 403),
        ("/api/%2e%2e/admin", 403),
    ] {
        let response = client::once(mesh.outbound.connect().await, client::get(path)).await;
        assert_eq!(response.status(), status, "{path}");
        if status == 403 {
            assert_eq!(client::text(response).await, "RBAC: access denied");
        }
    }
    mesh.inbound
        .log
        .line("403 - rbac_access_denied_matched_policy[none]")
        .await;
}

#[tokio::test]
async fn connections_are_allowed_by_principal() {
    for (principal, heard) in [
        (CLIENT, true),
        ("spiffe://cluster.local/ns/forum/sa/other", false),
    ] {
        let policy = allow(Permission::Any, principal);
        let mesh = Mesh::of(backend::greeting().await, snapshot::tcp, |snapshot| {
            snapshot.inbound[0].protocol = InboundProtocol::Tcp;
            snapshot.inbound[0].policy = policy;
        })
        .await;
        let mut stream = mesh.outbound.connect().await;
        stream.shutdown().await.unwrap();
        assert_eq!(!all(stream).await.is_empty(), heard, "{principal}");
        if !heard {
            mesh.inbound
                .log
                .line("rbac_access_denied_matched_policy[none]")
                .await;
        }
    }
}

#[tokio::test]
async fn a_policy_that_changes_counts_for_connections_that_stand() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let mut sender = client::http1(mesh.outbound.connect().await).await;
    let response = sender.send_request(client::get("/")).await.unwrap();
    client::text(response).await;
    let mut closed = (*mesh.inbound.shared.snapshot().unwrap()).clone();
    closed.inbound[0].policy = allow(Permission::Any, "spiffe://cluster.local/ns/forum/sa/other");
    mesh.inbound.shared.apply(closed).unwrap();
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(client::get("/")).await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_plaintext_connection_that_stands_is_refused_as_soon_as_mutual_tls_is_asked_for() {
    let mut snapshot = snapshot::inbound();
    snapshot.inbound[0].mtls = MtlsMode::Permissive;
    let inbound = Proxy::inbound(snapshot.clone(), backend::http1(backend::told).await).await;
    let mut sender = client::http1(inbound.connect().await).await;
    let response = sender.send_request(client::get("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    client::text(response).await;
    // Another listener, too: the one that took the connection must not be the one that judges.
    snapshot.inbound[0].mtls = MtlsMode::Strict;
    snapshot.inbound[0].name = "0.0.0.0_8080".to_owned();
    inbound.shared.apply(snapshot).unwrap();
    sender.ready().await.unwrap();
    assert_eq!(sender.send_request(client::get("/")).await.unwrap().status(), 403);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_headers_is_left_some_day() {
    for said in [&b""[..], b"GET / HTTP/1.1\r\nhost: f"] {
        let mut snapshot = snapshot::inbound();
        snapshot.inbound[0].mtls = MtlsMode::Disable;
        let inbound = Proxy::inbound(snapshot, "127.0.0.1:1".parse().unwrap()).await;
        let mut stream = inbound.connect().await;
        stream.write_all(said).await.unwrap();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(7300), all(stream));
        ended.await.unwrap();
    }
}

#[tokio::test]
async fn a_policy_never_sees_a_certificate_that_a_plaintext_client_made_up() {
    const CERTIFICATE: &str = "x-forwarded-client-cert";
    let header = HeaderMatch {
        name: CERTIFICATE.to_owned(),
        value: Some(StringMatch::Contains(CLIENT.to_owned())),
        invert: false,
    };
    let mut policy = allow(Permission::Header(header), CLIENT);
    policy
        .policies
        .values_mut()
        .for_each(|policy| policy.principals = vec![Principal::Any]);
    let mesh = Mesh::of(
        backend::http1(backend::told).await,
        |_| {},
        |snapshot| {
            snapshot.inbound[0].mtls = MtlsMode::Permissive;
            snapshot.inbound[0].policy = policy;
        },
    )
    .await;
    let mut request = client::get("/");
    let made_up = format!("By={SERVER};URI={CLIENT}");
    request
        .headers_mut()
        .insert(CERTIFICATE, made_up.parse().unwrap());
    assert_eq!(
        client::once(mesh.inbound.connect().await, request).await.status(),
        403
    );
    assert_eq!(
        client::once(mesh.outbound.connect().await, client::get("/"))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn an_application_cannot_change_over_a_connection_unasked() {
    let backend = backend::http1(|mut request: http::Request<hyper::body::Incoming>| async move {
        tokio::spawn(hyper::upgrade::on(&mut request));
        http::Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "tunnel")
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap()
    })
    .await;
    let mut snapshot = snapshot::inbound();
    snapshot.inbound[0].mtls = MtlsMode::Disable;
    let inbound = Proxy::inbound(snapshot, backend).await;
    let mut request = client::get("/");
    request
        .headers_mut()
        .insert("connection", "upgrade".parse().unwrap());
    request.headers_mut().insert("upgrade", "tunnel".parse().unwrap());
    let response = client::once(inbound.connect().await, request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn new_certificates_are_shown_without_a_break() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let mut sender = client::http1(mesh.outbound.connect().await).await;
    let first = client::text(sender.send_request(client::get("/")).await.unwrap()).await;
    mesh.outbound
        .shared
        .set_identity(mesh.ca.identity(CLIENT))
        .unwrap();
    mesh.inbound
        .shared
        .set_identity(mesh.ca.identity(SERVER))
        .unwrap();
    sender.ready().await.unwrap();
    let second = client::text(sender.send_request(client::get("/")).await.unwrap()).await;
    let hash = |told: &str| {
        told.lines()
            .find(|line| line.starts_with("x-forwarded-client-cert"))
            .unwrap()
            .to_owned()
    };
    assert_ne!(
        hash(&first),
        hash(&second),
        "the new certificate is seen by the next request"
    );
    assert!(mesh.outbound.shared.identity().unwrap().expires_in() > 0);
}

#[tokio::test]
async fn without_an_identity_nothing_goes_out() {
    let inbound = Proxy::inbound(snapshot::inbound(), backend::http1(backend::told).await).await;
    let outbound = Proxy::outbound(snapshot::outbound(inbound.address), support::service()).await;
    let response = client::once(outbound.connect().await, client::get("/")).await;
    assert_eq!(response.status(), 503);
    assert!(client::text(response).await.contains("there is no identity yet"));
}

#[tokio::test]
async fn a_connection_to_the_proxy_itself_is_closed() {
    // The destination is the proxy's own port: passed on, it would come back for ever.
    let snapshot = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    let shared = mesh_proxy::Shared::new(
        mesh_proxy::Destinations::Socket,
        mesh_proxy::telemetry::LogSink::none(),
    );
    let mut open = snapshot;
    open.outbound_default = Some("PassthroughCluster".to_owned());
    shared.apply(open).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_drainer, drain) = mesh_proxy::drain::new();
    tokio::spawn(mesh_proxy::serve_outbound(listener, shared, drain));
    assert!(all(TcpStream::connect(address).await.unwrap()).await.is_empty());
}
