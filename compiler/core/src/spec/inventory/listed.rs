use super::Form;
use super::columns::Columns;
use super::{data, table};
use crate::diag::{FileId, Sink, Spanned};
use crate::spec::schema::NodeSpec;
use crate::syntax::{Node, Value};

/// What can be seen of an inventory, right or wrong. Places are bytes of its text.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Its rows, as nodes `vm`.
    pub machines: Vec<Node>,
    /// The heads of its columns: of CSV those of the first row, else the keys of every row.
    pub heads: Vec<Value>,
}

/// What `text`, the inventory at `path`, lists: machines, whose columns `renamed` calls otherwise (first the head in the
/// file), as the table of `vm` has them.
pub fn listed(
    text: &str,
    path: &str,
    vm: &'static NodeSpec,
    renamed: &[(Spanned<String>, Spanned<String>)],
) -> Listed {
    let (file, mut sink) = (FileId::default(), Sink::default());
    let columns = Columns::new(vm, renamed, &[]);
    match Form::of(path) {
        Some(Form::Table) => Listed {
            machines: table::rows(text, file, columns, &mut sink),
            heads: table::heads(text, file),
        },
        Some(Form::Data) => Listed {
            machines: data::rows(text, path, file, columns, &mut sink),
            heads: data::heads(text, path, file),
        },
        None => Listed::default(),
    }
}
