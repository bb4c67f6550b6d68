//! Places that say who may call, with those around them.

use super::Context;
use crate::model::{Access, Rule, Service};
use crate::spec::decl;

/// A place with what it means.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// As it is written.
    pub(super) decl: decl::Access<'a>,
    /// What it means.
    pub(super) access: &'a Access,
    /// The service, if it is one.
    pub(super) service: Option<&'a Service>,
}

/// The mesh, its namespaces and services; what is not in the model is left out.
pub(super) fn places<'a>(context: Context<'a>) -> impl Iterator<Item = Place<'a>> {
    context.spec.access().filter_map(move |decl| {
        let namespace = decl.namespace.map(|namespace| namespace.name.value.as_str());
        let service = match (namespace, decl.service) {
            (Some(namespace), Some(service)) => Some(context.mesh.service(namespace, &service.name.value)?),
            _ => None,
        };
        let access = match (service, namespace) {
            (Some(service), _) => &service.access,
            (None, Some(namespace)) => &context.mesh.namespaces.get(namespace)?.access,
            (None, None) => &context.mesh.access,
        };
        Some(Place {
            decl,
            access,
            service,
        })
    })
}

/// Nothing of the rule is left out by a mistake: it asks all that was meant.
pub(super) fn sound(context: Context<'_>, rule: &Rule) -> bool {
    let mut rules = context.spec.access().flat_map(|access| &access.decl.rules);
    !rules.any(|decl| decl.damaged && decl.span == rule.span)
}

impl<'a> Place<'a> {
    /// What holds here: of the place itself and of those around it.
    pub(super) fn around(&self, context: Context<'a>) -> Vec<&'a Access> {
        let mut all = vec![&context.mesh.access];
        if let Some(namespace) = self.decl.namespace {
            all.extend(
                context
                    .mesh
                    .namespaces
                    .get(&namespace.name.value)
                    .map(|found| &found.access),
            );
        }
        all.extend(self.service.map(|service| &service.access));
        all
    }

    /// The services that it is about.
    pub(super) fn services(&self, context: Context<'a>) -> Vec<&'a Service> {
        let of = self.decl.namespace.map(|namespace| namespace.name.value.as_str());
        match self.service {
            Some(service) => vec![service],
            None => {
                let here = |service: &&Service| of.is_none_or(|of| service.namespace == of);
                context.mesh.services.iter().filter(here).collect()
            }
        }
    }

    /// Who it is, for people.
    pub(super) fn name(&self) -> String {
        match (self.decl.service, self.decl.namespace) {
            (Some(service), _) => format!("`{}`", service.name.value),
            (None, Some(namespace)) => format!("namespace `{}`", namespace.name.value),
            (None, None) => "the mesh".to_owned(),
        }
    }
}
