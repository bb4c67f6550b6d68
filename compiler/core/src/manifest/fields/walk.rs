use super::limit::Limit;
use super::table::{Fields, KindOf, Shape, Type, table};
use super::value::{self, is_set};
use super::{Target, deprecated, unknown};
use crate::diag::{Diagnostic, Edit, Fix, Sink, Span, code};
use crate::manifest::Object;
use crate::syntax::{Datum, Entry, Kind, Scalar};

/// Holds every field of `object` against `kind`.
pub(super) fn check(object: &Object, kind: &'static KindOf, target: Target<'_>, sink: &mut Sink) {
    let mut walk = Walk {
        object,
        kind,
        target,
        path: Vec::new(),
        sink,
    };
    walk.fields(&object.body, &kind.fields, object.span);
}

/// Where the walk is.
pub(super) struct Walk<'a, 'b> {
    pub(super) object: &'a Object,
    pub(super) kind: &'static KindOf,
    pub(super) target: Target<'a>,
    /// The keys that lead here; places of lists have none.
    pub(super) path: Vec<&'a str>,
    pub(super) sink: &'b mut Sink,
}

impl<'a> Walk<'a, '_> {
    /// `place` is the key of `datum`, or where it begins.
    fn fields(&mut self, datum: &'a Datum, fields: &Fields, place: Span) {
        for entry in datum.entries() {
            self.path.push(&entry.key.value);
            match fields.by_name.get(entry.key.value.as_str()) {
                Some(field) => {
                    deprecated::field(self, entry);
                    self.value(&entry.value, &field.shape, entry);
                }
                None if fields.open => {}
                None => unknown::tell(self, entry, fields),
            }
            self.path.pop();
        }
        self.twice(datum);
        let missing = fields.by_name.iter().filter(|(name, field)| {
            field.required && datum.entry(name).is_none_or(|entry| !is_set(&entry.value))
        });
        for (name, _) in missing {
            let message = format!("{} has no `{name}`, which must be there", self.here());
            self.sink.push(
                Diagnostic::new(&code::MISSING, place, message).help(format!("write `{name}: …` in it")),
            );
        }
    }

    fn value(&mut self, datum: &'a Datum, shape: &Shape, entry: &'a Entry) {
        if !is_set(datum) {
            return;
        }
        let place = entry.key.span;
        self.limits(shape, datum);
        let inner = table().resolve(shape);
        if !std::ptr::eq(inner, shape) {
            return self.value(datum, inner, entry);
        }
        match (&shape.ty, &datum.kind) {
            (Type::Any, _) => {}
            (Type::List(of), Kind::List(items)) => {
                for item in items {
                    self.item(item, of, entry);
                }
            }
            (Type::Map(of), Kind::Mapping(entries)) => {
                for inner in entries {
                    self.path.push(&inner.key.value);
                    self.value(&inner.value, of, inner);
                    self.path.pop();
                }
                self.twice(datum);
            }
            (Type::Object(fields), Kind::Mapping(_)) => self.fields(datum, fields, place),
            (ty, _) => self.scalar(datum, ty, entry),
        }
    }

    /// An entry of a list, whose own beginning is its place.
    fn item(&mut self, item: &'a Datum, of: &Shape, entry: &'a Entry) {
        match (&table().resolve(of).ty, &item.kind) {
            (Type::Object(fields), Kind::Mapping(_)) => {
                let inner = table().resolve(of);
                self.limits(of, item);
                if !std::ptr::eq(inner, of) {
                    self.limits(inner, item);
                }
                let start = Span {
                    end: self.line_end(item.span),
                    ..item.span
                };
                self.fields(item, fields, start);
            }
            _ if !is_set(item) => {
                let message = format!("`{}` has an entry that is empty", entry.key.value);
                self.sink.push(
                    Diagnostic::new(&code::MISSING, entry.key.span, message)
                        .help("write it, or leave the `-` out"),
                );
            }
            _ => self.value(item, of, entry),
        }
    }

    fn scalar(&mut self, datum: &'a Datum, ty: &Type, entry: &'a Entry) {
        let scalar = datum.scalar();
        let written = self.target.text.get(datum.span.start..datum.span.end);
        let plain = written.filter(|text| !text.starts_with(['"', '\'', '|', '>']));
        deprecated::value(self, &scalar, datum.span);
        let Some((message, help)) = value::misfit(ty, &scalar, plain) else {
            return;
        };
        let shown = format!("`{}`: {message}", entry.key.value);
        let nested = matches!(scalar, Scalar::List | Scalar::Mapping);
        // What goes on over many lines is shown by its key.
        let span = if nested { entry.key.span } else { datum.span };
        let bare = matches!(ty, Type::String) && !nested;
        let quoted = plain
            .filter(|_| bare)
            .map(|word| Fix::certain(format!("write \"{word}\""), vec![Edit::quoted(span, word)]));
        self.sink.push(
            Diagnostic::new(self.code_of_type(), span, shown)
                .help(help)
                .fix(quoted),
        );
    }

    /// Variables of the proxy have a code of their own: `true` is what everybody writes there.
    fn code_of_type(&self) -> &'static crate::diag::Code {
        let variables = ["environmentVariables", "proxyMetadata"];
        let within = self
            .path
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|key| variables.contains(key));
        if within {
            &code::METADATA_NOT_STRING
        } else {
            &code::WRONG_TYPE
        }
    }

    /// What the definition of the kind asks of a value, and istiod beside it: of what breaks the first the second says
    /// nothing more.
    fn limits(&mut self, shape: &Shape, datum: &Datum) {
        let before = self.sink.len();
        for limit in &shape.limits {
            self.limit(limit, datum, false);
        }
        if self.sink.len() > before {
            return;
        }
        for asked in &shape.asked {
            self.limit(&asked.limit, datum, asked.warns);
        }
    }

    fn limit(&mut self, limit: &Limit, datum: &Datum, warns: bool) {
        let Some(broken) = limit.broken(datum) else { return };
        let span = Span {
            end: self.line_end(broken.span),
            ..broken.span
        };
        let name = self.path.last().copied().unwrap_or_default();
        let found =
            Diagnostic::new(broken.code, span, format!("`{name}`: {}", broken.message)).help(broken.help);
        let found = if warns { found.warning() } else { found };
        self.sink.push(match broken.other {
            Some(other) => found.here("and here").label(other, "one is said here"),
            None => found,
        });
    }

    /// One key, several values: the last one counts, or the text is refused.
    fn twice(&mut self, datum: &'a Datum) {
        let entries = datum.entries();
        for (at, entry) in entries.iter().enumerate() {
            if let Some(first) = entries[..at]
                .iter()
                .find(|before| before.key.value == entry.key.value)
            {
                let message = format!("`{}` is written twice", entry.key.value);
                self.sink.push(
                    Diagnostic::new(&code::DUPLICATE, entry.key.span, message)
                        .here("here again")
                        .label(first.key.span, "first here")
                        .help("keep one of them"),
                );
            }
        }
    }

    /// What the fields are of, for people.
    fn here(&self) -> String {
        match self.path.last() {
            Some(last) => format!("`{last}`"),
            None => format!("the {}", self.kind.kind),
        }
    }

    fn line_end(&self, span: Span) -> usize {
        let text = self.target.text.get(span.start..span.end).unwrap_or_default();
        span.start + text.lines().next().map_or(0, |line| line.trim_end().len())
    }
}
