use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mesh_compiler::Compiled;
use mesh_compiler::diag::{FileId, Sources};
use mesh_compiler::emit::snapshot::CRL;
use mesh_compiler::emit::{self, Credentials, Options, Output};
use mesh_compiler::model::{Engine, Mesh};
use mesh_wire::Sha256;

use super::check::{self, Format};
use super::settings::Values;
use crate::exit::Exit;
use crate::out_folder::{self, Written};
use crate::ui::Ui;
use crate::world::FsWorld;

/// Write manifests for the cluster and a bundle for each VM.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc build examples/forum                    writes examples/forum/out
  meshc build spec.kdl --profile prod           with the values of an environment
  meshc build spec.kdl -o out --identity ca     with the certificates that `meshc ca issue` made

A spec with mistakes writes nothing; a build that fails leaves the old output as it was.")]
pub(crate) struct Args {
    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it.
    spec: PathBuf,

    /// Where to write to; `out` beside the spec if it is not given.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Put the certificates and keys of this folder, made by `meshc ca issue`, into the bundles, and the lists of revoked
    /// certificates where `ca-crl.pem` lies in it.
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,

    #[command(flatten)]
    values: Values,

    /// How mistakes are shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let spec = spec_file(&args.spec);
    let mesh = match mesh(&spec, &args.values, args.format, ui) {
        Ok(mesh) => mesh,
        Err(exit) => return exit,
    };
    let output = match output(&mesh, args.identity.as_deref(), ui) {
        Ok(output) => output,
        Err(exit) => return exit,
    };
    let out = args.out.unwrap_or_else(|| beside(&spec));
    match out_folder::write(&out, &output) {
        Ok(written) => {
            let summary = summary(&output, &out, written);
            match args.format {
                Format::Human => ui.line(summary),
                // Programs read the mistakes on standard output, and nothing else.
                _ => ui.note(summary),
            }
            Exit::Done
        }
        Err(error) => {
            ui.fail(
                format_args!("cannot write the output to `{}`", out.display()),
                &error,
                error.remedy(),
            );
            Exit::Broken
        }
    }
}

/// A mesh and the digest of the text that it was made from.
pub(crate) struct Read {
    pub(crate) model: Mesh,
    pub(crate) digest: Sha256,
}

/// Compiles `spec` and shows what is wrong with it.
///
/// # Errors
/// How meshc ends when there is no mesh.
pub(crate) fn mesh(spec: &Path, values: &Values, format: Format, ui: &Ui) -> Result<Read, Exit> {
    let path = spec.display().to_string();
    let compiled = mesh_compiler::compile_with(&FsWorld, &path, &values.settings());
    if !compiled.diagnostics.is_empty() || matches!(format, Format::Json | Format::Sarif) {
        check::report(&compiled, &path, format, ui);
    }
    let unreadable = compiled.unreadable();
    let Compiled { model, sources, .. } = compiled;
    match model {
        Some(model) => Ok(Read {
            model,
            digest: digest(&sources),
        }),
        None if unreadable => Err(Exit::Broken),
        None => Err(Exit::Failed),
    }
}

/// Emits `mesh` with the certificates that lie in `identity`.
///
/// # Errors
/// How meshc ends when a certificate is missing.
pub(crate) fn output(mesh: &Read, identity: Option<&Path>, ui: &Ui) -> Result<Output, Exit> {
    let mut credentials = BTreeMap::new();
    let mut missing = Vec::new();
    if let Some(folder) = identity {
        let crl = read_crl(&folder.join(CRL), ui)?;
        let ours = mesh
            .model
            .vms()
            .filter(|(group, _)| group.engine == Engine::Meshd);
        for (group, vm) in ours {
            match read_credentials(folder, &group.namespace, &vm.name) {
                Ok(mut found) => {
                    found.crl.clone_from(&crl);
                    credentials.insert((group.namespace.clone(), vm.name.clone()), found);
                }
                Err((path, error)) => missing.push((&vm.name, path, error)),
            }
        }
        if let Some((vm, path, error)) = missing.first() {
            let more = match missing.len() - 1 {
                0 => String::new(),
                more => format!(" (and for {more} more)"),
            };
            ui.fail(
                format_args!("there is no certificate for the VM `{vm}`{more}"),
                format_args!("cannot read `{}`: {error}", path.display()),
                format_args!("`meshc ca issue {} SPEC` makes what is missing", folder.display()),
            );
            return Err(Exit::Failed);
        }
    }
    Ok(emit::emit(
        &mesh.model,
        &Options {
            spec: mesh.digest.clone(),
            credentials,
        },
    ))
}

/// What a spec is called in a folder: there is one of them.
pub(crate) const SPECS: &[&str] = &["spec.kdl", "spec.yaml", "spec.yml", "spec.json"];

/// The file that is meant by `path`, which may be a folder. A folder with several stays one: which is meant,
/// nobody knows, and reading it says so.
pub(crate) fn spec_file(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let there: Vec<_> = SPECS
        .iter()
        .map(|name| path.join(name))
        .filter(|file| file.is_file())
        .collect();
    match there.as_slice() {
        [] => path.join(SPECS[0]),
        [one] => one.clone(),
        _ => path.to_owned(),
    }
}

fn beside(spec: &Path) -> PathBuf {
    spec.parent().unwrap_or(Path::new("")).join("out")
}

/// The digest of the spec's text; of several files, that of their digests. What the command line says of
/// parameters counts as a file.
fn digest(sources: &Sources) -> Sha256 {
    let texts = (0..)
        .map_while(|id| sources.get(FileId(id)))
        .map(|source| Sha256::of(source.text.as_bytes()));
    let all: Vec<Sha256> = texts.collect();
    match all.as_slice() {
        [one] => one.clone(),
        several => Sha256::of(
            several
                .iter()
                .map(Sha256::as_str)
                .collect::<Vec<_>>()
                .join("\n")
                .as_bytes(),
        ),
    }
}

fn read_credentials(
    folder: &Path,
    namespace: &str,
    vm: &str,
) -> Result<Credentials, (PathBuf, std::io::Error)> {
    let folder = folder.join("issued").join(namespace).join(vm);
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| (path, error))
    };
    Ok(Credentials {
        key: read("key.pem")?,
        cert_chain: read("cert-chain.pem")?,
        root_cert: read("root-cert.pem")?,
        crl: None,
    })
}

/// The lists of revoked certificates, where the authority keeps any.
fn read_crl(path: &Path, ui: &Ui) -> Result<Option<Arc<str>>, Exit> {
    let unusable = |cause: &dyn std::fmt::Display| {
        let help = "it is the lists of all authorities of the mesh, one after the other, as PEM";
        ui.fail(format_args!("`{}` cannot be used", path.display()), cause, help);
        Exit::Failed
    };
    match std::fs::read_to_string(path) {
        Ok(text) if text.contains("-----BEGIN X509 CRL-----") => Ok(Some(text.into())),
        Ok(_) => Err(unusable(&"there is no list in it")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(&error)),
    }
}

fn summary(output: &Output, out: &Path, written: Written) -> String {
    let bundles = output
        .keys()
        .filter(|path| path.ends_with("/bundle.json"))
        .count();
    let manifests = output.iter().filter(|(path, _)| is_manifest(path));
    let objects: usize = manifests
        .map(|(_, file)| String::from_utf8_lossy(&file.bytes).matches("\n---\n").count() + 1)
        .sum();
    let changed = match written {
        Written::Unchanged => "nothing changed".to_owned(),
        Written::Changed { files } => format!("{files} changed"),
    };
    let total = output.len();
    format!(
        "{}: {objects} objects, {bundles} bundles, {total} files, {changed}",
        out.display()
    )
}

fn is_manifest(path: &str) -> bool {
    let other = [".values.yaml", "/kustomization.yaml"];
    path.starts_with("kubernetes/") && !other.iter().any(|end| path.ends_with(end))
}
