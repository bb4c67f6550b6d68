//! What is written first and what in which file says nothing: every example, with its nodes, properties, files and rows
//! of inventories in any order, is built to the same bytes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common;
use mesh_compiler::diag::{Language, render};
use mesh_compiler::syntax::{Node, print};
use mesh_compiler::{Entry, World, compile, spec};

/// Orders that each example is tried in.
const ORDERS: u64 = 12;
/// Of an example with more machines than this, one is: it takes its time.
const MANY: usize = 100;

#[test]
fn two_builds_of_a_spec_are_the_same() {
    for example in examples() {
        assert_eq!(example.built(), example.built(), "{}", example.name);
    }
}

#[test]
fn the_order_of_declarations_says_nothing() {
    for example in examples() {
        let before = example.built();
        for seed in 1..=example.orders() {
            let mut chance = Chance(seed);
            example
                .with(|path, text| turned_file(path, text, &mut chance))
                .same_as(&before, seed);
        }
    }
}

#[test]
fn the_order_of_an_inventory_s_rows_says_nothing() {
    let mut seen = 0;
    for example in examples() {
        if !example.files.keys().any(|path| path.ends_with(".csv")) {
            continue;
        }
        let mut chance = Chance(7);
        let turned = example.with(|path, text| {
            if path.ends_with(".csv") {
                turned_rows(text, &mut chance)
            } else {
                text.to_owned()
            }
        });
        assert_ne!(turned.files, example.files);
        turned.same_as(&example.built(), 7);
        seen += 1;
    }
    assert!(seen > 0, "an example has an inventory");
}

#[test]
fn one_file_says_what_several_say() {
    let mut seen = 0;
    for example in examples() {
        // What a file names lies beside it.
        if example.files.len() > 1 || !example.path.ends_with(".kdl") {
            continue;
        }
        let before = example.built();
        for seed in 1..=ORDERS {
            example.in_files(&mut Chance(seed)).same_as(&before, seed);
        }
        seen += 1;
    }
    assert!(seen > 5, "most examples are one file");
}

/// A spec and what it reads.
struct Example {
    name: String,
    path: String,
    files: BTreeMap<String, String>,
}

fn examples() -> Vec<Example> {
    let folder = common::root().join("examples");
    let names = common::examples().into_iter();
    names.map(|name| Example::read(&folder, name)).collect()
}

impl Example {
    fn read(folder: &Path, name: String) -> Self {
        let mut files = BTreeMap::new();
        below(&folder.join(&name), "", &mut files);
        // Neither what people read nor what the lab runs is a part of the spec.
        files.retain(|path, _| !path.ends_with(".md") && !path.starts_with("lab"));
        let path = files
            .keys()
            .find(|path| path.starts_with("spec."))
            .unwrap()
            .clone();
        Self { name, path, files }
    }

    fn orders(&self) -> u64 {
        let lines: usize = self.files.values().map(|text| text.lines().count()).sum();
        let many = self.files.len() > 1 && lines > MANY;
        if many { 1 } else { ORDERS }
    }

    /// Its files, each made anew from its path and its text.
    fn with(&self, mut change: impl FnMut(&str, &str) -> String) -> Self {
        let files = self.files.iter();
        Self {
            name: self.name.clone(),
            path: self.path.clone(),
            files: files
                .map(|(path, text)| (path.clone(), change(path, text)))
                .collect(),
        }
    }

    /// Its nodes, in several files, and what a namespace holds in several parts of it.
    fn in_files(&self, chance: &mut Chance) -> Self {
        let mut parts = vec![Vec::new(); 3];
        for node in nodes(&self.path, &self.files[&self.path]) {
            if node.name.value != "namespace" {
                parts[chance.below(3)].push(node);
                continue;
            }
            // What stands on its line is said once.
            let mut once = Some(node.props.clone());
            let mut shares = vec![Vec::new(); 3];
            for child in &node.children {
                shares[chance.below(3)].push(child.clone());
            }
            for (part, children) in parts.iter_mut().zip(shares) {
                part.push(Node {
                    props: once.take().unwrap_or_default(),
                    children,
                    ..node.clone()
                });
            }
        }
        let written = |(at, nodes): (usize, Vec<Node>)| (format!("part-{at}.kdl"), print::kdl(&nodes));
        let mut files: BTreeMap<_, _> = parts.into_iter().enumerate().map(written).collect();
        files.insert(self.path.clone(), "include \"part-*.kdl\"\n".to_owned());
        Self {
            name: self.name.clone(),
            path: self.path.clone(),
            files,
        }
    }

    fn built(&self) -> BTreeMap<String, Vec<u8>> {
        let compiled = compile(self, &self.path);
        let said = render::short(&compiled.diagnostics, &compiled.sources);
        let mesh = compiled
            .model
            .unwrap_or_else(|| panic!("{}: {said}\n{:#?}", self.name, self.files));
        let files = common::emitted(&mesh).into_iter();
        files.map(|(path, file)| (path, file.bytes)).collect()
    }

    fn same_as(&self, before: &BTreeMap<String, Vec<u8>>, seed: u64) {
        let after = self.built();
        assert!(
            before.keys().eq(after.keys()),
            "{}, order {seed}: other files",
            self.name
        );
        for (path, bytes) in &after {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            assert!(
                bytes == &before[path],
                "{}, order {seed}: {path} was\n{}\nand is\n{}\nof\n{:#?}",
                self.name,
                text(&before[path]),
                text(bytes),
                self.files
            );
        }
    }
}

impl World for Example {
    fn read(&self, path: &str) -> Result<String, String> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }

    /// In any order, says [`World`]: this is the other way round than the disk's.
    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let below = |path: &'_ String| {
            let rest = match folder {
                "" => Some(path.as_str()),
                folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            rest.map(|rest| Entry {
                name: rest.split('/').next().unwrap_or_default().to_owned(),
                folder: rest.contains('/'),
            })
        };
        let mut entries: Vec<_> = self.files.keys().filter_map(below).collect();
        entries.dedup();
        entries.reverse();
        Ok(entries)
    }
}

/// Every file below `folder`, by its path there.
fn below(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            below(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, common::read(&entry.path()));
        }
    }
}

/// What is by chance, and the same again for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}

fn nodes(path: &str, text: &str) -> Vec<Node> {
    let read = mesh_compiler::read(text, path, Language::of_path(path));
    read.nodes.unwrap()
}

fn turned_file(path: &str, text: &str, chance: &mut Chance) -> String {
    if path.ends_with(".csv") {
        return turned_rows(text, chance);
    }
    if !(path.ends_with(".kdl") || path.starts_with("spec.")) {
        return text.to_owned();
    }
    let mut nodes = nodes(path, text);
    turn(&mut nodes, chance);
    match Language::of_path(path) {
        Language::Kdl => print::kdl(&nodes),
        Language::Yaml => print::yaml(&spec::data(&nodes)),
        Language::Json => print::json(&spec::data(&nodes)),
    }
}

/// The rows, but for the names of columns.
fn turned_rows(text: &str, chance: &mut Chance) -> String {
    let mut rows: Vec<_> = text.lines().collect();
    chance.shuffle(&mut rows[1..]);
    rows.join("\n") + "\n"
}

/// Turns what is in every pair of braces, and properties. Routes stay in their order: the first that fits serves. What is
/// said several times of one name is a list.
fn turn(nodes: &mut [Node], chance: &mut Chance) {
    let is_route = |node: &Node| node.name.value == "route";
    let routes: Vec<_> = nodes.iter().filter(|node| is_route(node)).cloned().collect();
    chance.shuffle(nodes);
    let places = nodes.iter_mut().filter(|node| is_route(node));
    for (place, route) in places.zip(routes) {
        *place = route;
    }
    for node in nodes {
        chance.shuffle(&mut node.props);
        turn(&mut node.children, chance);
    }
}
