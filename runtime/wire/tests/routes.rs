//! Whatever a real istiod says of routes can be said in a snapshot.
//!
//! Every key of its answer is taken over, or stands in a list with the reason why it need not be.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on says where"
)]

mod said;

use std::path::Path;

use mesh_wire::Millis;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{
    Fault, FaultDelay, Forward, HeaderEdits, Mirror, PathMatch, PathRewrite, PerMillion, Retry, Route,
    RouteAction, RouteMatch, RouteTable, VirtualHost, WeightedCluster,
};
use said::{Fields, fields, list, millis, text};
use serde_json::Value;

/// Nothing acts on these: names for traces, limits that other parts of a snapshot say, and Envoy's own book-keeping.
const ROUTE_IGNORED: &[&str] = &["metadata", "decorator"];
/// gRPC's own timeout header is bounded by the same value as `timeout`.
const ACTION_IGNORED: &[&str] = &["maxGrpcTimeout"];
/// Settings that are the same for every table of Istio; the proxy has them built in.
const TABLE_IGNORED: &[&str] = &[
    "validateClusters",
    "maxDirectResponseBodySizeBytes",
    "ignorePortInHostMatching",
];
/// Every forwarded request counts its tries.
const HOST_IGNORED: &[&str] = &["includeRequestAttemptCount"];
/// A mirrored request keeps its host and is no trace of its own.
const MIRROR_IGNORED: &[&str] = &["traceSampled", "disableShadowHostSuffixAppend"];

#[test]
fn all_routes_of_a_real_istiod_can_be_said() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/xds/mysql-1/rds.json");
    let Ok(answer) = std::fs::read_to_string(&file) else {
        assert!(std::env::var_os("CI").is_none(), "needs {}", file.display());
        println!("skipped: needs {}", file.display());
        return;
    };
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let tables: Vec<_> = list(&answer["resources"])
        .map(|table| table_of(fields(table)))
        .collect();
    assert!(
        tables.len() >= 4,
        "the answer has the tables of the reference mesh"
    );

    let routes = || {
        tables
            .iter()
            .flat_map(|table| &table.virtual_hosts)
            .flat_map(|host| &host.routes)
    };
    assert!(
        routes().any(|route| route.fault.is_some()),
        "a delay on purpose is among them"
    );
    for table in &tables {
        let written = serde_json::to_string(table).unwrap();
        assert_eq!(
            &serde_json::from_str::<RouteTable>(&written).unwrap(),
            table,
            "and is read as it was written"
        );
    }
}

fn table_of(mut table: Fields) -> RouteTable {
    table.take("@type");
    table.take("name");
    let virtual_hosts = table.take("virtualHosts");
    table.end(TABLE_IGNORED);
    RouteTable {
        virtual_hosts: list(&virtual_hosts).map(|host| host_of(fields(host))).collect(),
    }
}

fn host_of(mut host: Fields) -> VirtualHost {
    let (name, domains, routes) = (
        text(&host.take("name")),
        host.take("domains"),
        host.take("routes"),
    );
    host.end(HOST_IGNORED);
    VirtualHost {
        name,
        domains: list(&domains).map(text).collect(),
        routes: list(&routes).map(|route| route_of(fields(route))).collect(),
    }
}

fn route_of(mut route: Fields) -> Route {
    let filters = route.maybe("typedPerFilterConfig").map(|filters| {
        let mut filters = fields(&filters);
        let fault = fault_of(fields(&filters.take("envoy.filters.http.fault")));
        filters.end(&[]);
        fault
    });
    let said = Route {
        name: route.maybe("name").as_ref().map(text),
        matches: match_of(fields(&route.take("match"))),
        action: RouteAction::Forward(forward_of(fields(&route.take("route")))),
        request_headers: edits_of(
            route.maybe("requestHeadersToAdd"),
            route.maybe("requestHeadersToRemove"),
        ),
        response_headers: edits_of(
            route.maybe("responseHeadersToAdd"),
            route.maybe("responseHeadersToRemove"),
        ),
        fault: filters,
        cors: None,
    };
    route.end(ROUTE_IGNORED);
    said
}

fn match_of(mut matches: Fields) -> RouteMatch {
    let path = PathMatch::Prefix(text(&matches.take("prefix")));
    let ignore_case = matches.maybe("caseSensitive") == Some(Value::Bool(false));
    let headers = matches.maybe("headers").unwrap_or_default();
    matches.end(&[]);
    let header = |header: &Value| {
        let mut header = fields(header);
        let name = text(&header.take("name"));
        let mut value = fields(&header.take("stringMatch"));
        let exact = text(&value.take("exact"));
        value.end(&[]);
        header.end(&[]);
        HeaderMatch {
            name,
            value: Some(StringMatch::Exact(exact)),
            invert: false,
        }
    };
    RouteMatch {
        path,
        ignore_case,
        headers: list(&headers).map(header).collect(),
        query: Vec::new(),
    }
}

fn forward_of(mut action: Fields) -> Forward {
    let share = |cluster: String, weight| WeightedCluster {
        cluster,
        weight,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    };
    let clusters = match action.maybe("weightedClusters") {
        None => vec![share(text(&action.take("cluster")), 1)],
        Some(weighted) => {
            let mut weighted = fields(&weighted);
            let clusters = weighted.take("clusters");
            weighted.end(&[]);
            let one = |cluster: &Value| {
                let mut cluster = fields(cluster);
                let said = share(text(&cluster.take("name")), number(&cluster.take("weight")));
                cluster.end(&[]);
                said
            };
            list(&clusters).map(one).collect()
        }
    };
    let said = Forward {
        clusters,
        timeout: millis(&action.take("timeout")),
        retry: action.maybe("retryPolicy").map(|retry| retry_of(fields(&retry))),
        path_rewrite: action
            .maybe("prefixRewrite")
            .map(|prefix| PathRewrite::Prefix(text(&prefix))),
        host_rewrite: None,
        mirrors: list(&action.maybe("requestMirrorPolicies").unwrap_or_default())
            .map(mirror_of)
            .collect(),
        hash: Vec::new(),
    };
    action.end(ACTION_IGNORED);
    said
}

fn retry_of(mut retry: Fields) -> Retry {
    let predicates = retry.maybe("retryHostPredicate").unwrap_or_default();
    let attempts = retry
        .maybe("hostSelectionRetryMaxAttempts")
        .map_or(0, |attempts| text(&attempts).parse().unwrap());
    let said = Retry {
        on: text(&retry.take("retryOn"))
            .split(',')
            .map(str::to_owned)
            .collect(),
        attempts: number(&retry.take("numRetries")),
        per_try_timeout: retry.maybe("perTryTimeout").as_ref().map_or(Millis(0), millis),
        status_codes: Vec::new(),
        other_endpoint: list(&predicates)
            .any(|it| it["name"] == "envoy.retry_host_predicates.previous_hosts"),
        host_selection_attempts: attempts,
        ..Retry::default()
    };
    retry.end(&[]);
    said
}

fn mirror_of(mirror: &Value) -> Mirror {
    let mut mirror = fields(mirror);
    let mut fraction = fields(&mirror.take("runtimeFraction"));
    let said = Mirror {
        cluster: text(&mirror.take("cluster")),
        share: share_of(&fraction.take("defaultValue")),
    };
    fraction.end(&[]);
    mirror.end(MIRROR_IGNORED);
    said
}

fn fault_of(mut fault: Fields) -> Fault {
    fault.take("@type");
    let mut delay = fields(&fault.take("delay"));
    let said = FaultDelay {
        delay: millis(&delay.take("fixedDelay")),
        share: share_of(&delay.take("percentage")),
    };
    delay.end(&[]);
    fault.end(&[]);
    Fault {
        delay: Some(said),
        abort: None,
    }
}

fn share_of(percent: &Value) -> PerMillion {
    assert_eq!(percent["denominator"], "MILLION");
    PerMillion(number(&percent["numerator"]))
}

fn edits_of(add: Option<Value>, remove: Option<Value>) -> HeaderEdits {
    let mut edits = HeaderEdits::default();
    for edit in list(&add.unwrap_or_default()) {
        let mut edit = fields(edit);
        let header = edit.take("header");
        let action = edit.maybe("appendAction");
        edit.end(&[]);
        let overwrite = action.is_some_and(|action| action == "OVERWRITE_IF_EXISTS_OR_ADD");
        let into = if overwrite { &mut edits.set } else { &mut edits.add };
        into.insert(text(&header["key"]), text(&header["value"]));
    }
    edits.remove = list(&remove.unwrap_or_default()).map(text).collect();
    edits
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}
