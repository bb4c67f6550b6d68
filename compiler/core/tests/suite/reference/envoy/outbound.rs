use serde_json::Value;

use super::{HTTP, TCP, filter, millis, shares};
use crate::reference::facts::{Facts, at, field, fields, items, list, set, text};

pub(crate) fn add(facts: &mut Facts, listener: &Value) {
    let address = at(listener, "address/socketAddress");
    let more = items(listener, "additionalAddresses");
    let more = more
        .iter()
        .map(|more| text(more, "address/socketAddress/address"));
    let all = std::iter::once(text(address, "address")).chain(more);
    let addresses = set(all.filter(|address| address != "0.0.0.0" && address != "::"));
    let port = text(address, "portValue");
    let value = format!("addresses={addresses} port={port} {}", protocol(listener));
    facts.insert(format!("outbound/{}", text(listener, "name")), value);
    let timeout = millis(listener, "listenerFiltersTimeout").unwrap();
    let goes_on = listener["continueOnListenerFiltersTimeout"] == Value::Bool(true);
    facts.insert(
        "detection".to_owned(),
        format!("timeout={timeout} continue={goes_on}"),
    );
}

/// The cluster behind the chain that takes everything which is not dialled to the port itself.
pub(crate) fn add_default(facts: &mut Facts, listener: &Value) {
    let chains = items(listener, "filterChains");
    let rest = chains
        .iter()
        .find(|chain| chain.get("filterChainMatch").is_none())
        .unwrap();
    facts.insert("outbound-default".to_owned(), shares(filter(rest, TCP).unwrap()));
}

fn protocol(listener: &Value) -> String {
    let chains = items(listener, "filterChains");
    let default = filter(at(listener, "defaultFilterChain"), TCP);
    let otherwise = default.map(shares).unwrap_or_default();
    if let Some(http) = chains.iter().find_map(|chain| filter(chain, HTTP)) {
        let routes = text(http, "rds/routeConfigName");
        return format!("http routes={routes} otherwise={otherwise}");
    }
    let mut all: Vec<_> = chains.iter().map(chain).collect();
    // Envoy looks for the narrowest chain, whatever their order.
    all.sort();
    let tls = chains.iter().any(|chain| !names(chain).is_empty());
    if tls {
        format!("tls {} otherwise={otherwise}", all.join(" | "))
    } else {
        let rest = Some(at(listener, "defaultFilterChain")).filter(|rest| !rest.is_null());
        all.extend(rest.map(chain));
        all.sort();
        format!("tcp {}", all.join(" | "))
    }
}

/// One filter chain: what it takes, and where that goes.
fn chain(chain: &Value) -> String {
    let proxy = filter(chain, TCP).unwrap();
    let hash = items(proxy, "hashPolicy").iter().map(|hash| {
        assert!(hash.get("sourceIp").is_some(), "{hash}");
        "hash=source-ip".to_owned()
    });
    fields(&[
        set(names(chain)),
        set(ranges(chain)),
        format!("to={}", shares(proxy)),
        list(hash),
        field("idle", millis(proxy, "idleTimeout")),
        field("age", millis(proxy, "maxDownstreamConnectionDuration")),
    ])
}

fn names(chain: &Value) -> Vec<String> {
    let names = items(chain, "filterChainMatch/serverNames").iter();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn ranges(chain: &Value) -> impl Iterator<Item = String> + '_ {
    let ranges = items(chain, "filterChainMatch/prefixRanges").iter();
    ranges.map(|range| {
        let length = at(range, "prefixLen").as_u64().unwrap_or(0);
        format!("{}/{length}", text(range, "addressPrefix"))
    })
}
