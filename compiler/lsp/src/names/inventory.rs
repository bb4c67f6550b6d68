use mesh_compiler::diag::Spanned;
use mesh_compiler::spec;
use mesh_compiler::spec::schema::{Kind, NodeSpec};
use mesh_compiler::syntax::Value;

use super::Mention;
use super::mention::{Walk, inner, part};
use crate::tree::{Branch, Range};

/// A node `inventory`: machines of a group that stand in files of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    /// The files, as they are named.
    pub named: String,
    /// The namespace that the machines are in.
    pub namespace: String,
    /// What its columns are kept apart by from those of others.
    pub columns_of: String,
    /// The columns that the file calls otherwise, and what they are.
    renamed: Vec<(Spanned<String>, Spanned<String>)>,
    /// What a row is.
    machine: Machine,
}

/// Two of them are the same where they have the same name.
#[derive(Clone, Copy, Debug)]
struct Machine(&'static NodeSpec);

impl PartialEq for Machine {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Inventory {
    /// What `branch` names, in a group of the service `service`; `group` is what may stand beside it.
    pub(super) fn of(
        branch: &Branch,
        group: &'static NodeSpec,
        namespace: &str,
        service: &str,
    ) -> Option<Self> {
        let machine = group.children.iter().find(|child| child.node.name == "vm")?;
        let named = branch.text(0)?.value.to_owned();
        let columns = branch
            .children
            .iter()
            .filter(|child| child.name.value == "column");
        let renamed = |column: &Branch| {
            let (head, known) = (column.text(0)?, column.prop("as")?);
            Some((owned(head), owned(known)))
        };
        Some(Self {
            namespace: namespace.to_owned(),
            columns_of: columns_of(service, &named),
            renamed: columns.filter_map(renamed).collect(),
            machine: Machine(machine.node),
            named,
        })
    }

    /// The names in the rows of `text`, the inventory at `path`, and the heads of its columns.
    pub fn mentions(&self, text: &str, path: &str) -> Vec<Mention> {
        let listed = spec::listed(text, path, self.machine.0, &self.renamed);
        let machines: Vec<_> = listed.machines.into_iter().map(Branch::of).collect();
        let mut walk = Walk::within(&self.namespace);
        for machine in &machines {
            walk.node(machine, self.machine.0);
        }
        let mut found = walk.found;
        found.extend(listed.heads.iter().filter_map(|head| self.head(head)));
        found
    }

    fn head(&self, head: &Value) -> Option<Mention> {
        let name = inner(head)?;
        let place = Range::from(name.span);
        Some(Mention {
            kind: Kind::Column,
            namespace: self.namespace.clone(),
            service: self.columns_of.clone(),
            ty: None,
            place,
            part: part(&name, head),
            name: name.value,
            whole: Some(place),
        })
    }
}

/// Columns are called by what a group calls its file.
pub(super) fn columns_of(service: &str, named: &str) -> String {
    format!("{service} {named}")
}

fn owned(text: Spanned<&str>) -> Spanned<String> {
    Spanned {
        value: text.value.to_owned(),
        span: text.span,
    }
}
