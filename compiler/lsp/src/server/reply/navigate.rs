use lsp_types::{
    DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams, GotoDefinitionParams,
    GotoDefinitionResponse, Location, ReferenceParams,
};

use crate::features::{self, Target};
use crate::server::answer::Answerer;
use crate::server::uri;

impl Answerer<'_> {
    pub(in crate::server) fn definition(
        &self,
        params: &GotoDefinitionParams,
    ) -> Option<GotoDefinitionResponse> {
        let (project, at) = self.place(&params.text_document_position_params)?;
        let targets = features::definition(&project, at, &self.state.desk, &self.session.shelf);
        Some(GotoDefinitionResponse::Array(self.locations(&targets)))
    }

    pub(in crate::server) fn references(&self, params: &ReferenceParams) -> Option<Vec<Location>> {
        let (project, at) = self.place(&params.text_document_position)?;
        let targets = features::references(&project, at, params.context.include_declaration);
        Some(self.locations(&targets))
    }

    pub(in crate::server) fn highlights(
        &self,
        params: &DocumentHighlightParams,
    ) -> Option<Vec<DocumentHighlight>> {
        let (project, at) = self.place(&params.text_document_position_params)?;
        let file = project.file();
        let targets = features::references(&project, at, true).into_iter();
        let here = targets.filter(|target| target.file.path == file.path);
        let highlight = |target: Target| DocumentHighlight {
            range: self.range(file, target.name),
            kind: Some(DocumentHighlightKind::TEXT),
        };
        Some(here.map(highlight).collect())
    }

    fn locations(&self, targets: &[Target]) -> Vec<Location> {
        let location = |target: &Target| {
            Some(Location {
                uri: uri::uri(&target.file.path)?,
                range: self.range(&target.file, target.name),
            })
        };
        targets.iter().filter_map(location).collect()
    }
}
