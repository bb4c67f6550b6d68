//! Values of headers that are made of what is known of a request.

use mesh_wire::listener::{InboundProtocol, MtlsMode};
use mesh_wire::route::{
    DirectResponse, HeaderEdits, PathRewrite, Redirect, RouteAction, RouteTable, VirtualHost,
};

use super::{action, prefix};
use crate::ask::{Ask, get};
use crate::support::snapshot::{self, forward};
use crate::world::World;

/// What the same request has on both data planes.
const VALUES: [&str; 34] = [
    "100%%",
    "%REQ(x-in)%",
    "%REQ(X-NONE?X-IN)%",
    "%REQ(x-in):3%",
    "a%REQ(x-none)%b",
    "%REQ(x-none)%",
    "%REQ(:path)%",
    "%REQ(:method)%",
    "%REQ(:authority)%",
    "%REQ(:scheme)%",
    "%REQ(x-gone)%",
    "%REQ(x-value-1)%",
    "%REQ(x-share)%",
    "%RESP(x-out)%",
    "%RESP(x-value-1)%",
    "%PROTOCOL%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_LOCAL_PORT%",
    "%START_TIME(%Y-%m)%",
    "%UPSTREAM_HOST%",
    "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
    "%UPSTREAM_CLUSTER%",
    "%ROUTE_NAME%",
    "%RESPONSE_CODE%",
    "%RESPONSE_FLAGS%",
    "%RESPONSE_CODE_DETAILS%",
    "%BYTES_RECEIVED%",
    "%BYTES_SENT%",
    "%REQUESTED_SERVER_NAME%",
    "%DOWNSTREAM_PEER_URI_SAN%",
    "%HOSTNAME%",
];

fn edits() -> HeaderEdits {
    let named = VALUES.iter().enumerate();
    let set = named.map(|(number, value)| (format!("x-value-{number}"), (*value).to_owned()));
    HeaderEdits {
        set: set.collect(),
        add: [("x-in".to_owned(), "%PROTOCOL%, %REQ(x-in)%".to_owned())].into(),
        remove: vec!["x-gone".to_owned()],
    }
}

pub async fn put(world: &mut World) {
    let [(_, a), ..] = world.apps;
    world.cluster("values-a", &[a]);
    world.cluster("values-none", &[]);
    let mut to = forward("values-a");
    to.clusters[0].request_headers.set = [
        ("x-share".to_owned(), "%REQ(:method)% of the share".to_owned()),
        ("x-value-1".to_owned(), "of the share".to_owned()),
    ]
    .into();
    to.clusters[0].response_headers.set =
        [("x-share".to_owned(), "%RESP(x-out)% %REQ(x-in)%".to_owned())].into();
    let mut moved = to.clone();
    moved.path_rewrite = Some(PathRewrite::Prefix("/new".to_owned()));
    moved.host_rewrite = Some("other.test".to_owned());
    let redirect = Redirect {
        status: 302,
        scheme: None,
        host: Some("new.test".to_owned()),
        port: None,
        path: None,
    };
    let said = DirectResponse {
        status: 418,
        body: "so".to_owned(),
    };
    let mut routes = vec![
        prefix("/old", moved),
        prefix("/none", forward("values-none")),
        action("/moved", RouteAction::Redirect(redirect)),
        action("/said", RouteAction::Respond(said)),
        prefix("/", to),
    ];
    for route in &mut routes {
        route.request_headers = edits();
        route.response_headers = edits();
    }
    let port = crate::app::serve("inward", world.tries.clone()).await;
    let mut inward = prefix("/", forward(snapshot::INBOUND));
    inward.request_headers = edits();
    inward.response_headers = edits();
    let table = RouteTable {
        virtual_hosts: vec![VirtualHost {
            name: "inbound|http".to_owned(),
            domains: vec!["*".to_owned()],
            routes: vec![inward],
        }],
    };
    world
        .inbound(port.port(), InboundProtocol::Http, MtlsMode::Permissive)
        .routes = Some(table);
    world.host("values", routes);
    let ask = |path: &str| {
        let ask = get("values", path).with("x-in", "in and out").with("x-gone", "1");
        ask.told("header=x-out:out;header=x-gone:1")
    };
    let mut asks: Vec<Ask> = ["/page?a=1", "/old/page?a=1", "/none", "/moved", "/said"]
        .into_iter()
        .map(ask)
        .collect();
    asks.push(ask("/page").http2().label("HTTP/2"));
    asks.push(ask("/page").told("break").label("broken"));
    asks.push(ask("/page").inward(port).label("inward"));
    asks.push(ask("/page").inward(port).mesh().label("mesh"));
    world.asks("values", asks);
}
