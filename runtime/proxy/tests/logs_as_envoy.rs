//! Envoy and we write the same lines for the same formats.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use mesh_wire::Snapshot;
use mesh_wire::listener::MtlsMode;
use mesh_wire::snapshot::AccessLog;
use mesh_wire::telemetry::Side;
use serde_json::{Value, json};
use support::envoy::{Envoy, cluster, free, manager, socket, without_envoy};
use support::{Proxy, backend, client, snapshot};
use tokio::net::TcpStream;

/// What does not depend on when and where.
const FORMAT: &str = "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %REQ_WITHOUT_QUERY(:PATH):4% %PROTOCOL% %RESPONSE_CODE% \
    %RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %REQ(X-A):3% %REQ(X-B?X-A)% \
    %REQ(X-NONE)% %RESP(X-TOLD)% %RESP(X-NONE)% %UPSTREAM_CLUSTER% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% \
    %REQUESTED_SERVER_NAME% %START_TIME(%Y-)% %REQ(:AUTHORITY)% %CONNECTION_TERMINATION_DETAILS% 100%% %GRPC_STATUS_NUMBER% \
    %GRPC_STATUS% %PATH% %PATH(NQ)% %PATH(WQ:ORIG)% %PATH(NQ:PATH):3% %QUERY_PARAM(a)% %QUERY_PARAM(b)% %QUERY_PARAM(c)% \
    %QUERY_PARAM(none)%\n";

fn fields() -> Vec<(&'static str, &'static str)> {
    vec![
        ("code", "%RESPONSE_CODE%"),
        ("none", "%REQ(X-NONE)%"),
        ("mixed", "%REQ(X-A)% and %RESPONSE_CODE%"),
        ("sent", "%BYTES_SENT%"),
        ("text", "just text"),
        ("short", "%REQ(X-A):2%"),
    ]
}

/// The first line of a file, once it is there.
async fn line(path: &Path) -> String {
    let found = async {
        loop {
            if let Some(line) = std::fs::read_to_string(path).unwrap_or_default().lines().next() {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found)
        .await
        .unwrap_or_else(|_| panic!("nothing in {}", path.display()))
}

fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}.log", std::process::id()));
    _ = std::fs::remove_file(&path);
    path
}

fn ours(path: &Path, as_json: bool) -> Snapshot {
    let mut told = snapshot::inbound();
    told.inbound[0].mtls = MtlsMode::Disable;
    let telemetry = told.telemetry.as_mut().unwrap();
    telemetry.access_log_options.file = Some(path.display().to_string());
    if as_json {
        telemetry.access_log = Some(AccessLog::Json);
        let fields = fields()
            .into_iter()
            .map(|(key, format)| (key.to_owned(), format.to_owned()));
        telemetry.access_log_options.fields = fields.collect();
    } else {
        telemetry.access_log = Some(AccessLog::Text(Some(FORMAT.to_owned())));
    }
    assert_eq!(mesh_proxy::unsupported(&told), Vec::<String>::new());
    told
}

fn theirs(path: &Path, as_json: bool) -> Value {
    let format = if as_json {
        let fields: serde_json::Map<String, Value> = fields()
            .into_iter()
            .map(|(key, format)| (key.to_owned(), format.into()))
            .collect();
        json!({ "json_format": fields })
    } else {
        json!({ "text_format_source": { "inline_string": FORMAT },
            "formatters": [{ "name": "envoy.formatter.req_without_query", "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.formatter.req_without_query.v3.ReqWithoutQuery" } }] })
    };
    json!({ "access_log_flush_interval": "0.01s", "access_log": [{ "name": "envoy.access_loggers.file", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": path.display().to_string(), "log_format": format } }] })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn formats_mean_the_same() {
    if without_envoy() {
        return;
    }
    let app = backend::http1(|_| async {
        http::Response::builder()
            .header("x-told", "yes indeed")
            .header("grpc-status", "5")
            .body(http_body_util::Full::new(bytes::Bytes::from_static(b"hello")))
            .unwrap()
    })
    .await;
    for (as_json, content) in [
        (false, "text/plain"),
        (false, "application/grpc"),
        (true, "text/plain"),
    ] {
        let name = |who| file(&format!("{who}-{as_json}-{}", content.replace('/', "-")));
        let (envoys, own) = (name("envoy"), name("own"));
        let address = free();
        let mut config = theirs(&envoys, as_json);
        config
            .as_object_mut()
            .unwrap()
            .remove("access_log_flush_interval");
        let listener = json!({ "name": "in", "address": socket(address),
            "filter_chains": [{ "filters": [manager(snapshot::INBOUND, config)] }] });
        let envoy = Envoy::start(
            vec![listener],
            vec![cluster(snapshot::INBOUND, app, false, None)],
            address,
        )
        .await;
        let proxy = Proxy::inbound(ours(&own, as_json), app).await;
        for address in [address, proxy.address] {
            let mut request = client::get("/posts?a=1&b=x%41%20+y&c&a=2");
            request.headers_mut().insert("x-a", "abcdef".parse().unwrap());
            request
                .headers_mut()
                .insert("content-type", content.parse().unwrap());
            let stream = TcpStream::connect(address).await.unwrap();
            client::text(client::once(stream, request).await).await;
        }
        // Envoy writes what it holds back when it ends, or every ten seconds.
        let theirs = line(&envoys).await;
        drop(envoy);
        let ours = line(&own).await;
        if as_json {
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(parse(&ours), parse(&theirs));
        } else {
            assert_eq!(ours, theirs);
        }
        std::fs::remove_file(envoys).unwrap();
        std::fs::remove_file(own).unwrap();
    }
}

#[tokio::test]
async fn a_log_that_is_moved_away_is_begun_anew_and_one_of_the_other_side_is_not_written() {
    let path = file("moved");
    let app = backend::http1(backend::told).await;
    let mut told = ours(&path, false);
    let proxy = Proxy::inbound(told.clone(), app).await;
    let ask = async || {
        client::once(proxy.connect().await, client::get("/"))
            .await
            .status()
    };
    ask().await;
    line(&path).await;
    std::fs::remove_file(&path).unwrap();
    ask().await;
    line(&path).await;
    told.telemetry.as_mut().unwrap().access_log_options.at = Some(Side::Client);
    proxy.shared.apply(told.clone()).unwrap();
    std::fs::remove_file(&path).unwrap();
    ask().await;
    told.telemetry.as_mut().unwrap().access_log_options.at = Some(Side::Server);
    proxy.shared.apply(told).unwrap();
    let mut request = client::get("/last");
    request.headers_mut().insert("x-a", "last".parse().unwrap());
    client::once(proxy.connect().await, request).await;
    assert!(
        line(&path).await.contains("/last"),
        "the first line is that of the last request"
    );
    std::fs::remove_file(path).unwrap();
}
