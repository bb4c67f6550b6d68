//! From the text of `lab.kdl` to a [`LabSpec`].

use std::collections::BTreeMap;

use kdl::{KdlDocument, KdlNode};

use super::node::Reader;
use super::{LabSpec, LabSpecError, PodSpec};
use crate::plan::{LabFile, OutsideName, Setup};

/// Reads the file `from` names, relative to `lab.kdl`.
type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Reads `text`; files that it names come from `read`.
///
/// # Errors
/// Every mistake in it.
pub fn parse(text: &str, read: Read<'_>) -> Result<LabSpec, LabSpecError> {
    let mut reader = Reader::new(text);
    let mut spec = LabSpec::default();
    match text.parse::<KdlDocument>() {
        Ok(document) => document
            .nodes()
            .iter()
            .for_each(|node| top(&mut reader, &mut spec, node, read)),
        Err(error) => {
            for it in error.diagnostics {
                let message = it
                    .message
                    .or(it.label)
                    .unwrap_or_else(|| "this is no KDL".to_owned());
                reader.note(it.span.offset(), message);
            }
        }
    }
    let problems = reader.problems;
    if problems.is_empty() {
        Ok(spec)
    } else {
        Err(LabSpecError { problems })
    }
}

fn top(reader: &mut Reader<'_>, spec: &mut LabSpec, node: &KdlNode, read: Read<'_>) {
    if node.name().value() != "lab" {
        return reader.unknown(node, &["lab"]);
    }
    for node in children(node) {
        match node.name().value() {
            "packages" => spec.packages.extend(reader.texts(node)),
            "outside" => {
                let name = outside(reader, node);
                insert(reader, node, &mut spec.outside, name);
            }
            "vm" => {
                let vm = vm(reader, node, read);
                insert(reader, node, &mut spec.vms, vm);
            }
            "pod" => {
                let pod = pod(reader, node, read);
                insert(reader, node, &mut spec.pods, pod);
            }
            _ => reader.unknown(node, &["packages", "outside", "vm", "pod"]),
        }
    }
}

fn outside(reader: &mut Reader<'_>, node: &KdlNode) -> Option<(String, OutsideName)> {
    reader.only(node, &["address", "ttl"]);
    let name = reader.text(node);
    let address = reader.needed(node, "address", "IP address");
    let ttl = node.entry("ttl").map_or(Some(300), |entry| reader.number(entry));
    Some((
        name?,
        OutsideName {
            address: address?,
            ttl: ttl?,
        },
    ))
}

fn vm(reader: &mut Reader<'_>, node: &KdlNode, read: Read<'_>) -> Option<(String, Setup)> {
    reader.only(node, &[]);
    let mut setup = Setup::default();
    for node in children(node) {
        match node.name().value() {
            "file" => setup.files.extend(file(reader, node, read)),
            "enable" => setup.enable.extend(reader.texts(node)),
            "run" => setup.run.extend(reader.text(node)),
            _ => reader.unknown(node, &["file", "enable", "run"]),
        }
    }
    Some((reader.text(node)?, setup))
}

fn pod(reader: &mut Reader<'_>, node: &KdlNode, read: Read<'_>) -> Option<(String, PodSpec)> {
    reader.only(node, &["service", "account", "namespace", "address", "sidecar"]);
    let name = reader.text(node);
    let address = reader.needed(node, "address", "IPv4 address");
    let (mut files, mut command, mut ready) = (Vec::new(), Vec::new(), None);
    for node in children(node) {
        match node.name().value() {
            "file" => files.extend(file(reader, node, read)),
            "command" => command = reader.texts(node),
            "ready" => ready = node.entry(0).and_then(|entry| reader.number(entry)),
            _ => reader.unknown(node, &["file", "command", "ready"]),
        }
    }
    let pod = PodSpec {
        service: reader.property(node, "service"),
        account: reader.property(node, "account"),
        namespace: reader.property(node, "namespace"),
        address: address?,
        sidecar: reader.flag(node, "sidecar", true),
        files,
        command,
        ready,
    };
    Some((name?, pod))
}

fn file(reader: &mut Reader<'_>, node: &KdlNode, read: Read<'_>) -> Option<LabFile> {
    reader.only(node, &["from", "mode"]);
    let path = reader.text(node)?;
    let from: String = reader.needed(node, "from", "path")?;
    let mode = match reader
        .property(node, "mode")
        .map(|text| u32::from_str_radix(&text, 8))
    {
        None => 0o644,
        Some(Ok(mode)) if mode <= 0o7777 => mode,
        Some(_) => {
            reader.note(node.span().offset(), "`mode` is octal digits such as \"0755\"");
            return None;
        }
    };
    match read(&from) {
        Ok(bytes) => Some(LabFile { path, bytes, mode }),
        Err(why) => {
            reader.note(node.span().offset(), format!("cannot read `{from}`: {why}"));
            None
        }
    }
}

fn children(node: &KdlNode) -> impl Iterator<Item = &KdlNode> {
    node.children().into_iter().flat_map(KdlDocument::nodes)
}

fn insert<T>(
    reader: &mut Reader<'_>,
    node: &KdlNode,
    map: &mut BTreeMap<String, T>,
    entry: Option<(String, T)>,
) {
    let Some((name, value)) = entry else { return };
    if map.contains_key(&name) {
        return reader.note(
            node.span().offset(),
            format!("`{} {name}` is written twice", node.name().value()),
        );
    }
    map.insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<Vec<u8>, String> {
        if path == "lab/app.py" {
            Ok(b"print()".to_vec())
        } else {
            Err("no such file".to_owned())
        }
    }

    #[test]
    fn everything_is_read() {
        let text = r#"
            lab {
                packages mariadb-server python3-pymysql
                outside www.example.org address="198.51.100.80"
                vm forum { file "/opt/app.py" from="lab/app.py" mode="0755"; enable app.service; run "true" }
                pod webapp service=webapp address="10.244.1.10" { command python3 "/opt/app.py"; ready 8080 }
                pod outsider sidecar=#false address="10.244.1.30"
            }"#;
        let spec = parse(text, &read).unwrap();
        assert_eq!(spec.packages.len(), 2);
        assert_eq!(spec.outside["www.example.org"].ttl, 300);
        assert_eq!(spec.vms["forum"].files[0].mode, 0o755);
        assert_eq!(spec.vms["forum"].enable, ["app.service"]);
        assert_eq!(spec.pods["webapp"].ready, Some(8080));
        assert_eq!(spec.pods["webapp"].command, ["python3", "/opt/app.py"]);
        assert!(!spec.pods["outsider"].sidecar && spec.pods["webapp"].sidecar);
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_places() {
        let text = "lab {\n  pakages a\n  pod p address=\"x\" colour=red\n  pod q\n  vm v { file \"/a\" from=\"lab/b\" }\n}\n";
        let error = parse(text, &read).unwrap_err();
        let told: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(told[0].starts_with("2:3: `pakages` is not known here"));
        assert!(told.iter().any(|it| it.contains("has no property `colour`")));
        assert!(told.iter().any(|it| it.contains("this is no IPv4 address")));
        assert!(
            told.iter()
                .any(|it| it.starts_with("4:3: `pod` needs `address=`"))
        );
        assert!(
            told.iter()
                .any(|it| it.contains("cannot read `lab/b`: no such file"))
        );
    }

    #[test]
    fn broken_text_is_told_with_its_place() {
        let error = parse("lab {\n  pod \"x\n}", &read).unwrap_err();
        assert!(!error.problems.is_empty());
    }
}
