//! What all scenes are played in: applications, and one snapshot.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use mesh_wire::cluster::{Cluster, Discovery, Transport};
use mesh_wire::listener::{
    Detection, InboundListener, InboundProtocol, MtlsMode, OutboundListener, OutboundProtocol,
};
use mesh_wire::route::{Route, RouteTable, VirtualHost};
use mesh_wire::snapshot::{AccessLog, IdentitySource};
use mesh_wire::{Millis, Snapshot};

use crate::app::{self, Tries};
use crate::ask::Ask;
use crate::plane::{Coming, DataPlane};
use crate::support::zone::Zone;
use crate::support::{Ca, SERVER, snapshot};

/// What was looked at, and what was seen.
pub type Came = Vec<(String, String)>;

/// What the log tells; the rest does not depend on what the proxy does.
const LOGGED: [(&str, &str); 18] = [
    ("termination", "%CONNECTION_TERMINATION_DETAILS%"),
    ("remote", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
    ("client", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ("code", "%RESPONSE_CODE%"),
    ("flags", "%RESPONSE_FLAGS%"),
    ("details", "%RESPONSE_CODE_DETAILS%"),
    ("protocol", "%PROTOCOL%"),
    ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("sent path", "%REQ(:PATH)%"),
    ("set by the route", "%REQ(X-VALUE-1)%"),
    ("authority", "%REQ(:AUTHORITY)%"),
    ("cluster", "%UPSTREAM_CLUSTER_RAW%"),
    ("route", "%ROUTE_NAME%"),
    ("received", "%BYTES_RECEIVED%"),
    ("sent", "%BYTES_SENT%"),
    ("sni", "%REQUESTED_SERVER_NAME%"),
    ("grpc", "%GRPC_STATUS%"),
    (
        "trailers",
        "%TRAILER(GRPC-STATUS)% %TRAILER(X-NONE?GRPC-MESSAGE)%",
    ),
];

type Play = Box<dyn for<'a> Fn(&'a dyn DataPlane, &'a World) -> Coming<'a, Came> + Send + Sync>;

/// Something that is done to a data plane.
pub struct Scene {
    name: String,
    play: Play,
}

impl Scene {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn play<'a>(&'a self, plane: &'a dyn DataPlane, world: &'a World) -> Coming<'a, Came> {
        (self.play)(plane, world)
    }
}

pub struct World {
    pub snapshot: Snapshot,
    /// Three applications that do as they are told.
    pub apps: [(&'static str, SocketAddr); 3],
    pub ca: Ca,
    /// Certificate and key of a caller, PEM.
    pub client: (String, String),
    pub tries: Tries,
    /// Whom each data plane asks for names.
    zones: BTreeMap<&'static str, Zone>,
    folder: PathBuf,
    scenes: Vec<Scene>,
}

impl World {
    /// One of its own `name`.
    pub async fn new(name: &str) -> Self {
        let tries = Tries::default();
        let mut apps = Vec::new();
        for name in ["a", "b", "c"] {
            apps.push((name, app::serve(name, tries.clone()).await));
        }
        let ca = Ca::new();
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("conformance-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut world = Self {
            snapshot: base(),
            apps: [apps[0], apps[1], apps[2]],
            client: crate::secure::caller(&ca),
            ca,
            tries,
            zones: [("meshd", Zone::serve().await), ("Envoy", Zone::serve().await)].into(),
            folder,
            scenes: Vec::new(),
        };
        let (chain, key) = world.ca.issue(SERVER);
        let source = IdentitySource::Files {
            cert_chain: world.file("chain.pem", &chain),
            key: world.file("key.pem", &key),
            roots: world.file("roots.pem", &world.ca.root),
            crl: Some(world.file("crl.pem", &world.ca.revoke(Some(&world.ca.issue(SERVER).0)))),
        };
        world.snapshot.identity.as_mut().unwrap().source = source;
        world
    }

    /// Whom the data plane of that name asks for names.
    pub fn zone(&self, plane: &str) -> &Zone {
        &self.zones[plane]
    }

    /// Waits until an application is asked with `key`.
    pub async fn tried(&self, plane: &dyn DataPlane, key: &str) {
        let key = format!("{}-{key}", plane.name());
        while !self.tries.lock().unwrap().contains_key(&key) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Time for a request that nobody sees to begin waiting in a proxy.
    pub async fn waiting(&self) {
        tokio::time::sleep(Duration::from_millis(60)).await;
    }

    /// A file with `content`; its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// A cluster of plain endpoints.
    pub fn cluster(&mut self, name: &str, endpoints: &[SocketAddr]) -> &mut Cluster {
        let all = endpoints
            .iter()
            .map(|address| snapshot::endpoint(*address, 1, false));
        let cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, all.collect());
        self.snapshot.clusters.insert(name.to_owned(), cluster);
        self.snapshot.clusters.get_mut(name).unwrap()
    }

    /// The host `NAME.test` on port 80, with these routes.
    pub fn host(&mut self, name: &str, routes: Vec<Route>) {
        let table = self.snapshot.routes.get_mut("80").unwrap();
        table.virtual_hosts.push(VirtualHost {
            name: format!("{name}.test:80"),
            domains: vec![format!("{name}.test")],
            routes,
        });
    }

    /// What arrives for `port`.
    pub fn inbound(&mut self, port: u16, protocol: InboundProtocol, mtls: MtlsMode) -> &mut InboundListener {
        let mut listener = snapshot::inbound().inbound.remove(0);
        (listener.protocol, listener.mtls, listener.port) = (protocol, mtls, Some(port));
        listener.name = format!("0.0.0.0_{port}");
        self.snapshot.inbound.push(listener);
        self.snapshot.inbound.last_mut().unwrap()
    }

    /// A scene that is not made of requests alone.
    pub fn scene<F>(&mut self, name: &str, play: F)
    where
        F: for<'a> Fn(&'a dyn DataPlane, &'a Self) -> Coming<'a, Came> + Send + Sync + 'static,
    {
        self.scenes.push(Scene {
            name: name.to_owned(),
            play: Box::new(play),
        });
    }

    /// A scene of requests, one after the other, to the host of its name.
    pub fn asks(&mut self, name: &'static str, asks: Vec<Ask>) {
        self.scene(name, move |plane, world| {
            let asks = asks.clone();
            Box::pin(async move {
                let mut came = Vec::new();
                for (number, ask) in asks.iter().enumerate() {
                    let seen = ask.of(plane, world, &format!("{name}-{number}")).await;
                    let place = |(what, value): (String, String)| (format!("{} {what}", ask.label), value);
                    came.extend(seen.into_iter().map(place));
                }
                came
            })
        });
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}

fn base() -> Snapshot {
    let mut told = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    told.identity.as_mut().unwrap().spiffe = SERVER.to_owned();
    let inward = snapshot::inbound().clusters.remove(snapshot::INBOUND).unwrap();
    told.clusters.insert(snapshot::INBOUND.to_owned(), inward);
    told.clusters.remove(snapshot::CLUSTER);
    told.routes.clear();
    told.routes.insert("80".to_owned(), RouteTable::default());
    told.outbound = vec![OutboundListener {
        name: "0.0.0.0_80".to_owned(),
        addresses: Vec::new(),
        port: 80,
        protocol: OutboundProtocol::Http {
            routes: "80".to_owned(),
            otherwise: "BlackHoleCluster".to_owned(),
        },
    }];
    told.detection = Some(Detection {
        timeout: Millis(0),
        continue_on_timeout: true,
    });
    let telemetry = told.telemetry.as_mut().unwrap();
    telemetry.metrics = false;
    telemetry.access_log = Some(AccessLog::Json);
    let fields = LOGGED.map(|(key, format)| (key.to_owned(), format.to_owned()));
    telemetry.access_log_options.fields = BTreeMap::from(fields);
    told
}
