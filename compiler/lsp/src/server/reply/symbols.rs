use std::collections::BTreeSet;

use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, FoldingRange, FoldingRangeParams, Location,
    OneOf, SymbolKind, WorkspaceSymbol, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use mesh_compiler::spec::schema::Kind;

use crate::features::{self, Symbol};
use crate::project::{File, Project};
use crate::server::answer::Answerer;
use crate::server::uri;
use crate::tree::Range;

impl Answerer<'_> {
    pub(in crate::server) fn outline(&self, params: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        let file = self.file(&params.text_document.uri)?;
        let symbols = features::outline(&file).into_iter();
        let symbols = symbols.map(|symbol| self.symbol(symbol, &file)).collect();
        Some(DocumentSymbolResponse::Nested(symbols))
    }

    fn symbol(&self, symbol: Symbol, file: &File) -> DocumentSymbol {
        let children = symbol.children.into_iter().map(|child| self.symbol(child, file));
        // The protocol wants the name within the whole.
        let whole = Range::new(
            symbol.whole.start.min(symbol.place.start),
            symbol.whole.end.max(symbol.place.end),
        );
        #[allow(deprecated, reason = "the type has this field, and no constructor")]
        DocumentSymbol {
            name: symbol.name,
            detail: Some(symbol.detail),
            kind: kind(symbol.kind),
            tags: None,
            deprecated: None,
            range: self.range(file, whole),
            selection_range: self.range(file, symbol.place),
            children: Some(children.collect()),
        }
    }

    pub(in crate::server) fn search(
        &self,
        params: &WorkspaceSymbolParams,
    ) -> Option<WorkspaceSymbolResponse> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        let open = self.state.desk.documents().map(|(path, _)| path.to_owned());
        for path in open.chain(self.session.specs(&self.state.desk)) {
            let Some(project) = Project::around(&path, &self.state.desk, &self.session.shelf) else {
                continue;
            };
            for (file, symbol) in features::search(&project, &params.query) {
                if seen.insert((file.path.clone(), symbol.place)) {
                    found.extend(self.located(file, symbol));
                }
            }
        }
        Some(WorkspaceSymbolResponse::Nested(found))
    }

    fn located(&self, file: &File, symbol: Symbol) -> Option<WorkspaceSymbol> {
        Some(WorkspaceSymbol {
            name: symbol.name,
            kind: kind(symbol.kind),
            tags: None,
            container_name: Some(symbol.detail).filter(|detail| !detail.is_empty()),
            location: OneOf::Left(Location {
                uri: uri::uri(&file.path)?,
                range: self.range(file, symbol.place),
            }),
            data: None,
        })
    }

    pub(in crate::server) fn folding(&self, params: &FoldingRangeParams) -> Option<Vec<FoldingRange>> {
        let file = self.file(&params.text_document.uri)?;
        let ranges = features::folding(&file).into_iter();
        let fold = |bytes| {
            let range = self.range(&file, bytes);
            FoldingRange {
                start_line: range.start.line,
                end_line: range.end.line,
                ..FoldingRange::default()
            }
        };
        Some(ranges.map(fold).collect())
    }
}

fn kind(kind: Option<Kind>) -> SymbolKind {
    match kind {
        None => SymbolKind::OBJECT,
        Some(Kind::Parameter) => SymbolKind::CONSTANT,
        Some(Kind::Namespace) => SymbolKind::NAMESPACE,
        Some(Kind::Network | Kind::Cluster) => SymbolKind::MODULE,
        Some(Kind::Service) => SymbolKind::CLASS,
        Some(Kind::Port) => SymbolKind::PROPERTY,
        Some(Kind::Machine) => SymbolKind::STRUCT,
        Some(Kind::Group) => SymbolKind::ARRAY,
        Some(_) => SymbolKind::KEY,
    }
}
