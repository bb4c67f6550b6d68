//! Any file is a snapshot that the proxy takes over, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Shared};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(snapshot) = serde_json::from_slice::<mesh_wire::Snapshot>(bytes) {
        let _ = mesh_proxy::unsupported(&snapshot);
        let _ = Shared::new(Destinations::Socket, LogSink::none()).apply(snapshot);
    }
});
