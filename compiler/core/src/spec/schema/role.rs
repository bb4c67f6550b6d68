use super::Field;

/// What a value has to do with names. Everything that leads from names to what they name, or offers them, reads this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    Plain,
    /// It is the name of what its node declares.
    Declares(Kind),
    /// It names something that is declared elsewhere.
    Names(Kind),
    /// It is the path of a file beside this one.
    File,
    /// It is a code of the compiler, or its slug.
    Code,
}

/// What is called by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `param`.
    Parameter,
    /// `profile`.
    Profile,
    /// `authorizer` of the mesh.
    Authorizer,
    /// `network`.
    Network,
    /// `cluster`.
    Cluster,
    /// `egress` of a cluster; the same name may stand in several.
    Gateway,
    /// `namespace`.
    Namespace,
    /// `service` and `external`, in a namespace.
    Service,
    /// `account`, in a namespace; whoever uses one that is not declared declares it.
    Account,
    /// `vms`, in a namespace; one without a name has its service's.
    Group,
    /// `vm`.
    Machine,
    /// `subset`, in a service.
    Subset,
    /// `port`, by its number, in a service.
    Port,
    /// A service, a group, an account or a machine, in a namespace: whoever has an identity.
    Caller,
    /// A service, a group, a machine, or a subset of the service around: where requests end.
    Target,
    /// The head of a column, in an inventory.
    Column,
}

impl Field {
    /// It is the name of what its node declares.
    pub(super) const fn declares(self, kind: Kind) -> Self {
        self.with(Role::Declares(kind))
    }

    /// It names something that is declared elsewhere.
    pub(super) const fn names(self, kind: Kind) -> Self {
        self.with(Role::Names(kind))
    }

    /// It is the path of a file.
    pub(super) const fn path(self) -> Self {
        self.with(Role::File)
    }

    /// It is a code of the compiler.
    pub(super) const fn code(self) -> Self {
        self.with(Role::Code)
    }

    const fn with(self, role: Role) -> Self {
        Self { role, ..self }
    }
}
