use serde_json::Value;

use super::{HTTP, TCP, filter, millis, shares};
use crate::facts::{Facts, at, items, list, set, text};

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
    let otherwise = || {
        filter(at(listener, "defaultFilterChain"), TCP)
            .map(shares)
            .unwrap_or_default()
    };
    if let Some(http) = chains.iter().find_map(|chain| filter(chain, HTTP)) {
        return format!(
            "http routes={} otherwise={}",
            text(http, "rds/routeConfigName"),
            otherwise()
        );
    }
    let names = |chain: &Value| -> Vec<String> {
        let names = items(chain, "filterChainMatch/serverNames");
        names
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    if chains.iter().all(|chain| names(chain).is_empty()) {
        return format!("tcp {}", filter(&chains[0], TCP).map(shares).unwrap());
    }
    let routes = chains.iter().filter(|chain| !names(chain).is_empty());
    let routes = routes.map(|chain| {
        format!(
            "{} {}",
            set(names(chain)),
            filter(chain, TCP).map(shares).unwrap()
        )
    });
    format!("tls {} otherwise={}", list(routes), otherwise())
}
