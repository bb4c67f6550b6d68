use std::collections::BTreeMap;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, DocumentChanges,
    DocumentFormattingParams, OneOf, OptionalVersionedTextDocumentIdentifier, PrepareRenameResponse,
    RenameParams, TextDocumentEdit, TextDocumentPositionParams, TextEdit, WorkspaceEdit,
};

use crate::features::{self, Remedy, Replacement};
use crate::project::{Checked, home};
use crate::server::answer::{Answer, Answerer, refused};
use crate::server::{convert, uri};
use crate::tree::Range;

impl Answerer<'_> {
    pub(in crate::server) fn renamable(
        &self,
        params: &TextDocumentPositionParams,
    ) -> Answer<Option<PrepareRenameResponse>> {
        let Some((project, at)) = self.place(params) else {
            return Ok(None);
        };
        let (place, name) = features::renamable(&project, at).map_err(refused)?;
        Ok(Some(PrepareRenameResponse::RangeWithPlaceholder {
            range: self.range(project.file(), place),
            placeholder: name,
        }))
    }

    pub(in crate::server) fn rename(&self, params: &RenameParams) -> Answer<Option<WorkspaceEdit>> {
        let Some((project, at)) = self.place(&params.text_document_position) else {
            return Ok(None);
        };
        let replacements = features::rename(&project, at, &params.new_name).map_err(refused)?;
        Ok(Some(self.edits(&replacements)))
    }

    pub(in crate::server) fn format(&self, params: &DocumentFormattingParams) -> Option<Vec<TextEdit>> {
        let file = self.file(&params.text_document.uri)?;
        let edits = features::format(&file).into_iter();
        let edit = |(bytes, new_text): (Range, String)| TextEdit {
            range: self.range(&file, bytes),
            new_text,
        };
        Some(edits.map(edit).collect())
    }

    /// What puts right the mistakes in a range, and everything at once.
    pub(in crate::server) fn fixes(&self, params: &CodeActionParams) -> Option<CodeActionResponse> {
        let path = uri::path(&params.text_document.uri);
        let file = self.session.shelf.file(&path, &self.state.desk)?;
        let checked = self.checked(&path)?;
        let range = Range::new(
            self.offset(&file, params.range.start),
            self.offset(&file, params.range.end),
        );
        let wanted = |kind: &CodeActionKind| {
            let only = params.context.only.as_deref();
            only.is_none_or(|only| only.iter().any(|only| kind.as_str().starts_with(only.as_str())))
        };
        let mut actions = Vec::new();
        if wanted(&CodeActionKind::QUICKFIX) {
            let remedies = features::fixes(&checked, &path, range);
            actions.extend(remedies.iter().map(|remedy| self.action(remedy, &checked)));
        }
        let all = CodeActionKind::SOURCE_FIX_ALL;
        // It checks anew for each round: only who asks for it gets it.
        if params.context.only.is_some() && wanted(&all) {
            let replacements = self.put_right(&path);
            actions.extend((!replacements.is_empty()).then(|| CodeAction {
                title: "put right what has only one remedy".to_owned(),
                kind: Some(all),
                edit: Some(self.edits(&replacements)),
                ..CodeAction::default()
            }));
        }
        Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect())
    }

    fn action(&self, remedy: &Remedy<'_>, checked: &Checked) -> CodeAction {
        let places = convert::Places::new(&checked.sources, self.session.encoding);
        let replacements = remedy.edits(checked, &self.session.shelf, &self.state.desk);
        CodeAction {
            title: remedy.fix.title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![convert::diagnostic(remedy.found, &places, self.session)]),
            edit: Some(self.edits(&replacements)),
            is_preferred: Some(remedy.certain()),
            ..CodeAction::default()
        }
    }

    fn put_right(&self, path: &str) -> Vec<Replacement> {
        let (desk, shelf) = (&self.state.desk, &self.session.shelf);
        let home = home(path, desk, shelf);
        let files = self.session.analyst.put_right(&home, path, desk).into_iter();
        files
            .filter_map(|(path, after)| {
                let file = shelf.file(&path, desk)?;
                let (range, text) = features::difference(&file.text, &after)?;
                Some(Replacement { file, range, text })
            })
            .collect()
    }

    fn edits(&self, replacements: &[Replacement]) -> WorkspaceEdit {
        let mut files: BTreeMap<&str, Vec<&Replacement>> = BTreeMap::new();
        for replacement in replacements {
            files.entry(&replacement.file.path).or_default().push(replacement);
        }
        let edit = |replacement: &&Replacement| {
            OneOf::Left(TextEdit {
                range: self.range(&replacement.file, replacement.range),
                new_text: replacement.text.clone(),
            })
        };
        let document = |(path, replacements): (&str, Vec<&Replacement>)| {
            Some(TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier {
                    uri: uri::uri(path)?,
                    version: self.state.desk.document(path).map(|document| document.version),
                },
                edits: replacements.iter().map(edit).collect(),
            })
        };
        WorkspaceEdit {
            document_changes: Some(DocumentChanges::Edits(
                files.into_iter().filter_map(document).collect(),
            )),
            ..WorkspaceEdit::default()
        }
    }
}
