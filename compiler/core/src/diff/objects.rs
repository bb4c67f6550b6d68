use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::noun::{EVERYWHERE, Key, Noun, ROOT};
use super::{apart, normal};
use crate::model::Identity;

/// Objects by what they are about, in their normal forms.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Objects {
    things: BTreeMap<Key, Thing>,
}

/// One thing, and the objects that say it.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// Normal form.
    pub(super) normal: Value,
    /// The objects, as they are called.
    pub(super) said_by: Vec<Identity>,
}

impl PartialEq for Thing {
    fn eq(&self, other: &Self) -> bool {
        self.normal == other.normal
    }
}

impl Objects {
    /// Of objects in any order.
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut things: BTreeMap<Key, Thing> = BTreeMap::new();
        let each = objects.into_iter().map(apart::of).collect::<Vec<_>>();
        for object in each.iter().flat_map(|parts| parts.iter()) {
            let identity = identity(object);
            let normal = normal::of(object);
            let mut key = Key::of(&identity, object, &normal);
            if key.noun == Noun::Access {
                join(&mut things, key, identity, normal);
                continue;
            }
            if says_nothing(&key, &normal) {
                continue;
            }
            // Two about the same are two things.
            if things.contains_key(&key) {
                key.more = format!("{} {}", key.more, identity.name);
            }
            let said_by = vec![identity];
            things.insert(key, Thing { normal, said_by });
        }
        let mut all = Self { things };
        all.fill_in();
        all.leave_out_ports();
        all
    }

    /// What holds where nothing is said.
    fn fill_in(&mut self) {
        let key = Key {
            noun: Noun::Mtls,
            namespace: ROOT.to_owned(),
            about: EVERYWHERE.to_owned(),
            more: String::new(),
        };
        self.things.entry(key).or_insert_with(|| Thing {
            normal: json!({ "spec": { "mtls": { "mode": "PERMISSIVE" } } }),
            said_by: Vec::new(),
        });
    }

    /// Ports of machines that are where their services look for them anyway.
    fn leave_out_ports(&mut self) {
        let services = Services::of(&self.things);
        for (key, thing) in &mut self.things {
            let (labels, ports) = match key.noun {
                Noun::Group => ("/spec/metadata/labels", "/spec/template/ports"),
                Noun::Vm => ("/spec/labels", "/spec/ports"),
                _ => continue,
            };
            let labels = thing.normal.pointer(labels).and_then(Value::as_object);
            let on = services.asking(&key.namespace, labels);
            if let Some(own) = thing.normal.pointer_mut(ports).and_then(Value::as_object_mut) {
                own.retain(|name, number| {
                    !on.iter()
                        .any(|service| service.targets.get(name).is_some_and(|target| *target == *number))
                });
            }
            super::normal::tidy(&mut thing.normal);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Thing)> {
        self.things.iter()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Thing> {
        self.things.get(key)
    }
}

/// Where services look for their ports: by namespace and one label that they ask for.
struct Services(BTreeMap<(String, Option<Label>), Vec<Ports>>);

type Label = (String, String);

impl Services {
    fn of(things: &BTreeMap<Key, Thing>) -> Self {
        let mut found: BTreeMap<_, Vec<Ports>> = BTreeMap::new();
        for (key, thing) in things {
            if let Some(ports) = ports(key, thing) {
                let first = ports.selector.iter().next().map(label);
                found
                    .entry((key.namespace.clone(), first))
                    .or_default()
                    .push(ports);
            }
        }
        Self(found)
    }

    /// Those of `namespace` that ask for something with `labels`.
    fn asking(&self, namespace: &str, labels: Option<&Map<String, Value>>) -> Vec<&Ports> {
        let first = labels.into_iter().flatten().map(label).map(Some).chain([None]);
        let alike = first.filter_map(|first| self.0.get(&(namespace.to_owned(), first)));
        let has =
            |(key, value): (&String, &Value)| labels.is_some_and(|labels| labels.get(key) == Some(value));
        let serves = |service: &&Ports| service.selector.iter().all(has);
        alike.flatten().filter(serves).collect()
    }
}

fn label((key, value): (&String, &Value)) -> Label {
    (key.clone(), value.to_string())
}

/// Where a service looks for its ports.
struct Ports {
    selector: Map<String, Value>,
    targets: BTreeMap<String, Value>,
}

fn ports(key: &Key, thing: &Thing) -> Option<Ports> {
    let (selector, number) = match key.noun {
        Noun::Service => ("/spec/selector", "port"),
        Noun::External => ("/spec/workloadSelector/labels", "number"),
        _ => return None,
    };
    let selector = thing.normal.pointer(selector)?.as_object()?.clone();
    let ports = thing.normal.pointer("/spec/ports")?.as_array()?;
    let target = |port: &Value| {
        let name = port.get("name")?.as_str()?.to_owned();
        let target = port.get("targetPort").filter(|target| target.is_number());
        Some((name, target.or_else(|| port.get(number))?.clone()))
    };
    Some(Ports {
        selector,
        targets: ports.iter().filter_map(target).collect(),
    })
}

/// Policies of one action for the same workloads say together what one with all their rules says.
fn join(things: &mut BTreeMap<Key, Thing>, key: Key, identity: Identity, normal: Value) {
    let Some(thing) = things.get_mut(&key) else {
        let said_by = vec![identity];
        things.insert(key, Thing { normal, said_by });
        return;
    };
    thing.said_by.push(identity);
    let rules = |normal: &Value| {
        let rules = normal.pointer("/spec/rules").and_then(Value::as_array);
        rules.cloned().unwrap_or_default()
    };
    let mut all = rules(&thing.normal);
    all.extend(rules(&normal));
    all.sort_by_cached_key(ToString::to_string);
    all.dedup();
    if !all.is_empty() {
        thing.normal["spec"]["rules"] = Value::from(all);
    }
}

/// It is as if it were not there.
fn says_nothing(key: &Key, normal: &Value) -> bool {
    match key.noun {
        Noun::Mtls => [json!({}), json!({ "spec": {} })].contains(normal),
        // Every namespace has it by itself.
        Noun::Account => key.about == "default",
        // The cluster has them anyway.
        Noun::Namespace => *normal == json!({}) && ["istio-system", "default"].contains(&key.about.as_str()),
        _ => false,
    }
}

/// Which object it is.
pub(crate) fn identity(object: &Value) -> Identity {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let api = text("/apiVersion").unwrap_or_default();
    Identity {
        group: api.rsplit_once('/').map_or("", |(group, _)| group).to_owned(),
        kind: text("/kind").unwrap_or_default().to_owned(),
        namespace: text("/metadata/namespace").map(str::to_owned),
        name: text("/metadata/name").unwrap_or_default().to_owned(),
    }
}
