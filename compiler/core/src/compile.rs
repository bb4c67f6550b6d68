use crate::diag::{Diagnostic, Severity, Sink, Sources, Span, code, count};
use crate::model::{self, Mesh};
use crate::spec::{self, Settings, decl::Spec};
use crate::syntax::Node;
use crate::{Allowed, World, existing, handwritten, levels, parallel, rules, template};

/// What the compiler made of a spec.
#[derive(Debug)]
pub struct Compiled {
    /// The mesh; `None` if there is any error.
    pub model: Option<Mesh>,
    /// Everything that was found, ordered by place.
    pub diagnostics: Vec<Diagnostic>,
    /// What was found and the spec allows.
    pub allowed: Vec<Allowed>,
    /// The files that places lie in.
    pub sources: Sources,
}

impl Compiled {
    /// The spec itself could not be read.
    pub fn unreadable(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|found| found.code == &code::UNREADABLE)
    }
}

/// Reads the spec at `path` and checks it whole, with every parameter as the spec itself says.
pub fn compile(world: &dyn World, path: &str) -> Compiled {
    compile_with(world, path, &Settings::default())
}

/// Reads the spec at `path` and checks it whole. Every phase goes on behind mistakes, so that one run shows all
/// of them; only a text that is no tree at all ends it.
///
/// # Steps
/// 1. Load the file and what it includes.
/// 2. Put the values of parameters in their places.
/// 3. Check the nodes, fill in defaults and machines of inventories, and read all as declarations.
/// 4. Resolve those into a mesh, and let the rules look at it.
/// 5. Fill in the user's own templates from it.
pub fn compile_with(world: &dyn World, path: &str, settings: &Settings) -> Compiled {
    let mut sources = Sources::default();
    let mut sink = Sink::default();
    let found = analyse(world, path, settings, &mut sources, &mut sink);
    sink.settle(&sources);
    sink.translate(spec::say);
    let languages = sink.languages().clone();
    let mut diagnostics = sink.finish();
    let (mesh, mut allowed) = found.map_or_else(Default::default, |found| {
        found.params.explain(&mut diagnostics);
        (Some(found.mesh), found.allowed)
    });
    for one in &mut allowed {
        one.diagnostic.translate(&languages, &spec::say);
    }
    Compiled {
        model: mesh.filter(|_| count(&diagnostics, Severity::Error) == 0),
        diagnostics,
        allowed,
        sources,
    }
}

/// What a spec comes to.
struct Analysed {
    mesh: Mesh,
    params: spec::Params,
    allowed: Vec<Allowed>,
}

fn analyse(
    world: &dyn World,
    path: &str,
    settings: &Settings,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Option<Analysed> {
    let spec::Loaded { mut nodes, whole } = spec::load(world, path, sources, sink)?;
    let wanted = || (!world.cancelled()).then_some(());
    wanted()?;
    let params = spec::put_params(&mut nodes, settings, sources, sink);
    let items = spec::check(&nodes, whole, sink);
    wanted()?;
    let mut items = spec::join_namespaces(items, sink);
    spec::fill_defaults(&mut items);
    spec::read_inventories(&mut items, world, sources, sink);
    let mut levels = levels::of_spec(&items, sink);
    let mut spec = Spec::read(&items);
    spec.raw = spec::read_raw(&items, world, sources, sink);
    wanted()?;
    let mut mesh = model::build(&spec, whole, sink);
    wanted()?;
    rules::check(&spec, &mesh, sink);
    levels.apply(sink);
    let sound = (!sink.has_errors()).then_some(&mesh);
    existing::raw::check(&spec.raw, sound, sources, sink);
    wanted()?;
    let templates = template::load(&spec, world, sources, sink);
    levels.apply(sink);
    // What leads nowhere is left out of the mesh, and cannot be written down.
    if !sink.has_errors() {
        handwritten::check(&mesh, sink);
        mesh.files = template::fill(&spec, &mesh, params.values(), &templates, sink);
    }
    params.unused(|name| templates.mention(name), sink);
    levels.apply(sink);
    levels.unused(sink);
    Some(Analysed {
        mesh,
        params,
        allowed: levels.into_allowed(),
    })
}

/// The mesh of nodes that were made of objects: everything that [`compile`] does for a spec but to read it.
pub(crate) fn lifted(nodes: &[Node], whole: Span, sink: &mut Sink) -> Mesh {
    let (spec, mesh) = structured(nodes, whole, sink);
    rules::check(&spec, &mesh, sink);
    mesh
}

/// The same, before the rules look at it. What one step leaves is given back while the next one goes on.
pub(crate) fn structured(nodes: impl AsRef<[Node]> + Send, whole: Span, sink: &mut Sink) -> (Spec, Mesh) {
    let items = spec::check(nodes.as_ref(), whole, sink);
    let aside = || drop(nodes);
    let ((), (items, spec)) = parallel::both(aside, || {
        let mut items = spec::join_namespaces(items, sink);
        spec::fill_defaults(&mut items);
        let spec = Spec::read(&items);
        (items, spec)
    });
    let aside = || drop(items);
    let ((), mesh) = parallel::both(aside, || model::build(&spec, whole, sink));
    (spec, mesh)
}
