use crate::diag::{Code, Span, Spanned, code};
use crate::syntax::Datum;

use super::admission;
use super::value::{self, is_set};

/// What more is asked of a value than its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit {
    /// A number from here to there.
    Range(Option<f64>, Option<f64>),
    /// So many characters.
    Length(Option<usize>, Option<usize>),
    /// So many values or keys.
    Items(Option<usize>, Option<usize>),
    /// No more than one of these fields.
    AtMostOne(Vec<&'static str>),
    /// Exactly one of these fields.
    JustOne(Vec<&'static str>),
    /// One of these fields at least.
    AtLeastOne(Vec<&'static str>),
    /// Entries of a list differ in this field.
    Key(&'static str),
    /// Something that is checked by a rule of its own.
    Named(&'static Named),
}

/// A limit with a name.
#[derive(Debug)]
pub struct Named {
    /// As the table writes it.
    pub name: &'static str,
    pub(super) code: &'static Code,
    /// Where a value breaks it.
    pub(super) breaks: fn(&Datum) -> Option<Span>,
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A value that breaks a limit.
pub(super) struct Broken {
    pub(super) code: &'static Code,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: String,
    /// What it disagrees with.
    pub(super) other: Option<Span>,
}

impl Limit {
    /// As it is written in the table.
    pub(super) fn parse(word: &'static str) -> Option<Self> {
        let names = |names: &'static str| names.split(',').collect();
        if let Some((kind, rest)) = word.split_once(':') {
            return Some(match kind {
                "one" => Self::AtMostOne(names(rest)),
                "just" => Self::JustOne(names(rest)),
                "keys" => Self::Key(rest),
                "some" => Self::AtLeastOne(names(rest)),
                "len" => range(rest).map(|(from, to)| Self::Length(from, to))?,
                "items" => range(rest).map(|(from, to)| Self::Items(from, to))?,
                _ => return None,
            });
        }
        if let Some((from, to)) = range(word) {
            return Some(Self::Range(from, to));
        }
        let mut named = NAMED.iter().chain(admission::NAMED);
        named.find(|named| named.name == word).map(Self::Named)
    }

    /// How `datum` breaks it, if it does.
    pub(super) fn broken(&self, datum: &Datum) -> Option<Broken> {
        match self {
            Self::Range(from, to) => out_of_range(datum, *from, *to),
            Self::Length(from, to) => {
                let length = datum.text()?.value.chars().count();
                outside(length, *from, *to, "character").map(|what| broken(datum.span, what))
            }
            Self::Items(from, to) => {
                let count = datum.items().len().max(datum.entries().len());
                outside(count, *from, *to, "entry").map(|what| broken(datum.span, what))
            }
            Self::AtMostOne(names) => several(datum, names),
            Self::JustOne(names) => several(datum, names).or_else(|| none(datum, names)),
            Self::AtLeastOne(names) => none(datum, names),
            Self::Key(key) => twice(datum, key).map(|(first, again)| Broken {
                code: &code::DUPLICATE,
                span: again,
                message: format!("two entries have the same `{key}`"),
                help: "keep one of them, or give it another".to_owned(),
                other: Some(first),
            }),
            Self::Named(named) => (named.breaks)(datum).map(|span| Broken {
                code: named.code,
                span,
                message: named.message.to_owned(),
                help: named.help.to_owned(),
                other: None,
            }),
        }
    }
}

/// `1..65535`, `1..`, `..8`.
fn range<T: std::str::FromStr>(word: &str) -> Option<(Option<T>, Option<T>)> {
    let (from, to) = word.split_once("..")?;
    let end = |text: &str| {
        if text.is_empty() {
            Some(None)
        } else {
            text.parse().ok().map(Some)
        }
    };
    Some((end(from)?, end(to)?))
}

fn broken(span: Span, (message, help): (String, String)) -> Broken {
    Broken {
        code: &code::WRONG_TYPE,
        span,
        message,
        help,
        other: None,
    }
}

fn out_of_range(datum: &Datum, from: Option<f64>, to: Option<f64>) -> Option<Broken> {
    let text = datum.text()?.value;
    let number: f64 = text.parse().ok()?;
    let small = from.is_some_and(|from| number < from);
    let big = to.is_some_and(|to| number > to);
    (small || big).then(|| {
        let help = match (from, to) {
            (Some(from), Some(to)) => format!("write a number from {from} to {to}"),
            (Some(from), None) => format!("write {from} or more"),
            (_, to) => format!("write {} or less", to.unwrap_or_default()),
        };
        let what = if small { "too small" } else { "too big" };
        broken(datum.span, (format!("{text} is {what} here"), help))
    })
}

fn outside(count: usize, from: Option<usize>, to: Option<usize>, unit: &str) -> Option<(String, String)> {
    let many = |number: usize| match (number, unit) {
        (1, unit) => format!("1 {unit}"),
        (number, "entry") => format!("{number} entries"),
        (number, unit) => format!("{number} {unit}s"),
    };
    if let Some(to) = to.filter(|to| count > *to) {
        return Some((
            format!("{} are more than Istio takes here", many(count)),
            format!("{} are the most", many(to)),
        ));
    }
    let from = from.filter(|from| count < *from)?;
    Some((
        "this must not be empty".to_owned(),
        format!("write at least {}", many(from)),
    ))
}

/// Fields that exclude each other: the second one is the place.
fn several(datum: &Datum, names: &[&str]) -> Option<Broken> {
    let mut there = datum
        .entries()
        .iter()
        .filter(|entry| names.contains(&entry.key.value.as_str()) && is_set(&entry.value));
    let (first, second) = (there.next()?, there.next()?);
    let balance =
        names.contains(&"consistentHash") || names.contains(&"httpCookie") || names.contains(&"maglev");
    Some(Broken {
        code: if balance { &code::LB_ONEOF } else { &code::CONFLICT },
        span: second.key.span,
        message: format!(
            "`{}` and `{}` exclude each other",
            first.key.value, second.key.value
        ),
        help: format!(
            "keep one of them; one of {} may be there",
            crate::diag::list(names.iter().copied()).replace(" or ", " and ")
        ),
        other: Some(first.key.span),
    })
}

fn none(datum: &Datum, names: &[&str]) -> Option<Broken> {
    if datum
        .entries()
        .iter()
        .any(|entry| names.contains(&entry.key.value.as_str()))
    {
        return None;
    }
    let wanted = crate::diag::list(names.iter().copied());
    Some(Broken {
        code: &code::MISSING,
        span: datum.span,
        message: format!("one of {wanted} is missing here"),
        help: format!("write {wanted}"),
        other: None,
    })
}

macro_rules! named {
    ($($name:literal $code:ident $breaks:expr, $message:literal, $help:literal;)*) => {
        static NAMED: &[Named] = &[$(Named {
            name: $name,
            code: &code::$code,
            breaks: $breaks,
            message: $message,
            help: $help,
        }),*];
    };
}

named! {
    "empty" WRONG_TYPE |datum| text_that(datum, |text| !text.is_empty()),
        "a target lies in the namespace of the object itself", "leave `namespace` out";
    "no-star" WRONG_TYPE |datum| text_that(datum, |text| text.contains('*')),
        "labels are compared whole: `*` matches nothing", "write the value that the workloads have";
    "no-star-keys" WRONG_TYPE |datum| key_that(datum, |key| key.contains('*')),
        "the name of a label has no `*`", "write the name that the workloads have";
    "no-empty-keys" WRONG_TYPE |datum| key_that(datum, str::is_empty),
        "a label has a name", "write it before the `:`";
    "uds-without-ports" WRONG_TYPE uds_with_ports,
        "a unix socket has no ports", "leave `ports` out";
    "uds-absolute" WRONG_TYPE |datum| uds_that(datum, |path| !path.starts_with(['/', '@'])),
        "the path of a unix socket begins with `/`, or with `@` for an abstract one", "write it as in `unix:///run/app.sock`";
    "uds-no-folder" WRONG_TYPE |datum| uds_that(datum, |path| path.ends_with('/')),
        "a unix socket is a file, and this is a folder", "write the path of the socket";
    "port-names" WRONG_TYPE |datum| key_that(datum, |key| !value::is_port_name(key)),
        "this is no name of a port", "a name has letters, digits and `-`, and fewer than 63 of them";
    "port-keys" WRONG_TYPE |datum| key_that(datum, |key| !key.parse::<u16>().is_ok_and(|port| port > 0)),
        "the keys here are numbers of ports", "write the port that the workload listens on, from 1 to 65535";
    "http-url" WRONG_TYPE |datum| text_that(datum, |text| !text.starts_with("http://") && !text.starts_with("https://")),
        "a URL begins with `http://` or `https://` here", "write the scheme before the host";
    "plugin-url" WRONG_TYPE |datum| text_that(datum, |text| !value::is_plugin_url(text)),
        "a plugin comes from `oci://`, `https://`, `http://` or `file://`", "write one of these before the rest";
    "ranges-resolved" RESOLUTION ranges_with_names,
        "ranges of addresses need `resolution: NONE` or `STATIC`", "write an address, or another `resolution`";
    "none-without-endpoints" RESOLUTION |datum| {
        let none = datum.field_text("resolution").is_none_or(|way| way.value == "NONE");
        none.then(|| datum.entry("endpoints").filter(|entry| is_set(&entry.value))).flatten().map(|entry| entry.key.span)
    }, "`resolution: NONE` goes where the caller wanted, and never to `endpoints`",
        "write `resolution: STATIC` for addresses or `DNS` for names, or leave `endpoints` out";
    "round-robin-one" RESOLUTION |datum| {
        let way = datum.field_text("resolution").is_some_and(|way| way.value == "DNS_ROUND_ROBIN");
        datum.entry("endpoints").filter(|entry| way && entry.value.items().len() > 1).map(|entry| entry.key.span)
    }, "`resolution: DNS_ROUND_ROBIN` takes one endpoint", "write `resolution: DNS`";
    "not-star" WRONG_TYPE |datum| text_that(datum, |text| text == "*"),
        "a host of everything is none", "write a name, such as `*.example.com`";
    "unique-numbers" DUPLICATE |datum| twice(datum, "number").map(|(_, again)| again),
        "this port is there already", "keep one of them";
    "value-inline" CONFLICT |datum| {
        let host = datum.field_text("valueFrom").is_some_and(|from| from.value == "HOST");
        datum.entry("value").filter(|_| host).map(|entry| entry.key.span)
    }, "`valueFrom: HOST` takes the value from the proxy, and `value` says another", "keep one of them";
    "accounts-alone" CONFLICT accounts_beside,
        "`serviceAccounts` names who calls, and so does this", "keep one of them";
    "ports-need-selector" PORTLEVEL_SELECTOR |datum| {
        let selects = datum.at(&["selector", "matchLabels"]).is_some_and(|labels| !labels.entries().is_empty());
        datum.entry("portLevelMtls").filter(|_| !selects).map(|entry| entry.key.span)
    }, "`portLevelMtls` needs a `selector`: ports are those of a workload",
        "write `selector: {matchLabels: …}`, or `mtls.mode` for all ports";
    "upsert-value" WRONG_TYPE |datum| {
        let upsert = datum.field_text("operation").is_some_and(|operation| operation.value == "UPSERT");
        (upsert && datum.field_text("value").is_none()).then_some(datum.span)
    }, "`operation: UPSERT` puts a value in, and there is none", "write `value`";
    "remove-no-value" WRONG_TYPE |datum| {
        let remove = datum.field_text("operation").is_some_and(|operation| operation.value == "REMOVE");
        datum.entry("value").filter(|_| remove).map(|entry| entry.key.span)
    }, "`operation: REMOVE` takes the tag away, and needs no value", "leave `value` out";
    "waypoint-context" CONFLICT |datum| {
        let waypoint = datum.field_text("context").is_some_and(|context| context.value == "WAYPOINT");
        let there = datum.entry("waypoint").filter(|entry| is_set(&entry.value));
        match (waypoint, there) {
            (false, Some(entry)) => Some(entry.key.span),
            (true, None) => datum.entry("context").map(|entry| entry.key.span),
            _ => None,
        }
    }, "`waypoint` and `context: WAYPOINT` go together", "write both, or neither";
    "dns-name" WRONG_TYPE |datum| text_that(datum, |text| !text.is_empty() && !value::is_dns_name(text)),
        "this is no name of a group of APIs", "write it as in `gateway.networking.k8s.io`; `\"\"` is the core's";
    "kind-name" WRONG_TYPE |datum| text_that(datum, |text| !value::is_port_name(text) || text.starts_with(|c: char| c.is_ascii_digit())),
        "this is no name of a kind", "write it as in `Gateway`";
    "claim-name" WRONG_TYPE |datum| text_that(datum, |text| text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))),
        "this is no name of a header", "a name has letters, digits, `-` and `_`";
    "sha256" WRONG_TYPE |datum| text_that(datum, |text| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        !(text.is_empty() || text.len() == 64 && text.bytes().all(digit))
    }), "this is no SHA-256", "write 64 digits of 0 to 9 and a to f, in small letters";
}

fn text_that(datum: &Datum, wrong: impl Fn(&str) -> bool) -> Option<Span> {
    let text = datum.text()?;
    wrong(&text.value).then_some(text.span)
}

fn key_that(datum: &Datum, wrong: impl Fn(&str) -> bool) -> Option<Span> {
    let entry = datum.entries().iter().find(|entry| wrong(&entry.key.value))?;
    Some(entry.key.span)
}

fn uds_that(datum: &Datum, wrong: impl Fn(&str) -> bool) -> Option<Span> {
    text_that(datum, |text| text.strip_prefix("unix://").is_some_and(&wrong))
}

fn uds_with_ports(datum: &Datum) -> Option<Span> {
    let is_uds = datum
        .field_text("address")
        .is_some_and(|address| address.value.starts_with("unix://"));
    datum
        .entry("ports")
        .filter(|_| is_uds)
        .map(|entry| entry.key.span)
}

fn ranges_with_names(datum: &Datum) -> Option<Span> {
    let resolved = datum.field_text("resolution");
    if resolved.is_none_or(|way| ["NONE", "STATIC"].contains(&way.value.as_str())) {
        return None;
    }
    let addresses = datum.at(&["addresses"])?.items();
    addresses
        .iter()
        .find(|address| address.text().is_some_and(|text| text.value.contains('/')))
        .map(|address| address.span)
}

/// Two entries of a list with the same value of `key`.
pub(super) fn twice(datum: &Datum, key: &str) -> Option<(Span, Span)> {
    let mut seen: Vec<Spanned<String>> = Vec::new();
    for value in datum.items().iter().filter_map(|item| item.field_text(key)) {
        match seen.iter().find(|before| before.value == value.value) {
            Some(before) => return Some((before.span, value.span)),
            None => seen.push(value),
        }
    }
    None
}

fn accounts_beside(datum: &Datum) -> Option<Span> {
    let accounts = ["serviceAccounts", "notServiceAccounts"]
        .iter()
        .any(|key| datum.entry(key).is_some());
    let others = ["principals", "notPrincipals", "namespaces", "notNamespaces"];
    let mut beside = datum
        .entries()
        .iter()
        .filter(|entry| others.contains(&entry.key.value.as_str()));
    beside.next().filter(|_| accounts).map(|entry| entry.key.span)
}
