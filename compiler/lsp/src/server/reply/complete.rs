use lsp_types::{
    Command, CompletionItem, CompletionItemKind, CompletionItemLabelDetails, CompletionParams,
    CompletionResponse, CompletionTextEdit, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
    TextEdit,
};

use crate::features::{self, Completion, Insert, Offer};
use crate::project::File;
use crate::server::answer::Answerer;

impl Answerer<'_> {
    pub(in crate::server) fn complete(&self, params: &CompletionParams) -> Option<CompletionResponse> {
        if let Some((file, at)) = self.manifest(&params.text_document_position) {
            let offers = features::objects::fields(&file, at).into_iter();
            let items: Vec<_> = offers.map(|offer| self.item(offer, &file)).collect();
            return (!items.is_empty()).then_some(CompletionResponse::Array(items));
        }
        let (project, at) = self.place(&params.text_document_position)?;
        if project.is_inventory() {
            return None;
        }
        let offers = features::complete(&project, at, &self.state.desk);
        let items = offers.into_iter().map(|offer| self.item(offer, project.file()));
        Some(CompletionResponse::Array(items.collect()))
    }

    fn item(&self, offer: Offer, file: &File) -> CompletionItem {
        let again = offer.label.ends_with('/') && offer.what == Completion::File;
        let (text, snippet) = match offer.insert {
            Insert::Snippet(text, _) if self.session.snippets => (text, true),
            Insert::Snippet(_, text) | Insert::Text(text) => (text, false),
        };
        let range = self.range(file, offer.range);
        CompletionItem {
            kind: Some(match offer.what {
                Completion::Node => CompletionItemKind::CLASS,
                Completion::Property => CompletionItemKind::PROPERTY,
                Completion::Value => CompletionItemKind::ENUM_MEMBER,
                Completion::Name => CompletionItemKind::REFERENCE,
                Completion::File => CompletionItemKind::FILE,
            }),
            label_details: Some(CompletionItemLabelDetails {
                detail: None,
                description: Some(offer.detail).filter(|detail| !detail.is_empty()),
            }),
            documentation: Some(offer.about).filter(|about| !about.is_empty()).map(|value| {
                let kind = MarkupKind::Markdown;
                Documentation::MarkupContent(MarkupContent { kind, value })
            }),
            sort_text: Some(format!("{:05}", offer.order)),
            // Editors hold this against what stands in the range.
            filter_text: Some(if text.starts_with('"') {
                format!("\"{}", offer.label)
            } else {
                offer.label.clone()
            }),
            label: offer.label,
            insert_text_format: Some(if snippet {
                InsertTextFormat::SNIPPET
            } else {
                InsertTextFormat::PLAIN_TEXT
            }),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit {
                range,
                new_text: text,
            })),
            // A folder goes on with what is in it.
            command: again.then(|| Command {
                title: "Go on".to_owned(),
                command: "editor.action.triggerSuggest".to_owned(),
                arguments: None,
            }),
            ..CompletionItem::default()
        }
    }
}
