use std::ops::Range;

use csv_core::ReadFieldResult;

use super::columns::{Columns, Target};
use super::row::Row;
use crate::diag::{Diagnostic, FileId, Sink, Span, code};
use crate::spec::Ty;
use crate::syntax::{Node, Scalar, Value};

/// The machines of a CSV text (RFC 4180, first row heads): one a row. Empty cells say nothing.
pub(super) fn rows(text: &str, file: FileId, mut columns: Columns<'_>, sink: &mut Sink) -> Vec<Node> {
    let mut cells = Cells::new(text, file);
    let Some(heads) = cells.next(sink) else {
        let start = cells.place(0..0);
        sink.push(
            Diagnostic::new(&code::INVENTORY, start, "the inventory is empty")
                .help("its first line heads the columns: name,address,locality,weight"),
        );
        return Vec::new();
    };
    if let [only] = heads.as_slice()
        && let Some(separator) = only.value.chars().find(|c| matches!(c, ';' | '\t' | '|'))
    {
        let shown = if separator == '\t' {
            "tabs".to_owned()
        } else {
            format!("`{separator}`")
        };
        sink.push(
            Diagnostic::new(
                &code::INVENTORY,
                cells.place(only.place.clone()),
                format!("the columns are separated by {shown}"),
            )
            .help("save it with commas between the columns"),
        );
        return Vec::new();
    }
    let targets = targets(&heads, &cells, &mut columns, sink);
    columns.strays(sink);
    if !whole(&heads, &targets, &cells, &columns, sink) {
        return Vec::new();
    }
    let mut nodes = Vec::new();
    while let Some(row) = cells.next(sink) {
        if row.iter().all(|cell| cell.value.is_empty()) {
            continue;
        }
        let place = cells.place(row[0].place.start..row[row.len() - 1].place.end);
        if row.len() != heads.len() {
            let message = format!(
                "the row has {} cells, and there are {} columns",
                row.len(),
                heads.len()
            );
            sink.push(
                Diagnostic::new(&code::INVENTORY, place, message)
                    .help("an empty cell has its comma too; a value with a comma is quoted"),
            );
            continue;
        }
        if row.iter().any(|cell| cell.broken) {
            continue;
        }
        let mut machine = Row::new(place);
        for ((cell, head), target) in row.iter().zip(&heads).zip(&targets) {
            if let Some(target) = target.as_ref().filter(|_| !cell.value.is_empty()) {
                let value = Value {
                    scalar: scalar(&cell.value, target.ty()),
                    span: cells.place(cell.place.clone()),
                };
                machine.cell(target, cells.place(head.place.clone()), value);
            }
        }
        nodes.push(machine.done());
    }
    nodes
}

/// The heads of the columns.
pub(super) fn heads(text: &str, file: FileId) -> Vec<Value> {
    let mut cells = Cells::new(text, file);
    let heads = cells.next(&mut Sink::default()).unwrap_or_default();
    heads
        .into_iter()
        .map(|head| Value {
            span: cells.place(head.place),
            scalar: Scalar::Text(head.value),
        })
        .collect()
}

fn targets(
    heads: &[Cell],
    cells: &Cells<'_>,
    columns: &mut Columns<'_>,
    sink: &mut Sink,
) -> Vec<Option<Target>> {
    let mut targets: Vec<Option<Target>> = Vec::with_capacity(heads.len());
    for head in heads {
        let place = cells.place(head.place.clone());
        let target = columns.target(&head.value, place, sink);
        let before = target.as_ref().and_then(|target| {
            let same = |before: &Option<Target>| before.as_ref().is_some_and(|before| before.same(target));
            targets.iter().position(same)
        });
        match before.and_then(|at| heads.get(at)) {
            Some(before) => {
                sink.push(
                    Diagnostic::new(
                        &code::DUPLICATE,
                        place,
                        format!("the column `{}` is there twice", head.value),
                    )
                    .here("here again")
                    .label(cells.place(before.place.clone()), "first here")
                    .help("keep one of them"),
                );
                targets.push(None);
            }
            None => targets.push(target),
        }
    }
    targets
}

/// Says which columns a machine needs that are not there, once for all machines.
fn whole(
    heads: &[Cell],
    targets: &[Option<Target>],
    cells: &Cells<'_>,
    columns: &Columns<'_>,
    sink: &mut Sink,
) -> bool {
    let there = |name: &str| {
        targets.iter().flatten().any(|target| match target {
            Target::Arg(field) | Target::Prop(field) => field.name == name,
            _ => false,
        })
    };
    let (args, props) = (columns.vm.args.iter(), columns.vm.props.iter());
    let missing: Vec<_> = args
        .chain(props)
        .filter(|field| field.required && !there(field.name))
        .collect();
    let line =
        heads.first().map_or(0, |head| head.place.start)..heads.last().map_or(0, |head| head.place.end);
    for field in &missing {
        sink.push(
            Diagnostic::new(
                &code::MISSING,
                cells.place(line.clone()),
                format!("the inventory has no column `{}`", field.name),
            )
            .help(format!(
                "add it, or write `column HEAD as={}` in the braces of `inventory`",
                field.name
            )),
        );
    }
    missing.is_empty()
}

/// Cells are texts; numbers and yes or no are what their column says.
fn scalar(text: &str, ty: Option<Ty>) -> Scalar {
    let number = matches!(ty, Some(Ty::Port | Ty::Count { .. }));
    let found = match ty {
        Some(_) if number => text.parse().ok().map(Scalar::Integer),
        Some(Ty::Bool) => text.to_ascii_lowercase().parse().ok().map(Scalar::Bool),
        _ => None,
    };
    found.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// A cell without its quotes, and where it stands in the text with them.
struct Cell {
    value: String,
    place: Range<usize>,
    /// What it says is not known.
    broken: bool,
}

/// The rows of a text.
struct Cells<'a> {
    text: &'a str,
    file: FileId,
    at: usize,
    reader: csv_core::Reader,
    buffer: Vec<u8>,
    over: bool,
}

impl<'a> Cells<'a> {
    fn new(text: &'a str, file: FileId) -> Self {
        Self {
            text,
            file,
            // The mark that Windows' programs begin a text with.
            at: if text.starts_with('\u{feff}') {
                '\u{feff}'.len_utf8()
            } else {
                0
            },
            reader: csv_core::Reader::new(),
            buffer: vec![0; text.len().clamp(64, 1 << 16)],
            over: false,
        }
    }

    fn place(&self, range: Range<usize>) -> Span {
        Span {
            file: self.file,
            start: range.start,
            end: range.end,
        }
    }

    /// The next row that has anything in it.
    fn next(&mut self, sink: &mut Sink) -> Option<Vec<Cell>> {
        let mut row = Vec::new();
        while !self.over {
            let ends = self.cell(&mut row, sink);
            if ends && !row.is_empty() {
                return Some(row);
            }
        }
        (!row.is_empty()).then_some(row)
    }

    /// Reads one cell into `row`; says whether it was the last one.
    fn cell(&mut self, row: &mut Vec<Cell>, sink: &mut Sink) -> bool {
        let start = self.at;
        let mut length = 0;
        loop {
            let input = &self.text.as_bytes()[self.at..];
            let (result, read, wrote) = self.reader.read_field(input, &mut self.buffer[length..]);
            self.at += read;
            length += wrote;
            match result {
                ReadFieldResult::OutputFull => self.buffer.resize(self.buffer.len() * 2, 0),
                // Reading nothing tells the reader that the text is over.
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::Field { record_end } => {
                    let raw = self.raw(start, record_end);
                    let value = String::from_utf8_lossy(&self.buffer[..length]).into_owned();
                    row.push(self.cleaned(value, raw, sink));
                    return record_end;
                }
                ReadFieldResult::End => {
                    self.over = true;
                    return true;
                }
            }
        }
    }

    /// Where the cell stands that was read from `start` on: without line ends around it and the comma behind.
    fn raw(&self, start: usize, last: bool) -> Range<usize> {
        let read = &self.text[start..self.at];
        let read = read.trim_start_matches(['\r', '\n']);
        let start = self.at - read.len();
        let read = if last {
            read.trim_end_matches(['\r', '\n'])
        } else {
            read.strip_suffix(',').unwrap_or(read)
        };
        start..start + read.len()
    }

    /// Blanks around a cell mean nothing; quotes are around all of it or nowhere.
    fn cleaned(&self, value: String, raw: Range<usize>, sink: &mut Sink) -> Cell {
        let written = &self.text[raw.clone()];
        let trimmed = written.trim();
        let start = raw.start + (written.len() - written.trim_start().len());
        let place = start..start + trimmed.len();
        if !trimmed.contains('"') {
            let value = trimmed.to_owned();
            return Cell {
                value,
                place,
                broken: false,
            };
        }
        let broken = trimmed != format!("\"{}\"", value.replace('"', "\"\""));
        if broken {
            // A quote that is not closed takes in all that follows.
            let line = trimmed.find('\n').map_or(place.end, |line| place.start + line);
            sink.push(
                Diagnostic::new(
                    &code::INVENTORY,
                    self.place(place.start..line),
                    "the quotes of this cell do not fit",
                )
                .help("quote the whole cell, and write a quote inside of it twice: \"a \"\"b\"\" c\""),
            );
        }
        Cell { value, place, broken }
    }
}
