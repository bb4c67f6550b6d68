//! Parts of a page, for those who ask for no more: Envoy's `filter`, `usedonly`, `resource`, `name_regex` and `mask`.

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::{Map, Value, json};

/// Which figures are told.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Their names have this in them.
    pub(super) filter: Option<Regex>,
    /// Only those that something was counted in.
    pub(super) used: bool,
}

impl Figures {
    /// The lines of `metrics` that are asked for, each kind's description where one of its figures is.
    pub(super) fn of(&self, metrics: String) -> String {
        if self.filter.is_none() && !self.used {
            return metrics;
        }
        let (mut chosen, mut about) = (String::new(), String::new());
        for line in metrics.split_inclusive('\n') {
            if line.starts_with('#') {
                if line.starts_with("# HELP") {
                    about.clear();
                }
                about.push_str(line);
            } else if self.tells(line) {
                chosen.push_str(&std::mem::take(&mut about));
                chosen.push_str(line);
            }
        }
        chosen
    }

    fn tells(&self, line: &str) -> bool {
        let (name, value) = line.trim_end().rsplit_once(' ').unwrap_or((line, ""));
        let named = self.filter.as_ref().is_none_or(|filter| filter.is_match(name));
        named && (!self.used || value.parse() != Ok(0.0))
    }
}

/// What is asked of a dump.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    /// A field of one of its sections, such as `dynamic_active_clusters`.
    pub(super) resource: Option<&'a str>,
    /// Fields that are told of each, with what is below them: `cluster.name,version_info`.
    pub(super) mask: Option<&'a str>,
    /// What their names have in them.
    pub(super) name: Option<Regex>,
}

/// No section has the resource that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown;

impl Part<'_> {
    /// The part of a dump, as a dump.
    pub(super) fn of(&self, dump: Value) -> Result<Value, Unknown> {
        let sections = dump["configs"].as_array().cloned().unwrap_or_default();
        let mut chosen = match self.resource {
            None => sections,
            Some(resource) => {
                let mut holding = sections
                    .into_iter()
                    .filter(|section| section.get(resource).is_some());
                taken(holding.next().ok_or(Unknown)?, resource)
            }
        };
        if let Some(regex) = &self.name {
            chosen.retain(|one| name(one).is_none_or(|name| regex.is_match(name)));
        }
        if let Some(mask) = self.mask {
            chosen = chosen.iter().map(|one| masked(one, mask)).collect();
        }
        Ok(json!({ "configs": chosen }))
    }
}

/// The resources of a section's field, each with its type: `…ClustersConfigDump` has `DynamicCluster`s.
fn taken(mut section: Value, resource: &str) -> Vec<Value> {
    let of = section["@type"].as_str().unwrap_or_default().to_owned();
    let kind = match resource {
        "static_clusters" => "StaticCluster",
        "static_listeners" => "StaticListener",
        "static_route_configs" => "StaticRouteConfig",
        "static_endpoint_configs" => "StaticEndpointConfig",
        "dynamic_listeners" => "DynamicListener",
        "dynamic_route_configs" => "DynamicRouteConfig",
        "dynamic_endpoint_configs" => "DynamicEndpointConfig",
        "dynamic_active_secrets" | "dynamic_warming_secrets" => "DynamicSecret",
        "static_secrets" => "StaticSecret",
        "dynamic_active_clusters" | "dynamic_warming_clusters" => "DynamicCluster",
        // One message and no list, such as `bootstrap`.
        _ => return vec![section],
    };
    let Value::Array(all) = section[resource].take() else {
        return Vec::new();
    };
    let typed = |one: Value| {
        let mut fields = Map::from_iter([("@type".to_owned(), json!(format!("{of}.{kind}")))]);
        fields.extend(one.as_object().cloned().unwrap_or_default());
        Value::Object(fields)
    };
    all.into_iter().map(typed).collect()
}

/// Of a resource itself, or of what it wraps.
fn name(resource: &Value) -> Option<&str> {
    let own = resource["name"].as_str();
    own.or_else(|| {
        ["cluster", "route_config", "endpoint_config"]
            .iter()
            .find_map(|field| {
                let wrapped = &resource[*field];
                wrapped["name"]
                    .as_str()
                    .or_else(|| wrapped["cluster_name"].as_str())
            })
    })
}

fn masked(value: &Value, mask: &str) -> Value {
    let mut kept = json!({ "@type": value["@type"] });
    for path in mask.split(',') {
        let words: Vec<&str> = path.split('.').collect();
        let pointer = format!("/{}", words.join("/"));
        let Some(found) = value.pointer(&pointer) else {
            continue;
        };
        let mut place = &mut kept;
        for word in words {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[word];
        }
        *place = found.clone();
    }
    kept
}

/// An expression of a query, whose signs may be escaped.
pub(super) fn expression(text: Option<&str>) -> Result<Option<Regex>, regex::Error> {
    let text = text.map(|text| percent_decode_str(text).decode_utf8_lossy());
    text.map(|text| Regex::new(&text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# HELP istio_requests_total requests\n# TYPE istio_requests_total counter\n\
        istio_requests_total{response_code=\"200\"} 7\nistio_requests_total{response_code=\"503\"} 0\n\
        # HELP up is it\n# TYPE up gauge\nup 1\n";

    #[test]
    fn figures_are_chosen_by_name_and_by_use() {
        let chosen = |filter: Option<&str>, used| {
            let filter = expression(filter).unwrap();
            Figures { filter, used }.of(METRICS.to_owned())
        };
        assert_eq!(chosen(None, false), METRICS);
        assert_eq!(
            chosen(Some("^up$"), false),
            "# HELP up is it\n# TYPE up gauge\nup 1\n"
        );
        let some = "# HELP istio_requests_total requests\n# TYPE istio_requests_total counter\n\
            istio_requests_total{response_code=\"200\"} 7\n";
        assert_eq!(chosen(Some("requests%5Ftotal"), true), some);
        assert_eq!(chosen(Some("nothing"), false), "");
        assert!(expression(Some("(")).is_err());
    }

    #[test]
    fn a_dump_is_told_in_part() {
        let dump = json!({ "configs": [
            { "@type": "t/ListenersConfigDump", "dynamic_listeners": [{ "name": "0.0.0.0_80", "version_info": "1" }] },
            { "@type": "t/ClustersConfigDump", "version_info": "1", "dynamic_active_clusters": [
                { "cluster": { "name": "a", "type": "EDS" }, "version_info": "1" },
                { "cluster": { "name": "b", "type": "EDS" }, "version_info": "1" } ] },
        ] });
        let part = Part {
            resource: Some("dynamic_active_clusters"),
            mask: Some("cluster.name,nothing"),
            name: expression(Some("^b")).unwrap(),
        };
        let told = json!({ "configs": [{ "@type": "t/ClustersConfigDump.DynamicCluster", "cluster": { "name": "b" } }] });
        assert_eq!(part.of(dump.clone()), Ok(told));
        let part = Part {
            resource: Some("bootstrap"),
            ..Part::default()
        };
        assert_eq!(part.of(dump.clone()), Err(Unknown));
        let mask = Some("version_info");
        let part = Part {
            mask,
            ..Part::default()
        };
        let told = json!({ "configs": [
            { "@type": "t/ListenersConfigDump" },
            { "@type": "t/ClustersConfigDump", "version_info": "1" } ] });
        assert_eq!(part.of(dump), Ok(told));
    }
}
