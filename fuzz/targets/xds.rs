//! Any answer of istiod is translated or refused, and the proxy can act on what comes of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh_xds::{Response, translate};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(response) = Response::read(bytes) {
        let translation = translate([response]);
        let _ = mesh_proxy::unsupported(&translation.snapshot);
        let text = serde_json::to_string(&translation.snapshot).expect("snapshots are JSON");
        let again: mesh_wire::Snapshot = serde_json::from_str(&text).expect("and read again");
        assert_eq!(again, translation.snapshot);
    }
});
