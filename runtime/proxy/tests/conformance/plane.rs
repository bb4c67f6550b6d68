//! The two data planes.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mesh_envoy::{Places, envoy};
use mesh_proxy::dns::{Machine, Resolvers};
use mesh_proxy::telemetry::LogSink;
use mesh_proxy::tls::Identity;
use mesh_proxy::{Destinations, Drainer, Shared, drain, serve_inbound, serve_outbound};
use mesh_wire::Snapshot;
use mesh_wire::snapshot::IdentitySource;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::arrivals::Arrivals;
use crate::support::envoy::{Envoy as Process, free, socket};
use crate::support::snapshot::endpoint as endpoint_of;
use crate::world::World;

/// Which way a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// An application dials.
    Out,
    /// Somebody dials an application.
    In,
}

/// What comes later.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What takes connections as if capture rules had redirected them.
pub trait DataPlane: Sync {
    fn name(&self) -> &'static str;
    /// Where the access log is.
    fn log(&self) -> &Log;
    /// A connection to `destination`, captured.
    fn dial(&self, way: Way, destination: SocketAddr) -> Coming<'_, TcpStream>;
    /// What policies decided, by Envoy's names, as text and for Prometheus: those of names with `rbac`.
    fn decisions(&self) -> Coming<'_, (String, String)>;
    /// Gives a cluster that warms up another endpoint.
    fn join(&self, cluster: &str, endpoint: SocketAddr);
}

/// An access log of JSON lines.
pub struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("conformance-{}-{name}.log", std::process::id()));
        std::fs::File::create(&path).unwrap();
        Self(path)
    }

    /// Where it ends now.
    pub fn end(&self) -> u64 {
        std::fs::metadata(&self.0).unwrap().len()
    }

    /// The entries of the client `remote` behind `start`, once there are `count`.
    pub async fn entries(&self, remote: SocketAddr, start: u64, count: usize) -> Vec<Value> {
        let remote = remote.to_string();
        for _ in 0..400 {
            let text = std::fs::read_to_string(&self.0).unwrap();
            let lines = text
                .get(usize::try_from(start).unwrap()..)
                .unwrap_or_default()
                .lines();
            let entries = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let found: Vec<Value> = entries.filter(|entry| entry["remote"] == *remote).collect();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Vec::new()
    }

    /// The lines of text behind `start`, once there is one.
    pub async fn lines(&self, start: u64) -> Vec<String> {
        for _ in 0..160 {
            let text = std::fs::read_to_string(&self.0).unwrap();
            let new = text.get(usize::try_from(start).unwrap()..).unwrap_or_default();
            if new.ends_with('\n') {
                return new.lines().map(str::to_owned).collect();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Vec::new()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _left = std::fs::remove_file(&self.0);
    }
}

fn logged(world: &World, log: &Log) -> Snapshot {
    let mut snapshot = world.snapshot.clone();
    let telemetry = snapshot.telemetry.as_mut().unwrap();
    telemetry.access_log_options.file = Some(log.0.display().to_string());
    snapshot
}

/// meshd's proxy.
pub struct Ours {
    log: Log,
    outbound: SocketAddr,
    inbound: SocketAddr,
    dialled: Arc<Mutex<HashMap<SocketAddr, SocketAddr>>>,
    _drainers: [Drainer; 2],
    shared: Arc<Shared>,
}

impl Ours {
    pub async fn start(world: &World) -> Self {
        let log = Log::new("ours");
        let dialled: Arc<Mutex<HashMap<SocketAddr, SocketAddr>>> = Arc::default();
        let table = dialled.clone();
        let lookup = move |stream: &std::net::TcpStream| {
            let found = table.lock().unwrap().get(&stream.peer_addr()?).copied();
            found.ok_or_else(|| std::io::Error::other("nobody said where to"))
        };
        let shared = Shared::new(Destinations::Lookup(Arc::new(lookup)), LogSink::none());
        // Without a list of hosts, without settings.
        shared
            .lookup()
            .set_machine(Machine::new("/nonexistent", Vec::new()));
        let zone = world.zone("meshd").address;
        shared.lookup().set_resolvers(Resolvers::of(vec![zone]));
        shared.apply(logged(world, &log)).unwrap();
        let IdentitySource::Files {
            cert_chain,
            key,
            roots,
            crl,
        } = &world.snapshot.identity.as_ref().unwrap().source;
        let read = |path: &String| std::fs::read(path).unwrap();
        let mut identity = Identity::load(&read(cert_chain), &read(key), &read(roots)).unwrap();
        if let Some(crl) = crl {
            identity = identity.with_revoked(&read(crl)).unwrap();
        }
        shared.set_identity(identity).unwrap();
        let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (outward, inward) = (bind().await, bind().await);
        let (outbound, inbound) = (outward.local_addr().unwrap(), inward.local_addr().unwrap());
        tokio::spawn(mesh_proxy::tell_collectors(shared.clone()));
        let ((first, drain_out), (second, drain_in)) = (drain::new(), drain::new());
        tokio::spawn(serve_outbound(outward, shared.clone(), drain_out));
        tokio::spawn(serve_inbound(inward, shared.clone(), drain_in));
        Self {
            log,
            outbound,
            inbound,
            dialled,
            _drainers: [first, second],
            shared,
        }
    }
}

impl DataPlane for Ours {
    fn name(&self) -> &'static str {
        "meshd"
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn dial(&self, way: Way, destination: SocketAddr) -> Coming<'_, TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let own = socket.local_addr().unwrap();
        self.dialled.lock().unwrap().insert(own, destination);
        let proxy = if way == Way::Out {
            self.outbound
        } else {
            self.inbound
        };
        Box::pin(async move { socket.connect(proxy).await.unwrap() })
    }

    fn decisions(&self) -> Coming<'_, (String, String)> {
        Box::pin(async move {
            let mut text = String::new();
            for (name, value) in self.shared.telemetry().decisions() {
                text.push_str(&format!("{name}: {value}\n"));
            }
            let mut metrics = String::new();
            self.shared.telemetry().encode(&mut metrics);
            (text, metrics)
        })
    }

    fn join(&self, cluster: &str, endpoint: SocketAddr) {
        let mut snapshot = (*self.shared.snapshot().unwrap()).clone();
        let place = &mut snapshot.clusters.get_mut(cluster).unwrap().endpoints[0];
        place.endpoints.push(endpoint_of(endpoint, 1, false));
        self.shared.apply(snapshot).unwrap();
    }
}

/// A real Envoy with the same snapshot, exported. In place of the kernel, the PROXY protocol tells it what was dialled.
pub struct Envoy {
    log: Log,
    /// By the address and port that were dialled; `None` is every address.
    outbound: HashMap<(Option<IpAddr>, u16), SocketAddr>,
    rest: SocketAddr,
    inbound: SocketAddr,
    admin: SocketAddr,
    arrivals: Arrivals,
    _process: Process,
}

impl Envoy {
    pub async fn start(world: &World) -> Self {
        let log = Log::new("envoy");
        let (rest, inbound) = (free(), free());
        let places = Places {
            admin: free(),
            outbound: rest,
            inbound,
        };
        let exported = envoy(&logged(world, &log), &places);
        assert_eq!(exported.unsaid, Vec::<String>::new());
        let mut config = exported.config;
        // Envoy gathers ejections for a second before it acts on them; what comes of them is the same.
        for cluster in config["static_resources"]["clusters"].as_array_mut().unwrap() {
            cluster["common_lb_config"]["update_merge_window"] = "0s".into();
            if cluster.get("dns_lookup_family").is_some() {
                asks(cluster, world.zone("Envoy").address);
            }
        }
        let arrivals = Arrivals::of(&mut config);
        let mut outbound = HashMap::new();
        for listener in config["static_resources"]["listeners"].as_array_mut().unwrap() {
            told_by_proxy_protocol(listener);
            if listener.get("bind_to_port").is_none() {
                continue;
            }
            let own = free();
            let mut places = vec![listener["address"].clone()];
            let more = listener["additional_addresses"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            places.extend(more.iter().map(|place| place["address"].clone()));
            for place in places {
                let place = &place["socket_address"];
                let address: IpAddr = place["address"].as_str().unwrap().parse().unwrap();
                let port = u16::try_from(place["port_value"].as_u64().unwrap()).unwrap();
                outbound.insert(((!address.is_unspecified()).then_some(address), port), own);
            }
            listener["address"] = socket(own);
            let members = listener.as_object_mut().unwrap();
            members.remove("bind_to_port");
            members.remove("additional_addresses");
        }
        Self {
            log,
            outbound,
            rest,
            inbound,
            admin: places.admin,
            arrivals,
            _process: Process::with(&config, rest, &["--file-flush-interval-msec", "5"]).await,
        }
    }
}

/// Has names asked for there, and every second where nobody says how long what is said holds.
fn asks(cluster: &mut Value, zone: SocketAddr) {
    cluster["typed_dns_resolver_config"] = json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": [socket(zone)],
            "dns_resolver_options": { "no_default_search_domain": true },
        },
    });
    cluster["dns_refresh_rate"] = "1s".into();
}

/// What an admin page says.
async fn page(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn told_by_proxy_protocol(listener: &mut Value) {
    let members = listener.as_object_mut().unwrap();
    members.remove("use_original_dst");
    let filter = json!({ "name": "envoy.filters.listener.proxy_protocol", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol" } });
    let filters = members
        .entry("listener_filters")
        .or_insert(json!([]))
        .as_array_mut()
        .unwrap();
    filters.retain(|filter| filter["name"] != "envoy.filters.listener.original_dst");
    filters.insert(0, filter);
}

impl DataPlane for Envoy {
    fn name(&self) -> &'static str {
        "Envoy"
    }

    fn log(&self) -> &Log {
        &self.log
    }

    fn dial(&self, way: Way, destination: SocketAddr) -> Coming<'_, TcpStream> {
        let port = destination.port();
        let listener = match way {
            Way::In => self.inbound,
            Way::Out => *self
                .outbound
                .get(&(Some(destination.ip()), port))
                .or_else(|| self.outbound.get(&(None, port)))
                .unwrap_or(&self.rest),
        };
        Box::pin(async move {
            let mut stream = TcpStream::connect(listener).await.unwrap();
            let own = stream.local_addr().unwrap();
            let mut line = Vec::new();
            let (from, to) = (own.ip(), destination.ip());
            write!(line, "PROXY TCP4 {from} {to} {} {port}\r\n", own.port()).unwrap();
            stream.write_all(&line).await.unwrap();
            stream
        })
    }

    fn decisions(&self) -> Coming<'_, (String, String)> {
        Box::pin(async move {
            let text = page(self.admin, "/stats?filter=rbac").await;
            (text, page(self.admin, "/stats/prometheus?filter=rbac").await)
        })
    }

    fn join(&self, cluster: &str, endpoint: SocketAddr) {
        self.arrivals.add(cluster, endpoint);
    }
}
