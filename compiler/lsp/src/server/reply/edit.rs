use std::collections::BTreeMap;

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CodeActionResponse, DocumentChanges,
    DocumentFormattingParams, OneOf, OptionalVersionedTextDocumentIdentifier, PrepareRenameResponse,
    RenameParams, TextDocumentEdit, TextDocumentPositionParams, TextEdit, WorkspaceEdit,
};

use crate::features::{self, Replacement};
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

    /// What puts right the mistakes in a range.
    pub(in crate::server) fn fixes(&self, params: &CodeActionParams) -> Option<CodeActionResponse> {
        let file = self.file(&params.text_document.uri)?;
        let range = Range::new(
            self.offset(&file, params.range.start),
            self.offset(&file, params.range.end),
        );
        let mut actions = Vec::new();
        if let Some(checked) = self.checked(&file.path) {
            let places = convert::Places::new(&checked.sources, self.session.encoding);
            for remedy in features::fixes(&checked, &file.path, range) {
                let replacements = remedy.edits(&checked, &self.session.shelf, &self.state.desk);
                actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                    title: remedy.fix.title.clone(),
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: Some(vec![convert::diagnostic(remedy.found, &places, self.session)]),
                    edit: Some(self.edits(&replacements)),
                    is_preferred: Some(remedy.certain()),
                    ..CodeAction::default()
                }));
            }
        }
        Some(actions)
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
