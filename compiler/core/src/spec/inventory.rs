//! Machines that are listed in a file of their own: what a CMDB or a cloud exports. A row is a `vm`, with the same
//! values, checks and places.

mod columns;
mod data;
mod listed;
mod row;
mod table;

use std::collections::BTreeMap;

use self::columns::Columns;
pub use self::listed::{Listed, listed};
use super::item::Item;
use super::{check, files};
use crate::World;
use crate::diag::{Diagnostic, Sink, Sources, Span, Spanned, code};
use crate::syntax::Node;

/// Reads the inventories that `items` name; their machines stand beside those that are written.
pub(crate) fn fill(items: &mut [Item], world: &dyn World, sources: &mut Sources, sink: &mut Sink) {
    let mut reader = Reader {
        world,
        sources,
        sink,
        read: BTreeMap::new(),
    };
    items.iter_mut().for_each(|item| reader.item(item));
}

struct Reader<'a> {
    world: &'a dyn World,
    sources: &'a mut Sources,
    sink: &'a mut Sink,
    /// Inventories by path: one that two groups take gives them the same machines, which is a mistake of its own.
    read: BTreeMap<String, Span>,
}

impl Reader<'_> {
    fn item(&mut self, item: &mut Item) {
        for child in &mut item.children {
            self.item(child);
        }
        let named: Vec<_> = item.children("inventory").map(Inventory::of).collect();
        for inventory in named.into_iter().flatten() {
            let before = self.sink.len();
            let machines = self.machines(&inventory, item);
            item.children.extend(machines);
            // What seems to be missing may be in rows that could not be read.
            item.stray |= self.sink.len() > before;
        }
    }

    fn machines(&mut self, inventory: &Inventory, vms: &Item) -> Vec<Item> {
        let Some(vm) = vms.spec.children.iter().find(|child| child.node.name == "vm") else {
            return Vec::new();
        };
        let by = self.sources.get(inventory.file.span.file);
        let by = by.map_or_else(String::new, |source| source.path.clone());
        let found = match files::find(self.world, &by, &inventory.file.value) {
            Ok(found) => found,
            Err(cause) => {
                self.unreadable(&inventory.file, &inventory.file.value, &cause);
                return Vec::new();
            }
        };
        let mut nodes = Vec::new();
        for path in found {
            if let Some(before) = self.read.insert(path.clone(), inventory.file.span) {
                self.sink.push(again(&path, inventory.file.span, before));
                continue;
            }
            match self.world.read(&path) {
                Ok(text) => {
                    let columns = Columns::new(vm.node, &inventory.columns, &inventory.ignored);
                    nodes.extend(self.rows(&path, &text, columns));
                }
                Err(cause) => self.unreadable(&inventory.file, &path, &cause),
            }
        }
        let machines = nodes.iter().map(|node| check::item(node, vm.node, self.sink));
        machines.collect()
    }

    fn rows(&mut self, path: &str, text: &str, columns: Columns<'_>) -> Vec<Node> {
        let file = self.sources.add(path, text);
        match Form::of(path) {
            Some(Form::Table) => table::rows(text, file, columns, self.sink),
            Some(Form::Data) => data::rows(text, path, file, columns, self.sink),
            None => {
                let start = Span {
                    file,
                    start: 0,
                    end: 0,
                };
                self.sink.push(
                    Diagnostic::new(&code::INVENTORY, start, format!("{path} is no inventory"))
                        .help("name a file that ends in .csv, .json or .yaml"),
                );
                Vec::new()
            }
        }
    }

    fn unreadable(&mut self, file: &Spanned<String>, path: &str, cause: &str) {
        self.sink.push(
            Diagnostic::new(
                &code::UNREADABLE,
                file.span,
                format!("{path} cannot be read: {cause}"),
            )
            .help("inventories are named beside the file that names them"),
        );
    }
}

/// How the rows are written.
enum Form {
    /// CSV.
    Table,
    /// A list of mappings, in JSON or YAML.
    Data,
}

impl Form {
    /// By the end of the file's name.
    fn of(path: &str) -> Option<Self> {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Table),
            "json" | "yaml" | "yml" => Some(Self::Data),
            _ => None,
        }
    }
}

fn again(path: &str, place: Span, before: Span) -> Diagnostic {
    Diagnostic::new(
        &code::DUPLICATE,
        place,
        format!("the inventory {path} is read twice"),
    )
    .here("here again")
    .label(before, "first here")
    .help("keep one of them: a machine is in one group")
}

/// `inventory`, as it is written.
struct Inventory {
    file: Spanned<String>,
    /// What the file calls a column, and what it is.
    columns: Vec<(Spanned<String>, Spanned<String>)>,
    /// Columns that say nothing; `*` is all that are not known.
    ignored: Vec<Spanned<String>>,
}

impl Inventory {
    fn of(item: &Item) -> Option<Self> {
        let column = |column: &Item| Some((column.spanned("name")?, column.spanned("as")?));
        Some(Self {
            file: item.spanned("file")?,
            columns: item.children("column").filter_map(column).collect(),
            ignored: item
                .children("ignore")
                .flat_map(|ignore| ignore.all("column"))
                .collect(),
        })
    }
}
