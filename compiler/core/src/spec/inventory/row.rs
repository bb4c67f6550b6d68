use super::columns::Target;
use crate::diag::{Span, Spanned};
use crate::spec::schema::NodeSpec;
use crate::spec::shape;
use crate::syntax::{Datum, Node, Property, Value};

/// A machine that is put together from its cells.
pub(super) struct Row {
    node: Node,
}

impl Row {
    /// `place` is that of the row: what it lacks is said there.
    pub(super) fn new(place: Span) -> Self {
        Self {
            node: empty("vm", place),
        }
    }

    /// Takes a cell in.
    pub(super) fn cell(&mut self, target: &Target, head: Span, value: Value) {
        let property = |key: &str, value| Property {
            key: Spanned {
                value: key.to_owned(),
                // A mistake in a label's key is one of its column.
                span: head,
            },
            value,
        };
        match target {
            Target::Arg(_) => self.node.args.push(value),
            Target::Prop(field) => self.node.props.push(property(field.name, value)),
            Target::Label(key) => {
                let property = property(key, value);
                self.part("label").props.push(property);
            }
            Target::Part(node, field) => {
                let property = property(field.name, value);
                self.part(node.name).props.push(property);
            }
            Target::Node(node) => self.part(node.name).args.push(value),
        }
    }

    /// Takes a whole node of the machine in.
    pub(super) fn node(&mut self, spec: &'static NodeSpec, key: Span, datum: &Datum) {
        let name = Spanned {
            value: spec.name.to_owned(),
            span: key,
        };
        let node = shape::node(&name, datum, spec, key.start);
        match self
            .node
            .children
            .iter_mut()
            .find(|child| child.name.value == spec.name)
        {
            Some(before) => {
                before.args.extend(node.args);
                before.props.extend(node.props);
                before.children.extend(node.children);
            }
            None => self.node.children.push(node),
        }
    }

    fn part(&mut self, name: &str) -> &mut Node {
        let children = &mut self.node.children;
        let at = match children.iter().position(|child| child.name.value == name) {
            Some(at) => at,
            None => {
                children.push(empty(name, self.node.span));
                children.len() - 1
            }
        };
        &mut children[at]
    }

    pub(super) fn done(self) -> Node {
        self.node
    }
}

fn empty(name: &str, span: Span) -> Node {
    Node {
        name: Spanned {
            value: name.to_owned(),
            span,
        },
        args: Vec::new(),
        props: Vec::new(),
        children: Vec::new(),
        span,
    }
}
