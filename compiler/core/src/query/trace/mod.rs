//! One call, followed from its name to the verdict of the workload that it reaches.
//!
//! # Steps
//! 1. *name*: what the caller's resolver makes of it.
//! 2. *capture*: whether the caller's proxy gets the connection, and by which rule.
//! 3. *listener*, *route*: what the proxy makes of it; the answer may come from here.
//! 4. For every share of the route: *cluster*, *endpoint*.
//! 5. For every kind of workload behind it: *transport* and *policy*, as its own snapshot says.
//!
//! The first hop that does not lead on ends it, with a code.

mod dial;
mod hop;
mod listen;
mod names;
mod peer;
mod policy;
mod reach;
mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use mesh_wire::{NameTable, Snapshot};

use super::{Caller, Request, Scheme, Target};
use crate::diag::Diagnostic;
use crate::emit::{names as name_tables, snapshot};
use crate::model::{Mesh, WorkloadRef};

pub use hop::{Fault, Hop, Note, Step};
pub(super) use listen::{percent, target};

/// A call that is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Who calls: a VM, a service, an account, or `outside`.
    pub from: String,
    /// What is called: a URL, `host:port` or a service.
    pub to: String,
    /// The namespace in which `from` is looked up first.
    pub home: Option<String>,
    /// The method of the request; `GET` if it is not said.
    pub method: Option<String>,
    /// Headers of the request.
    pub headers: Vec<(String, String)>,
    /// What the request's token says: the token itself, its claims as JSON, or `claim=value,…`.
    pub jwt: Option<String>,
    /// The address that the workload sees the connection come from, where it is not the caller's own.
    pub from_ip: Option<IpAddr>,
}

/// A call, followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Who calls.
    pub from: String,
    /// What is called, as it was asked.
    pub to: String,
    /// What all of it has in common.
    pub hops: Vec<Hop>,
    /// Where it goes from there: one for every share of a route and every kind of workload that decides otherwise.
    pub branches: Vec<Branch>,
    /// How it ends where it does not branch.
    end: Outcome,
}

/// The fact of a hop that names the authorizer that is asked.
const ASKED: &str = "asked";

/// One of several ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Whom it leads to.
    pub to: String,
    /// Its share of the calls, in millionths.
    pub share: u64,
    /// Its hops.
    pub hops: Vec<Hop>,
    /// How it ends.
    pub end: Outcome,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A workload takes it.
    Delivered,
    /// It leaves the mesh.
    Outside,
    /// The caller's proxy answers it itself, with this status.
    Answered(u16),
    /// An authorizer decides, and a workload takes it where that agrees.
    Asked,
    /// The workload's side refuses it: a policy, a token, or mutual TLS.
    Refused,
    /// It gets nowhere.
    Broken,
}

/// Why nothing can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// Nobody is called so.
    #[error("the mesh has no VM, service or account `{text}`")]
    Caller {
        /// As it was asked.
        text: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// Several are.
    #[error("`{text}` may be {found}")]
    Several {
        /// As it was asked.
        text: String,
        /// Whom it may mean.
        found: String,
    },
    /// There is no such cluster.
    #[error("the mesh has no cluster `{name}`")]
    Cluster {
        /// As it was asked.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// What is called is no target.
    #[error("`{text}` cannot be called: {why}")]
    Target {
        /// As it was asked.
        text: String,
        /// Why not.
        why: String,
    },
    /// The token is none.
    #[error("the token cannot be read: {why}")]
    Token {
        /// Why not.
        why: String,
    },
}

impl Unasked {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Caller { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Caller { near: None, .. } => {
                "write NAMESPACE/NAME of a VM, a service or an account, or `outside`".to_owned()
            }
            Self::Several { .. } => "write the namespace before it: NAMESPACE/NAME".to_owned(),
            Self::Cluster { known, .. } => format!("it has {known}"),
            Self::Target { .. } => {
                "write a URL such as http://webapp:8080/api, HOST:PORT, or the name of a service".to_owned()
            }
            Self::Token { .. } => {
                "give a token, its claims as a JSON object, or `iss=https://issuer,sub=somebody`".to_owned()
            }
        }
    }
}

/// What a workload is told.
#[derive(Debug)]
struct Told {
    snapshot: Snapshot,
    names: NameTable,
}

/// Answers questions to one mesh. What workloads are told is compiled once.
#[derive(Debug)]
pub struct Asker<'a> {
    mesh: &'a Mesh,
    told: BTreeMap<String, Option<Arc<Told>>>,
}

impl<'a> Asker<'a> {
    /// For `mesh`.
    pub const fn new(mesh: &'a Mesh) -> Self {
        Self {
            mesh,
            told: BTreeMap::new(),
        }
    }

    /// The mesh.
    pub const fn mesh(&self) -> &'a Mesh {
        self.mesh
    }

    /// Follows one call.
    ///
    /// # Errors
    /// Nothing can be asked: there is no such caller, or no such target.
    pub fn ask(&mut self, question: &Question) -> Result<Trace, Unasked> {
        let caller = Caller::find(self.mesh, &question.from, question.home.as_deref())?;
        let target = Target::parse(&question.to)?;
        let claims = question.jwt.as_deref().map(policy::claims).transpose()?;
        let workload = caller.workload(self.mesh);
        let told = workload.as_ref().and_then(|workload| self.told(workload));
        let request = Request {
            method: question.method.clone().unwrap_or_else(|| "GET".to_owned()),
            authority: target.host.clone(),
            path: target.path.clone(),
            query: target.query.clone(),
            scheme: if target.scheme == Scheme::Tls {
                "https"
            } else {
                "http"
            }
            .to_owned(),
            headers: question.headers.clone(),
        };
        let mut trace = Trace {
            from: caller.label(),
            to: question.to.clone(),
            hops: vec![hop::of_caller(self.mesh, &caller)],
            branches: Vec::new(),
            end: Outcome::Broken,
        };
        let mut walk = Walk {
            asker: self,
            caller,
            workload,
            told,
            target,
            request,
            claims,
            from_ip: question.from_ip,
        };
        match walk.follow(&mut trace.hops) {
            Ended::Here(end) => trace.end = end,
            Ended::Branches(branches) => trace.branches = branches,
        }
        Ok(trace)
    }

    fn told(&mut self, workload: &WorkloadRef) -> Option<Arc<Told>> {
        let mesh = self.mesh;
        let told = self.told.entry(format!("{workload:?}")).or_insert_with(|| {
            let snapshot = snapshot::of(mesh, workload, &snapshot::Options::default()).ok()?;
            let names = name_tables::of(mesh, workload).ok()?;
            Some(Arc::new(Told { snapshot, names }))
        });
        told.clone()
    }
}

/// What is known while a call is followed.
struct Walk<'w, 'a> {
    asker: &'w mut Asker<'a>,
    caller: Caller<'a>,
    workload: Option<WorkloadRef>,
    /// What the caller's proxy is told; `None` where it has none.
    told: Option<Arc<Told>>,
    target: Target,
    request: Request,
    claims: Option<serde_json::Value>,
    from_ip: Option<IpAddr>,
}

/// How far the common part of a call leads.
enum Ended {
    Here(Outcome),
    Branches(Vec<Branch>),
}

impl Trace {
    /// How it ends: as its worst branch does.
    pub fn outcome(&self) -> Outcome {
        let worst = self.branches.iter().map(|branch| branch.end).max();
        worst.unwrap_or(self.end)
    }

    /// What breaks it first.
    pub fn fault(&self) -> Option<&Fault> {
        let branches = self.branches.iter().flat_map(|branch| &branch.hops);
        self.hops
            .iter()
            .chain(branches)
            .find_map(|hop| hop.fault.as_ref())
    }

    /// The same as a mistake at its place in the spec.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let (hop, fault) = self.all_hops().find_map(|hop| Some((hop, hop.fault.as_ref()?)))?;
        let mut found = Diagnostic::new(fault.code, hop.place.unwrap_or_default(), fault.message.as_str());
        for note in &hop.notes {
            if let Some(place) = note.place.filter(|place| Some(*place) != hop.place) {
                found = found.label(place, note.text.as_str());
            }
        }
        Some(found.help(fault.help.as_str()))
    }

    /// The authorizers that are asked about it, by name.
    pub fn asked(&self) -> BTreeSet<&str> {
        let hops = self.all_hops();
        hops.filter_map(|hop| hop.facts.get(ASKED)?.as_str()).collect()
    }

    /// All hops, those of branches behind what they have in common.
    pub fn all_hops(&self) -> impl Iterator<Item = &Hop> {
        self.hops
            .iter()
            .chain(self.branches.iter().flat_map(|branch| &branch.hops))
    }
}

impl Outcome {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Outside => "outside",
            Self::Answered(_) => "answered",
            Self::Asked => "asked",
            Self::Refused => "refused",
            Self::Broken => "broken",
        }
    }

    /// The caller gets what it asked for, as far as the mesh is concerned.
    pub const fn is_good(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::Outside | Self::Answered(_) | Self::Asked
        )
    }
}
