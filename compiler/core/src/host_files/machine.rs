use std::collections::BTreeMap;

use super::env::{self, EnvFile};
use super::iptables::Ruleset;
use super::kind::Kind;
use super::known;
use super::lookup::{Hosts, Resolv, Switch};
use super::part::Part;
use super::place::Place;
use super::shell::{self, Command, Script, Variable};
use super::unit::{self, Unit};
use super::written;
use crate::diag::{FileId, Language, Sink, Sources, Span, Spanned};
use crate::manifest::{self, Object};
use crate::syntax::{self, Datum, Document};

/// What lies on one machine, as far as it was given.
#[derive(Debug, Default)]
pub(crate) struct Machine<'a> {
    /// Its files, in the order in which they were given; those that scripts write follow the scripts.
    pub(crate) files: Vec<HostFile<'a>>,
    /// Variables, the strongest of a name first.
    variables: Vec<Said>,
}

/// A file of a machine.
#[derive(Debug)]
pub(crate) struct HostFile<'a> {
    /// Where it lies.
    pub(crate) place: Place,
    /// Its text.
    pub(crate) part: Part<'a>,
    /// What it says.
    pub(crate) content: Content,
    /// Where a script names it, if one writes it.
    pub(crate) named: Option<Span>,
}

/// What a file says.
#[derive(Debug)]
pub(crate) enum Content {
    Env(EnvFile),
    Mesh(Datum),
    Unit(Unit),
    Resolved(Unit),
    Iptables(Ruleset),
    Hosts(Hosts),
    Resolv(Resolv),
    Switch(Switch),
    Script(Script),
    /// Text that is searched.
    Queries,
    /// Nothing that is looked into.
    Else,
}

/// A variable that is set somewhere for the agent.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The variable.
    pub(crate) variable: Variable,
    /// By what.
    pub(crate) by: By,
}

/// What sets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// `cluster.env` or `sidecar.env`.
    Env,
    /// A unit.
    Unit,
    /// `proxyMetadata`, which is told to istiod, and which neither the start script nor iptables sees.
    Metadata,
}

/// A file as it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    /// As the user named it.
    pub(crate) path: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// Its number.
    pub(crate) file: FileId,
    /// What it is.
    pub(crate) kind: Kind,
}

impl<'a> Given<'a> {
    /// The file `file` of `sources`.
    pub(crate) fn of(sources: &'a Sources, file: FileId, kind: Kind) -> Option<Self> {
        let source = sources.get(file)?;
        Some(Self {
            path: &source.path,
            text: &source.text,
            file,
            kind,
        })
    }
}

/// Reads files, and puts those of one machine together.
pub(crate) fn machines<'a>(files: &[Given<'a>], sink: &mut Sink) -> Vec<Machine<'a>> {
    let mut all: BTreeMap<String, Machine<'a>> = BTreeMap::new();
    for given in files {
        let place = Place::of(given.path);
        let machine = all.entry(place.machine.clone()).or_default();
        let part = Part::whole(given.text, given.file);
        machine.take(place, given.kind, part, None, sink);
    }
    let mut machines: Vec<_> = all.into_values().collect();
    machines.iter_mut().for_each(Machine::order);
    machines
}

/// The objects that scripts of `machines` apply, where no shell fills them in.
pub(crate) fn applied(machines: &[Machine<'_>], sink: &mut Sink) -> Vec<Object> {
    let scripts = machines.iter().flat_map(Machine::scripts);
    let mut all = Vec::new();
    for (file, script) in scripts {
        for part in written::applied(script, file.part) {
            let mut own = Sink::default();
            let number = part.span(0..0).file;
            let mut objects = manifest::read(part.text, Language::Yaml, number, &mut own);
            objects.iter_mut().for_each(|object| object.shift(part.start()));
            sink.take_shifted(own, part.start());
            all.extend(objects);
        }
    }
    all
}

impl<'a> Machine<'a> {
    fn take(&mut self, place: Place, kind: Kind, part: Part<'a>, named: Option<Span>, sink: &mut Sink) {
        let content = match content(kind, part, sink) {
            // Applications have such files, too.
            Content::Env(env) if !(place.is_of_agent() || is_agents(&env)) => Content::Else,
            content => content,
        };
        let mut inner = Vec::new();
        if let Content::Script(script) = &content {
            for file in written::written(script, part) {
                let place = Place::written(&place.machine, &file.path);
                let kind = Kind::of(&file.path, file.part.text);
                // A script within a script is not followed.
                let kind = kind.filter(|kind| *kind != Kind::Script);
                inner.extend(kind.map(|kind| (place, kind, file.part, file.named)));
            }
        }
        let loaded = match &content {
            Content::Script(script) => loaded(script, &place, part),
            _ => Vec::new(),
        };
        self.files.push(HostFile {
            place,
            part,
            content,
            named,
        });
        self.files.extend(loaded);
        for (place, kind, part, named) in inner {
            self.take(place, kind, part, Some(named), sink);
        }
    }

    /// Puts the variables in order: `cluster.env` is sourced behind `sidecar.env`, and both over the unit's.
    fn order(&mut self) {
        let mut all: Vec<(u8, usize, Said)> = Vec::new();
        for file in &self.files {
            let (strength, by) = match &file.content {
                Content::Env(_) if file.place.name.starts_with("sidecar") => (1, By::Env),
                Content::Env(_) => (0, By::Env),
                Content::Unit(_) => (2, By::Unit),
                _ => (3, By::Metadata),
            };
            for variable in file.variables() {
                all.push((strength, all.len(), Said { variable, by }));
            }
        }
        all.sort_by_key(|(strength, number, _)| (*strength, std::cmp::Reverse(*number)));
        self.variables = all.into_iter().map(|(_, _, said)| said).collect();
    }

    /// Every variable that is set for the agent.
    pub(crate) fn variables(&self) -> &[Said] {
        &self.variables
    }

    /// What the variable `name` is set to where it counts.
    pub(crate) fn said(&self, name: &str) -> Option<&Said> {
        self.variables
            .iter()
            .find(|said| said.variable.name.value == name)
    }

    /// The value of `name` for the agent's start and for iptables: `proxyMetadata` is not seen there.
    pub(crate) fn env(&self, name: &str) -> Option<&Spanned<String>> {
        let said = self.said(name).filter(|said| said.by != By::Metadata)?;
        Some(&said.variable.value).filter(|_| said.variable.literal)
    }

    /// The value of `name`, wherever it is said, unless it is empty or filled in by a shell.
    pub(crate) fn value(&self, name: &str) -> Option<&Spanned<String>> {
        let said = self.said(name).filter(|said| said.variable.literal)?;
        Some(&said.variable.value).filter(|value| !value.value.is_empty())
    }

    /// `name` is switched on, for the agent's start and for iptables.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.env(name).is_some_and(|value| is_true(&value.value))
    }

    /// Its env files.
    pub(crate) fn env_files(&self) -> impl Iterator<Item = (&HostFile<'a>, &EnvFile)> {
        self.files.iter().filter_map(|file| match &file.content {
            Content::Env(env) => Some((file, env)),
            _ => None,
        })
    }

    /// Its mesh configurations.
    pub(crate) fn meshes(&self) -> impl Iterator<Item = (&HostFile<'a>, &Datum)> {
        self.files.iter().filter_map(|file| match &file.content {
            Content::Mesh(mesh) => Some((file, mesh)),
            _ => None,
        })
    }

    /// Its units and drop-ins.
    pub(crate) fn units(&self) -> impl Iterator<Item = (&HostFile<'a>, &Unit)> {
        self.files.iter().filter_map(|file| match &file.content {
            Content::Unit(unit) => Some((file, unit)),
            _ => None,
        })
    }

    /// Its rules of iptables.
    pub(crate) fn rulesets(&self) -> impl Iterator<Item = (&HostFile<'a>, &Ruleset)> {
        self.files.iter().filter_map(|file| match &file.content {
            Content::Iptables(rules) => Some((file, rules)),
            _ => None,
        })
    }

    /// Its scripts.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = (&HostFile<'a>, &Script)> {
        self.files.iter().filter_map(|file| match &file.content {
            Content::Script(script) => Some((file, script)),
            _ => None,
        })
    }

    /// All commands of its scripts, with the command before each.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.scripts().flat_map(|(_, script)| &script.commands)
    }
}

impl HostFile<'_> {
    /// It is at `path` of the machine, or has its name where nothing says where it is.
    pub(crate) fn is(&self, path: &str) -> bool {
        match &self.place.path {
            Some(own) => own == path,
            None => path.rsplit('/').next() == Some(self.place.name.as_str()),
        }
    }

    /// Where the file itself is wrong: where a script names it, or its first line that says something.
    pub(crate) fn head(&self) -> Span {
        if let Some(named) = self.named {
            return named;
        }
        let mut lines = self.part.lines();
        let line = lines.find(|line| !line.text.trim().is_empty());
        line.map_or_else(|| self.part.span(0..0), |line| line.trim().spanned().span)
    }

    /// The unit, or the one that a drop-in is for, starts Istio's agent.
    pub(crate) fn is_agents(&self, unit: &Unit) -> bool {
        let of_agent = self.place.drop_in_of.as_deref() == Some("istio.service");
        let starts = |word: &unit::Word| {
            let name = word.value.rsplit('/').next().unwrap_or_default();
            name == "istio-start.sh" || word.value.contains("pilot-agent")
        };
        of_agent || unit.words("ExecStart").iter().any(starts)
    }

    /// What it sets for the agent.
    fn variables(&self) -> Vec<Variable> {
        match &self.content {
            Content::Env(env) => env.variables.clone(),
            Content::Unit(unit) if self.is_agents(unit) => unit.environment(),
            Content::Mesh(mesh) => metadata(mesh),
            _ => Vec::new(),
        }
    }
}

/// `proxyMetadata`, or what stands alone for it.
fn metadata(mesh: &Datum) -> Vec<Variable> {
    let map = mesh.at(&["defaultConfig", "proxyMetadata"]);
    let alone = || {
        mesh.entries()
            .iter()
            .all(|entry| known::is_agents(&entry.key.value))
    };
    let map = map.or_else(|| Some(mesh).filter(|_| alone()));
    let entries = map.map_or(&[][..], Datum::entries);
    let variable = |entry: &syntax::Entry| {
        let value = entry.value.text()?;
        Some(Variable {
            name: entry.key.clone(),
            span: Span {
                end: value.span.end,
                ..entry.key.span
            },
            value,
            literal: true,
        })
    };
    entries.iter().filter_map(variable).collect()
}

fn content(kind: Kind, part: Part<'_>, sink: &mut Sink) -> Content {
    match kind {
        Kind::Env => Content::Env(env::read(part)),
        Kind::Mesh => mesh(part, sink).map_or(Content::Else, Content::Mesh),
        Kind::Unit => Content::Unit(unit::read(part)),
        Kind::Resolved => Content::Resolved(unit::read(part)),
        Kind::Iptables => Content::Iptables(Ruleset::read(part)),
        Kind::Nft => Content::Else,
        Kind::Hosts => Content::Hosts(Hosts::read(part)),
        Kind::Resolv => Content::Resolv(Resolv::read(part)),
        Kind::Switch => Content::Switch(Switch::read(part)),
        Kind::Script => Content::Script(shell::read(part)),
        Kind::Queries => Content::Queries,
    }
}

/// The rules that a script loads one by one, by family.
fn loaded<'a>(script: &Script, place: &Place, part: Part<'a>) -> Vec<HostFile<'a>> {
    let programs = ["iptables", "ip6tables"].into_iter().filter_map(|program| {
        let mut rules = Ruleset::default();
        for command in script.commands.iter().filter(|command| command.runs(program)) {
            let words: Vec<_> = command.plain()[1..].iter().map(shell::Word::spanned).collect();
            rules.take("filter", &words);
        }
        rules.v6 |= program == "ip6tables";
        // Rules that have nothing to do with capture may stand beside others that nobody shows.
        rules.redirect("nat").or_else(|| rules.redirect("mangle"))?;
        Some(rules)
    });
    programs
        .map(|rules| HostFile {
            place: place.clone(),
            part,
            content: Content::Iptables(rules),
            named: None,
        })
        .collect()
}

/// It sets something that only the agent and its start look at.
fn is_agents(env: &EnvFile) -> bool {
    let mut names = env.variables.iter().map(|variable| variable.name.value.as_str());
    names.any(known::is_agents)
}

/// A MeshConfig; what is wrong with its YAML is told.
fn mesh(part: Part<'_>, sink: &mut Sink) -> Option<Datum> {
    let mut own = Sink::default();
    let file = part.span(0..0).file;
    let document = syntax::parse(part.text, Language::Yaml, file, &mut own);
    sink.take_shifted(own, part.start());
    let Some(Document::Data(mut datum)) = document else {
        return None;
    };
    datum.shift(part.start());
    Some(datum)
}

/// As Go reads a truth value from a variable.
pub(crate) fn is_true(text: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&text)
}
