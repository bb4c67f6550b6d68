use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind};

use crate::features;
use crate::server::answer::Answerer;
use crate::tree::Range;

impl Answerer<'_> {
    pub(in crate::server) fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let (project, at) = self.place(&params.text_document_position_params)?;
        let file = project.file();
        let checked = self.checked(&file.path);
        let here = Range::new(at, at);
        let found: Vec<_> = checked
            .iter()
            .flat_map(|checked| checked.within(&file.path, here))
            .collect();
        let hover = features::hover(file, at, &found)?;
        Some(Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value: hover.text,
            }),
            range: Some(self.range(file, hover.word)),
        })
    }
}
