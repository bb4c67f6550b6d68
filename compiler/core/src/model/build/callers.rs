use std::collections::BTreeSet;

use super::{group, service};
use crate::diag::Span;
use crate::model::Source;
use crate::spec::decl::{NamespaceDecl, ServiceDecl, Spec, VmsDecl};

/// Whom `from=` names.
pub(crate) enum Caller {
    /// Somebody of the spec.
    Known(Source),
    /// Somebody of a namespace that the spec does not have.
    Foreign(Source),
    /// A service outside the mesh, declared here: it has no identity.
    External(Span),
    /// Nobody. These are all that the namespace has.
    Unknown {
        /// Where it was looked for.
        namespace: String,
        /// Services and accounts there.
        known: Vec<String>,
    },
}

/// Looks `text` up, as it is written in the namespace `home`: `name`, `namespace/name`, `namespace/*`, `*` or a SPIFFE
/// ID. A service stands for its account.
pub(crate) fn resolve(text: &str, home: &str, spec: &Spec) -> Caller {
    if text == "*" {
        return Caller::Known(Source::Everybody);
    }
    if let Some(identity) = text.strip_prefix("spiffe://") {
        return Caller::Known(Source::Identity(identity.to_owned()));
    }
    let (of, name) = text.split_once('/').unwrap_or((home, text));
    if name == "*" {
        let source = Source::Namespace(of.to_owned());
        let known = spec.namespaces.iter().any(|namespace| namespace.name.value == of);
        return if known {
            Caller::Known(source)
        } else {
            Caller::Foreign(source)
        };
    }
    let account = |account: String| Source::Account {
        namespace: of.to_owned(),
        account,
    };
    let places: Vec<_> = spec
        .namespaces
        .iter()
        .filter(|namespace| namespace.name.value == of)
        .collect();
    if places.is_empty() {
        return Caller::Foreign(account(name.to_owned()));
    }
    let known = || places.iter().flat_map(|namespace| workloads(namespace));
    if let Some(found) = known().find(|workload| workload.name() == name) {
        return Caller::Known(account(found.account()));
    }
    let accounts = || places.iter().flat_map(|namespace| &namespace.accounts);
    if accounts().any(|account| account.value == name) || known().any(|workload| workload.account() == name) {
        return Caller::Known(account(name.to_owned()));
    }
    let externals = places.iter().flat_map(|namespace| &namespace.externals);
    if let Some(found) = externals.into_iter().find(|external| external.name.value == name) {
        return Caller::External(found.name.span);
    }
    let accounts = accounts().map(|name| name.value.clone());
    let names: BTreeSet<_> = known()
        .map(|workload| workload.name().to_owned())
        .chain(accounts)
        .collect();
    Caller::Unknown {
        namespace: of.to_owned(),
        known: names.into_iter().collect(),
    }
}

/// What runs as an account: a service, or a group of VMs with the service that it is written in. Most are only asked
/// for their names.
enum Workload<'a> {
    Service(&'a ServiceDecl, &'a NamespaceDecl),
    Group(&'a VmsDecl, Option<&'a ServiceDecl>),
}

impl<'a> Workload<'a> {
    fn name(&self) -> &'a str {
        match self {
            Self::Service(decl, _) => &decl.name.value,
            Self::Group(decl, owner) => group::name(decl, *owner),
        }
    }

    fn account(&self) -> String {
        match self {
            Self::Service(decl, namespace) => service::account(decl, namespace),
            Self::Group(decl, owner) => group::account(decl, *owner),
        }
    }
}

/// Services, then groups of VMs.
fn workloads(namespace: &NamespaceDecl) -> impl Iterator<Item = Workload<'_>> {
    let services = namespace.services.iter();
    let services = services.map(move |found| Workload::Service(found, namespace));
    let groups = namespace.groups();
    services.chain(groups.map(|(owner, found)| Workload::Group(found, owner)))
}
