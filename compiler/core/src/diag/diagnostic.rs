use std::collections::{BTreeMap, BTreeSet};

use super::{Applicability, Code, FileId, Fix, Language, Sources, Span, code};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is built.
    Error,
    /// It is built, and will probably disappoint.
    Warning,
}

/// A place and what is to be said there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind.
    pub code: &'static Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where it is wrong.
    pub primary: Label,
    /// Other places that have to do with it.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// Why it is so.
    pub note: Option<String>,
    /// What puts it right by itself: one that is certain, or several to choose from.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// A mistake of kind `code` at `span`.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            labels: Vec::new(),
            help: None,
            note: None,
            fixes: Vec::new(),
        }
    }

    /// What is said at the place itself.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// What is said at another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// What to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Why it is so.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Moves all its places `by` bytes on in their file.
    pub(crate) fn shift(&mut self, by: usize) {
        self.primary.span.shift(by);
        for label in &mut self.labels {
            label.span.shift(by);
        }
        for fix in &mut self.fixes {
            fix.shift(by);
        }
    }

    /// What puts it right by itself.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fixes.extend(fix.into());
        self
    }

    /// The fix that is certain, if there is one and only one.
    pub fn certain_fix(&self) -> Option<&Fix> {
        let mut certain = self
            .fixes
            .iter()
            .filter(|fix| fix.applicability == Applicability::Certain);
        certain.next().filter(|_| certain.next().is_none())
    }

    /// Puts its texts into the words of the language that its file is written in.
    pub(crate) fn translate(
        &mut self,
        languages: &BTreeMap<FileId, Language>,
        say: &impl Fn(Language, &str) -> String,
    ) {
        let language = languages
            .get(&self.primary.span.file)
            .copied()
            .unwrap_or_default();
        if language == Language::Kdl {
            return;
        }
        let labels = self.labels.iter_mut().map(|label| &mut label.text);
        let texts = [&mut self.message, &mut self.primary.text]
            .into_iter()
            .chain(labels)
            .chain(&mut self.help)
            .chain(&mut self.note)
            .chain(self.fixes.iter_mut().map(|fix| &mut fix.title));
        for text in texts {
            *text = say(language, text);
        }
    }

    /// It is only a warning here.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Where every phase puts what it finds.
#[derive(Debug, Default)]
pub struct Sink {
    found: Vec<Diagnostic>,
    /// What the files are written in; KDL where nothing is said.
    languages: BTreeMap<FileId, Language>,
}

impl Sink {
    /// Takes one more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Takes all of `other`, whose texts begin `by` bytes behind the beginnings of their files.
    pub(crate) fn take_shifted(&mut self, other: Self, by: usize) {
        self.found.extend(other.found.into_iter().map(|mut found| {
            found.shift(by);
            found
        }));
    }

    /// Takes all of `other`.
    pub(crate) fn take(&mut self, other: Self) {
        self.found.extend(other.found);
    }

    /// An empty one for a part of the work: what it finds is taken over when that is done.
    pub(crate) fn beside(&self) -> Self {
        Self {
            found: Vec::new(),
            languages: self.languages.clone(),
        }
    }

    /// Keeps what `keep` says of; it may change what is kept.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&mut Diagnostic) -> bool) {
        self.found.retain_mut(keep);
    }

    /// Something is wrong.
    pub fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity == Severity::Error)
    }

    /// What was put into it so far.
    pub(crate) fn all(&self) -> &[Diagnostic] {
        &self.found
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `file` is written in `language`.
    pub fn speak(&mut self, file: FileId, language: Language) {
        self.languages.insert(file, language);
    }

    /// What the file of `span` is written in.
    pub fn language(&self, span: Span) -> Language {
        self.languages.get(&span.file).copied().unwrap_or_default()
    }

    /// What the files are written in.
    pub(crate) const fn languages(&self) -> &BTreeMap<FileId, Language> {
        &self.languages
    }

    /// Puts every text that is found in a file that is not KDL into the words of its language.
    pub fn translate(&mut self, say: impl Fn(Language, &str) -> String) {
        for found in &mut self.found {
            found.translate(&self.languages, &say);
        }
    }

    /// Makes replacements of bytes of all fixes; those that the texts do not fit are left out.
    pub fn settle(&mut self, sources: &Sources) {
        let languages = &self.languages;
        let language = |span: Span| languages.get(&span.file).copied().unwrap_or_default();
        for found in &mut self.found {
            let fixes = std::mem::take(&mut found.fixes);
            found.fixes = fixes
                .into_iter()
                .filter_map(|fix| fix.settle(sources, language))
                .collect();
        }
    }

    /// Everything, ordered by place, nothing twice. At one place, what was found first comes first.
    pub fn finish(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by_key(|x| (x.primary.span, x.severity, x.code.id));
        let mut seen = BTreeSet::new();
        found.retain(|x| seen.insert((x.primary.span, x.code.id, x.message.clone())));
        // A value that does not fit anyway is not helped by the quotes that it lacks.
        let unfit: BTreeSet<_> = found
            .iter()
            .filter(|x| [&code::WRONG_TYPE, &code::NAME_INVALID, &code::NAME_OVERSIZE].contains(&x.code))
            .map(|x| x.primary.span)
            .collect();
        found.retain(|x| x.code != &code::SYNTAX || !unfit.contains(&x.primary.span));
        found
    }
}

/// How many of `diagnostics` are as bad as `severity`.
pub fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == severity)
        .count()
}
