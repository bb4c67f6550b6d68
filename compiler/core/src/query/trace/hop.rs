use serde_json::{Map, Value, json};

use crate::diag::{Code, Span};
use crate::model::Mesh;
use crate::query::Caller;

/// One thing that happens to a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// Which.
    pub step: Step,
    /// What happens, as a sentence without a full stop.
    pub says: String,
    /// Why, and what else there is to know.
    pub notes: Vec<Note>,
    /// Where in the spec it comes from.
    pub place: Option<Span>,
    /// The same for programs.
    pub facts: Map<String, Value>,
    /// Why it does not go on.
    pub fault: Option<Fault>,
}

/// The steps of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Who calls.
    Caller,
    /// What the name means.
    Name,
    /// Whether the proxy gets the connection.
    Capture,
    /// How the proxy understands it.
    Listener,
    /// Where it sends it.
    Route,
    /// To which set of endpoints.
    Cluster,
    /// To which endpoint.
    Endpoint,
    /// How the wire is protected, and whether the other side agrees.
    Transport,
    /// What its policies say.
    Policy,
}

/// Something more to know of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What.
    pub text: String,
    /// Where in the spec.
    pub place: Option<Span>,
}

/// Why a call does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which kind.
    pub code: &'static Code,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Step {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Name => "name",
            Self::Capture => "capture",
            Self::Listener => "listener",
            Self::Route => "route",
            Self::Cluster => "cluster",
            Self::Endpoint => "endpoint",
            Self::Transport => "transport",
            Self::Policy => "policy",
        }
    }
}

impl Hop {
    pub(super) fn new(step: Step, says: impl Into<String>) -> Self {
        Self {
            step,
            says: says.into(),
            notes: Vec::new(),
            place: None,
            facts: Map::new(),
            fault: None,
        }
    }

    pub(super) fn at(mut self, place: impl Into<Option<Span>>) -> Self {
        self.place = place.into();
        self
    }

    pub(super) fn note(mut self, text: impl Into<String>) -> Self {
        self.add_note(text, None);
        self
    }

    pub(super) fn add_note(&mut self, text: impl Into<String>, place: Option<Span>) {
        let text = text.into();
        self.notes.push(Note { text, place });
    }

    pub(super) fn fact(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn fault(
        mut self,
        code: &'static Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        self.fault = Some(Fault {
            code,
            message: message.into(),
            help: help.into(),
        });
        self
    }
}

pub(super) fn of_caller(mesh: &Mesh, caller: &Caller<'_>) -> Hop {
    let identity = match caller {
        Caller::Vm(group, _) => Some(mesh.spiffe(&group.namespace, &group.account)),
        Caller::Pod {
            namespace, account, ..
        } => caller.workload(mesh).map(|_| mesh.spiffe(namespace, account)),
        Caller::Outside => None,
    };
    let address = match caller {
        Caller::Vm(_, vm) => Some(vm.address),
        _ => None,
    };
    let mut says = caller.describe();
    if let Some(address) = address {
        says.push_str(&format!(", {address}"));
    }
    let mut hop = Hop::new(Step::Caller, says)
        .at(caller.place())
        .fact("identity", json!(identity));
    match identity {
        Some(identity) => hop.add_note(format!("identity {identity}"), None),
        None => hop.add_note("no identity: no proxy of the mesh stands before it", None),
    }
    hop
}
