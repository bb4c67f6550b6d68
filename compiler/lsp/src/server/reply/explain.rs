use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

use crate::features;
use crate::project::Project;
use crate::server::answer::Answerer;
use crate::server::uri;
use crate::tree::Range;

impl Answerer<'_> {
    pub(in crate::server) fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let place = &params.text_document_position_params;
        let path = uri::path(&place.text_document.uri);
        let (desk, shelf) = (&self.state.desk, &self.session.shelf);
        let file = shelf.file(&path, desk)?;
        let at = self.offset(&file, place.position);
        let checked = self.checked(&path);
        let here = Range::new(at, at);
        let found: Vec<_> = checked
            .iter()
            .flat_map(|checked| checked.within(&path, here))
            .collect();
        let meaning = match self.manifest(place) {
            Some((file, at)) => features::objects::field(&file, at),
            None => Project::around(&path, desk, shelf).and_then(|project| features::hover(&project, at)),
        };
        let hover = features::with_pages(meaning, &found)?;
        Some(Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value: hover.text,
            }),
            range: Some(self.range(&file, hover.word)),
        })
    }
}
