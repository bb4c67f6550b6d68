use std::net::IpAddr;

use mesh_wire::Millis;
use mesh_wire::cluster::Locality;

use super::{CaptureDecl, ElasticDecl, FileDecl, Labels, TuneDecl};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `vms`.
#[derive(Clone, Debug)]
pub struct VmsDecl {
    /// Name of the group.
    pub group: Option<Spanned<String>>,
    /// `network=`.
    pub network: Option<Spanned<String>>,
    /// `cluster=`.
    pub cluster: Option<Spanned<String>>,
    /// `account=`.
    pub account: Option<Spanned<String>>,
    /// `engine=`.
    pub engine: Option<Spanned<String>>,
    /// `registration=`.
    pub registration: Option<Spanned<String>>,
    /// `locality=`.
    pub locality: Option<Locality>,
    /// `weight=`.
    pub weight: Option<Spanned<u32>>,
    /// `label`.
    pub labels: Labels,
    /// `annotation`.
    pub annotations: Pairs,
    /// `proxy`.
    pub proxy: ProxyDecl,
    /// `port`.
    pub ports: Vec<ExtraPortDecl>,
    /// `health`.
    pub health: Option<HealthDecl>,
    /// `ssh`.
    pub ssh: SshDecl,
    /// `capture`.
    pub capture: CaptureDecl,
    /// `tune`.
    pub tune: Option<TuneDecl>,
    /// `elastic`.
    pub elastic: Option<ElasticDecl>,
    /// `file`.
    pub files: Vec<FileDecl>,
    /// `vm`.
    pub vms: Vec<VmDecl>,
    /// Its ports may be incomplete.
    pub ports_damaged: bool,
    /// Its machines, labels or probe may be incomplete.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `port NAME NUMBER`.
#[derive(Clone, Debug)]
pub struct ExtraPortDecl {
    /// Name.
    pub name: Spanned<String>,
    /// Number.
    pub number: Spanned<u16>,
}

/// `proxy`.
#[derive(Clone, Debug, Default)]
pub struct ProxyDecl {
    /// `metadata`.
    pub metadata: Pairs,
}

/// Names with values, as they are written.
pub type Pairs = Vec<(Spanned<String>, Spanned<String>)>;

/// `health`.
#[derive(Clone, Debug)]
pub struct HealthDecl {
    /// `http=`.
    pub http: Option<Spanned<u16>>,
    /// `tcp=`.
    pub tcp: Option<Spanned<u16>>,
    /// `exec=`.
    pub exec: Option<Spanned<String>>,
    /// `command`.
    pub command: Vec<Spanned<String>>,
    /// `grpc=`.
    pub grpc: Option<Spanned<u16>>,
    /// `path=`.
    pub path: Option<Spanned<String>>,
    /// `scheme=`.
    pub scheme: Option<Spanned<String>>,
    /// `host=`.
    pub host: Option<Spanned<String>>,
    /// `header`.
    pub headers: Pairs,
    /// `every=`.
    pub every: Option<Millis>,
    /// `timeout=`.
    pub timeout: Option<Millis>,
    /// `failures=`.
    pub failures: Option<u32>,
    /// `successes=`.
    pub successes: Option<u32>,
    /// `delay=`.
    pub delay: Option<Millis>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `ssh`.
#[derive(Clone, Debug, Default)]
pub struct SshDecl {
    /// `user=`.
    pub user: Option<String>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// `via=`.
    pub via: Option<String>,
    /// `host=`.
    pub host: Option<Spanned<String>>,
}

/// `vm`.
#[derive(Clone, Debug)]
pub struct VmDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `address=`.
    pub address: Spanned<IpAddr>,
    /// `external=`.
    pub external: bool,
    /// `locality=`.
    pub locality: Option<Locality>,
    /// `weight=`.
    pub weight: Option<Spanned<u32>>,
    /// `instance-id=`.
    pub instance_id: Option<Spanned<String>>,
    /// `label`.
    pub labels: Labels,
    /// `ssh`.
    pub ssh: SshDecl,
    /// Where.
    pub span: Span,
}

fn labels(item: &Item) -> Labels {
    item.child("label")
        .map(|label| label.labels.clone())
        .unwrap_or_default()
}

/// The nodes `node` in the braces: what they call `name`, and their value.
pub(super) fn pairs(item: &Item, node: &str, name: &str) -> Pairs {
    item.children(node)
        .filter_map(|pair| Some((pair.spanned(name)?, pair.spanned("value")?)))
        .collect()
}

impl ProxyDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            metadata: pairs(item, "metadata", "name"),
        }
    }
}

impl VmsDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            group: item.spanned("group"),
            network: item.spanned("network"),
            cluster: item.spanned("cluster"),
            account: item.spanned("account"),
            engine: item.spanned("engine"),
            registration: item.spanned("registration"),
            locality: item.get("locality"),
            weight: item.spanned("weight"),
            labels: labels(item),
            annotations: pairs(item, "annotation", "key"),
            proxy: item.child("proxy").map(ProxyDecl::read).unwrap_or_default(),
            ports: item.children("port").filter_map(ExtraPortDecl::read).collect(),
            health: item.child("health").map(HealthDecl::read),
            ssh: item.child("ssh").map(SshDecl::read).unwrap_or_default(),
            capture: item.child("capture").map(CaptureDecl::read).unwrap_or_default(),
            tune: item.child("tune").map(TuneDecl::read),
            elastic: item.child("elastic").map(ElasticDecl::read),
            files: item.children("file").filter_map(FileDecl::read).collect(),
            vms: item.children("vm").filter_map(VmDecl::read).collect(),
            ports_damaged: item.incomplete(&["port"]),
            damaged: item.incomplete(&["label", "health", "vm"]),
            span: item.span,
        }
    }
}

impl ExtraPortDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            number: item.spanned("number")?,
        })
    }
}

impl HealthDecl {
    fn read(item: &Item) -> Self {
        Self {
            http: item.spanned("http"),
            tcp: item.spanned("tcp"),
            exec: item.spanned("exec"),
            command: item
                .child("command")
                .map(|command| command.all("word"))
                .unwrap_or_default(),
            grpc: item.spanned("grpc"),
            path: item.spanned("path"),
            scheme: item.spanned("scheme"),
            host: item.spanned("host"),
            headers: pairs(item, "header", "name"),
            every: item.get("every"),
            timeout: item.get("timeout"),
            failures: item.get("failures"),
            successes: item.get("successes"),
            delay: item.get("delay"),
            damaged: item.damaged,
            span: item.span,
        }
    }
}

impl SshDecl {
    fn read(item: &Item) -> Self {
        Self {
            user: item.get("user"),
            port: item.spanned("port"),
            via: item.get("via"),
            host: item.spanned("host"),
        }
    }
}

impl VmDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            address: item.spanned("address")?,
            external: item.get("external").unwrap_or(false),
            locality: item.get("locality"),
            weight: item.spanned("weight"),
            instance_id: item.spanned("instance-id"),
            labels: labels(item),
            ssh: item.child("ssh").map(SshDecl::read).unwrap_or_default(),
            span: item.span,
        })
    }
}
