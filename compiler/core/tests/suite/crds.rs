//! The fields that we know of Istio's kinds are those of its own definitions, one for one.

use std::collections::BTreeSet;

use mesh_compiler::manifest::fields::{Fields, Limit, Shape, Type, table};
use serde_json::Value;

use crate::common;

/// Where the two tables differ.
struct Held {
    differences: Vec<String>,
    compared: usize,
}

#[test]
fn the_fields_of_istios_kinds_are_those_of_its_definitions() {
    let Some(path) = common::reference("crds/istio-crds.yaml") else {
        return;
    };
    let mut held = Held {
        differences: Vec::new(),
        compared: 0,
    };
    let mut kinds = BTreeSet::new();
    for document in serde_yaml::Deserializer::from_str(&common::read(&path)) {
        let definition: Value = serde::Deserialize::deserialize(document).unwrap();
        if definition.is_null() {
            continue;
        }
        let spec = &definition["spec"];
        let (group, kind) = (text(&spec["group"]), text(&spec["names"]["kind"]));
        let Some(ours) = table().kind(&group, &kind) else {
            held.differences
                .push(format!("{group}/{kind} is not in our table"));
            continue;
        };
        kinds.insert((group.clone(), kind.clone()));
        let served: BTreeSet<_> = items(&spec["versions"])
            .iter()
            .map(|version| text(&version["name"]))
            .collect();
        assert_eq!(
            served,
            ours.versions
                .iter()
                .map(|version| (*version).to_owned())
                .collect(),
            "{kind}"
        );
        for version in items(&spec["versions"]) {
            let schema = &version["schema"]["openAPIV3Schema"];
            let field = &ours.fields.by_name["spec"];
            assert_eq!(field.required, required(schema).contains("spec"), "{kind}");
            held.shape(&kind, &field.shape, &schema["properties"]["spec"]);
        }
    }
    let invented = table().kinds.iter().filter(|of| of.group.ends_with("istio.io"));
    for of in invented.filter(|of| !kinds.contains(&(of.group.to_owned(), of.kind.to_owned()))) {
        held.differences
            .push(format!("{}/{} is no kind of Istio", of.group, of.kind));
    }
    assert!(held.differences.is_empty(), "{}", held.differences.join("\n"));
    assert!(
        held.compared > 3000,
        "only {} fields were compared",
        held.compared
    );
}

impl Held {
    fn shape(&mut self, path: &str, ours: &Shape, theirs: &Value) {
        self.compared += 1;
        let outer = ours;
        let ours = table().resolve(outer);
        let ty = name(&ours.ty);
        let theirs_ty = their_type(theirs);
        if ty != theirs_ty {
            self.differences
                .push(format!("{path} is {theirs_ty} and not {ty}"));
            return;
        }
        let mut own: BTreeSet<_> = outer.limits.iter().map(shown).collect();
        own.extend(ours.limits.iter().map(shown));
        let limits = their_limits(theirs);
        if own != limits {
            self.differences
                .push(format!("{path} is held by {limits:?} and not by {own:?}"));
        }
        match &ours.ty {
            Type::List(of) => self.shape(&format!("{path}[]"), of, &theirs["items"]),
            Type::Map(of) => self.shape(&format!("{path}{{}}"), of, &theirs["additionalProperties"]),
            Type::Object(fields) => self.fields(path, fields, theirs),
            _ => {}
        }
    }

    fn fields(&mut self, path: &str, ours: &Fields, theirs: &Value) {
        let empty = serde_json::Map::new();
        let properties = theirs["properties"].as_object().unwrap_or(&empty);
        let required = required(theirs);
        for (name, schema) in properties {
            match ours.by_name.get(name.as_str()) {
                Some(field) => {
                    if field.required != required.contains(name) {
                        self.differences
                            .push(format!("{path}.{name} is required: {}", !field.required));
                    }
                    self.shape(&format!("{path}.{name}"), &field.shape, schema);
                }
                None => self.differences.push(format!("{path}.{name} is missing")),
            }
        }
        let invented = ours
            .by_name
            .keys()
            .filter(|name| !properties.contains_key(**name));
        self.differences
            .extend(invented.map(|name| format!("{path}.{name} is invented")));
    }
}

fn name(ty: &Type) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::String => "string".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "int".to_owned(),
        Type::Number => "number".to_owned(),
        Type::IntOrString => "int-or-string".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::Enum(values) => format!("{:?}", values.iter().collect::<BTreeSet<_>>()),
        Type::List(_) => "list".to_owned(),
        Type::Map(_) => "map".to_owned(),
        Type::Object(_) => "object".to_owned(),
        Type::Named(name) => format!("@{name}"),
    }
}

fn their_type(schema: &Value) -> String {
    let is = |key: &str| schema[key].as_bool() == Some(true);
    if is("x-kubernetes-int-or-string") {
        return "int-or-string".to_owned();
    }
    if is("x-kubernetes-preserve-unknown-fields") && schema.get("properties").is_none() {
        return "any".to_owned();
    }
    let mut values: BTreeSet<_> = items(&schema["enum"]).iter().map(text).collect();
    let has = |start: &str| rules(schema).any(|rule| rule.starts_with(start));
    if has("self in [") {
        values = ["", "HTTP", "HTTPS"].map(str::to_owned).into();
    }
    if !values.is_empty() {
        return format!("{values:?}");
    }
    match (text(&schema["type"]).as_str(), text(&schema["format"]).as_str()) {
        ("array", _) => "list",
        ("object", _) if schema["additionalProperties"].is_object() => "map",
        ("object", _) => "object",
        ("boolean", _) => "bool",
        ("integer", _) => "int",
        ("number", _) => "number",
        ("string", "date-time") => "time",
        ("string", "byte") => "bytes",
        ("string", _) if has("duration(self)") => "duration",
        (other, _) => other,
    }
    .to_owned()
}

fn shown(limit: &Limit) -> String {
    let sorted = |names: &[&'static str]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.join(",")
    };
    let range = |from: Option<f64>, to: Option<f64>| {
        let end = |end: Option<f64>| end.map_or_else(String::new, |end| end.to_string());
        format!("{}..{}", end(from), end(to))
    };
    let count = |number: &Option<usize>| number.map(|number| number as f64);
    match limit {
        Limit::Range(from, to) => range(*from, *to),
        Limit::Length(from, to) => format!("len:{}", range(count(from), count(to))),
        Limit::Items(from, to) => match (from, to) {
            (Some(from), None) => format!("items:{from}.."),
            _ => format!("items:{}", range(count(from), count(to))),
        },
        Limit::AtMostOne(names) => format!("one:{}", sorted(names)),
        Limit::JustOne(names) => format!("just:{}", sorted(names)),
        Limit::AtLeastOne(names) => format!("some:{}", sorted(names)),
        Limit::Key(key) => format!("keys:{key}"),
        Limit::Named(named) => named.name.to_owned(),
    }
}

/// What a definition asks of a value, in the words of our table.
fn their_limits(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let number = |key: &str| schema[key].as_f64();
    let show = |end: Option<f64>| end.map_or_else(String::new, |end| end.to_string());
    let mut range = (number("minimum"), number("maximum"));
    if rules(schema).any(|rule| rule == "0 < self && self <= 65535") {
        range = (Some(1.0), Some(65_535.0));
    }
    if range != (None, None) {
        found.insert(format!("{}..{}", show(range.0), show(range.1)));
    }
    let length = (number("minLength"), number("maxLength"));
    // The length of a duration is what the definitions need to guess the price of a rule.
    if length != (None, None) && their_type(schema) == "string" {
        found.insert(format!("len:{}..{}", show(length.0), show(length.1)));
    }
    for (least, most) in [("minItems", "maxItems"), ("minProperties", "maxProperties")] {
        found.extend(number(least).map(|least| format!("items:{least}..")));
        found.extend(number(most).map(|most| format!("items:..{most}")));
    }
    found.extend(
        items(&schema["x-kubernetes-list-map-keys"])
            .iter()
            .map(|key| format!("keys:{}", text(key))),
    );
    let groups = items(&schema["allOf"]).iter().chain(Some(schema));
    for group in groups {
        let mut names: Vec<_> = items(&group["oneOf"])
            .iter()
            .flat_map(|one| items(&one["required"]))
            .map(text)
            .collect();
        names.sort_unstable();
        if names.len() > 1 {
            found.insert(format!("one:{}", names.join(",")));
        }
    }
    let pattern = text(&schema["pattern"]);
    found.extend(
        PATTERNS
            .iter()
            .find(|(_, theirs)| *theirs == pattern)
            .map(|(ours, _)| (*ours).to_owned()),
    );
    if !pattern.is_empty() {
        assert!(
            PATTERNS.iter().any(|(_, theirs)| *theirs == pattern),
            "unknown pattern {pattern}"
        );
    }
    found.extend(rules(schema).filter_map(word));
    found
}

const PATTERNS: &[(&str, &str)] = &[
    (
        "dns-name",
        r"^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
    ("kind-name", r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"),
    ("claim-name", r"^[-_A-Za-z0-9]+$"),
    ("sha256", r"(^$|^[a-f0-9]{64}$)"),
];

/// What our table calls a rule of a definition; those that are types or ranges have no word.
fn word(rule: &str) -> Option<String> {
    let fields = |rule: &str| {
        let mut names: Vec<_> = rule
            .split("has(self.")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
            .collect();
        names.sort_unstable();
        names.dedup();
        names.join(",")
    };
    if rule.contains("? 1 : 0)") && rule.ends_with("<= 1") {
        return Some(format!("one:{}", fields(rule)));
    }
    if rule == "has(self.wasm) != has(self.lua)" {
        return Some("just:lua,wasm".to_owned());
    }
    if rule == "has(self.address) || has(self.network)" {
        return Some("some:address,network".to_owned());
    }
    let known = WORDS.iter().find(|(start, _)| rule.starts_with(start));
    let (_, word) = known.unwrap_or_else(|| panic!("nothing of ours stands for the rule {rule}"));
    (!word.is_empty()).then(|| (*word).to_owned())
}

/// By how the rules begin.
const WORDS: &[(&str, &str)] = &[
    ("duration(self)", ""),
    ("0 < self && self <= 65535", ""),
    ("self in [", ""),
    ("self.size() == 0", "empty"),
    ("self.all(key, !key.contains", "no-star-keys"),
    ("self.all(key, key.size() != 0)", "no-empty-keys"),
    ("!self.contains(\"*\")", "no-star"),
    (
        "(has(self.address) ? self.address : \"\").startsWith(\"unix://\")",
        "uds-without-ports",
    ),
    ("self.startsWith(\"unix://\") ? (self.substring", "uds-absolute"),
    ("self.startsWith(\"unix://\") ? !self.endsWith", "uds-no-folder"),
    ("self.all(key, size(key) < 63", "port-names"),
    ("self.all(key, 0 < int(key)", "port-keys"),
    ("url(self).getScheme() in [\"http\", \"https\"]", "http-url"),
    ("isURL(self) ?", "plugin-url"),
    ("!((has(self.addresses)", "ranges-resolved"),
    (
        "((has(self.resolution) ? self.resolution : \"NONE\") == \"NONE\")",
        "none-without-endpoints",
    ),
    (
        "((has(self.resolution) ? self.resolution : \"\") == \"DNS_ROUND_ROBIN\")",
        "round-robin-one",
    ),
    ("self != \"*\"", "not-star"),
    ("self.all(l1, self.exists_one(l2", "unique-numbers"),
    ("(has(self.valueFrom)", "value-inline"),
    ("(has(self.serviceAccounts)", "accounts-alone"),
    ("has(self.portLevelMtls)", "ports-need-selector"),
    (
        "((has(self.operation) ? self.operation : \"\") == \"UPSERT\")",
        "upsert-value",
    ),
    (
        "((has(self.operation) ? self.operation : \"\") == \"REMOVE\")",
        "remove-no-value",
    ),
    ("has(self.context) ?", "waypoint-context"),
];

fn rules(schema: &Value) -> impl Iterator<Item = &str> {
    items(&schema["x-kubernetes-validations"])
        .iter()
        .filter_map(|rule| rule["rule"].as_str())
}

fn required(schema: &Value) -> BTreeSet<String> {
    items(&schema["required"]).iter().map(text).collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
