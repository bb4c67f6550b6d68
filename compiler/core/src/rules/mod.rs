//! rules
use crate::diag::Sink;
use crate::model::Mesh;
use crate::spec::decl::Spec;

pub(crate) fn check(_spec: &Spec, _mesh: &Mesh, _sink: &mut Sink) {}
