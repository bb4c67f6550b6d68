//! gRPC: streams of messages, as they are said, and what is told of those that break off.

use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode};

use super::prefix;
use crate::plane::Way;
use crate::support::{grpc, snapshot::forward};
use crate::world::{Came, World};

pub async fn put(world: &mut World) {
    let server = grpc::serve().await;
    world.cluster("streams-2", &[server]).http = HttpVersion::Http2;
    world.cluster("streams-as", &[server]).http = HttpVersion::AsClient;
    world.inbound(server.port(), InboundProtocol::Http, MtlsMode::Disable);
    world
        .snapshot
        .clusters
        .get_mut(crate::support::snapshot::INBOUND)
        .unwrap()
        .http = HttpVersion::AsClient;
    for name in ["streams-2", "streams-as"] {
        let route = prefix("/", forward(name));
        world.host(name, vec![route]);
    }
    world.scene("streams", move |plane, _| {
        Box::pin(async move {
            let out = std::net::SocketAddr::from(([10, 96, 1, 10], 80));
            let mut came = Came::new();
            for (label, way, to, host) in [
                ("HTTP/2", Way::Out, out, "streams-2.test"),
                ("as the client", Way::Out, out, "streams-as.test"),
                ("inward", Way::In, server, "streams.test"),
            ] {
                let log = plane.log().end();
                let stream = plane.dial(way, to).await;
                let remote = stream.local_addr().unwrap();
                let talked = grpc::talk(stream, host, &["one", "two", "three"]).await;
                came.push((format!("{label} talk"), talked.join(", ")));
                for entry in plane.log().entries(remote, log, 1).await {
                    for key in [
                        "code", "flags", "details", "protocol", "received", "sent", "grpc", "trailers",
                    ] {
                        came.push((format!("{label} log {key}"), entry[key].to_string()));
                    }
                }
            }
            came
        })
    });
}
